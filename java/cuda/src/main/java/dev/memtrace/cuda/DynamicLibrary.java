// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * A library that the dynamic linker has loaded, for good. Unlike {@link System#load} this tells why
 * a library cannot be loaded, and resolves every symbol at once: one that is missing is an error
 * here instead of the end of the process at its first call.
 */
final class DynamicLibrary {
  /** RTLD_NOW of Linux. */
  private static final int RESOLVE_NOW = 2;

  /** RTLD_LAZY of Linux. */
  private static final int RESOLVE_LATER = 1;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final MethodHandle OPEN =
      standard(
          "dlopen",
          FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
  private static final MethodHandle CLOSE =
      standard("dlclose", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
  private static final MethodHandle ERROR =
      standard("dlerror", FunctionDescriptor.of(ValueLayout.ADDRESS));
  private static final MethodHandle SYMBOL =
      standard(
          "dlsym",
          FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS));

  private final String name;
  private final MemorySegment handle;

  private DynamicLibrary(String name, MemorySegment handle) {
    this.name = name;
    this.handle = handle;
  }

  /** Thrown when a library cannot be loaded; the message is the dynamic linker's. */
  static final class LoadException extends Exception {
    private static final long serialVersionUID = 1L;

    LoadException(String message) {
      super(message);
    }
  }

  /**
   * Loads a library.
   *
   * @param name a path, or a name that the dynamic linker searches for
   */
  static DynamicLibrary open(String name) throws LoadException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handle =
          (MemorySegment) OPEN.invokeExact(arena.allocateFrom(name), RESOLVE_NOW);
      if (handle.equals(MemorySegment.NULL)) {
        MemorySegment error = (MemorySegment) ERROR.invokeExact();
        throw new LoadException(
            error.equals(MemorySegment.NULL) ? name + ": cannot be loaded" : text(error).strip());
      }
      return new DynamicLibrary(name, handle);
    } catch (Throwable e) {
      throw Native.failure(e, LoadException.class);
    }
  }

  /** Whether a library could be loaded; nothing stays loaded. */
  static boolean canLoad(String name) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handle =
          (MemorySegment) OPEN.invokeExact(arena.allocateFrom(name), RESOLVE_LATER);
      return !handle.equals(MemorySegment.NULL) && (int) CLOSE.invokeExact(handle) == 0;
    } catch (Throwable e) {
      throw Native.failure(e);
    }
  }

  /** The name under which it was loaded. */
  String name() {
    return name;
  }

  /** Binds a function, if the library has it. */
  Optional<MethodHandle> find(String symbol, FunctionDescriptor type) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address =
          (MemorySegment) SYMBOL.invokeExact(handle, arena.allocateFrom(symbol));
      return address.equals(MemorySegment.NULL)
          ? Optional.empty()
          : Optional.of(bind(address, type));
    } catch (Throwable e) {
      throw Native.failure(e);
    }
  }

  /** Binds a function that the library must have. */
  MethodHandle function(String symbol, FunctionDescriptor type) throws LoadException {
    return find(symbol, type)
        .orElseThrow(() -> new LoadException(name + " has no function " + symbol));
  }

  /** The text that a C function has returned. */
  @SuppressWarnings("restricted") // it ends with a zero
  static String text(MemorySegment address) {
    return address.reinterpret(Long.MAX_VALUE).getString(0);
  }

  @SuppressWarnings("restricted") // the types are those of the functions
  private static MethodHandle bind(MemorySegment address, FunctionDescriptor type) {
    return LINKER.downcallHandle(address, type);
  }

  private static MethodHandle standard(String symbol, FunctionDescriptor type) {
    return bind(LINKER.defaultLookup().findOrThrow(symbol), type);
  }
}
