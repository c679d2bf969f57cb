// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.backend.DeviceLostException;
import dev.memtrace.backend.DeviceMemoryException;
import java.util.function.LongSupplier;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/**
 * The primary context of a device, the only one that the CUDA runtime inside {@link
 * DeviceAlgorithms} knows. Counts its users: buffers of page-locked memory may outlive the {@link
 * CudaDevice}, and their memory goes with the context. Judges the result of every call.
 */
final class PrimaryContext {
  private static final System.Logger LOG = System.getLogger(PrimaryContext.class.getName());

  private final DriverLibrary driver;
  private final CUdevice device = new CUdevice();
  private final CUcontext context = new CUcontext();
  private int users = 1;
  private volatile @Nullable String lost;

  /** Retains the context for one user. */
  PrimaryContext(DriverLibrary driver, int ordinal) {
    this.driver = driver;
    JCudaLibrary.requireLoaded();
    check(JCudaDriver.cuInit(0), "cuInit");
    check(JCudaDriver.cuDeviceGet(device, ordinal), "cuDeviceGet");
    check(JCudaDriver.cuDevicePrimaryCtxRetain(context, device), "cuDevicePrimaryCtxRetain");
  }

  /** Counts a further user. */
  synchronized void retain() {
    if (users == 0) {
      throw new IllegalStateException("the context of the device is released");
    }
    users++;
  }

  /** Lets a user go; the last one takes the context along. */
  synchronized void release() {
    users--;
    if (users == 0) {
      checkClosing(JCudaDriver.cuDevicePrimaryCtxRelease(device), "cuDevicePrimaryCtxRelease");
    }
  }

  /** Whether a call has found the context unusable. */
  boolean isLost() {
    return lost != null;
  }

  /** Prepares the calling thread for a call. */
  void makeCurrent() {
    String why = lost;
    if (why != null) {
      throw new DeviceLostException(why);
    }
    check(JCudaDriver.cuCtxSetCurrent(context), "cuCtxSetCurrent");
  }

  /** As {@link #makeCurrent}, before a call that frees something. */
  void enterToClose() {
    checkClosing(JCudaDriver.cuCtxSetCurrent(context), "cuCtxSetCurrent");
  }

  /**
   * As {@link #check}, for calls that free something. On a lost context they are tried and may
   * fail: what is left goes with the context.
   */
  void checkClosing(int result, String call) {
    if (CudaResult.losesContext(result)) {
      lose(new CudaException(call, result, driver.errorName(result)));
    }
    if (lost == null) {
      check(result, call);
    }
  }

  /** Throws what a result stands for, unless it is success. */
  void check(int result, String call) {
    if (result != CudaResult.SUCCESS) {
      throw failure(result, call);
    }
  }

  /** Makes a call that does not go through JCuda, and judges what it throws. */
  long judge(LongSupplier call) {
    try {
      return call.getAsLong();
    } catch (CudaException e) {
      throw failure(e.code(), e.call());
    }
  }

  /** What to throw for a result that is not success. */
  RuntimeException failure(int result, String call) {
    CudaException failure = new CudaException(call, result, driver.errorName(result));
    if (CudaResult.losesContext(result)) {
      return new DeviceLostException(lose(failure));
    }
    if (result == CudaResult.OUT_OF_MEMORY) {
      long rest = freeMemory();
      return new DeviceMemoryException(
          "device memory is exhausted: %s; %d bytes are free".formatted(failure.getMessage(), rest),
          0,
          rest);
    }
    return failure;
  }

  /** Takes note of a loss, and returns the first one. */
  private synchronized String lose(CudaException failure) {
    String why = lost;
    if (why == null) {
      why = "the device is lost: %s; it needs a new process".formatted(failure.getMessage());
      lost = why;
      LOG.log(System.Logger.Level.DEBUG, why);
    }
    return why;
  }

  /** Bytes that the driver could still give to anybody; 0 if it cannot say. */
  long freeMemory() {
    long[] free = new long[1];
    return JCudaDriver.cuMemGetInfo(free, new long[1]) == CudaResult.SUCCESS ? free[0] : 0;
  }
}
