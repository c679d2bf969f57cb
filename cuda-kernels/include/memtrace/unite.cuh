// SPDX-License-Identifier: Apache-2.0
// The access of the replay, on the few blocks that it meets: splits those that hang over its range, then splits and
// merges until the range is one block. Rows leave in the order of the serial replay.
//
// A `Rows` receives them:
//
//     // All cells of the block have the same last toucher; `anchor` is the index in the window of one of them.
//     void split(const Window& window, Block block, std::uint32_t anchor);
//     // The halves of the block have the timestamps `left` and `right`.
//     void merge(const Window& window, Block block, std::uint32_t left, std::uint32_t right);
#pragma once

#include "memtrace/arguments.cuh"
#include "memtrace/bits.cuh"
#include "memtrace/buddy.cuh"
#include "memtrace/cell_values.cuh"
#include "memtrace/events.cuh"
#include "memtrace/geometry.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/log_entry.cuh"

namespace memtrace {

// A range of cells that will become one block, and what is known of each.
struct Window {
  std::uint32_t space;  // index
  std::uint32_t first;
  std::uint32_t cells;                 // a power of two up to 32
  std::uint32_t now;                   // log index of the access, or NEVER in the finalisation pass
  std::uint32_t starts;                // bit i: a block begins at first + i
  std::uint32_t source[MAX_CELLS];     // of each cell, see cell_values.cuh
  std::uint32_t timestamp[MAX_CELLS];  // of the cell's block, valid at least at the block's first cell in the window

  MEMTRACE_DEVICE std::uint32_t end() const { return first + cells; }

  MEMTRACE_DEVICE void set(const History& history, std::uint32_t index, std::uint32_t n, std::uint32_t source_of_all) {
    std::uint32_t time = source_time(history, source_of_all);
    for (std::uint32_t i = index; i < index + n; i++) {
      source[i] = source_of_all;
      timestamp[i] = time;
    }
  }
};

// The range of a log entry that touches memory.
MEMTRACE_DEVICE void load_access(const History& history, std::uint32_t entry, Window& window) {
  Access access = access_of(history.geometry, LogEntry{history.log.headers[entry]});
  std::uint64_t slot = history.log.event_offsets[entry];
  window.space = access.space;
  window.first = access.pointer;
  window.cells = access.cells;
  window.now = entry;
  for (std::uint32_t index = 0; index < access.cells; slot++) {
    std::uint32_t n = 1u << access.bits_at(access.pointer + index);
    window.set(history, index, n, Link::load(history.events.links, slot).source());
    index += n;
  }
}

// A chunk of the finalisation pass, whose events are [from, to) of the sorted order.
MEMTRACE_DEVICE void load_chunk(const History& history, std::uint32_t from, std::uint32_t to, Window& window) {
  const EventKeys& sorted = history.events.sorted;
  std::uint64_t chunk = event_address(sorted, from) & ~std::uint64_t{CHUNK_CELLS - 1};
  window.space = space_at(history.geometry, chunk);
  window.first = pointer_at(history.geometry, chunk);
  window.cells = CHUNK_CELLS;
  window.now = NEVER;
  std::uint32_t n = 1u << granule_bits(history.geometry, window.space, window.first);
  for (std::uint32_t index = 0; index < CHUNK_CELLS; index += n) {
    std::uint32_t next = first_event_at(sorted, from, to, chunk + index + n);
    window.set(history, index, n, next == from ? 0 : next);
    from = next;
  }
}

// Splits a block until `boundary`, a point inside it, begins or ends a block. `overhang` becomes the part that still
// hangs over the end of the window, if one comes of it.
template <bool EMIT, class Rows>
MEMTRACE_DEVICE void cut(Window& window, Block block, std::uint32_t boundary, Block& overhang, Rows& rows) {
  while (true) {
    if (EMIT) {
      rows.split(window, block, larger(block.first, window.first) - window.first);
    }
    std::uint32_t half = block.cells / 2;
    std::uint32_t middle = block.first + half;
    if (middle - window.first < window.cells) {
      window.starts |= 1u << (middle - window.first);
    }
    if (boundary <= middle && middle < window.end() && window.end() < middle + half) {
      overhang = {middle, half};
    }
    if (boundary == middle) {
      return;
    }
    block = {boundary < middle ? block.first : middle, half};
  }
}

// Finds the blocks of the window, then makes its two ends boundaries. In the finalisation pass (OWN_LEFT = false) the
// rows of the left boundary belong to the chunk before: it has cut there already.
template <bool OWN_LEFT, class Rows>
MEMTRACE_DEVICE void separate(const History& history, std::uint32_t events, Window& window, Rows& rows) {
  Block none = {window.end(), 0};
  Block left = none;
  Block right = none;
  window.starts = 1;
  for (std::uint32_t cell = window.first; cell < window.end();) {
    std::uint32_t source = window.source[cell - window.first];
    Block block = source == 0
                      ? initial_block_at(history, events, window.space, cell, window.now)
                      : block_at(history, events, Toucher::of_source(history, source), cell, window.now);
    if (block.first < window.first) {
      left = block;
    } else {
      window.starts |= 1u << (block.first - window.first);
    }
    if (block.end() > window.end()) {
      right = block;
    }
    cell = block.end();
  }
  if (left.cells != 0) {
    if (left.end() > window.end()) {
      right = none;
    }
    cut<OWN_LEFT>(window, left, window.first, right, rows);
  }
  if (right.cells != 0) {
    cut<true>(window, right, window.end(), none, rows);
  }
}

// Makes the window, whose ends are boundaries, one block. Walks the window's own tree in post-order, without a stack:
// `at` is the index of the node and `size` its cells.
template <class Rows>
MEMTRACE_DEVICE void merge(Window& window, Rows& rows) {
  Block none = {window.end(), 0};
  std::uint32_t at = 0;
  std::uint32_t size = window.cells;
  while (true) {
    while ((window.starts >> at & low_bits(size - 1) << 1) != 0) {
      size /= 2;
      std::uint32_t middle = at + size;
      if ((window.starts >> middle & 1) == 0) {
        std::uint32_t start = highest_bit(window.starts & low_bits(middle));
        std::uint32_t above = window.starts >> middle;
        std::uint32_t end = above == 0 ? window.cells : middle + lowest_bit(above);
        cut<true>(window, {window.first + start, end - start}, window.first + middle, none, rows);
      }
    }
    while (size < window.cells && (at & size) != 0) {
      at -= size;
      std::uint32_t left = window.timestamp[at];
      std::uint32_t right = window.timestamp[at + size];
      window.starts &= ~(1u << (at + size));
      window.timestamp[at] = larger(left, right);
      size *= 2;
      rows.merge(window, {window.first + at, size}, left, right);
    }
    if (size == window.cells) {
      return;
    }
    at += size;
  }
}

// Makes the range of a log entry one block.
template <class Rows>
MEMTRACE_DEVICE void unite_access(const History& history, std::uint32_t events, std::uint32_t entry, Rows& rows) {
  Window window;
  load_access(history, entry, window);
  separate<true>(history, events, window, rows);
  merge(window, rows);
}

// Makes a touched chunk one block, whose events are [from, to) of the sorted order.
template <class Rows>
MEMTRACE_DEVICE void unite_chunk(const History& history, std::uint32_t events, std::uint32_t from, std::uint32_t to,
                                 Rows& rows) {
  Window window;
  load_chunk(history, from, to, window);
  separate<false>(history, events, window, rows);
  merge(window, rows);
}

}  // namespace memtrace
