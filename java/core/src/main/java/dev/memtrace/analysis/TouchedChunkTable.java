// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.analysis;

import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import java.util.Arrays;

/** What is known of each cell of the chunks of 8 cells that were touched. */
final class TouchedChunkTable {
  static final int LOG_CHUNK = 3;
  static final int CHUNK = 1 << LOG_CHUNK;

  /** The most chunks whose cells an array can number. */
  private static final int MAX_CHUNKS = (1 << 28) - 2;

  private static final int SPACE_SHIFT = 32;
  private static final int CACHE_BITS = 10;
  private static final int CACHE_SHIFT = Long.SIZE - CACHE_BITS;
  private static final long MIX = 0x9E3779B97F4A7C15L;

  private final byte[] freshStates;
  private final Long2IntOpenHashMap chunks = new Long2IntOpenHashMap();
  private final long[] cachedKeys = new long[1 << CACHE_BITS];
  private final int[] cachedChunks = new int[1 << CACHE_BITS];
  private byte[] states = new byte[1 << 16];
  private byte[] shapes = new byte[1 << 16];
  private int[] accesses = new int[1 << 16];

  /**
   * Creates a table without chunks.
   *
   * @param freshStates states of the cells of a new chunk
   */
  TouchedChunkTable(byte[] freshStates) {
    this.freshStates = freshStates.clone();
    chunks.defaultReturnValue(-1);
    Arrays.fill(cachedKeys, -1);
  }

  static long key(int addressSpace, int pointer) {
    return ((long) addressSpace << SPACE_SHIFT) | (pointer >>> LOG_CHUNK);
  }

  static int addressSpace(long key) {
    return (int) (key >>> SPACE_SHIFT);
  }

  static int firstPointer(long key) {
    return (int) key << LOG_CHUNK;
  }

  int size() {
    return chunks.size();
  }

  boolean has(int addressSpace, int pointer) {
    return chunks.containsKey(key(addressSpace, pointer));
  }

  /** Number of a cell, whose chunk is added if it is new. */
  int cell(int addressSpace, int pointer) {
    long key = key(addressSpace, pointer);
    int slot = (int) ((key * MIX) >>> CACHE_SHIFT);
    if (cachedKeys[slot] != key) {
      cachedChunks[slot] = chunk(key);
      cachedKeys[slot] = key;
    }
    return (cachedChunks[slot] << LOG_CHUNK) | (pointer & (CHUNK - 1));
  }

  private int chunk(long key) {
    int chunk = chunks.get(key);
    return chunk >= 0 ? chunk : add(key);
  }

  private int add(long key) {
    int chunk = chunks.size();
    if (chunk == MAX_CHUNKS) {
      throw new AnalysisLimitException(
          "the log touches more than "
              + MAX_CHUNKS
              + " chunks of 8 cells, the most that can be analysed; take a part of it");
    }
    int first = chunk << LOG_CHUNK;
    if (first == states.length) {
      int room = (int) Math.min(2L * first, (long) MAX_CHUNKS << LOG_CHUNK);
      states = Arrays.copyOf(states, room);
      shapes = Arrays.copyOf(shapes, room);
      accesses = Arrays.copyOf(accesses, room);
    }
    System.arraycopy(freshStates, 0, states, first, CHUNK);
    Arrays.fill(shapes, first, first + CHUNK, (byte) AccessShape.UNTOUCHED_NUMBER);
    chunks.put(key, chunk);
    return chunk;
  }

  int state(int cell) {
    return states[cell];
  }

  void setState(int cell, int state) {
    states[cell] = (byte) state;
  }

  /** Number of the shape of the last access of a cell. */
  int shape(int cell) {
    return shapes[cell];
  }

  /** Counts an access of a cell. */
  void access(int cell, int shape) {
    shapes[cell] = (byte) shape;
    accesses[cell]++;
  }

  long accesses(int cell) {
    return Integer.toUnsignedLong(accesses[cell]);
  }

  /** Keys of all chunks, ascending. */
  long[] sortedKeys() {
    long[] keys = chunks.keySet().toLongArray();
    Arrays.sort(keys);
    return keys;
  }
}
