// SPDX-License-Identifier: Apache-2.0
// The log before its events: granules, and what each entry adds to the running sums.
#include "memtrace/arguments.cuh"
#include "memtrace/geometry.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/log_entry.cuh"

namespace memtrace {

// Adds an alignment to a page's slot. Hot pages get theirs early: reading first spares nearly all atomics, and a stale
// value costs no more than one of them.
MEMTRACE_DEVICE void add_alignment(const Geometry& geometry, std::uint32_t space, std::uint32_t pointer,
                                   std::uint32_t alignment) {
  std::uint64_t slot = granule_slot(geometry, page_number(geometry, space, pointer));
  std::uint32_t bit = alignment << (4 * (slot & 7));
  std::uint32_t* word = geometry.granules + (slot >> 3);
  if ((load_relaxed(word) & bit) == 0) {
    atomic_or(word, bit);
  }
}

MEMTRACE_KERNEL(page_alignment, PageAlignmentArguments) {
  LogEntry entry{arguments.headers[item]};
  if (!entry.touches()) {
    return;
  }
  std::uint32_t space = space_index(arguments.geometry, entry.space());
  std::uint32_t pointer = entry.pointer();
  std::uint32_t alignment = 1u << lowest_bit(pointer | entry.size() | 1u << LARGEST_GRANULE_BITS);
  std::uint32_t last = pointer + entry.size() - 1;
  add_alignment(arguments.geometry, space, pointer, alignment);
  if (last >> PAGE_BITS != pointer >> PAGE_BITS) {
    add_alignment(arguments.geometry, space, last, alignment);
  }
}

MEMTRACE_KERNEL(entry_sizes, EntrySizesArguments) {
  std::uint32_t ticks = 0;
  std::uint32_t cells = 0;
  std::uint32_t events = 0;
  if (item + 1 < arguments.items) {
    LogEntry entry{arguments.headers[item]};
    ticks = entry.is_increment() ? entry.pointer() : 1;
    cells = entry.is_write() ? entry.size() : 0;
    events = entry.touches() ? access_of(arguments.geometry, entry).events() : 0;
  }
  arguments.ticks[item] = ticks;
  arguments.cells[item] = cells;
  arguments.events[item] = events;
}

}  // namespace memtrace
