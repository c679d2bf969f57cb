// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParentCommand;

/** Says what memtrace finds on this machine. */
@Command(
    name = "doctor",
    description = {
      "Says what memtrace finds on this machine: the Java runtime, GPUs and their driver, and the"
          + " backend that auto takes, with the reasons against better ones."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class DoctorCommand implements Callable<Integer> {
  @ParentCommand private MemtraceCommand parent;
  @Mixin private JsonOption json;

  @Override
  public Integer call() {
    json.check();
    DoctorReport report = DoctorReport.ofThisMachine();
    json.write(parent.console(), report::write);
    if (!json.replacesText()) {
      report.print(parent.console().out());
    }
    return ExitCode.DONE;
  }
}
