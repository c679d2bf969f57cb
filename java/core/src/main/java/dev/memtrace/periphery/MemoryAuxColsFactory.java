// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

import dev.memtrace.field.BabyBear;
import dev.memtrace.log.MemoryRecord;

/**
 * Fills the auxiliary columns that a chip puts beside its memory accesses. Each call also adds the
 * two limb checks of the timestamp comparison to the range checker, so call once per access that
 * the chip proves. Thread-safe.
 */
public final class MemoryAuxColsFactory {
  private final VariableRangeChecker rangeChecker;
  private final int clkMaxBits;

  /**
   * Creates a factory.
   *
   * @param rangeChecker receives the limb checks
   * @param clkMaxBits bits of a timestamp
   */
  public MemoryAuxColsFactory(VariableRangeChecker rangeChecker, int clkMaxBits) {
    this.rangeChecker = rangeChecker;
    this.clkMaxBits = clkMaxBits;
  }

  /**
   * Fills the columns of a read.
   *
   * @param record the access
   * @param columns receives the columns
   * @throws IllegalArgumentException if the access is an immediate read
   */
  public void generateReadAux(MemoryRecord record, MemoryReadAuxCols columns) {
    if (record.addressSpace() == 0) {
      throw new IllegalArgumentException(
          "record "
              + record.recordId()
              + " is an immediate read; use generateReadOrImmediateAux for address space 0");
    }
    generateBase(record, columns);
  }

  /**
   * Fills the columns of a write.
   *
   * @param record the access
   * @param columns receives the columns; its size must be that of the access
   * @throws IllegalArgumentException if the access is a read or has another size
   */
  public void generateWriteAux(MemoryRecord record, MemoryWriteAuxCols columns) {
    int[] prevData = record.prevData();
    if (prevData == null) {
      throw new IllegalArgumentException(
          "record " + record.recordId() + " is a read; use generateReadAux");
    }
    if (prevData.length != columns.size()) {
      throw new IllegalArgumentException(
          "record "
              + record.recordId()
              + " writes "
              + prevData.length
              + " cells, the columns are for "
              + columns.size());
    }
    generateBase(record, columns);
    columns.setPrevData(prevData);
  }

  /**
   * Fills the columns of a read whose address space may be 0.
   *
   * @param record the access
   * @param columns receives the columns
   */
  public void generateReadOrImmediateAux(
      MemoryRecord record, MemoryReadOrImmediateAuxCols columns) {
    generateBase(record, columns);
    int addressSpace = record.addressSpace();
    columns.setImmediate(
        addressSpace == 0 ? 1 : 0, addressSpace == 0 ? 0 : BabyBear.inverse(addressSpace));
  }

  private void generateBase(MemoryRecord record, MemoryBaseAuxCols columns) {
    int difference = record.timestamp() - record.prevTimestamp() - 1;
    rangeChecker.addLimbs(difference, clkMaxBits);
    int limb = rangeChecker.rangeMaxBits();
    columns.setBase(record.prevTimestamp(), difference & ((1 << limb) - 1), difference >>> limb);
  }
}
