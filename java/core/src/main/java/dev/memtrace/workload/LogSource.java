// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.workload;

import dev.memtrace.log.AccessLog;

/** Appends the entries of a made log. */
@FunctionalInterface
interface LogSource {
  /** Appends exactly one entry, which advances the clock by one. */
  void append(AccessLog log);
}
