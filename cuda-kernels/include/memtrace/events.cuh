// SPDX-License-Identifier: Apache-2.0
// Events: one for each granule that an access touches. Sorted by address, then by log index, the neighbours of an event
// are the accesses that touched its granule before and after.
#pragma once

#include "memtrace/arguments.cuh"
#include "memtrace/geometry.cuh"
#include "memtrace/kernel.cuh"

namespace memtrace {

// The log index of what comes after the log.
constexpr std::uint32_t NEVER = 0xFFFFFFFFu;

// E, or 0 if the events found no room: kernels do nothing then.
MEMTRACE_DEVICE std::uint32_t event_count(const EventKeys& sorted) {
  std::uint64_t count = *sorted.count;
  return count <= sorted.capacity ? static_cast<std::uint32_t>(count) : 0;
}

// First cell of the granule of event j.
MEMTRACE_DEVICE std::uint64_t event_address(const EventKeys& sorted, std::uint32_t j) {
  return sorted.keys[j] >> sorted.ordinal_bits;
}

// Log index of event j.
MEMTRACE_DEVICE std::uint32_t event_entry(const EventKeys& sorted, std::uint32_t j) {
  if (sorted.ordinals != nullptr) {
    return sorted.ordinals[j];
  }
  return static_cast<std::uint32_t>(sorted.keys[j] & ((std::uint64_t{1} << sorted.ordinal_bits) - 1));
}

// The first event in [from, to) at an address or behind it, else `to`.
MEMTRACE_DEVICE std::uint32_t first_event_at(const EventKeys& sorted, std::uint32_t from, std::uint32_t to,
                                             std::uint64_t address) {
  while (from < to) {
    std::uint32_t middle = from + (to - from) / 2;
    if (event_address(sorted, middle) < address) {
      from = middle + 1;
    } else {
      to = middle;
    }
  }
  return from;
}

// The access that touches the granule of event j next, or NEVER.
MEMTRACE_DEVICE std::uint32_t next_toucher(const EventKeys& sorted, std::uint32_t count, std::uint32_t j) {
  return j + 1 < count && event_address(sorted, j + 1) == event_address(sorted, j) ? event_entry(sorted, j + 1) : NEVER;
}

// Sorted position of an event, and one more than the log index of the access that touched its granule before (0: none).
struct Link {
  std::uint32_t position;
  std::uint32_t previous;

  // Of an event in log order.
  MEMTRACE_DEVICE static Link load(const std::uint64_t* links, std::uint64_t slot) {
    std::uint64_t packed = links[slot];
    return {static_cast<std::uint32_t>(packed), static_cast<std::uint32_t>(packed >> 32)};
  }

  MEMTRACE_DEVICE void store(std::uint64_t* links, std::uint64_t slot) const {
    links[slot] = static_cast<std::uint64_t>(previous) << 32 | position;
  }

  // One more than the position of the event before it in its granule, 0 if it is the first.
  MEMTRACE_DEVICE std::uint32_t source() const { return previous == 0 ? 0 : position; }
};

}  // namespace memtrace
