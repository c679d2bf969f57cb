// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.backend.FieldEncoding;
import dev.memtrace.backend.TraceOrder;
import dev.memtrace.instrument.Stage;
import dev.memtrace.instrument.Stages;
import dev.memtrace.offheap.BufferPool;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Consumer;

/**
 * Copies products from the device, in parts that go through buffers that are always there, so that
 * reading a product needs no memory of its own. Thread-safe: one caller after the other.
 */
final class DeviceTransfer implements AutoCloseable {
  static final long PART_BYTES = 8L << 20;

  private final CudaStream stream;
  private final DevicePasses passes;
  private final BufferPool pool;
  private final DeviceBuffer staging;
  private final MemorySegment part;

  DeviceTransfer(CudaDevice device, BufferPool pool, Stages stages) {
    this.pool = pool;
    this.stream = device.openStream();
    try {
      this.staging = stream.allocate(PART_BYTES, "staging of copies to the host");
      try {
        this.part = pool.acquire(PART_BYTES);
      } catch (RuntimeException | Error e) {
        Closing.after(e, staging::close);
        throw e;
      }
    } catch (RuntimeException | Error e) {
      Closing.after(e, stream::close);
      throw e;
    }
    this.passes = new DevicePasses(stream, stages);
  }

  /**
   * Copies consecutive bytes of a buffer whose content is complete.
   *
   * @param source a buffer of this device
   * @param from first byte
   * @param bytes number of bytes
   * @param visitor receives consecutive parts, valid during the call
   */
  synchronized void read(
      DeviceBuffer source, long from, long bytes, Consumer<MemorySegment> visitor) {
    for (long done = 0; done < bytes; ) {
      MemorySegment chunk = part.asSlice(0, Math.min(PART_BYTES, bytes - done));
      long at = from + done;
      run(chunk.byteSize(), () -> stream.copyToHost(source, at, chunk));
      visitor.accept(chunk.asReadOnly());
      done += chunk.byteSize();
    }
  }

  /**
   * Copies a matrix of the device into another order and encoding.
   *
   * @param source column-major cells in Montgomery form
   * @param height rows, at least 1
   * @param width columns
   * @param order order wanted
   * @param encoding encoding wanted
   * @param visitor receives consecutive parts of the result, valid during the call
   */
  synchronized void convert(
      DeviceBuffer source,
      long height,
      int width,
      TraceOrder order,
      FieldEncoding encoding,
      Consumer<MemorySegment> visitor) {
    long cells = Math.multiplyExact(height, (long) width);
    long partCells = PART_BYTES / 4;
    CudaKernel convert = stream.device().kernel("convert");
    for (long first = 0; first < cells; first += partCells) {
      long items = Math.min(partCells, cells - first);
      Arguments arguments =
          Arguments.items(items)
              .add(first)
              .add(source)
              .add(staging)
              .add(height)
              .add(width)
              .add(1)
              .add(order == TraceOrder.COLUMN_MAJOR ? 1 : 0)
              .add(1)
              .add(encoding == FieldEncoding.MONTGOMERY ? 1 : 0);
      MemorySegment chunk = part.asSlice(0, 4 * items);
      run(
          chunk.byteSize(),
          () -> {
            stream.launch(convert, arguments.words());
            stream.copyToHost(staging, 0, chunk);
          });
      visitor.accept(chunk.asReadOnly());
    }
  }

  /** Enqueues work and waits for it, even if it fails: the caller may free the source then. */
  private void run(long bytes, Runnable work) {
    try (DevicePasses.Pass pass = passes.open(Stage.TRANSFER)) {
      work.run();
      stream.synchronize();
      pass.addBytes(bytes);
    } catch (RuntimeException | Error e) {
      Closing.after(e, stream::synchronize);
      throw e;
    }
  }

  @Override
  public void close() {
    Closing.all(List.of(staging::close, stream::close, () -> pool.release(part)));
  }
}
