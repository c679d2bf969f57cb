// SPDX-License-Identifier: Apache-2.0
/**
 * A machine for RV32IM programs whose registers and memory lie in logged memory: programs in,
 * access logs out. Built on the public API of memtrace alone.
 */
@NullMarked
package dev.memtrace.rv32;

import org.jspecify.annotations.NullMarked;
