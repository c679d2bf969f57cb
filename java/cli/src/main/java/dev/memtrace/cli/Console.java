// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import java.io.PrintStream;

/**
 * Where a command prints.
 *
 * @param out receives results
 * @param err receives everything else
 */
record Console(PrintStream out, PrintStream err) {}
