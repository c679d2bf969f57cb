// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.backend.FieldEncoding;
import dev.memtrace.backend.HostTraceMatrix;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.TraceOrder;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.periphery.Poseidon2Periphery;
import java.lang.foreign.MemorySegment;

/** The inputs that a recorder holds, copied whenever they are opened. */
record RecordedInputs(Poseidon2Periphery hasher) implements TraceSource {
  @Override
  public long height() {
    return hasher.size();
  }

  @Override
  public int width() {
    return Poseidon2Periphery.ROW_WORDS;
  }

  @Override
  public TraceMatrix open() {
    MemorySegment inputs = hasher.inputs();
    BufferPool pool = BufferPool.shared();
    MemorySegment copy = pool.acquire(Math.max(4, inputs.byteSize()));
    MemorySegment.copy(inputs, 0, copy, 0, inputs.byteSize());
    return new HostTraceMatrix(
        pool, copy, height(), width(), TraceOrder.ROW_MAJOR, FieldEncoding.CANONICAL);
  }

  @Override
  public void release(TraceMatrix matrix) {
    matrix.close();
  }
}
