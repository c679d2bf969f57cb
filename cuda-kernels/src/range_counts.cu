// SPDX-License-Identifier: Apache-2.0
// Requests of each AIR to the range checker.
#include "memtrace/range_counts.cuh"

#include "memtrace/arguments.cuh"
#include "memtrace/columns.cuh"
#include "memtrace/field.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/log_entry.cuh"
#include "memtrace/previous_timestamp.cuh"

namespace memtrace {

MEMTRACE_KERNEL(count_adapter_ranges, CountAdapterRangesArguments) {
  LimbCounter limbs(arguments.table, arguments.clock_bits, item, arguments.fault);
  for_each_row(item, arguments.rows, [&](std::uint64_t row) {
    limbs.add_limbs(field::to_canonical(arguments.low[row]), field::to_canonical(arguments.high[row]));
  });
  limbs.flush();
}

// The last row of the trace is compared too, whether it is used or padding; the last used row before it is not.
MEMTRACE_KERNEL(count_volatile_boundary_ranges, CountVolatileBoundaryRangesArguments) {
  using namespace columns::volatile_boundary;
  KeyCounter spaces(arguments.table, item, arguments.fault);
  LimbCounter pointers(arguments.table, arguments.pointer_bits, item, arguments.fault);
  LimbCounter differences(arguments.table, arguments.address_bits, item, arguments.fault);
  auto cell = [&](std::uint64_t row, std::uint32_t column) {
    return field::to_canonical(arguments.trace[column * arguments.height + row]);
  };
  for_each_row(item, arguments.rows, [&](std::uint64_t row) {
    spaces.add(cell(row, SPACE), static_cast<std::uint32_t>(arguments.space_bits));
    pointers.add_limbs(cell(row, POINTER_LIMB), cell(row, POINTER_LIMB + 1));
    std::uint64_t compared = row + 1 == arguments.rows ? arguments.height - 1 : row;
    differences.add_limbs(cell(compared, LT), cell(compared, LT + 1));
  });
  spaces.flush();
  pointers.flush();
  differences.flush();
}

MEMTRACE_KERNEL(count_aux_ranges, CountAuxRangesArguments) {
  LimbCounter limbs(arguments.table, arguments.clock_bits, item, arguments.fault);
  for_each_row(item, arguments.rows, [&](std::uint64_t row) {
    std::uint64_t index = arguments.first + row;
    if (!LogEntry{arguments.history.log.headers[index]}.is_increment()) {
      limbs.add(arguments.history.log.ticks[index] - previous_timestamp(arguments.history, index));
    }
  });
  limbs.flush();
}

MEMTRACE_KERNEL(sum_copies, SumCopiesArguments) {
  std::uint32_t sum = arguments.counts[item];
  for (std::uint64_t copy = 1; copy < arguments.copies; copy++) {
    sum += arguments.counts[copy * arguments.items + item];
  }
  arguments.counts[item] = sum;
}

}  // namespace memtrace
