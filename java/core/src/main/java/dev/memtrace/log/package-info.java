// SPDX-License-Identifier: Apache-2.0
/** The access log: compact segments in native memory, their writer and their readers. */
@NullMarked
package dev.memtrace.log;

import org.jspecify.annotations.NullMarked;
