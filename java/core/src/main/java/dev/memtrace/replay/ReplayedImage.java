// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.image.AddressMap;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.image.PageStore;
import dev.memtrace.image.PageVisitor;

/** Memory as the replay left it: the pages it used, and the initial image elsewhere. */
final class ReplayedImage implements MemoryImage {
  private final BlockMap blocks;
  private final AddressMap initial;

  ReplayedImage(BlockMap blocks, AddressMap initial) {
    this.blocks = blocks;
    this.initial = initial;
  }

  @Override
  public MemoryConfig config() {
    return initial.config();
  }

  @Override
  public int get(int addressSpace, int pointer) {
    int before = initial.get(addressSpace, pointer);
    PageStore pages = blocks.pages();
    int page = pages.find(pages.key(addressSpace, pointer));
    return page < 0
        ? before
        : pages
            .memory()
            .get(BlockMap.WORD, pages.offset(page) + 4L * (pointer & BlockMap.PAGE_MASK));
  }

  @Override
  public void forEachPage(PageVisitor visitor) {
    PageStore pages = blocks.pages();
    long[] keys = pages.sortedKeys();
    int[] next = new int[1];
    initial.forEachPage(
        (addressSpace, firstPointer, memory, offset, cells) -> {
          long key = pages.key(addressSpace, firstPointer);
          while (next[0] < keys.length && keys[next[0]] < key) {
            visit(keys[next[0]++], visitor);
          }
          if (next[0] < keys.length && keys[next[0]] == key) {
            visit(keys[next[0]++], visitor);
          } else {
            visitor.visit(addressSpace, firstPointer, memory, offset, cells);
          }
        });
    while (next[0] < keys.length) {
      visit(keys[next[0]++], visitor);
    }
  }

  private void visit(long key, PageVisitor visitor) {
    PageStore pages = blocks.pages();
    int page = pages.find(key);
    visitor.visit(
        pages.addressSpace(key),
        pages.firstPointer(key),
        pages.memory().asReadOnly(),
        pages.offset(page),
        Math.min(BlockMap.PAGE_SIZE, config().addressSpaceSize()));
  }
}
