// SPDX-License-Identifier: Apache-2.0
/**
 * What memory shares with other chips: buses, the recorders of range checks and Poseidon2 inputs,
 * and the auxiliary columns of accesses.
 */
@NullMarked
package dev.memtrace.periphery;

import org.jspecify.annotations.NullMarked;
