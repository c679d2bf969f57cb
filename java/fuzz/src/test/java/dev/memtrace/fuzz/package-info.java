// SPDX-License-Identifier: Apache-2.0
/**
 * Fuzzing: whatever bytes come in, what comes out is traces that check or an error that the API
 * documents. Each {@link dev.memtrace.fuzz.Target} is run on its seeds and its corpus as an ordinary
 * test, and by Jazzer in a process of its own.
 */
@NullMarked
package dev.memtrace.fuzz;

import org.jspecify.annotations.NullMarked;
