// SPDX-License-Identifier: Apache-2.0
// Pages, granules and addresses.
//
// A granule is the unit of replay: the largest power of two, at most 8, that divides the pointer and the size of every
// access to its page (to its slot of the granule table, rather, which pages may share). So an access consists of whole
// granules in each of the at most two pages that it touches, all cells of a granule have the same history, and a node of
// an access's buddy tree that is no smaller than a granule consists of whole granules too.
#pragma once

#include "memtrace/arguments.cuh"
#include "memtrace/bits.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/log_entry.cuh"

namespace memtrace {

// Log2 of the largest granule.
constexpr std::uint32_t LARGEST_GRANULE_BITS = 3;

constexpr std::uint32_t PAGE_CELLS = 1u << PAGE_BITS;

// The initial block of persistent memory and the leaf of its tree.
constexpr std::uint32_t CHUNK_CELLS = 8;

// The largest access, and with it the largest number of events of an entry.
constexpr std::uint32_t MAX_CELLS = 32;

// Address space, counted from the first one.
MEMTRACE_DEVICE std::uint32_t space_index(const Geometry& geometry, std::uint32_t space) {
  return space - static_cast<std::uint32_t>(geometry.first_space);
}

// The number of an address space, as accesses and traces have it.
MEMTRACE_DEVICE std::uint32_t space_number(const Geometry& geometry, std::uint32_t space_index) {
  return space_index + static_cast<std::uint32_t>(geometry.first_space);
}

// Bits of a page number that come from the pointer.
MEMTRACE_DEVICE std::uint32_t page_number_pointer_bits(const Geometry& geometry) {
  std::uint32_t bits = static_cast<std::uint32_t>(geometry.pointer_bits);
  return bits > PAGE_BITS ? bits - PAGE_BITS : 0;
}

MEMTRACE_DEVICE std::uint64_t page_number(const Geometry& geometry, std::uint32_t space_index, std::uint32_t pointer) {
  return static_cast<std::uint64_t>(space_index) << page_number_pointer_bits(geometry) | pointer >> PAGE_BITS;
}

// Slot of a page in the granule table: its number if the table has one for every page, else a hash of it.
MEMTRACE_DEVICE std::uint64_t granule_slot(const Geometry& geometry, std::uint64_t page) {
  std::uint32_t bits = static_cast<std::uint32_t>(geometry.slot_bits);
  if (geometry.space_bits + page_number_pointer_bits(geometry) <= bits) {
    return page;
  }
  return bits == 0 ? 0 : (page * 0x9E3779B97F4A7C15u) >> (64 - bits);
}

// Log2 of a granule of the page that holds a cell.
MEMTRACE_DEVICE std::uint32_t granule_bits(const Geometry& geometry, std::uint32_t space_index, std::uint32_t pointer) {
  std::uint64_t slot = granule_slot(geometry, page_number(geometry, space_index, pointer));
  std::uint32_t seen = geometry.granules[slot >> 3] >> (4 * (slot & 7)) & 0xFu;
  return lowest_bit(seen | 1u << LARGEST_GRANULE_BITS);
}

// A cell's place in the order of events.
MEMTRACE_DEVICE std::uint64_t address(const Geometry& geometry, std::uint32_t space_index, std::uint32_t pointer) {
  return static_cast<std::uint64_t>(space_index) << geometry.pointer_bits | pointer;
}

MEMTRACE_DEVICE std::uint32_t space_at(const Geometry& geometry, std::uint64_t address) {
  return static_cast<std::uint32_t>(address >> geometry.pointer_bits);
}

MEMTRACE_DEVICE std::uint32_t pointer_at(const Geometry& geometry, std::uint64_t address) {
  return static_cast<std::uint32_t>(address) & low_bits(static_cast<std::uint32_t>(geometry.pointer_bits));
}

// The range of an access, as granules.
struct Access {
  std::uint32_t space;    // index
  std::uint32_t pointer;  // first cell
  std::uint32_t cells;
  std::uint32_t head_cells;  // cells in the page of the first cell, 1 to `cells`
  std::uint32_t head_bits;   // log2 of that page's granule
  std::uint32_t tail_bits;   // log2 of the granule of the page of the last cell

  MEMTRACE_DEVICE std::uint32_t end() const { return pointer + cells; }

  MEMTRACE_DEVICE std::uint32_t events() const {
    return (head_cells >> head_bits) + ((cells - head_cells) >> tail_bits);
  }

  // Log2 of the granule at a cell of the range.
  MEMTRACE_DEVICE std::uint32_t bits_at(std::uint32_t cell) const {
    return cell - pointer < head_cells ? head_bits : tail_bits;
  }

  // Which of the events covers a cell of the range.
  MEMTRACE_DEVICE std::uint32_t event_at(std::uint32_t cell) const {
    std::uint32_t offset = cell - pointer;
    return offset < head_cells ? offset >> head_bits
                               : (head_cells >> head_bits) + ((offset - head_cells) >> tail_bits);
  }
};

// The range of an entry that touches memory.
MEMTRACE_DEVICE Access access_of(const Geometry& geometry, LogEntry entry) {
  Access access;
  access.space = space_index(geometry, entry.space());
  access.pointer = entry.pointer();
  access.cells = entry.size();
  access.head_cells = smaller(access.cells, PAGE_CELLS - (access.pointer & (PAGE_CELLS - 1)));
  access.head_bits = granule_bits(geometry, access.space, access.pointer);
  access.tail_bits = access.head_cells == access.cells
                         ? access.head_bits
                         : granule_bits(geometry, access.space, access.pointer + access.head_cells);
  return access;
}

}  // namespace memtrace
