// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import static dev.memtrace.cli.CommandLineFixture.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.memtrace.backend.BackendFact;
import dev.memtrace.backend.TraceBackends;
import dev.memtrace.cli.CommandLineFixture.Run;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DoctorCommandTest {
  @Test
  void saysWhatThereIs() {
    Run run = run("doctor");
    assertThat(run.code()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .contains("memtrace", "Java 2", System.getProperty("java.home"), "processors")
        .contains("CUDA driver", "CUDA kernels", "libcublas", "native files", "pinned memory")
        .containsPattern("(?m)^backends +cuda, cpu$")
        .containsPattern("(?m)^auto takes +(cpu|cuda)$");
    for (BackendFact fact : TraceBackends.diagnose()) {
      assertThat(run.out()).contains(fact.key(), fact.value());
    }
  }

  @Test
  void everyRefusalHasAReason() {
    DoctorReport report = DoctorReport.ofThisMachine();
    assertThat(report.chosen()).isIn("cuda", "cpu");
    assertThat(report.refusals().isEmpty()).isEqualTo(report.chosen().equals("cuda"));
  }

  @Test
  void printsInColumns() {
    DoctorReport report =
        new DoctorReport(
            List.of(new BackendFact("processors", "2"), new BackendFact("CUDA driver", "none")),
            List.of(new BackendFact("cuda", "no \u001b[2Jdriver")),
            "cpu");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    report.print(new PrintStream(out, true, StandardCharsets.UTF_8));
    assertThat(out.toString(StandardCharsets.UTF_8).lines())
        .containsExactly(
            "processors   2",
            "CUDA driver  none",
            "auto takes   cpu",
            "not cuda     no ?[2Jdriver");
  }

  @Test
  void writesJson() throws IOException {
    Run run = run("doctor", "--json", "-");
    assertThat(run.code()).isZero();
    List<String> members = new ArrayList<>();
    try (JsonParser parser = new JsonFactory().createParser(run.out())) {
      assertThat(parser.nextToken()).isEqualTo(JsonToken.START_OBJECT);
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        members.add(parser.currentName());
        parser.nextToken();
        parser.skipChildren();
      }
    }
    assertThat(members).containsExactly("facts", "auto", "refusals");
  }
}
