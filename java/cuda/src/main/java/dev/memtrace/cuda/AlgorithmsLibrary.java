// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The functions of {@code memtrace/device_algorithms.h}, where device addresses, pointers and
 * streams are 64-bit words and each function returns a CUresult, and of {@code
 * memtrace/profiler_ranges.h}.
 */
record AlgorithmsLibrary(
    MethodHandle sortKeys,
    MethodHandle sortPairs,
    MethodHandle exclusiveSum,
    MethodHandle exclusiveSumLong,
    MethodHandle inclusiveMax,
    MethodHandle sum,
    MethodHandle selectFlagged,
    MethodHandle runLength,
    MethodHandle rangePush,
    MethodHandle rangePop) {
  /** MEMTRACE_ALGORITHMS_VERSION of the header that this class was written for. */
  private static final int VERSION = 2;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG;

  /**
   * Binds the functions.
   *
   * @throws DynamicLibrary.LoadException if one is missing or the interface has another version
   */
  static AlgorithmsLibrary bind(DynamicLibrary library) throws DynamicLibrary.LoadException {
    int version;
    try {
      version =
          (int)
              library
                  .function("memtrace_algorithms_version", FunctionDescriptor.of(INT))
                  .invokeExact();
    } catch (Throwable e) {
      throw Native.failure(e, DynamicLibrary.LoadException.class);
    }
    if (version != VERSION) {
      throw new DynamicLibrary.LoadException(
          library.name() + " has interface version " + version + ", not " + VERSION);
    }
    return new AlgorithmsLibrary(
        bind(library, "sort_keys", WORD, WORD, WORD, INT, INT, WORD),
        bind(library, "sort_pairs", WORD, WORD, WORD, WORD, WORD, INT, INT, WORD),
        bind(library, "exclusive_sum_u32", WORD, WORD, WORD, WORD),
        bind(library, "exclusive_sum_u64", WORD, WORD, WORD, WORD),
        bind(library, "inclusive_max_u32", WORD, WORD, WORD, WORD),
        bind(library, "reduce_sum_u32", WORD, WORD, WORD, WORD),
        bind(library, "select_flagged", WORD, WORD, WORD, WORD, WORD),
        bind(library, "run_length", WORD, WORD, WORD, WORD, WORD, WORD),
        library.function("memtrace_range_push", FunctionDescriptor.of(INT, ValueLayout.ADDRESS)),
        library.function("memtrace_range_pop", FunctionDescriptor.of(INT)));
  }

  /** Binds a function that takes temporary memory, the address of its size, and what follows. */
  private static MethodHandle bind(DynamicLibrary library, String name, MemoryLayout... arguments)
      throws DynamicLibrary.LoadException {
    return library.function(
        "memtrace_" + name,
        FunctionDescriptor.of(INT, WORD, ValueLayout.ADDRESS).appendArgumentLayouts(arguments));
  }
}
