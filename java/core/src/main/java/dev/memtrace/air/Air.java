// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

import dev.memtrace.config.MemoryConfig;
import java.util.List;

/** What is fixed about the trace of one AIR before any row is known. */
public interface Air {

  /**
   * Returns the name of the AIR as OpenVM spells it.
   *
   * @return the name
   */
  String name();

  /**
   * Returns the names of the columns in trace order.
   *
   * @return one name a column
   */
  List<String> columns();

  /**
   * Returns the number of main trace columns.
   *
   * @return columns
   */
  default int width() {
    return columns().size();
  }

  /**
   * Returns the height of a trace.
   *
   * @param rows used rows, or a minimum asked for
   * @return the smallest legal height that is at least {@code rows}
   */
  default long height(long rows) {
    return TraceHeight.nextPowerOfTwo(rows);
  }

  /**
   * Returns the number of public values.
   *
   * @return field elements
   */
  default int publicValues() {
    return 0;
  }

  /**
   * Returns the names of the columns that are fixed before any proof.
   *
   * @return one name a column; empty for nearly all AIRs
   */
  default List<String> preprocessedColumns() {
    return List.of();
  }

  /**
   * Returns a cell of a preprocessed column.
   *
   * @param row its row, of a trace of any legal height
   * @param column its column
   * @return a canonical element
   * @throws IndexOutOfBoundsException if there is no such column
   */
  default int preprocessed(long row, int column) {
    throw new IndexOutOfBoundsException(name() + " has no preprocessed column " + column);
  }

  /**
   * Declares all constraints and interactions.
   *
   * @param config parameters of the memory
   * @param builder takes them
   */
  void declare(MemoryConfig config, AirBuilder builder);
}
