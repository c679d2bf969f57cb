// SPDX-License-Identifier: Apache-2.0
/**
 * The Poseidon2 permutation in vector instructions, through the foreign-function API. Found through
 * {@link java.util.ServiceLoader}.
 */
@NullMarked
package dev.memtrace.simd;

import org.jspecify.annotations.NullMarked;
