// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Fingerprints of traces that lie on the device: the products by cuBLAS where it can be had, by a
 * kernel where not. Thread-safe.
 */
final class DeviceFingerprint implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(DeviceFingerprint.class.getName());

  /** Bytes and words of a column of the trace's bytes. */
  private static final long COLUMN_BYTES = 1 << 16;

  private static final long COLUMN_WORDS = COLUMN_BYTES / 4;

  /** Rows of the random matrix, and bytes that the products of a column take. */
  private static final int ROWS = 16;

  private static final long PRODUCTS_BYTES = 4L * ROWS;
  private static final long MATRIX_BYTES = ROWS * COLUMN_BYTES;

  /** Threads of the kernel that share a column. */
  private static final long STRIPS = 64;

  /** Sums that atomic additions spread over. */
  private static final int SUMS = 256;

  /** Columns of one product: a GiB, so that nothing counts beyond 31 bits. */
  private static final int MOST_COLUMNS = 1 << 14;

  private final CudaDevice device;
  private final BufferPool pool;
  private final Opener opener;
  private boolean tried;
  private @Nullable Cublas cublas;

  /** Opens cuBLAS, or says why not. */
  @FunctionalInterface
  interface Opener {
    Cublas open() throws ReasonException;
  }

  /**
   * Makes fingerprints on a device.
   *
   * @param pool where results are read to
   * @param opener opens cuBLAS when it is first needed
   */
  DeviceFingerprint(CudaDevice device, BufferPool pool, Opener opener) {
    this.device = device;
    this.pool = pool;
    this.opener = opener;
  }

  /**
   * Computes a fingerprint and waits for it.
   *
   * @param trace cells, column-major and in Montgomery form, whose content is complete
   * @param words number of cells
   * @param seed any number
   */
  synchronized long of(DeviceBuffer trace, long words, long seed) {
    trace.address(0, 4 * words);
    MemorySegment onHost = pool.acquire(8 * SUMS);
    try (CudaStream stream = device.openStream();
        DeviceScope scope = new DeviceScope(stream)) {
      DeviceBuffer matrix = scope.allocate(MATRIX_BYTES, "random matrix of a fingerprint");
      launch(
          stream,
          "fingerprint_matrix",
          Arguments.items(MATRIX_BYTES / Long.BYTES).add(seed).add(matrix));
      DeviceBuffer sums = scope.allocateZeroed(8 * SUMS, "sums of a fingerprint");
      if (!multiply(stream, trace, words, seed, matrix, sums)) {
        launch(
            stream,
            "fingerprint_columns",
            Arguments.items(STRIPS * Math.ceilDiv(words, COLUMN_WORDS))
                .add(trace)
                .add(words)
                .add(matrix)
                .add(seed)
                .add(sums)
                .add(SUMS));
      }
      stream.copyToHost(sums, 0, onHost.asSlice(0, sums.bytes()));
      stream.synchronize();
      long fingerprint = 0;
      for (int i = 0; i < SUMS; i++) {
        fingerprint += onHost.get(IntBuffer64.PAIR, 8L * i);
      }
      return fingerprint;
    } finally {
      pool.release(onHost);
    }
  }

  /**
   * Enqueues everything with cuBLAS; false if that cannot be, and nothing was added to the sums.
   */
  private boolean multiply(
      CudaStream stream,
      DeviceBuffer trace,
      long words,
      long seed,
      DeviceBuffer matrix,
      DeviceBuffer sums) {
    Cublas library = cublas();
    if (library == null) {
      return false;
    }
    long whole = words / COLUMN_WORDS / Cublas.STEP * Cublas.STEP;
    long rest = 4 * words - whole * COLUMN_BYTES;
    long columns = whole + (rest > 0 ? Cublas.STEP : 0);
    try (DeviceScope scope = new DeviceScope(stream)) {
      DeviceBuffer products = scope.allocate(PRODUCTS_BYTES * columns, "products of a fingerprint");
      for (long first = 0; first < whole; first += MOST_COLUMNS) {
        library.multiply(
            stream,
            ROWS,
            (int) COLUMN_BYTES,
            (int) Math.min(MOST_COLUMNS, whole - first),
            matrix.address(),
            trace.address() + first * COLUMN_BYTES,
            products.address() + first * PRODUCTS_BYTES);
      }
      if (rest > 0) {
        DeviceBuffer padded =
            scope.allocateZeroed(Cublas.STEP * COLUMN_BYTES, "last columns of a fingerprint");
        stream.copy(trace, whole * COLUMN_BYTES, padded, 0, rest);
        library.multiply(
            stream,
            ROWS,
            (int) COLUMN_BYTES,
            Cublas.STEP,
            matrix.address(),
            padded.address(),
            products.address() + whole * PRODUCTS_BYTES);
      }
      launch(
          stream,
          "fold_products",
          Arguments.items(columns).add(products).add(seed).add(sums).add(SUMS));
      return true;
    } catch (ReasonException e) {
      giveUp(e);
      return false;
    }
  }

  private @Nullable Cublas cublas() {
    if (!tried) {
      tried = true;
      try {
        cublas = opener.open();
      } catch (ReasonException e) {
        giveUp(e);
      }
    }
    return cublas;
  }

  private void giveUp(ReasonException reason) {
    LOG.log(
        System.Logger.Level.DEBUG,
        "a kernel makes fingerprints of traces: {0}",
        reason.getMessage());
    close();
  }

  @Override
  public synchronized void close() {
    tried = true;
    Cublas open = cublas;
    cublas = null;
    if (open != null) {
      open.close();
    }
  }

  private static void launch(CudaStream stream, String kernel, Arguments arguments) {
    stream.launch(stream.device().kernel(kernel), arguments.words());
  }
}
