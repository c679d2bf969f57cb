// SPDX-License-Identifier: Apache-2.0
/** Filling the trace matrices on the CPU: row-major and canonical, as bundles hold them. */
@NullMarked
package dev.memtrace.trace;

import org.jspecify.annotations.NullMarked;
