// SPDX-License-Identifier: Apache-2.0
// When the cells of an access were touched last. It is computed wherever it is needed: that reads one link an event, and
// keeping it would take 4 bytes an entry for as long as the replay is kept.
#pragma once

#include "memtrace/arguments.cuh"
#include "memtrace/bits.cuh"
#include "memtrace/events.cuh"
#include "memtrace/geometry.cuh"
#include "memtrace/kernel.cuh"

namespace memtrace {

// 0 for immediates, increments and what nobody touched before.
MEMTRACE_DEVICE std::uint32_t previous_timestamp(const History& history, std::uint64_t index) {
  std::uint32_t end = history.log.event_offsets[index + 1];
  std::uint32_t latest = 0;
  for (std::uint32_t slot = history.log.event_offsets[index]; slot < end; slot++) {
    latest = larger(latest, Link::load(history.events.links, slot).previous);
  }
  // The last toucher has the largest timestamp.
  return latest == 0 ? 0 : timestamp(history.log, latest - 1);
}

}  // namespace memtrace
