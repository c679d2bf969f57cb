// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.CUstream;

/** JCuda's handles with their values, which it keeps to itself and to subclasses. */
final class Handles {
  private Handles() {}

  /** An address on the device. */
  static final class DevicePointer extends CUdeviceptr {
    /** An address that a call will fill in. */
    DevicePointer() {}

    DevicePointer(long address) {
      super(new CUdeviceptr(), address);
    }

    long address() {
      return getNativePointer() + getByteOffset();
    }
  }

  /** An address on the host. */
  static final class HostPointer extends Pointer {
    /** An address that a call will fill in. */
    HostPointer() {}

    HostPointer(long address) {
      super(address);
    }

    long address() {
      return getNativePointer();
    }
  }

  /** A stream. */
  static final class Stream extends CUstream {
    long value() {
      return getNativePointer();
    }
  }

  /** A kernel. */
  static final class Function extends CUfunction {
    long value() {
      return getNativePointer();
    }
  }
}
