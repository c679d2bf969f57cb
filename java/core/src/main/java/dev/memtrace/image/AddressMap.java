// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.image;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.field.BabyBear;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import it.unimi.dsi.fastutil.longs.LongArrays;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A mutable {@link MemoryImage}: pages of 4096 cells in native memory, created when first written.
 *
 * <p>A map may lie over a base that no longer changes. It then copies a page of the base when that
 * page is first used, so that starting a segment costs nothing per page of the image. Not
 * thread-safe.
 */
public final class AddressMap implements MemoryImage {
  static final ValueLayout.OfInt WORD = IntBuffer64.WORD;
  private static final ValueLayout.OfLong PAIR = IntBuffer64.PAIR;
  private static final int PAGE_MASK = MemoryConfig.PAGE_SIZE - 1;

  private final MemoryConfig config;
  private final PageStore pages;
  private final @Nullable AddressMap base;
  private boolean released;

  /**
   * Creates an image of zeros.
   *
   * @param config the address spaces
   */
  public AddressMap(MemoryConfig config) {
    this(config, BufferPool.shared(), null);
  }

  /**
   * Creates an image of zeros.
   *
   * @param config the address spaces
   * @param pool where pages come from
   */
  public AddressMap(MemoryConfig config, BufferPool pool) {
    this(config, pool, null);
  }

  private AddressMap(MemoryConfig config, BufferPool pool, @Nullable AddressMap base) {
    this.config = config;
    this.pages = new PageStore(pool, config, MemoryConfig.PAGE_SIZE);
    this.base = base;
  }

  /**
   * Creates a map that begins with the cells of another one.
   *
   * @param base the cells to begin with; must not change or be released while the new map is used
   * @param pool where pages come from
   * @return a new map
   */
  public static AddressMap over(AddressMap base, BufferPool pool) {
    return new AddressMap(base.config, pool, base);
  }

  /**
   * Copies an image.
   *
   * @param image what to copy
   * @param config configuration of the copy, with the same address spaces
   * @param pool where pages come from
   * @return a new map that shares nothing with the image
   * @throws IllegalArgumentException if the image has a cell that does not exist in the
   *     configuration, or a value that is not canonical
   */
  public static AddressMap copyOf(MemoryImage image, MemoryConfig config, BufferPool pool) {
    AddressMap copy = new AddressMap(config, pool, null);
    try {
      image.forEachPage(copy::copyPageIn);
    } catch (RuntimeException | Error e) {
      copy.release();
      throw e;
    }
    return copy;
  }

  private void copyPageIn(
      int addressSpace, int firstPointer, MemorySegment from, long offset, int cells) {
    checkCell(addressSpace, firstPointer);
    if (cells < 1 || (firstPointer & PAGE_MASK) + cells > PageStore.cellsPerPage(config)) {
      throw new IllegalArgumentException(
          "a page of the image has "
              + cells
              + " cells from ("
              + addressSpace
              + ", "
              + firstPointer
              + "); a page has "
              + PageStore.cellsPerPage(config)
              + " and begins at a multiple of "
              + MemoryConfig.PAGE_SIZE);
    }
    for (int i = 0; i < cells; i++) {
      checkValue(addressSpace, firstPointer + i, from.get(WORD, offset + 4L * i));
    }
    int page = writablePage(addressSpace, firstPointer);
    long at = pages.offset(page) + 4L * (firstPointer & PAGE_MASK);
    MemorySegment.copy(from, offset, pages.memory(), at, 4L * cells);
  }

  @Override
  public MemoryConfig config() {
    return config;
  }

  @Override
  public int get(int addressSpace, int pointer) {
    checkCell(addressSpace, pointer);
    return cell(addressSpace, pointer);
  }

  /**
   * Sets a cell.
   *
   * @param addressSpace address space, from {@code asOffset}
   * @param pointer cell, below {@code 2^pointerMaxBits}
   * @param value canonical value
   * @return this map
   * @throws IllegalArgumentException if there is no such cell or the value is not canonical
   */
  public AddressMap set(int addressSpace, int pointer, int value) {
    checkCell(addressSpace, pointer);
    checkValue(addressSpace, pointer, value);
    int page = pages.find(pages.key(addressSpace, pointer));
    if (page < 0 && value == 0 && cell(addressSpace, pointer) == 0) {
      return this;
    }
    exchangeCell(addressSpace, pointer, value);
    return this;
  }

  private static void checkValue(int addressSpace, int pointer, int value) {
    if (!BabyBear.isCanonical(value)) {
      throw new IllegalArgumentException(
          "value "
              + Integer.toUnsignedString(value)
              + " at ("
              + addressSpace
              + ", "
              + pointer
              + ") is not below p = "
              + BabyBear.P);
    }
  }

  /**
   * Checks that a cell exists.
   *
   * @param addressSpace address space
   * @param pointer cell
   * @throws IllegalArgumentException if there is no such cell
   */
  public void checkCell(int addressSpace, int pointer) {
    if (released) {
      throw new IllegalStateException("this memory image was released with its controller");
    }
    if (addressSpace < config.asOffset()
        || addressSpace > config.lastAddressSpace()
        || pointer < 0
        || pointer >= config.addressSpaceSize()) {
      throw new IllegalArgumentException(
          "cell ("
              + addressSpace
              + ", "
              + Integer.toUnsignedString(pointer)
              + ") does not exist; address spaces are "
              + config.asOffset()
              + " to "
              + config.lastAddressSpace()
              + ", pointers are below "
              + config.addressSpaceSize());
    }
  }

  /**
   * Reads consecutive cells, which the caller knows to exist.
   *
   * @param addressSpace a legal address space
   * @param pointer first cell
   * @param n number of cells, all below {@code 2^pointerMaxBits}
   * @param out receives the values
   * @param offset index of the first one in {@code out}
   */
  public void read(int addressSpace, int pointer, int n, int[] out, int offset) {
    for (int done = 0; done < n; ) {
      int count = Math.min(n - done, MemoryConfig.PAGE_SIZE - ((pointer + done) & PAGE_MASK));
      readCells(addressSpace, pointer + done, count, out, offset + done);
      done += count;
    }
  }

  /** Reads cells of one page; one that is only in the base stays there. */
  void readCells(int addressSpace, int pointer, int n, int[] out, int offset) {
    long key = pages.key(addressSpace, pointer);
    for (AddressMap map = this; map != null; map = map.base) {
      int page = map.pages.find(key);
      if (page >= 0) {
        long at = map.pages.offset(page) + 4L * (pointer & PAGE_MASK);
        MemorySegment.copy(map.pages.memory(), WORD, at, out, offset, n);
        return;
      }
    }
    Arrays.fill(out, offset, offset + n, 0);
  }

  /** Writes cells of one page. */
  void writeCells(int addressSpace, int pointer, int n, int[] in, int offset) {
    int page = writablePage(addressSpace, pointer);
    long at = pages.offset(page) + 4L * (pointer & PAGE_MASK);
    MemorySegment.copy(in, offset, pages.memory(), WORD, at, n);
  }

  /**
   * Replaces consecutive cells, which the caller knows to exist, by canonical values.
   *
   * @param addressSpace a legal address space
   * @param pointer first cell
   * @param n number of cells, all below {@code 2^pointerMaxBits}
   * @param in the new values
   * @param inOffset index of the first one in {@code in}
   * @param previous receives the old values; may be the same array as {@code in}
   * @param previousOffset index of the first one in {@code previous}
   */
  public void exchange(
      int addressSpace,
      int pointer,
      int n,
      int[] in,
      int inOffset,
      int[] previous,
      int previousOffset) {
    int inPage = pointer & PAGE_MASK;
    int page = pages.find(pages.key(addressSpace, pointer));
    if (n == 4 && page >= 0 && inPage <= MemoryConfig.PAGE_SIZE - 4) {
      MemorySegment memory = pages.memory();
      long at = pages.offset(page) + 4L * inPage;
      long newLow = (in[inOffset] & 0xFFFFFFFFL) | ((long) in[inOffset + 1] << 32);
      long newHigh = (in[inOffset + 2] & 0xFFFFFFFFL) | ((long) in[inOffset + 3] << 32);
      long low = memory.get(PAIR, at);
      long high = memory.get(PAIR, at + 8);
      memory.set(PAIR, at, newLow);
      memory.set(PAIR, at + 8, newHigh);
      previous[previousOffset] = (int) low;
      previous[previousOffset + 1] = (int) (low >>> 32);
      previous[previousOffset + 2] = (int) high;
      previous[previousOffset + 3] = (int) (high >>> 32);
      return;
    }
    exchangeCells(addressSpace, pointer, n, in, inOffset, previous, previousOffset);
  }

  @SuppressWarnings("ReferenceEquality") // whether the arrays are one
  private void exchangeCells(
      int addressSpace,
      int pointer,
      int n,
      int[] in,
      int inOffset,
      int[] previous,
      int previousOffset) {
    int[] source = in;
    int sourceOffset = inOffset;
    if (in == previous && inOffset != previousOffset) {
      source = Arrays.copyOfRange(in, inOffset, inOffset + n);
      sourceOffset = 0;
    }
    for (int i = 0; i < n; i++) {
      previous[previousOffset + i] =
          exchangeCell(addressSpace, pointer + i, source[sourceOffset + i]);
    }
  }

  /**
   * Reads a cell that the caller knows to exist.
   *
   * @param addressSpace a legal address space
   * @param pointer a legal pointer
   * @return its value
   */
  public int cell(int addressSpace, int pointer) {
    int page = usedPage(addressSpace, pointer);
    return page < 0 ? 0 : pages.memory().get(WORD, pages.offset(page) + 4L * (pointer & PAGE_MASK));
  }

  /**
   * Replaces a cell that the caller knows to exist.
   *
   * @param addressSpace a legal address space
   * @param pointer a legal pointer
   * @param value canonical value
   * @return the old value
   */
  public int exchangeCell(int addressSpace, int pointer, int value) {
    int page = writablePage(addressSpace, pointer);
    MemorySegment memory = pages.memory();
    long at = pages.offset(page) + 4L * (pointer & PAGE_MASK);
    int old = memory.get(WORD, at);
    memory.set(WORD, at, value);
    return old;
  }

  /** The page of a cell, or -1 if it is neither here nor in the base. */
  private int usedPage(int addressSpace, int pointer) {
    long key = pages.key(addressSpace, pointer);
    int page = pages.find(key);
    return page >= 0 || base == null ? page : pageFromBase(key, false);
  }

  private int writablePage(int addressSpace, int pointer) {
    long key = pages.key(addressSpace, pointer);
    int page = pages.find(key);
    return page >= 0 ? page : pageFromBase(key, true);
  }

  private int pageFromBase(long key, boolean create) {
    int source = base == null ? -1 : base.pages.find(key);
    if (source < 0 && !create) {
      return -1;
    }
    int page = pages.add(key);
    MemorySegment memory = pages.memory();
    long bytes = 4L * MemoryConfig.PAGE_SIZE;
    if (source < 0 || base == null) {
      memory.asSlice(pages.offset(page), bytes).fill((byte) 0);
    } else {
      MemorySegment from = base.pages.memory();
      MemorySegment.copy(from, base.pages.offset(source), memory, pages.offset(page), bytes);
    }
    return page;
  }

  /**
   * Copies one page into memory of the caller, zeros if it was never written.
   *
   * @param addressSpace a legal address space
   * @param pointer any cell of the page
   * @param target where to write 4096 words
   * @param targetOffset byte offset in {@code target}
   */
  public void copyPage(int addressSpace, int pointer, MemorySegment target, long targetOffset) {
    long key = pages.key(addressSpace, pointer);
    long bytes = 4L * MemoryConfig.PAGE_SIZE;
    for (AddressMap map = this; map != null; map = map.base) {
      int page = map.pages.find(key);
      if (page >= 0) {
        MemorySegment from = map.pages.memory();
        MemorySegment.copy(from, map.pages.offset(page), target, targetOffset, bytes);
        return;
      }
    }
    target.asSlice(targetOffset, bytes).fill((byte) 0);
  }

  @Override
  public void forEachPage(PageVisitor visitor) {
    if (released) {
      throw new IllegalStateException("this memory image was released with its controller");
    }
    int cells = PageStore.cellsPerPage(config);
    for (long key : keys()) {
      AddressMap owner = this;
      int page = pages.find(key);
      while (page < 0 && owner.base != null) {
        owner = owner.base;
        page = owner.pages.find(key);
      }
      visitor.visit(
          pages.addressSpace(key),
          pages.firstPointer(key),
          owner.pages.memory().asReadOnly(),
          owner.pages.offset(page),
          cells);
    }
  }

  /** Keys of all pages, here and in the bases, ascending. */
  private long[] keys() {
    long[] own = pages.sortedKeys();
    if (base == null) {
      return own;
    }
    long[] below = base.keys();
    long[] all = Arrays.copyOf(own, own.length + below.length);
    System.arraycopy(below, 0, all, own.length, below.length);
    LongArrays.quickSort(all);
    int distinct = 0;
    for (int i = 0; i < all.length; i++) {
      if (i == 0 || all[i] != all[i - 1]) {
        all[distinct++] = all[i];
      }
    }
    return Arrays.copyOf(all, distinct);
  }

  /**
   * Returns a view that shows the current cells and cannot change them.
   *
   * @return a live view
   */
  public MemoryImage readOnlyView() {
    return new View(this);
  }

  /** Returns all pages to the pool. Later use fails instead of showing other memory's cells. */
  public void release() {
    released = true;
    pages.release();
  }

  private record View(AddressMap map) implements MemoryImage {
    @Override
    public MemoryConfig config() {
      return map.config;
    }

    @Override
    public int get(int addressSpace, int pointer) {
      return map.get(addressSpace, pointer);
    }

    @Override
    public void forEachPage(PageVisitor visitor) {
      map.forEachPage(visitor);
    }
  }
}
