// SPDX-License-Identifier: Apache-2.0
// The boundary of volatile memory: a row for each touched cell, ascending, each compared to the next.
#include "memtrace/arguments.cuh"
#include "memtrace/cell_values.cuh"
#include "memtrace/columns.cuh"
#include "memtrace/events.cuh"
#include "memtrace/fault.cuh"
#include "memtrace/field.cuh"
#include "memtrace/heads.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/log_entry.cuh"
#include "memtrace/trace.cuh"

namespace memtrace {

namespace boundary = columns::volatile_boundary;

MEMTRACE_KERNEL(volatile_boundary_cells, VolatileBoundaryCellsArguments) {
  const History& history = arguments.history;
  std::uint32_t events = event_count(history.events.sorted);
  std::uint32_t end = head_end(arguments.heads, item, arguments.items, events);
  FinalGranule granule = FinalGranule::load(history, end);
  std::uint64_t first = arguments.row_offsets[item];
  if (first + granule.cells.cells > arguments.height) {
    raise(arguments.fault, FaultKind::ROW_OUTSIDE_TRACE, boundary::WIDTH, first);
    return;
  }
  std::uint32_t space = granule.toucher.access.space;
  std::uint32_t written = history.events.values[granule.source - 1];
  const std::uint32_t* values = written == 0 ? nullptr : history.log.cells + (written - 1);
  for (std::uint32_t i = 0; i < granule.cells.cells; i++) {
    TraceRow row = {arguments.trace + first + i, arguments.height};
    row.set(boundary::SPACE, space_number(history.geometry, space));
    row.set_limbs(boundary::POINTER_LIMB, granule.cells.first + i, arguments.limb_bits);
    row.set(boundary::FINAL_DATA, values == nullptr ? 0 : values[i]);
    row.set(boundary::FINAL_TIMESTAMP, timestamp(history.log, granule.toucher.entry));
    row.set_montgomery(boundary::IS_VALID, field::ONE);
  }
}

MEMTRACE_DEVICE std::uint32_t pointer_of(TraceRow row, std::uint64_t limb_bits) {
  return row.get(boundary::POINTER_LIMB) | row.get(boundary::POINTER_LIMB + 1) << limb_bits;
}

MEMTRACE_KERNEL(volatile_boundary_compare, VolatileBoundaryCompareArguments) {
  TraceRow row = {arguments.trace + item, arguments.height};
  if (item + 1 < arguments.items) {
    TraceRow next = {row.first + 1, arguments.height};
    std::uint32_t marker = 0;
    std::uint32_t difference = next.get(boundary::SPACE) - row.get(boundary::SPACE);
    if (difference == 0) {
      marker = 1;
      difference = pointer_of(next, arguments.limb_bits) - pointer_of(row, arguments.limb_bits);
    }
    row.set_montgomery(boundary::DIFF_MARKER + marker, field::ONE);
    row.set_montgomery(boundary::DIFF_INV,
                       difference == 1 ? field::ONE : field::inverse(field::to_montgomery(difference)));
    row.set_limbs(boundary::LT, difference - 1, arguments.limb_bits);
  } else {
    // The last row of the trace is compared with the first one, which the AIR does not constrain.
    TraceRow last = {arguments.trace + arguments.height - 1, arguments.height};
    last.set_limbs(boundary::LT, (1u << arguments.address_bits) - 1, arguments.limb_bits);
  }
}

}  // namespace memtrace
