// SPDX-License-Identifier: Apache-2.0
// Heads: the first event of each touched chunk (persistent) or granule (volatile), ascending by address. The events of
// a head reach to the next one.
#pragma once

#include "memtrace/arguments.cuh"
#include "memtrace/buddy.cuh"
#include "memtrace/events.cuh"
#include "memtrace/geometry.cuh"
#include "memtrace/kernel.cuh"

namespace memtrace {

// One past the last event of head i.
MEMTRACE_DEVICE std::uint32_t head_end(const std::uint32_t* heads, std::uint64_t i, std::uint64_t count,
                                       std::uint32_t events) {
  return i + 1 < count ? heads[i + 1] : events;
}

// A touched granule of volatile memory after the log.
struct FinalGranule {
  Toucher toucher;
  Block cells;
  std::uint32_t source;

  // The granule of the events up to `end`.
  MEMTRACE_DEVICE static FinalGranule load(const History& history, std::uint32_t end) {
    FinalGranule granule;
    granule.source = end;
    granule.toucher = Toucher::of_source(history, end);
    std::uint32_t cell = pointer_at(history.geometry, event_address(history.events.sorted, end - 1));
    granule.cells = {cell, 1u << granule.toucher.access.bits_at(cell)};
    return granule;
  }

  // The block that begins at the granule, without cells if it begins before. The finalisation splits it down to cells.
  MEMTRACE_DEVICE Block block(const History& history, std::uint32_t events) const {
    Block block = block_at(history, events, toucher, cells.first, NEVER);
    return block.first == cells.first ? block : Block{cells.first, 0};
  }
};

}  // namespace memtrace
