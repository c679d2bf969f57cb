// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What Jazzer calls in a process of its own; the argument names the target. */
public final class FuzzedProcess {
  private static @Nullable Measured target;

  private FuzzedProcess() {}

  /**
   * Makes the target.
   *
   * @param args its label
   * @throws IOException if its files cannot be written
   */
  public static void fuzzerInitialize(String[] args) throws IOException {
    target = new Measured(Targets.of(args[0]).make());
  }

  /**
   * Takes an input.
   *
   * @param input any bytes
   * @throws IOException if the files of the harness cannot be written
   */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    if (target == null) {
      throw new IllegalStateException("fuzzerInitialize was not called");
    }
    target.run(input);
  }

  /** Prints the figures of the run. */
  @SuppressWarnings("SystemOut") // read by FuzzTest
  public static void fuzzerTearDown() {
    if (target != null) {
      System.err.println(target.most());
    }
  }
}
