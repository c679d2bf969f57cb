// SPDX-License-Identifier: Apache-2.0
/** One class per AIR: its columns in trace order, and the geometry that follows from them. */
@NullMarked
package dev.memtrace.air;

import org.jspecify.annotations.NullMarked;
