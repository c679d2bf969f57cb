// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

/** Takes the interactions of blocks of rows, on one thread. */
interface InteractionSink {
  /**
   * Takes one interaction of consecutive rows.
   *
   * @param interaction its index in the declaration
   * @param rows the rows
   * @param firstRow index of the first one
   * @param n how many
   * @param message elements of the message, each an array with a value a row, in Montgomery form
   * @param multiplicity a multiplicity a row, what is received negative, as the residue that is
   *     closest to 0
   */
  void accept(
      int interaction, Rows rows, long firstRow, int n, int[][] message, int[] multiplicity);
}
