// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Collective algorithms on device memory. Every address is one on the device, aligned to 8 bytes;
 * {@code n} counts items. The work is enqueued on the stream and has its temporary memory from
 * there; the methods that end in {@code Bytes} say how much, for those who plan.
 */
final class DeviceAlgorithms {
  private final CudaDevice device;
  private final AlgorithmsLibrary library;

  DeviceAlgorithms(CudaDevice device, AlgorithmsLibrary library) {
    this.device = device;
    this.library = library;
  }

  /** One algorithm with its arguments: learns its temporary size, or runs. */
  @FunctionalInterface
  private interface Call {
    int invoke(long temporary, MemorySegment temporaryBytes, long stream) throws Throwable;
  }

  private long temporaryBytes(String name, Call call) {
    device.makeCurrent();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
      device.context().check(call.invoke(0, size, 0), name);
      return size.get(ValueLayout.JAVA_LONG, 0);
    } catch (Throwable e) {
      throw Native.failure(e);
    }
  }

  private void run(String name, CudaStream stream, Call call) {
    device.own(stream.device());
    long handle = stream.handle();
    long bytes = Math.max(1, temporaryBytes(name, call)); // an empty buffer has no address
    try (Arena arena = Arena.ofConfined();
        DeviceBuffer temporary = stream.allocate(bytes, "temporary memory of " + name)) {
      MemorySegment size = arena.allocateFrom(ValueLayout.JAVA_LONG, bytes);
      device.context().check(call.invoke(temporary.address(), size, handle), name);
    } catch (Throwable e) {
      throw Native.failure(e);
    }
  }

  private Call sortKeys(long keysIn, long keysOut, long n, int beginBit, int endBit) {
    return (temporary, size, stream) ->
        (int)
            library
                .sortKeys()
                .invokeExact(temporary, size, keysIn, keysOut, n, beginBit, endBit, stream);
  }

  /**
   * Sorts 64-bit keys stably by their bits {@code [beginBit, endBit)}; the input is overwritten.
   */
  void sortKeys(CudaStream stream, long keysIn, long keysOut, long n, int beginBit, int endBit) {
    run("memtrace_sort_keys", stream, sortKeys(keysIn, keysOut, n, beginBit, endBit));
  }

  /** Temporary bytes of {@link #sortKeys}. */
  long sortKeysBytes(long n, int beginBit, int endBit) {
    return temporaryBytes("memtrace_sort_keys", sortKeys(0, 0, n, beginBit, endBit));
  }

  private Call sortPairs(
      long keysIn, long keysOut, long valuesIn, long valuesOut, long n, int beginBit, int endBit) {
    return (temporary, size, stream) ->
        (int)
            library
                .sortPairs()
                .invokeExact(
                    temporary, size, keysIn, keysOut, valuesIn, valuesOut, n, beginBit, endBit,
                    stream);
  }

  /**
   * Sorts pairs of a 64-bit key and a 32-bit value stably by bits {@code [beginBit, endBit)} of the
   * keys; the inputs are overwritten.
   */
  void sortPairs(
      CudaStream stream,
      long keysIn,
      long keysOut,
      long valuesIn,
      long valuesOut,
      long n,
      int beginBit,
      int endBit) {
    run(
        "memtrace_sort_pairs",
        stream,
        sortPairs(keysIn, keysOut, valuesIn, valuesOut, n, beginBit, endBit));
  }

  /** Temporary bytes of {@link #sortPairs}. */
  long sortPairsBytes(long n, int beginBit, int endBit) {
    return temporaryBytes("memtrace_sort_pairs", sortPairs(0, 0, 0, 0, n, beginBit, endBit));
  }

  private Call exclusiveSum(long in, long out, long n) {
    return (temporary, size, stream) ->
        (int) library.exclusiveSum().invokeExact(temporary, size, in, out, n, stream);
  }

  /** Sums of all 32-bit items before each, modulo 2^32; {@code out} may be {@code in}. */
  void exclusiveSum(CudaStream stream, long in, long out, long n) {
    run("memtrace_exclusive_sum_u32", stream, exclusiveSum(in, out, n));
  }

  /** Temporary bytes of {@link #exclusiveSum}. */
  long exclusiveSumBytes(long n) {
    return temporaryBytes("memtrace_exclusive_sum_u32", exclusiveSum(0, 0, n));
  }

  private Call exclusiveSumLong(long in, long out, long n) {
    return (temporary, size, stream) ->
        (int) library.exclusiveSumLong().invokeExact(temporary, size, in, out, n, stream);
  }

  /** Sums of all 32-bit items before each, as 64-bit words. */
  void exclusiveSumLong(CudaStream stream, long in, long out, long n) {
    run("memtrace_exclusive_sum_u64", stream, exclusiveSumLong(in, out, n));
  }

  /** Temporary bytes of {@link #exclusiveSumLong}. */
  long exclusiveSumLongBytes(long n) {
    return temporaryBytes("memtrace_exclusive_sum_u64", exclusiveSumLong(0, 0, n));
  }

  private Call inclusiveMax(long in, long out, long n) {
    return (temporary, size, stream) ->
        (int) library.inclusiveMax().invokeExact(temporary, size, in, out, n, stream);
  }

  /**
   * The largest unsigned 32-bit item up to each, itself included; {@code out} may be {@code in}.
   */
  void inclusiveMax(CudaStream stream, long in, long out, long n) {
    run("memtrace_inclusive_max_u32", stream, inclusiveMax(in, out, n));
  }

  /** Temporary bytes of {@link #inclusiveMax}. */
  long inclusiveMaxBytes(long n) {
    return temporaryBytes("memtrace_inclusive_max_u32", inclusiveMax(0, 0, n));
  }

  private Call sum(long in, long out, long n) {
    return (temporary, size, stream) ->
        (int) library.sum().invokeExact(temporary, size, in, out, n, stream);
  }

  /** Stores the sum of 32-bit items as one 64-bit word. */
  void sum(CudaStream stream, long in, long out, long n) {
    run("memtrace_reduce_sum_u32", stream, sum(in, out, n));
  }

  /** Temporary bytes of {@link #sum}. */
  long sumBytes(long n) {
    return temporaryBytes("memtrace_reduce_sum_u32", sum(0, 0, n));
  }

  private Call selectFlagged(long flags, long indicesOut, long countOut, long n) {
    return (temporary, size, stream) ->
        (int)
            library
                .selectFlagged()
                .invokeExact(temporary, size, flags, indicesOut, countOut, n, stream);
  }

  /**
   * Stores the 32-bit indices of the flags, a byte each, that are not 0, ascending, and their
   * number as a 64-bit word.
   */
  void selectFlagged(CudaStream stream, long flags, long indicesOut, long countOut, long n) {
    run("memtrace_select_flagged", stream, selectFlagged(flags, indicesOut, countOut, n));
  }

  /** Temporary bytes of {@link #selectFlagged}. */
  long selectFlaggedBytes(long n) {
    return temporaryBytes("memtrace_select_flagged", selectFlagged(0, 0, 0, n));
  }

  private Call runLength(long keys, long keysOut, long lengthsOut, long countOut, long n) {
    return (temporary, size, stream) ->
        (int)
            library
                .runLength()
                .invokeExact(temporary, size, keys, keysOut, lengthsOut, countOut, n, stream);
  }

  /**
   * Stores the 64-bit key and the 32-bit length of each run of equal neighbours, and the number of
   * runs as a 64-bit word.
   */
  void runLength(
      CudaStream stream, long keys, long keysOut, long lengthsOut, long countOut, long n) {
    run("memtrace_run_length", stream, runLength(keys, keysOut, lengthsOut, countOut, n));
  }

  /** Temporary bytes of {@link #runLength}. */
  long runLengthBytes(long n) {
    return temporaryBytes("memtrace_run_length", runLength(0, 0, 0, 0, n));
  }
}
