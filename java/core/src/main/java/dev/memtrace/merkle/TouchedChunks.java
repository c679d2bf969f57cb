// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.merkle;

/**
 * The chunks of 8 cells that a segment touched, in ascending order of leaves. Called from several
 * threads, each chunk by one of them.
 */
public interface TouchedChunks {

  /**
   * Returns the number of touched chunks.
   *
   * @return chunks
   */
  int count();

  /**
   * Returns the leaf of a chunk.
   *
   * @param i position of the chunk
   * @return leaf index
   */
  long leaf(int i);

  /**
   * Copies a chunk as it was before the segment.
   *
   * @param i position of the chunk
   * @param out receives 8 canonical cells
   * @param offset index of the first one
   */
  void initialValues(int i, int[] out, int offset);

  /**
   * Copies a chunk as it is after the segment.
   *
   * @param i position of the chunk
   * @param out receives 8 canonical cells
   * @param offset index of the first one
   */
  void finalValues(int i, int[] out, int offset);

  /**
   * Takes the hash of the initial values.
   *
   * @param i position of the chunk
   * @param digest holds the hash
   * @param offset index of its first canonical element
   */
  void initialHash(int i, int[] digest, int offset);

  /**
   * Takes the hash of the final values.
   *
   * @param i position of the chunk
   * @param digest holds the hash
   * @param offset index of its first canonical element
   */
  void finalHash(int i, int[] digest, int offset);
}
