// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The functions of the CUDA driver that are called without JCuda: those that tell whether JCuda can
 * be used at all, and those that it lacks.
 */
final class DriverLibrary {
  private static final int COMPUTE_CAPABILITY_MAJOR = 75;
  private static final int COMPUTE_CAPABILITY_MINOR = 76;
  private static final int RELEASE_THRESHOLD = 4;
  private static final int RESERVED_BYTES = 5;
  private static final int USED_BYTES = 7;
  private static final int NAME_BYTES = 256;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ValueLayout POINTER = ValueLayout.ADDRESS;

  private final DynamicLibrary library;
  private final boolean emulated;
  private final MethodHandle errorName;
  private final MethodHandle init;
  private final MethodHandle driverGetVersion;
  private final MethodHandle deviceGetCount;
  private final MethodHandle deviceGet;
  private final MethodHandle deviceGetName;
  private final MethodHandle deviceGetAttribute;
  private final MethodHandle deviceTotalMem;
  private final MethodHandle deviceGetDefaultMemPool;
  private final MethodHandle memPoolSetAttribute;
  private final MethodHandle memPoolGetAttribute;
  private final MethodHandle memPoolTrimTo;
  private final @Nullable MethodHandle funcGetParamInfo; // since CUDA 12.4

  /**
   * Binds the functions.
   *
   * @throws DynamicLibrary.LoadException if one is missing
   */
  DriverLibrary(DynamicLibrary library, boolean emulated) throws DynamicLibrary.LoadException {
    this.library = library;
    this.emulated = emulated;
    errorName = bind("cuGetErrorName", INT, POINTER);
    init = bind("cuInit", INT);
    driverGetVersion = bind("cuDriverGetVersion", POINTER);
    deviceGetCount = bind("cuDeviceGetCount", POINTER);
    deviceGet = bind("cuDeviceGet", POINTER, INT);
    deviceGetName = bind("cuDeviceGetName", POINTER, INT, INT);
    deviceGetAttribute = bind("cuDeviceGetAttribute", POINTER, INT, INT);
    deviceTotalMem = bind("cuDeviceTotalMem_v2", POINTER, INT);
    deviceGetDefaultMemPool = bind("cuDeviceGetDefaultMemPool", POINTER, INT);
    memPoolSetAttribute = bind("cuMemPoolSetAttribute", LONG, INT, POINTER);
    memPoolGetAttribute = bind("cuMemPoolGetAttribute", LONG, INT, POINTER);
    memPoolTrimTo = bind("cuMemPoolTrimTo", LONG, LONG);
    funcGetParamInfo =
        library
            .find("cuFuncGetParamInfo", FunctionDescriptor.of(INT, LONG, LONG, POINTER, POINTER))
            .orElse(null);
  }

  private MethodHandle bind(String symbol, MemoryLayout... arguments)
      throws DynamicLibrary.LoadException {
    return library.function(symbol, FunctionDescriptor.of(INT, arguments));
  }

  /** Whether this is the emulator. */
  boolean emulated() {
    return emulated;
  }

  /** The library, for functions beside the driver's. */
  DynamicLibrary library() {
    return library;
  }

  /** A device as the driver describes it, before anything is opened. */
  record Device(int ordinal, String name, int computeCapability, long memory) {}

  /** Starts the driver; must come before all else but {@link #version()}. */
  void init() {
    try {
      check((int) init.invokeExact(0), "cuInit");
    } catch (Throwable e) {
      throw Native.failure(e);
    }
  }

  /** The version of CUDA that the driver supports, 1000 * major + 10 * minor. */
  int version() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment version = arena.allocate(INT);
      check((int) driverGetVersion.invokeExact(version), "cuDriverGetVersion");
      return version.get(INT, 0);
    } catch (Throwable e) {
      throw Native.failure(e);
    }
  }

  /** Number of devices. */
  int deviceCount() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(INT);
      check((int) deviceGetCount.invokeExact(count), "cuDeviceGetCount");
      return count.get(INT, 0);
    } catch (Throwable e) {
      throw Native.failure(e);
    }
  }

  /** Describes a device. */
  Device device(int ordinal) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment word = arena.allocate(LONG);
      check((int) deviceGet.invokeExact(word, ordinal), "cuDeviceGet");
      int device = word.get(INT, 0);
      MemorySegment name = arena.allocate(NAME_BYTES);
      check((int) deviceGetName.invokeExact(name, NAME_BYTES - 1, device), "cuDeviceGetName");
      int major = attribute(word, COMPUTE_CAPABILITY_MAJOR, device);
      int minor = attribute(word, COMPUTE_CAPABILITY_MINOR, device);
      check((int) deviceTotalMem.invokeExact(word, device), "cuDeviceTotalMem");
      return new Device(
          ordinal,
          name.getString(0, StandardCharsets.UTF_8),
          10 * major + minor,
          word.get(LONG, 0));
    } catch (Throwable e) {
      throw Native.failure(e);
    }
  }

  private int attribute(MemorySegment word, int attribute, int device) throws Throwable {
    check((int) deviceGetAttribute.invokeExact(word, attribute, device), "cuDeviceGetAttribute");
    return word.get(INT, 0);
  }

  /** The pool from which the stream-ordered allocator of a device takes its memory. */
  long memoryPool(int ordinal) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment word = arena.allocate(LONG);
      check((int) deviceGet.invokeExact(word, ordinal), "cuDeviceGet");
      int device = word.get(INT, 0);
      check((int) deviceGetDefaultMemPool.invokeExact(word, device), "cuDeviceGetDefaultMemPool");
      return word.get(LONG, 0);
    } catch (Throwable e) {
      throw Native.failure(e);
    }
  }

  /** Lets a pool keep freed memory up to so many bytes; unsigned. */
  void setReleaseThreshold(long pool, long bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocateFrom(LONG, bytes);
      check(
          (int) memPoolSetAttribute.invokeExact(pool, RELEASE_THRESHOLD, value),
          "cuMemPoolSetAttribute");
    } catch (Throwable e) {
      throw Native.failure(e);
    }
  }

  /** Bytes that a pool has taken from the device and nobody uses; 0 if the driver cannot say. */
  long unusedBytes(long pool) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment reserved = arena.allocate(LONG);
      MemorySegment used = arena.allocate(LONG);
      int result = (int) memPoolGetAttribute.invokeExact(pool, RESERVED_BYTES, reserved);
      if (result == CudaResult.SUCCESS) {
        result = (int) memPoolGetAttribute.invokeExact(pool, USED_BYTES, used);
      }
      if (result == CudaResult.NOT_SUPPORTED) {
        return 0;
      }
      check(result, "cuMemPoolGetAttribute");
      return Math.max(0, reserved.get(LONG, 0) - used.get(LONG, 0));
    } catch (Throwable e) {
      throw Native.failure(e);
    }
  }

  /**
   * Gives what nobody uses of a pool back to the device.
   *
   * @return bytes that the pool may keep
   */
  long trim(long pool) {
    try {
      check((int) memPoolTrimTo.invokeExact(pool, 0L), "cuMemPoolTrimTo");
      return 0;
    } catch (Throwable e) {
      throw Native.failure(e);
    }
  }

  /**
   * Returns the size of the only argument of a kernel.
   *
   * @return bytes; -1 if this driver cannot say
   */
  long argumentBytes(long function) {
    if (funcGetParamInfo == null) {
      return -1;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment offset = arena.allocate(LONG);
      MemorySegment size = arena.allocate(LONG);
      check((int) funcGetParamInfo.invokeExact(function, 0L, offset, size), "cuFuncGetParamInfo");
      return size.get(LONG, 0);
    } catch (Throwable e) {
      throw Native.failure(e);
    }
  }

  /** The name of a result, such as CUDA_ERROR_INVALID_VALUE. */
  String errorName(int code) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(POINTER);
      int result = (int) errorName.invokeExact(code, text);
      MemorySegment name = text.get(ValueLayout.ADDRESS, 0);
      return result == CudaResult.SUCCESS && name.address() != 0
          ? DynamicLibrary.text(name)
          : "unknown error";
    } catch (Throwable e) {
      throw Native.failure(e);
    }
  }

  private void check(int code, String call) {
    if (code != CudaResult.SUCCESS) {
      throw new CudaException(call, code, errorName(code));
    }
  }
}
