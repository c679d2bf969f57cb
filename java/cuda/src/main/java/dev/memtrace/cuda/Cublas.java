// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import jcuda.Pointer;
import jcuda.cudaDataType;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasGemmAlgo;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasOperation;
import jcuda.jcublas.cublasStatus;

/** cuBLAS on one device: products of matrices of signed bytes. Not thread-safe. */
final class Cublas implements AutoCloseable {
  /** Rows and columns are multiples of this, and addresses too. */
  static final int STEP = 4;

  private final CudaDevice device;
  private final cublasHandle handle = new cublasHandle();

  private Cublas(CudaDevice device) {
    this.device = device;
  }

  /**
   * Loads cuBLAS, if that has not been done, and prepares it for a device.
   *
   * @param device closed after the result
   * @param installation where the libraries are
   * @throws ReasonException if cuBLAS cannot be used here
   */
  static Cublas open(CudaDevice device, CudaInstallation installation) throws ReasonException {
    CublasLibrary.load(installation, device.emulated());
    Cublas cublas = new Cublas(device);
    device.makeCurrent();
    check("cublasCreate", JCublas2.cublasCreate(cublas.handle));
    return cublas;
  }

  /**
   * Enqueues C = A * B.
   *
   * @param rows rows of A
   * @param inner columns of A
   * @param columns columns of B
   * @param a address of A, signed bytes, row-major
   * @param b address of B, signed bytes, column-major
   * @param c address of C, 32-bit words, column-major
   * @throws ReasonException if cuBLAS refuses; nothing was enqueued
   */
  void multiply(CudaStream stream, int rows, int inner, int columns, long a, long b, long c)
      throws ReasonException {
    check("cublasSetStream", JCublas2.cublasSetStream(handle, stream.runtimeHandle()));
    check(
        "cublasGemmEx",
        JCublas2.cublasGemmEx_new(
            handle,
            cublasOperation.CUBLAS_OP_T,
            cublasOperation.CUBLAS_OP_N,
            rows,
            columns,
            inner,
            Pointer.to(new int[] {1}),
            new Handles.DevicePointer(a),
            cudaDataType.CUDA_R_8I,
            inner,
            new Handles.DevicePointer(b),
            cudaDataType.CUDA_R_8I,
            inner,
            Pointer.to(new int[] {0}),
            new Handles.DevicePointer(c),
            cudaDataType.CUDA_R_32I,
            rows,
            cublasComputeType.CUBLAS_COMPUTE_32I,
            cublasGemmAlgo.CUBLAS_GEMM_DEFAULT));
  }

  private static void check(String call, int status) throws ReasonException {
    if (status != cublasStatus.CUBLAS_STATUS_SUCCESS) {
      throw new ReasonException(
          "%s failed: %s (%d)".formatted(call, cublasStatus.stringFor(status), status));
    }
  }

  /** Frees what cuBLAS holds on the device. What fails here goes with the context. */
  @Override
  public void close() {
    device.context().enterToClose();
    JCublas2.cublasDestroy(handle);
  }
}
