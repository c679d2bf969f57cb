// SPDX-License-Identifier: Apache-2.0
// Which block holds a cell just before an access.
//
// Every access owns a buddy tree: its range, halved down to single cells, relative to its own first cell. The block
// that holds a cell just before access u is the largest node of the tree of the cell's last toucher that contains the
// cell and none of whose cells was touched between the toucher and u. (A boundary inside a node is only made by an
// access that covers the cell on one side of it and not on the other.) Cells never touched belong to the trees of the
// aligned initial blocks.
//
// The search climbs from the granule of the cell, so it reads no more than twice the cells of the block that it finds.
#pragma once

#include "memtrace/arguments.cuh"
#include "memtrace/events.cuh"
#include "memtrace/geometry.cuh"
#include "memtrace/kernel.cuh"

namespace memtrace {

struct Block {
  std::uint32_t first;
  std::uint32_t cells;

  MEMTRACE_DEVICE std::uint32_t end() const { return first + cells; }
};

// An access seen from the cells that it touched last.
struct Toucher {
  Access access;
  std::uint32_t entry;
  std::uint32_t first_event;  // in log order

  MEMTRACE_DEVICE static Toucher load(const History& history, std::uint32_t entry) {
    return {access_of(history.geometry, LogEntry{history.log.headers[entry]}), entry, history.log.event_offsets[entry]};
  }

  // The last toucher of a granule whose source is not 0.
  MEMTRACE_DEVICE static Toucher of_source(const History& history, std::uint32_t source) {
    return load(history, event_entry(history.events.sorted, source - 1));
  }

  // Source of a cell of its range, just after the access.
  MEMTRACE_DEVICE std::uint32_t source_at(const History& history, std::uint32_t cell) const {
    return 1 + Link::load(history.events.links, std::uint64_t{first_event} + access.event_at(cell)).position;
  }
};

// Whether no cell of a node of the toucher's tree was touched after it and before access `now`.
MEMTRACE_DEVICE bool is_intact(const History& history, std::uint32_t events, const Toucher& toucher, Block node,
                               std::uint32_t now) {
  for (std::uint32_t cell = node.first; cell < node.end(); cell += 1u << toucher.access.bits_at(cell)) {
    if (next_toucher(history.events.sorted, events, toucher.source_at(history, cell) - 1) < now) {
      return false;
    }
  }
  return true;
}

// The block of a cell whose last toucher before access `now` is known.
MEMTRACE_DEVICE Block block_at(const History& history, std::uint32_t events, const Toucher& toucher, std::uint32_t cell,
                               std::uint32_t now) {
  std::uint32_t base = toucher.access.pointer;
  std::uint32_t granule = 1u << toucher.access.bits_at(cell);
  Block block = {cell & ~(granule - 1), granule};
  while (block.cells < toucher.access.cells) {
    Block sibling = {base + ((block.first - base) ^ block.cells), block.cells};
    if (!is_intact(history, events, toucher, sibling, now)) {
      break;
    }
    block = {smaller(block.first, sibling.first), 2 * block.cells};
  }
  return block;
}

// Whether an aligned range inside an initial block was not touched before access `now`.
MEMTRACE_DEVICE bool is_untouched(const History& history, std::uint32_t events, std::uint32_t space, Block range,
                                  std::uint32_t bits, std::uint32_t now) {
  const EventKeys& sorted = history.events.sorted;
  for (std::uint32_t cell = range.first; cell < range.end(); cell += 1u << bits) {
    std::uint64_t wanted = address(history.geometry, space, cell);
    std::uint32_t j = first_event_at(sorted, 0, events, wanted);
    if (j < events && event_address(sorted, j) == wanted && event_entry(sorted, j) < now) {
      return false;
    }
  }
  return true;
}

// The block of a cell that was not touched before access `now`. An initial block is never larger than 8 cells, so it
// lies in a page.
MEMTRACE_DEVICE Block initial_block_at(const History& history, std::uint32_t events, std::uint32_t space,
                                       std::uint32_t cell, std::uint32_t now) {
  if (history.block_cells == 1) {
    return {cell, 1};
  }
  std::uint32_t bits = granule_bits(history.geometry, space, cell);
  Block block = {cell & ~low_bits(bits), 1u << bits};
  while (block.cells < history.block_cells) {
    Block sibling = {block.first ^ block.cells, block.cells};
    if (!is_untouched(history, events, space, sibling, bits, now)) {
      break;
    }
    block = {smaller(block.first, sibling.first), 2 * block.cells};
  }
  return block;
}

}  // namespace memtrace
