// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RecordedInputs;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Distinct inputs of the Poseidon2 periphery in device memory. They outlive the backend: when it is
 * closed, it moves them to the host. Thread-safe.
 */
final class DeviceInputs implements RecordedInputs {
  /** Bytes of a row: 16 canonical elements and the multiplicity. */
  static final long ROW_BYTES = 4L * Poseidon2Periphery.ROW_WORDS;

  private final long size;
  private final long requests;

  /** Where they are; null once they were moved or closed. */
  private @Nullable Place place;

  /** The rows, if they were moved. */
  private @Nullable MemorySegment onHost;

  /** Why they could not be moved. */
  private @Nullable Throwable lost;

  /** Rows in the memory of a backend's device. */
  private record Place(CudaBackend backend, DeviceBuffer rows) {
    void read(MemorySegment target) {
      long[] at = {0};
      backend
          .transfer()
          .read(
              rows,
              0,
              rows.bytes(),
              part -> {
                MemorySegment.copy(part, 0, target, at[0], part.byteSize());
                at[0] += part.byteSize();
              });
    }
  }

  private DeviceInputs(CudaBackend backend, DeviceBuffer rows, long requests) {
    this.place = new Place(backend, rows);
    this.size = rows.bytes() / ROW_BYTES;
    this.requests = requests;
  }

  /**
   * Takes over rows whose content is complete.
   *
   * @param backend closes them, unless the caller does so before
   * @param rows a buffer of exactly the rows
   * @param requests the sum of their multiplicities
   */
  static DeviceInputs of(CudaBackend backend, DeviceBuffer rows, long requests) {
    DeviceInputs inputs = new DeviceInputs(backend, rows, requests);
    backend.keep(inputs);
    return inputs;
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public long requests() {
    return requests;
  }

  /**
   * Makes their trace, if they lie in the memory of a backend.
   *
   * @param where the backend
   * @param registers S-box registers, 0 or 1
   * @return a trace owned by the caller; empty if the inputs lie elsewhere
   */
  synchronized Optional<TraceMatrix> trace(CudaBackend where, int registers) {
    return place == null || !place.backend().equals(where)
        ? Optional.empty()
        : Optional.of(DevicePoseidon2.trace(where, place.rows(), size, registers));
  }

  @Override
  public synchronized void copyTo(MemorySegment target) {
    long bytes = size * ROW_BYTES;
    Objects.checkFromIndexSize(0, bytes, target.byteSize());
    if (place != null) {
      place.read(target);
    } else if (onHost != null) {
      MemorySegment.copy(onHost, 0, target, 0, bytes);
    } else if (lost != null) {
      throw new IllegalStateException(
          size
              + " Poseidon2 inputs were on a device when its backend was closed, and could not be"
              + " copied: "
              + lost.getMessage(),
          lost);
    } else {
      throw new IllegalStateException("these Poseidon2 inputs are closed");
    }
  }

  /**
   * Leaves the device, because its backend is being closed. If the rows cannot be copied, whoever
   * asks for them is told.
   */
  synchronized void leaveDevice() {
    Place left = place;
    if (left == null) {
      return;
    }
    try {
      // The backend's pool goes with the device.
      MemorySegment copy = BufferPool.shared().acquire(left.rows().bytes());
      try {
        left.read(copy);
        onHost = copy;
      } finally {
        if (onHost == null) {
          BufferPool.shared().release(copy);
        }
      }
    } catch (RuntimeException | OutOfMemoryError e) {
      lost = e;
    }
    // The backend and its pool are no longer needed either.
    place = null;
    left.rows().close();
  }

  @Override
  public synchronized void close() {
    Place left = place;
    MemorySegment copy = onHost;
    place = null;
    onHost = null;
    lost = null;
    if (copy != null) {
      BufferPool.shared().release(copy);
    }
    if (left != null) {
      left.backend().forget(this);
      left.rows().close();
    }
  }
}
