// SPDX-License-Identifier: Apache-2.0
// The rows of the adapters: the same recursion as in count_rows.cu, which now knows where they go.
#include "memtrace/adapter_rows.cuh"
#include "memtrace/arguments.cuh"
#include "memtrace/buddy.cuh"
#include "memtrace/events.cuh"
#include "memtrace/heads.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/unite.cuh"

namespace memtrace {

MEMTRACE_KERNEL(fill_log_rows, FillLogRowsArguments) {
  const History& history = arguments.history;
  FillRows rows = {history, arguments.image, arguments.rows,  arguments.traces, arguments.limbs,
                   item,    arguments.fault, RowCounts{0}};
  unite_access(history, event_count(history.events.sorted), arguments.slow[item], rows);
}

MEMTRACE_KERNEL(fill_final_rows, FillFinalRowsArguments) {
  const History& history = arguments.history;
  FillRows rows = {history, arguments.image, arguments.rows,  arguments.traces, arguments.limbs,
                   item,    arguments.fault, RowCounts{0}};
  std::uint32_t events = event_count(history.events.sorted);
  std::uint32_t end = head_end(arguments.heads, item, arguments.items, events);
  if (history.block_cells != 1) {
    unite_chunk(history, events, arguments.heads[item], end, rows);
    return;
  }
  FinalGranule granule = FinalGranule::load(history, end);
  Block block = granule.block(history, events);
  std::uint32_t time = timestamp(history.log, granule.toucher.entry);
  for (std::uint32_t cells = block.cells; cells >= 2; cells /= 2) {
    for (std::uint32_t cell = block.first; cell < block.end(); cell += cells) {
      rows.add(granule.toucher.access.space, {cell, cells}, true, time, time,
               [&](std::uint32_t at) { return granule.toucher.source_at(history, at); });
    }
  }
}

}  // namespace memtrace
