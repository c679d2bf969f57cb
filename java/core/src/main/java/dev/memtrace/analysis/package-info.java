// SPDX-License-Identifier: Apache-2.0
/** What a log costs in trace cells, and which accesses are to blame. */
@NullMarked
package dev.memtrace.analysis;

import org.jspecify.annotations.NullMarked;
