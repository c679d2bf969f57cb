// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.simd;

import dev.memtrace.poseidon2.Poseidon2UnavailableException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** The functions of {@code memtrace/poseidon2.h}, loaded for good. */
final class Poseidon2Library {
  /** The path without vector instructions. */
  static final int PLAIN = 0;

  /** The path of AVX2. */
  static final int AVX2 = 1;

  /** The path of AVX-512. */
  static final int AVX512 = 2;

  /** Words in Montgomery form. */
  static final int MONTGOMERY = 0;

  /** Canonical words. */
  static final int CANONICAL = 1;

  /** MEMTRACE_POSEIDON2_VERSION of the header that this class was written for. */
  private static final int VERSION = 1;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  private final MethodHandle bestPath;
  private final MethodHandle compress;

  private Poseidon2Library(MethodHandle bestPath, MethodHandle compress) {
    this.bestPath = bestPath;
    this.compress = compress;
  }

  /**
   * Loads the library.
   *
   * @throws Poseidon2UnavailableException if it cannot be loaded or has another interface
   */
  @SuppressWarnings("restricted") // the types are those of the functions
  static Poseidon2Library load(Path file) throws Poseidon2UnavailableException {
    try {
      SymbolLookup symbols = SymbolLookup.libraryLookup(file, Arena.global());
      Linker linker = Linker.nativeLinker();
      int version =
          (int)
              linker
                  .downcallHandle(
                      find(symbols, "memtrace_poseidon2_version"), FunctionDescriptor.of(INT))
                  .invokeExact();
      if (version != VERSION) {
        throw new Poseidon2UnavailableException(
            file + " has interface version " + version + ", not " + VERSION);
      }
      return new Poseidon2Library(
          linker.downcallHandle(
              find(symbols, "memtrace_poseidon2_best_path"), FunctionDescriptor.of(INT)),
          linker.downcallHandle(
              find(symbols, "memtrace_poseidon2_compress"),
              FunctionDescriptor.of(
                  INT, INT, INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG),
              Linker.Option.critical(true)));
    } catch (Poseidon2UnavailableException e) {
      throw e;
    } catch (IllegalArgumentException | IllegalCallerException | UnsupportedOperationException e) {
      throw new Poseidon2UnavailableException(
          file + " cannot be loaded: " + String.valueOf(e.getMessage()).strip(), e);
    } catch (Throwable e) {
      throw failure(e);
    }
  }

  private static MemorySegment find(SymbolLookup symbols, String name)
      throws Poseidon2UnavailableException {
    return symbols
        .find(name)
        .orElseThrow(() -> new Poseidon2UnavailableException("the library has no " + name));
  }

  /** The greatest path that works here. */
  int bestPath() {
    try {
      return (int) bestPath.invokeExact();
    } catch (Throwable e) {
      throw failure(e);
    }
  }

  /**
   * Compresses items. The garbage collector waits until this returns, and the ranges are not
   * checked.
   */
  void compress(int path, int form, MemorySegment inputs, MemorySegment outputs, long count) {
    int status;
    try {
      status = (int) compress.invokeExact(path, form, inputs, outputs, count);
    } catch (Throwable e) {
      throw failure(e);
    }
    if (status != 0) {
      throw new IllegalArgumentException(
          "path " + path + " and form " + form + " are refused with status " + status);
    }
  }

  /** What the compiler takes for anything: a call throws nothing that is checked. */
  private static RuntimeException failure(Throwable thrown) {
    if (thrown instanceof Error error) {
      throw error;
    }
    return thrown instanceof RuntimeException e
        ? e
        : new IllegalStateException("a native call failed", thrown);
  }
}
