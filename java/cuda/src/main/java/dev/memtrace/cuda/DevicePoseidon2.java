// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.air.Poseidon2Air;
import dev.memtrace.air.TraceHeight;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.poseidon2.Poseidon2Constants;
import java.lang.foreign.MemorySegment;
import java.util.function.BiFunction;

/** Poseidon2 on the device: the trace of the periphery, and batches of permutations. */
final class DevicePoseidon2 {
  /** Bytes of a state, and of the two digests that a compression takes. */
  static final long STATE_BYTES = 4L * Poseidon2Constants.WIDTH;

  /** Bytes of a digest. */
  static final long DIGEST_BYTES = STATE_BYTES / 2;

  private DevicePoseidon2() {}

  /**
   * Makes the trace of the periphery from rows on the device.
   *
   * @param inputs rows of 17 words, whose content is complete
   * @param used number of rows
   * @param registers S-box registers, 0 or 1
   * @return a trace owned by the caller
   */
  static TraceMatrix trace(CudaBackend backend, DeviceBuffer inputs, long used, int registers) {
    return trace(backend, (_, _) -> inputs, used, registers);
  }

  /**
   * Makes the trace of the periphery from rows on the host.
   *
   * @param inputs native memory of rows of 17 words
   * @param registers S-box registers, 0 or 1
   * @return a trace owned by the caller
   */
  static TraceMatrix trace(CudaBackend backend, MemorySegment inputs, int registers) {
    return trace(
        backend,
        (stream, temporary) -> {
          DeviceBuffer rows = temporary.allocate(inputs.byteSize(), "distinct Poseidon2 inputs");
          stream.copyToDevice(inputs, rows, 0);
          return rows;
        },
        inputs.byteSize() / DeviceInputs.ROW_BYTES,
        registers);
  }

  private static TraceMatrix trace(
      CudaBackend backend,
      BiFunction<CudaStream, DeviceScope, DeviceBuffer> inputs,
      long used,
      int registers) {
    long height = TraceHeight.nextPowerOfTwoOrZero(used);
    int width = Poseidon2Air.width(registers);
    DeviceBuffer trace = null;
    try (CudaStream stream = backend.device().openStream();
        DeviceScope temporary = new DeviceScope(stream)) {
      trace = stream.allocate(4 * height * width, "Poseidon2 trace");
      stream.launch(
          stream.device().kernel("poseidon2_rows_" + registers),
          Arguments.items(height)
              .add(inputs.apply(stream, temporary))
              .add(used)
              .add(trace)
              .words());
      stream.synchronize();
    } catch (RuntimeException | Error e) {
      if (trace != null) {
        Closing.after(e, trace::close);
      }
      throw e;
    }
    return new DeviceTraceMatrix(backend.transfer(), trace, height, width);
  }

  /**
   * Enqueues permutations of states in place.
   *
   * @param states 16 words each, in Montgomery form
   */
  static void permute(CudaStream stream, DeviceBuffer states) {
    stream.launch(
        stream.device().kernel("poseidon2_permute"),
        Arguments.items(states.bytes() / STATE_BYTES).add(states).words());
  }

  /**
   * Enqueues compressions.
   *
   * @param pairs a left and a right digest of 8 words each, in Montgomery form
   * @param digests receives a digest for each pair
   */
  static void compress(CudaStream stream, DeviceBuffer pairs, DeviceBuffer digests) {
    long items = pairs.bytes() / STATE_BYTES;
    digests.address(0, items * DIGEST_BYTES);
    stream.launch(
        stream.device().kernel("poseidon2_compress"),
        Arguments.items(items).add(pairs).add(digests).words());
  }
}
