// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.memtrace.air.TraceHeight;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The result of the command demo.
 *
 * @param output what the program printed
 * @param instructions how many were executed
 * @param entries entries of the log
 * @param endTimestamp clock after the last entry
 * @param backend name of the backend that was used
 * @param traces sizes of the memory traces
 * @param poseidon2Inputs distinct Poseidon2 inputs
 * @param poseidon2Width columns of the Poseidon2 trace
 * @param initialRoot root before the program
 * @param finalRoot root after the program
 * @param times wall-clock time of each stage, in order
 */
record DemoReport(
    String output,
    long instructions,
    long entries,
    long endTimestamp,
    String backend,
    TraceSizes traces,
    long poseidon2Inputs,
    int poseidon2Width,
    List<Integer> initialRoot,
    List<Integer> finalRoot,
    Map<String, Duration> times) {

  void print(PrintStream out) {
    out.printf(
        "%s%nsort.elf in persistent memory: %s instructions, %s log entries, clock %s, backend %s%n%n",
        output.strip(),
        TextTable.number(instructions),
        TextTable.number(entries),
        TextTable.number(endTimestamp),
        backend);
    traces.print(out);
    out.printf(
        "%nPoseidon2     %s inputs, trace of %s x %d%n",
        TextTable.number(poseidon2Inputs),
        TextTable.number(TraceHeight.nextPowerOfTwoOrZero(poseidon2Inputs)),
        poseidon2Width);
    out.println("initial root  " + Results.root(initialRoot));
    out.println("final root    " + Results.root(finalRoot));
    out.println();
    TextTable table = new TextTable("stage", "time", "ns per entry");
    Duration all = Duration.ZERO;
    for (Map.Entry<String, Duration> stage : times.entrySet()) {
      table.row(stage.getKey(), Results.seconds(stage.getValue()), perEntry(stage.getValue()));
      all = all.plus(stage.getValue());
    }
    table.row("all", Results.seconds(all), perEntry(all)).print(out);
    out.printf("%nFirst use in a cold JVM; memtrace run takes a program of your own.%n");
  }

  private String perEntry(Duration time) {
    return String.format(Locale.ROOT, "%.0f", time.toNanos() / (double) entries);
  }

  void write(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("output", output);
    json.writeNumberField("instructions", instructions);
    json.writeNumberField("log_entries", entries);
    json.writeNumberField("end_timestamp", endTimestamp);
    json.writeStringField("backend", backend);
    traces.write(json);
    json.writeNumberField("poseidon2_inputs", poseidon2Inputs);
    Results.writeRoot(json, "initial_root", initialRoot);
    Results.writeRoot(json, "final_root", finalRoot);
    json.writeObjectFieldStart("seconds");
    for (Map.Entry<String, Duration> stage : times.entrySet()) {
      Results.writeSeconds(json, stage.getKey().replace(' ', '_'), stage.getValue());
    }
    json.writeEndObject();
    json.writeEndObject();
  }
}
