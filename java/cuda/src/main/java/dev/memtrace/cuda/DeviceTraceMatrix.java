// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.backend.FieldEncoding;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.TraceOrder;
import dev.memtrace.field.BabyBear;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A trace in device memory, column-major and in Montgomery form, as provers on a GPU want it. */
final class DeviceTraceMatrix implements TraceMatrix {
  private final DeviceTransfer transfer;
  private final long height;
  private final int width;
  private @Nullable DeviceBuffer buffer;

  /** Takes over a buffer whose content is complete. */
  DeviceTraceMatrix(DeviceTransfer transfer, DeviceBuffer buffer, long height, int width) {
    this.transfer = transfer;
    this.buffer = buffer;
    this.height = height;
    this.width = width;
    Objects.checkFromIndexSize(0, byteSize(), buffer.bytes());
  }

  @Override
  public long height() {
    return height;
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public Location location() {
    return Location.DEVICE;
  }

  @Override
  public TraceOrder order() {
    return TraceOrder.COLUMN_MAJOR;
  }

  @Override
  public FieldEncoding encoding() {
    return FieldEncoding.MONTGOMERY;
  }

  /** The cells. */
  DeviceBuffer open() {
    DeviceBuffer open = buffer;
    if (open == null) {
      throw new IllegalStateException("this trace matrix is closed");
    }
    return open;
  }

  @Override
  public long address() {
    return open().address();
  }

  @Override
  public MemorySegment segment() {
    open();
    throw new IllegalStateException(
        "this trace matrix lies on a device; copy it with copyTo, or use its address there");
  }

  @Override
  public void copyTo(MemorySegment target, TraceOrder order, FieldEncoding encoding) {
    DeviceBuffer source = open();
    Objects.checkFromIndexSize(0, byteSize(), target.byteSize());
    long[] at = {0};
    if (order == order() && encoding == encoding()) {
      transfer.read(source, 0, byteSize(), part -> append(part, target, at));
    } else if (height > 0) {
      transfer.convert(source, height, width, order, encoding, part -> append(part, target, at));
    }
  }

  private static void append(MemorySegment part, MemorySegment target, long[] at) {
    MemorySegment.copy(part, 0, target, at[0], part.byteSize());
    at[0] += part.byteSize();
  }

  @Override
  public int get(long row, int column) {
    Objects.checkIndex(row, height);
    Objects.checkIndex(column, width);
    int[] cell = new int[1];
    transfer.read(
        open(),
        4 * order().index(row, column, height, width),
        4,
        part -> cell[0] = part.get(IntBuffer64.WORD, 0));
    return BabyBear.fromMontgomery(cell[0]);
  }

  @Override
  public void close() {
    DeviceBuffer open = buffer;
    buffer = null;
    if (open != null) {
      open.close();
    }
  }
}
