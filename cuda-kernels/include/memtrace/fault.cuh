// SPDX-License-Identifier: Apache-2.0
// The device's error word: what no log that passed validation can cause is reported, never skipped in silence.
#pragma once

#include "memtrace/kernel.cuh"

namespace memtrace {

// First word of Summary::fault; 0 for none. The two words after it tell where and what.
enum class FaultKind : std::uint64_t {
  EVENT_MISMATCH = 1,     // sorted position, key: the event is not one of the log's
  ROW_COUNT = 2,          // log index or head, adapter size: more than 63 rows
  ROW_OUTSIDE_TRACE = 3,  // width of the trace, row
  RANGE_KEY = 4,          // bits, value: not below 2^bits
  OUTSIDE_BUFFER = 5,     // log index, first word: a record or auxiliary columns behind the end of their buffer
  TREE_FULL = 6,          // slots, node: no free slot in the resident tree
  LEAF_MISSING = 7,       // touched chunk, node: not zero, yet not in the resident tree
  PAGE_MISSING = 8,       // touched chunk, page: not zero, yet not in the image
  NODE_COUNT = 9,         // leaf, first node: more nodes of the tree than were counted
};

// The first fault wins.
MEMTRACE_DEVICE void raise(std::uint64_t* fault, FaultKind kind, std::uint64_t where, std::uint64_t what) {
  if (atomic_compare_and_swap(fault, 0, static_cast<std::uint64_t>(kind)) == 0) {
    fault[1] = where;
    fault[2] = what;
  }
}

}  // namespace memtrace
