// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

/** The results of driver calls that are told apart. */
final class CudaResult {
  static final int SUCCESS = 0;
  static final int OUT_OF_MEMORY = 2;
  static final int NO_DEVICE = 100;
  static final int NOT_FOUND = 500;
  static final int NOT_READY = 600;
  static final int NOT_SUPPORTED = 801;

  private CudaResult() {}

  /** Whether the context cannot be used any more after this result. */
  static boolean losesContext(int code) {
    return switch (code) {
      case 4, // deinitialized: the process ends
          214, // uncorrectable memory error
          220, // uncorrectable error of a link between devices
          226, // contained memory error
          700, // illegal address
          702, // launch timeout
          709, // context is destroyed
          710, // device assertion
          714, // hardware stack error
          715, // illegal instruction
          716, // misaligned address
          717, // invalid address space
          718, // invalid program counter
          719, // launch failed
          721 -> // tensor memory leak
          true;
      default -> false;
    };
  }
}
