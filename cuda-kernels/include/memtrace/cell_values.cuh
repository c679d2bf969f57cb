// SPDX-License-Identifier: Apache-2.0
// Values of cells at a point of the log. Where a granule's history stands is its `source`: one more than the sorted
// position of the last event of the granule so far, or 0 if there is none.
#pragma once

#include "memtrace/arguments.cuh"
#include "memtrace/events.cuh"
#include "memtrace/geometry.cuh"
#include "memtrace/initial_image.cuh"
#include "memtrace/kernel.cuh"

namespace memtrace {

// Timestamp of a granule.
MEMTRACE_DEVICE std::uint32_t source_time(const History& history, std::uint32_t source) {
  return source == 0 ? 0 : timestamp(history.log, event_entry(history.events.sorted, source - 1));
}

// The cells from `pointer` to the end of its granule of 2^bits cells, or null if they are zero.
MEMTRACE_DEVICE const std::uint32_t* granule_values(const History& history, const Image& image, std::uint32_t source,
                                                    std::uint32_t space, std::uint32_t pointer, std::uint32_t bits) {
  std::uint32_t written = source == 0 ? 0 : history.events.values[source - 1];
  return written == 0 ? initial_cells(image, history.geometry, space, pointer)
                      : history.log.cells + (written - 1) + (pointer & low_bits(bits));
}

}  // namespace memtrace
