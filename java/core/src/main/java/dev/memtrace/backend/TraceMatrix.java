// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import java.lang.foreign.MemorySegment;

/**
 * The main trace of one AIR: {@code height} rows (0 or a power of two, padding included) of {@code
 * width} field elements, 32 bits each, wherever the backend left them. Whoever holds the matrix
 * closes it; it does not depend on the controller that made it.
 */
public interface TraceMatrix extends AutoCloseable {

  /** Where the cells of a trace lie. */
  enum Location {
    /** In native memory of this process. */
    HOST,
    /** In the memory of a device. */
    DEVICE
  }

  /**
   * Returns the number of rows.
   *
   * @return 0 or a power of two
   */
  long height();

  /**
   * Returns the number of columns.
   *
   * @return columns
   */
  int width();

  /**
   * Returns where the cells lie.
   *
   * @return the location
   */
  Location location();

  /**
   * Returns in which order the cells lie there.
   *
   * @return the order
   */
  TraceOrder order();

  /**
   * Returns how a cell is encoded there.
   *
   * @return the encoding
   */
  FieldEncoding encoding();

  /**
   * Returns the address of the first cell.
   *
   * @return an address on the host or the device
   * @throws IllegalStateException if the matrix is closed
   */
  long address();

  /**
   * Returns the cells, if they lie on the host.
   *
   * @return read-only memory of {@code 4 * height * width} bytes, valid until {@link #close()}
   * @throws IllegalStateException if the matrix is closed or on a device
   */
  MemorySegment segment();

  /**
   * Copies all cells.
   *
   * @param target receives {@code 4 * height * width} bytes from its start
   * @param order the order wanted there
   * @param encoding the encoding wanted there
   * @throws IndexOutOfBoundsException if {@code target} is too small
   * @throws IllegalStateException if the matrix is closed
   */
  void copyTo(MemorySegment target, TraceOrder order, FieldEncoding encoding);

  /**
   * Reads one cell.
   *
   * @param row its row
   * @param column its column
   * @return the canonical value
   * @throws IndexOutOfBoundsException if there is no such cell
   * @throws IllegalStateException if the matrix is closed
   */
  int get(long row, int column);

  /**
   * Returns the size of the cells.
   *
   * @return {@code 4 * height * width}
   */
  default long byteSize() {
    return Math.multiplyExact(Math.multiplyExact(height(), (long) width()), 4L);
  }

  /** Gives the memory back. Closing twice has no effect. */
  @Override
  void close();
}
