// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

/** How a field element is stored in a 32-bit word. */
public enum FieldEncoding {
  /** The integer in {@code [0, p)} itself. */
  CANONICAL,
  /** The integer times 2^32 mod p. */
  MONTGOMERY
}
