// SPDX-License-Identifier: Apache-2.0
/** Deterministic data parallelism over ranges. */
@NullMarked
package dev.memtrace.parallel;

import org.jspecify.annotations.NullMarked;
