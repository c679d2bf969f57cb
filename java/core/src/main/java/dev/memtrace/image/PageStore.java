// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.image;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.offheap.BufferPool;
import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Fixed-size pages of native words, found by page key. A page key orders pages by (address space,
 * pointer). Pages are numbered in the order in which they were added and lie side by side in one
 * buffer, which moves when it grows.
 *
 * <p>The directory is an array over the keys in use, or a hash map where keys are too large for
 * one.
 */
public final class PageStore {
  private static final int MAX_TABLE = 1 << 22;
  private static final int MIN_TABLE = 1 << 10;
  private static final int FIRST_PAGES = 16;

  private final BufferPool pool;
  private final int asOffset;
  private final int pageBits;
  private final long pageBytes;

  /** Page number plus one by key; 0 for no such page. */
  private int[] table = new int[MIN_TABLE];

  /** The same for keys from {@link #MAX_TABLE}. */
  private final Long2IntOpenHashMap sparse = new Long2IntOpenHashMap();

  private MemorySegment memory = MemorySegment.NULL;
  private long[] keys = new long[FIRST_PAGES];
  private int size;

  /**
   * Creates a store without pages.
   *
   * @param pool where memory comes from and returns to
   * @param config the address spaces that the pages cover
   * @param wordsPerPage 32-bit words in a page
   */
  public PageStore(BufferPool pool, MemoryConfig config, int wordsPerPage) {
    this.pool = pool;
    this.asOffset = config.asOffset();
    this.pageBits = Math.max(0, config.pointerMaxBits() - MemoryConfig.PAGE_BITS);
    this.pageBytes = 4L * wordsPerPage;
  }

  /**
   * Returns the key of the page of a cell.
   *
   * @param addressSpace a legal address space
   * @param pointer a legal pointer
   * @return the key
   */
  public long key(int addressSpace, int pointer) {
    return ((long) (addressSpace - asOffset) << pageBits) | (pointer >>> MemoryConfig.PAGE_BITS);
  }

  /**
   * Returns the address space of a key.
   *
   * @param key a page key
   * @return the address space
   */
  public int addressSpace(long key) {
    return (int) (key >>> pageBits) + asOffset;
  }

  /**
   * Returns the pointer of the first cell of a page.
   *
   * @param key a page key
   * @return a multiple of 4096
   */
  public int firstPointer(long key) {
    return (int) (key & ((1L << pageBits) - 1)) << MemoryConfig.PAGE_BITS;
  }

  /**
   * Looks a page up.
   *
   * @param key its key
   * @return its number, or -1 if there is no such page
   */
  public int find(long key) {
    int[] byKey = table;
    return key < byKey.length ? byKey[(int) key] - 1 : findFar(key);
  }

  private int findFar(long key) {
    return key < MAX_TABLE ? -1 : sparse.get(key) - 1;
  }

  /**
   * Adds a page of arbitrary content. The buffer of all pages may move.
   *
   * @param key a key that is not in the store
   * @return the new page's number
   */
  public int add(long key) {
    int page = size;
    long used = page * pageBytes;
    if (used + pageBytes > memory.byteSize()) {
      MemorySegment bigger = pool.acquire(Math.max(2 * used, FIRST_PAGES * pageBytes));
      MemorySegment.copy(memory, 0, bigger, 0, used);
      if (page > 0) {
        pool.release(memory);
      }
      memory = bigger;
    }
    if (page == keys.length) {
      keys = Arrays.copyOf(keys, Math.multiplyExact(page, 2));
    }
    keys[page] = key;
    if (key >= MAX_TABLE) {
      sparse.put(key, page + 1);
    } else {
      if (key >= table.length) {
        table = Arrays.copyOf(table, Integer.highestOneBit((int) key) << 1);
      }
      table[(int) key] = page + 1;
    }
    size = page + 1;
    return page;
  }

  /**
   * Returns the memory that holds all pages.
   *
   * @return memory in which each page begins at its {@link #offset}, valid until {@link #add}
   */
  public MemorySegment memory() {
    return memory;
  }

  /**
   * Returns where a page begins in {@link #memory()}.
   *
   * @param page a page number
   * @return byte offset
   */
  public long offset(int page) {
    return page * pageBytes;
  }

  /**
   * Returns the number of pages.
   *
   * @return pages
   */
  public int size() {
    return size;
  }

  /**
   * Returns the keys of all pages in ascending order.
   *
   * @return a new array
   */
  public long[] sortedKeys() {
    long[] sorted = Arrays.copyOf(keys, size);
    Arrays.sort(sorted);
    return sorted;
  }

  /** Returns all memory to the pool; the store is empty afterwards. */
  public void release() {
    if (size > 0) {
      pool.release(memory);
    }
    memory = MemorySegment.NULL;
    table = new int[MIN_TABLE];
    sparse.clear();
    size = 0;
  }

  /** Cells of a page that exist in a space of the configured size: 4096 unless it is smaller. */
  static int cellsPerPage(MemoryConfig config) {
    return Math.min(MemoryConfig.PAGE_SIZE, config.addressSpaceSize());
  }
}
