// SPDX-License-Identifier: Apache-2.0
/** Offline replay on the CPU: blocks, splits, merges, records. */
@NullMarked
package dev.memtrace.replay;

import org.jspecify.annotations.NullMarked;
