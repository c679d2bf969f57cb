// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import jcuda.driver.CUfunction;

/**
 * A kernel of the module: runs once for every item.
 *
 * @param name its name, without the prefix memtrace_
 * @param function its handle
 * @param argumentWords 64-bit words that it takes, the number of items first; -1 if the driver
 *     cannot say
 */
record CudaKernel(String name, CUfunction function, int argumentWords) {
  /** Threads of a block, as the kernels are compiled. */
  static final int BLOCK_THREADS = 256;

  /** Items of the largest grid. */
  static final long MAX_ITEMS = (long) Integer.MAX_VALUE * BLOCK_THREADS;

  /** Refuses arguments that the kernel does not take. */
  void check(long... arguments) {
    if (arguments.length == 0 || (argumentWords >= 0 && arguments.length != argumentWords)) {
      throw new IllegalArgumentException(
          "kernel %s takes %d arguments, not %d".formatted(name, argumentWords, arguments.length));
    }
    long items = arguments[0];
    if (items < 0 || items > MAX_ITEMS) {
      throw new IllegalArgumentException(
          "kernel %s cannot run over %d items; a grid has at most %d"
              .formatted(name, items, MAX_ITEMS));
    }
  }
}
