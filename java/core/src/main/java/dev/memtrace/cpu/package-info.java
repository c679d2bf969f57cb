// SPDX-License-Identifier: Apache-2.0
/** The CPU backend: the embedded default, and the oracle of all others. */
@NullMarked
package dev.memtrace.cpu;

import org.jspecify.annotations.NullMarked;
