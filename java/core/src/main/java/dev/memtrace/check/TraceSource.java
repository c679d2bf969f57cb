// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.backend.TraceMatrix;

/** Where a trace comes from when it is its turn to be checked, once or several times. */
public interface TraceSource {

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
   * Gives the trace.
   *
   * @return the trace, to be given back by {@link #release}
   * @throws BadProductException if it is not there or not as high and wide as it should be
   */
  TraceMatrix open();

  /**
   * Takes the trace back.
   *
   * @param matrix what {@link #open} returned
   */
  void release(TraceMatrix matrix);

  /**
   * Makes a source of a trace that somebody else closes.
   *
   * @param matrix the trace, open as long as the source is used
   * @return a source
   */
  static TraceSource of(TraceMatrix matrix) {
    return new TraceSource() {
      @Override
      public long height() {
        return matrix.height();
      }

      @Override
      public int width() {
        return matrix.width();
      }

      @Override
      public TraceMatrix open() {
        return matrix;
      }

      @Override
      public void release(TraceMatrix released) {
        // its owner closes it
      }
    };
  }
}
