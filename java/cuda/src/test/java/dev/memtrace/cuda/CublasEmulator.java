// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** Steers the stand-in for cuBLAS of this process; see {@code native/emulator/cublas/cublas.h}. */
final class CublasEmulator {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  private final MethodHandle live;
  private final MethodHandle products;
  private final MethodHandle fail;

  private CublasEmulator(DynamicLibrary library) throws DynamicLibrary.LoadException {
    live = library.function("memtrace_cublas_live", FunctionDescriptor.of(LONG));
    products = library.function("memtrace_cublas_products", FunctionDescriptor.of(LONG));
    fail = library.function("memtrace_cublas_fail", FunctionDescriptor.ofVoid(INT, INT));
  }

  /** Where the stand-in lies; the test is skipped where no emulator was built. */
  static Path library() {
    return Emulator.library().resolveSibling("libmemtrace-cublas-emulator.so");
  }

  /** Loads the stand-in; the test is skipped where no emulator was built. */
  static CublasEmulator load() {
    Emulator.load();
    try {
      return new CublasEmulator(DynamicLibrary.open(library().toString()));
    } catch (DynamicLibrary.LoadException e) {
      throw new AssertionError(e);
    }
  }

  /** Handles that are not destroyed. */
  long live() {
    return ask(live);
  }

  /** Products that were enqueued since the library was loaded. */
  long products() {
    return ask(products);
  }

  /** Lets later calls return a status; 0 ends that. */
  void fail(int create, int product) {
    try {
      fail.invokeExact(create, product);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static long ask(MethodHandle function) {
    try {
      return (long) function.invokeExact();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}
