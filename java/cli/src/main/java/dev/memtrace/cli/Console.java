// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import java.io.PrintStream;
import java.util.function.BooleanSupplier;

/**
 * Where a command prints.
 *
 * @param out receives results
 * @param err receives everything else
 * @param terminal tells whether {@code err} is a terminal
 * @param silentMillis how long a command works before it paints a progress bar
 */
record Console(PrintStream out, PrintStream err, BooleanSupplier terminal, long silentMillis) {
  private static final long SILENT_MILLIS = 2000;

  Console(PrintStream out, PrintStream err) {
    this(out, err, err.equals(System.err) ? Terminal::isStandardError : () -> false, SILENT_MILLIS);
  }
}
