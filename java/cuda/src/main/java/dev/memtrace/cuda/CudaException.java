// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

/**
 * Thrown when a call of the CUDA driver, or of a library on it, fails. Memory that runs out is a
 * {@link dev.memtrace.backend.DeviceMemoryException} instead, and a context that is lost a {@link
 * dev.memtrace.backend.DeviceLostException}.
 */
public final class CudaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Name of the function in the driver's documentation. */
  private final String call;

  /** What it returned. */
  private final int code;

  CudaException(String call, int code, String errorName) {
    super(call + " failed: " + errorName + " (" + code + ")");
    this.call = call;
    this.code = code;
  }

  /**
   * Returns the call that failed.
   *
   * @return name of the function in the driver's documentation
   */
  public String call() {
    return call;
  }

  /**
   * Returns what the call returned.
   *
   * @return a CUresult
   */
  public int code() {
    return code;
  }
}
