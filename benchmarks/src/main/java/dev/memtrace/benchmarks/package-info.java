// SPDX-License-Identifier: Apache-2.0
/** JMH benchmarks on logs of real programs. */
@NullMarked
package dev.memtrace.benchmarks;

import org.jspecify.annotations.NullMarked;
