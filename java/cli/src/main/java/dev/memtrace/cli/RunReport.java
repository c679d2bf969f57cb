// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintStream;

/**
 * The result of the command run.
 *
 * @param program name of the file
 * @param status with which the program has ended
 * @param instructions how many were executed
 * @param accesses reads and writes of registers and memory
 * @param entries entries of all logs
 * @param nanos how long the program ran, with logging
 * @param chain the segments
 */
record RunReport(
    String program,
    int status,
    long instructions,
    long accesses,
    long entries,
    long nanos,
    ChainReport chain) {

  void print(PrintStream err) {
    err.printf(
        "%s: status %d after %s instructions, %s accesses, %s log entries, %.3f s%n",
        Results.printable(program),
        status,
        TextTable.number(instructions),
        TextTable.number(accesses),
        TextTable.number(entries),
        nanos / 1e9);
    chain.print(err);
  }

  void write(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("program", program);
    json.writeNumberField("status", status);
    json.writeNumberField("instructions", instructions);
    json.writeNumberField("accesses", accesses);
    json.writeNumberField("log_entries", entries);
    json.writeNumberField("seconds", nanos / 1e9);
    chain.writeMembers(json);
    json.writeEndObject();
  }
}
