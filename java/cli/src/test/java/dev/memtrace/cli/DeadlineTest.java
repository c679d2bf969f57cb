// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.cli.CommandLineFixture.Run;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DeadlineTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream err = new PrintStream(bytes, true, StandardCharsets.UTF_8);
  private final CompletableFuture<Integer> exit = new CompletableFuture<>();

  @Test
  void endsWhatTakesTooLong() throws Exception {
    try (Deadline _ = new Deadline(Duration.ofMillis(1), err, exit::complete)) {
      assertThat(exit.get(30, TimeUnit.SECONDS)).isEqualTo(124);
    }
    assertThat(bytes.toString(StandardCharsets.UTF_8))
        .isEqualTo(
            "memtrace: the time that --timeout gives, 1ms, is over; what was not complete is"
                + " removed\n");
  }

  @Test
  void leavesWhatIsInTime() throws Exception {
    Deadline deadline = new Deadline(Duration.ofMillis(200), err, exit::complete);
    deadline.close();
    Thread.sleep(400);
    assertThat(exit).isNotDone();
    assertThat(bytes.size()).isZero();
  }

  @Test
  void worksOnEveryCommand() {
    for (String command : MemtraceCommand.COMMANDS.keySet()) {
      assertThat(CommandLineFixture.run(command, "--help").out()).contains("--timeout=TIME");
    }
    Run before = CommandLineFixture.run("--timeout", "1h", "doctor");
    Run after = CommandLineFixture.run("doctor", "--timeout=1h");
    assertThat(before.code()).as(before.err()).isEqualTo(after.code()).isNotEqualTo(2);
  }

  @Test
  void refusesWhatIsNoTime() {
    Run run = CommandLineFixture.run("doctor", "--timeout", "soon");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("--timeout", "'soon' is no time such as 500ms, 90s, 5m or 1.5h");
  }
}
