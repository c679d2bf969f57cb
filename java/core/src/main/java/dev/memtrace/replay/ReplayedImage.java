// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.image.AddressMap;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.image.PageVisitor;

/** Memory as the replay left it: the pages it used, and the initial image elsewhere. */
final class ReplayedImage implements MemoryImage {
  private final UsedPages used;
  private final AddressMap initial;

  ReplayedImage(UsedPages used, AddressMap initial) {
    this.used = used;
    this.initial = initial;
  }

  @Override
  public MemoryConfig config() {
    return initial.config();
  }

  @Override
  public int get(int addressSpace, int pointer) {
    int before = initial.get(addressSpace, pointer);
    int page = used.find(used.key(addressSpace, pointer));
    return page < 0
        ? before
        : used.memory(page)
            .get(BlockMap.WORD, used.offset(page) + 4L * (pointer & BlockMap.PAGE_MASK));
  }

  @Override
  public void forEachPage(PageVisitor visitor) {
    int[] next = new int[1];
    initial.forEachPage(
        (addressSpace, firstPointer, memory, offset, cells) -> {
          long key = used.key(addressSpace, firstPointer);
          while (next[0] < used.count() && used.key(next[0]) < key) {
            visit(next[0]++, visitor);
          }
          if (next[0] < used.count() && used.key(next[0]) == key) {
            visit(next[0]++, visitor);
          } else {
            visitor.visit(addressSpace, firstPointer, memory, offset, cells);
          }
        });
    while (next[0] < used.count()) {
      visit(next[0]++, visitor);
    }
  }

  private void visit(int page, PageVisitor visitor) {
    visitor.visit(
        used.addressSpace(page),
        used.firstPointer(page),
        used.memory(page).asReadOnly(),
        used.offset(page),
        Math.min(BlockMap.PAGE_SIZE, config().addressSpaceSize()));
  }
}
