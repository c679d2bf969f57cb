// SPDX-License-Identifier: Apache-2.0
/** The Poseidon2 permutation over BabyBear at width 16: one state, many states, trace rows. */
@NullMarked
package dev.memtrace.poseidon2;

import org.jspecify.annotations.NullMarked;
