// SPDX-License-Identifier: Apache-2.0
// How many rows each access and each touched block adds to the adapters.
#include "memtrace/adapter_rows.cuh"
#include "memtrace/arguments.cuh"
#include "memtrace/buddy.cuh"
#include "memtrace/events.cuh"
#include "memtrace/geometry.cuh"
#include "memtrace/heads.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/log_entry.cuh"
#include "memtrace/unite.cuh"

namespace memtrace {

// An access adds no row if the block at its start is its range: if the access that touched its granules last is the
// same for all and had the same range, or if none was and the range is one initial block.
MEMTRACE_KERNEL(classify, ClassifyArguments) {
  const History& history = arguments.history;
  LogEntry entry{history.log.headers[item]};
  bool is_slow = false;
  if (entry.touches() && event_count(history.events.sorted) != 0) {
    std::uint32_t slot = history.log.event_offsets[item];
    std::uint32_t end = history.log.event_offsets[item + 1];
    std::uint32_t previous = Link::load(history.events.links, slot).previous;
    is_slow = previous == 0
                  ? entry.size() != history.block_cells || (entry.pointer() & (entry.size() - 1)) != 0
                  : !entry.same_range(LogEntry{history.log.headers[previous - 1]});
    while (++slot < end) {
      is_slow |= Link::load(history.events.links, slot).previous != previous;
    }
  }
  arguments.slow[item] = is_slow ? 1 : 0;
}

MEMTRACE_DEVICE void add_to_totals(std::uint64_t* totals, const std::uint64_t (&rows)[ADAPTERS]) {
  for (int i = 0; i < ADAPTERS; i++) {
    if (rows[i] != 0) {
      atomic_add(totals + i, rows[i]);
    }
  }
}

MEMTRACE_KERNEL(count_log_rows, CountLogRowsArguments) {
  const History& history = arguments.history;
  std::uint32_t events = event_count(history.events.sorted);
  std::uint64_t totals[ADAPTERS] = {};
  for (std::uint64_t i = item; i < *arguments.slow_count; i += arguments.items) {
    CountRows rows = {{0}, arguments.slow[i], arguments.fault};
    unite_access(history, events, arguments.slow[i], rows);
    arguments.counts[i] = rows.counts.packed;
    for (std::uint32_t a = 0; a < ADAPTERS; a++) {
      totals[a] += rows.counts.of(a);
    }
  }
  add_to_totals(arguments.totals, totals);
}

MEMTRACE_KERNEL(block_heads, BlockHeadsArguments) {
  const EventKeys& sorted = arguments.sorted;
  std::uint32_t j = static_cast<std::uint32_t>(item);
  bool is_head = false;
  if (j < event_count(sorted)) {
    std::uint64_t differs = j == 0 ? arguments.block_cells : event_address(sorted, j) ^ event_address(sorted, j - 1);
    is_head = differs >= arguments.block_cells;
  }
  arguments.heads[j] = is_head ? 1 : 0;
}

MEMTRACE_KERNEL(count_final_rows, CountFinalRowsArguments) {
  const History& history = arguments.history;
  std::uint32_t events = event_count(history.events.sorted);
  std::uint64_t heads = *arguments.head_count;
  std::uint64_t totals[ADAPTERS] = {};
  std::uint64_t total_cells = 0;
  for (std::uint64_t i = item; i < heads; i += arguments.items) {
    CountRows rows = {{0}, i, arguments.fault};
    std::uint32_t end = head_end(arguments.heads, i, heads, events);
    if (history.block_cells == 1) {
      FinalGranule granule = FinalGranule::load(history, end);
      Block block = granule.block(history, events);
      for (std::uint32_t cells = 2; cells <= block.cells; cells *= 2) {
        rows.add(cells, block.cells / cells);
      }
      arguments.cells[i] = granule.cells.cells;
      total_cells += granule.cells.cells;
    } else {
      unite_chunk(history, events, arguments.heads[i], end, rows);
    }
    arguments.counts[i] = rows.counts.packed;
    for (std::uint32_t a = 0; a < ADAPTERS; a++) {
      totals[a] += rows.counts.of(a);
    }
  }
  add_to_totals(arguments.totals, totals);
  if (total_cells != 0) {
    atomic_add(arguments.total_cells, total_cells);
  }
}

MEMTRACE_KERNEL(summarise, SummariseArguments) {
  arguments.summary->end_timestamp = 1 + std::uint64_t{arguments.ticks[arguments.entries]};
  arguments.summary->written_cells = arguments.cell_offsets[arguments.entries];
}

MEMTRACE_KERNEL(unpack_counts, UnpackCountsArguments) {
  RowCounts counts = {arguments.counts[item]};
  arguments.rows[item] = counts.of(static_cast<std::uint32_t>(arguments.adapter));
}

}  // namespace memtrace
