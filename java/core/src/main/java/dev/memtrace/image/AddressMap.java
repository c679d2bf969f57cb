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
 * page is first written, so that starting a segment costs nothing per page of the image. Reading
 * changes nothing and may be done by several threads while nobody writes.
 */
public final class AddressMap implements MemoryImage {
  static final ValueLayout.OfInt WORD = IntBuffer64.WORD;
  private static final int PAGE_MASK = MemoryConfig.PAGE_SIZE - 1;
  private static final long PAGE_BYTES = 4L * MemoryConfig.PAGE_SIZE;

  private final MemoryConfig config;
  private final PageStore pages;
  private final @Nullable AddressMap base;

  /** Whether this holds the base, so that it lives as long as this. */
  private final boolean holdsBase;

  /** How many hold this map; the last of them frees it. */
  private int holders = 1;

  private boolean released;

  /**
   * Creates an image of zeros.
   *
   * @param config the address spaces
   */
  public AddressMap(MemoryConfig config) {
    this(config, BufferPool.shared(), null, false);
  }

  /**
   * Creates an image of zeros.
   *
   * @param config the address spaces
   * @param pool where pages come from
   */
  public AddressMap(MemoryConfig config, BufferPool pool) {
    this(config, pool, null, false);
  }

  private AddressMap(
      MemoryConfig config, BufferPool pool, @Nullable AddressMap base, boolean holdsBase) {
    this.config = config;
    this.pages = new PageStore(pool, config, MemoryConfig.PAGE_SIZE);
    this.base = base;
    this.holdsBase = holdsBase;
  }

  /**
   * Creates a map that begins with the cells of another one.
   *
   * @param base the cells to begin with; must not change or be released while the new map is used
   * @param pool where pages come from
   * @return a new map
   */
  public static AddressMap over(AddressMap base, BufferPool pool) {
    return new AddressMap(base.config, pool, base, false);
  }

  /**
   * Creates a map that begins with the cells of another one and keeps it alive, so that whoever
   * holds the other one may release it.
   *
   * @param before the cells to begin with, which no longer change
   * @param config configuration of the new map, with the same address spaces
   * @param pool where pages come from
   * @return a new map
   */
  public static AddressMap after(AddressMap before, MemoryConfig config, BufferPool pool) {
    before.checkOpen();
    AddressMap base = before;
    while (base.holdsBase && base.base != null && base.pages.size() == 0) {
      base = base.base;
    }
    synchronized (base) {
      base.holders++;
    }
    return new AddressMap(config, pool, base, true);
  }

  /**
   * Moves the pages of this map into the maps that it keeps alive, as far down as nobody else holds
   * them, so that a chain of maps does not grow with its age. No cell of this map changes.
   */
  public void settle() {
    checkOpen();
    if (base == null || !holdsBase) {
      return;
    }
    synchronized (base) {
      if (base.holders > 1) {
        return; // nor may anything below it change: its holder reads through it
      }
    }
    base.settle();
    for (long key : pages.sortedKeys()) {
      int addressSpace = pages.addressSpace(key);
      int pointer = pages.firstPointer(key);
      int page = base.writablePage(addressSpace, pointer);
      copyPage(addressSpace, pointer, base.pages.memory(), base.pages.offset(page));
    }
    pages.release();
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
    AddressMap copy = new AddressMap(config, pool, null, false);
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
    int[] value = new int[1];
    readCells(addressSpace, pointer, 1, value, 0);
    return value[0];
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
    if (get(addressSpace, pointer) != value) {
      writeCells(addressSpace, pointer, 1, new int[] {value}, 0);
    }
    return this;
  }

  /**
   * Sets the cells of a whole page.
   *
   * @param addressSpace address space, from {@code asOffset}
   * @param pointer first cell of the page
   * @param cells canonical values: 4096, or all of a smaller address space
   * @throws IllegalArgumentException if there is no such page or a value is not canonical
   */
  public void setPage(int addressSpace, int pointer, int[] cells) {
    copyPageIn(addressSpace, pointer, MemorySegment.ofArray(cells), 0, cells.length);
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
    checkOpen();
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

  private void checkOpen() {
    if (released) {
      throw new IllegalStateException("this memory image was released with its controller");
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

  /**
   * Writes consecutive cells of one page, which the caller knows to exist.
   *
   * @param addressSpace a legal address space
   * @param pointer first cell
   * @param n number of cells, all in the page of the first one
   * @param in canonical values
   * @param offset index of the first one in {@code in}
   */
  public void writeCells(int addressSpace, int pointer, int n, int[] in, int offset) {
    int page = writablePage(addressSpace, pointer);
    long at = pages.offset(page) + 4L * (pointer & PAGE_MASK);
    MemorySegment.copy(in, offset, pages.memory(), WORD, at, n);
  }

  /** The page of a cell, copied from the base or made of zeros if it is new. */
  private int writablePage(int addressSpace, int pointer) {
    long key = pages.key(addressSpace, pointer);
    int page = pages.find(key);
    if (page < 0) {
      page = pages.add(key);
      MemorySegment memory = pages.memory();
      if (base == null) {
        memory.asSlice(pages.offset(page), PAGE_BYTES).fill((byte) 0);
      } else {
        base.copyPage(addressSpace, pointer, memory, pages.offset(page));
      }
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
    for (AddressMap map = this; map != null; map = map.base) {
      int page = map.pages.find(key);
      if (page >= 0) {
        MemorySegment from = map.pages.memory();
        MemorySegment.copy(from, map.pages.offset(page), target, targetOffset, PAGE_BYTES);
        return;
      }
    }
    target.asSlice(targetOffset, PAGE_BYTES).fill((byte) 0);
  }

  @Override
  public void forEachPage(PageVisitor visitor) {
    checkOpen();
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
   * Returns all pages to the pool, once no map that {@link #after} made needs them; the holder must
   * not use the map afterwards.
   */
  public void release() {
    synchronized (this) {
      if (released || --holders > 0) {
        return;
      }
      released = true;
    }
    pages.release();
    if (holdsBase && base != null) {
      base.release();
    }
  }

  /**
   * Finds the first cell in which another map differs.
   *
   * @param other a map of the same address spaces
   * @param visitor called with the cell and its value here, if there is a difference
   * @return whether there is one
   */
  public boolean firstDifference(AddressMap other, CellVisitor visitor) {
    long mine = firstDifferenceInPages(other);
    long others = other.firstDifferenceInPages(this);
    long address = mine < 0 ? others : others < 0 ? mine : Math.min(mine, others);
    if (address < 0) {
      return false;
    }
    int addressSpace = (int) (address >>> Integer.SIZE);
    visitor.visit(addressSpace, (int) address, get(addressSpace, (int) address));
    return true;
  }

  /** The first cell of a page here that differs from the same cell there, or -1. */
  private long firstDifferenceInPages(AddressMap other) {
    long[] first = {-1};
    int[] here = new int[MemoryConfig.PAGE_SIZE];
    int[] there = new int[MemoryConfig.PAGE_SIZE];
    forEachPage(
        (addressSpace, firstPointer, memory, offset, cells) -> {
          if (first[0] < 0) {
            MemorySegment.copy(memory, WORD, offset, here, 0, cells);
            other.readCells(addressSpace, firstPointer, cells, there, 0);
            int at = Arrays.mismatch(here, there);
            if (at >= 0) {
              first[0] = (long) addressSpace << Integer.SIZE | (firstPointer + at);
            }
          }
        });
    return first[0];
  }
}
