// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;

/** Whether standard error is a terminal, which Java itself does not tell. */
final class Terminal {
  private static final int STANDARD_ERROR = 2;

  private Terminal() {}

  @SuppressWarnings("restricted") // isatty takes a number and touches no memory
  static boolean isStandardError() {
    if ("dumb".equals(System.getenv("TERM"))) {
      return false;
    }
    try {
      Linker linker = Linker.nativeLinker();
      boolean windows = System.getProperty("os.name", "").startsWith("Windows");
      return (int)
              linker
                  .downcallHandle(
                      linker.defaultLookup().findOrThrow(windows ? "_isatty" : "isatty"),
                      FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT))
                  .invokeExact(STANDARD_ERROR)
          != 0;
    } catch (Throwable e) { // no such function, or native access is denied: then no bar
      return false;
    }
  }
}
