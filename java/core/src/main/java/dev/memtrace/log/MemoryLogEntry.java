// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.log;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** One entry of the access log, as an object. The log itself stores entries packed. */
public sealed interface MemoryLogEntry {

  /**
   * A read of {@code len} consecutive cells; in address space 0 an immediate read of one.
   *
   * @param addressSpace address space
   * @param pointer first cell, or the immediate value
   * @param len number of cells
   */
  record Read(int addressSpace, int pointer, int len) implements MemoryLogEntry {}

  /**
   * A write of consecutive cells. The array is not copied.
   *
   * @param addressSpace address space, not 0
   * @param pointer first cell
   * @param data the values written, canonical
   */
  @SuppressWarnings("ArrayRecordComponent") // mirrors OpenVM's entry; equality is by content
  record Write(int addressSpace, int pointer, int[] data) implements MemoryLogEntry {
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Write write
          && addressSpace == write.addressSpace
          && pointer == write.pointer
          && Arrays.equals(data, write.data);
    }

    @Override
    public int hashCode() {
      return 31 * (31 * addressSpace + pointer) + Arrays.hashCode(data);
    }

    @Override
    public String toString() {
      return "Write[addressSpace=%d, pointer=%d, data=%s]"
          .formatted(addressSpace, pointer, Arrays.toString(data));
    }
  }

  /**
   * An advance of the clock without an access.
   *
   * @param amount how far, not negative
   */
  record IncrementTimestampBy(int amount) implements MemoryLogEntry {}
}
