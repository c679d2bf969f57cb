// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.log;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What the replay found out about one access. The arrays belong to the record and are not copied.
 *
 * @param recordId position in the log
 * @param addressSpace address space; 0 for an immediate read
 * @param pointer first cell, or the immediate value
 * @param timestamp when the access happened
 * @param prevTimestamp when the youngest of its cells was accessed before; 0 if never
 * @param data the values read or written
 * @param prevData the values before a write; null for a read
 */
@SuppressWarnings("ArrayRecordComponent") // equality is by content
public record MemoryRecord(
    long recordId,
    int addressSpace,
    int pointer,
    int timestamp,
    int prevTimestamp,
    int[] data,
    int @Nullable [] prevData) {

  /**
   * Says whether the access was a write.
   *
   * @return true for a write
   */
  public boolean isWrite() {
    return prevData != null;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof MemoryRecord that
        && recordId == that.recordId
        && addressSpace == that.addressSpace
        && pointer == that.pointer
        && timestamp == that.timestamp
        && prevTimestamp == that.prevTimestamp
        && Arrays.equals(data, that.data)
        && Arrays.equals(prevData, that.prevData);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(recordId) * 31 + Arrays.hashCode(data);
  }

  @Override
  public String toString() {
    return "MemoryRecord[recordId=%d, addressSpace=%d, pointer=%d, timestamp=%d, prevTimestamp=%d, data=%s, prevData=%s]"
        .formatted(
            recordId,
            addressSpace,
            pointer,
            timestamp,
            prevTimestamp,
            Arrays.toString(data),
            Arrays.toString(prevData));
  }
}
