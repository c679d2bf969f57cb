// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.air.Poseidon2Air;
import dev.memtrace.air.TraceHeight;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.instrument.FlightEvents;
import dev.memtrace.instrument.Stage;
import dev.memtrace.poseidon2.Poseidon2Constants;
import java.lang.foreign.MemorySegment;

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
    return trace(backend, (_, _, _) -> inputs, used, registers);
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
        (stream, temporary, passes) -> {
          DeviceBuffer rows = temporary.allocate(inputs.byteSize(), "distinct Poseidon2 inputs");
          try (DevicePasses.Pass pass = passes.open(Stage.UPLOAD)) {
            stream.copyToDevice(inputs, rows, 0);
            pass.addBytes(inputs.byteSize());
          }
          return rows;
        },
        inputs.byteSize() / DeviceInputs.ROW_BYTES,
        registers);
  }

  /** Brings the rows of the inputs to the device. */
  @FunctionalInterface
  private interface Inputs {
    DeviceBuffer rows(CudaStream stream, DeviceScope temporary, DevicePasses passes);
  }

  private static TraceMatrix trace(CudaBackend backend, Inputs inputs, long used, int registers) {
    long height = TraceHeight.nextPowerOfTwoOrZero(used);
    int width = Poseidon2Air.width(registers);
    DeviceBuffer trace = null;
    try (CudaStream stream = backend.device().openStream();
        DeviceScope temporary = new DeviceScope(stream);
        DevicePasses passes = new DevicePasses(stream, backend.stages());
        DevicePasses.Pass pass = passes.open(Stage.POSEIDON2)) {
      trace = stream.allocate(4 * height * width, "Poseidon2 trace");
      stream.launch(
          stream.device().kernel("poseidon2_rows_" + registers),
          Arguments.items(height)
              .add(inputs.rows(stream, temporary, passes))
              .add(used)
              .add(trace)
              .words());
      stream.synchronize();
      pass.addBytes(trace.bytes());
    } catch (RuntimeException | Error e) {
      if (trace != null) {
        Closing.after(e, trace::close);
      }
      throw e;
    }
    FlightEvents.product("Poseidon2", height, width);
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
