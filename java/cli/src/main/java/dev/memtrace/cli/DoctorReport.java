// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.memtrace.backend.BackendFact;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.BackendUnavailableException;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceBackends;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/**
 * The result of the command doctor.
 *
 * @param facts what was found, in the order in which it is to be read
 * @param refusals why the automatic choice takes none of the better backends
 * @param chosen the backend that it takes
 */
record DoctorReport(List<BackendFact> facts, List<BackendFact> refusals, String chosen) {
  private static final String NONE = "none";

  /** Looks at this machine; opens each backend until one works, and closes it again. */
  static DoctorReport ofThisMachine() {
    Runtime runtime = Runtime.getRuntime();
    List<BackendFact> facts = new ArrayList<>();
    facts.add(new BackendFact("memtrace", Version.describe()));
    facts.add(new BackendFact("JDK", System.getProperty("java.home")));
    facts.add(new BackendFact("processors", TextTable.number(runtime.availableProcessors())));
    facts.add(new BackendFact("Java heap", TextTable.number(runtime.maxMemory()) + " bytes"));
    facts.add(new BackendFact("backends", String.join(", ", TraceBackends.names())));
    facts.addAll(TraceBackends.diagnose());

    List<BackendFact> refusals = new ArrayList<>();
    for (String name : TraceBackends.names()) {
      try (TraceBackend backend =
          TraceBackends.create(name, BackendOptions.defaults().chosenAutomatically())) {
        return new DoctorReport(facts, refusals, backend.description());
      } catch (BackendUnavailableException e) {
        e.reasons().forEach(reason -> refusals.add(new BackendFact(name, reason)));
      } catch (LinkageError e) {
        refusals.add(new BackendFact(name, "cannot be loaded: " + e.getMessage()));
      }
    }
    return new DoctorReport(facts, refusals, NONE);
  }

  void print(PrintStream out) {
    int width = facts.stream().mapToInt(fact -> fact.key().length()).max().orElse(0);
    facts.forEach(fact -> print(out, width, fact));
    print(out, width, new BackendFact("auto takes", chosen));
    for (BackendFact refusal : refusals) {
      print(out, width, new BackendFact("not " + refusal.key(), refusal.value()));
    }
  }

  private static void print(PrintStream out, int width, BackendFact fact) {
    String padding = " ".repeat(Math.max(0, width - fact.key().length()));
    out.println(Results.printable(fact.key()) + padding + "  " + Results.printable(fact.value()));
  }

  void write(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeObjectFieldStart("facts");
    for (BackendFact fact : facts) {
      json.writeStringField(fact.key(), fact.value());
    }
    json.writeEndObject();
    json.writeStringField("auto", chosen);
    json.writeArrayFieldStart("refusals");
    for (BackendFact refusal : refusals) {
      json.writeStartObject();
      json.writeStringField("backend", refusal.key());
      json.writeStringField("reason", refusal.value());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
