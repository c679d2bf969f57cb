// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.controller;

/** What a memory controller can be asked for. */
public enum State {
  /** Accepts accesses. */
  ACTIVE,
  /** The log is replayed; records and traces can be had. */
  FINALIZED,
  /** The traces were handed out. */
  CONSUMED,
  /** The memory of the controller was given back. */
  CLOSED
}
