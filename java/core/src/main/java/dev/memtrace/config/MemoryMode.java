// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.config;

import java.util.Locale;

/** How the memory of a segment begins and ends. */
public enum MemoryMode {
  /** All memory starts at zero and nothing survives the segment. */
  VOLATILE(1),
  /** An initial image, and a Merkle root before and after the segment. */
  PERSISTENT(MemoryConfig.CHUNK);

  private final int initialBlockSize;

  MemoryMode(int initialBlockSize) {
    this.initialBlockSize = initialBlockSize;
  }

  /**
   * Returns the size in cells of an untouched block: 1 in volatile mode, 8 in persistent mode.
   *
   * @return a power of two
   */
  public int initialBlockSize() {
    return initialBlockSize;
  }

  /**
   * Returns the name that bundles use.
   *
   * @return {@code "volatile"} or {@code "persistent"}
   */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
