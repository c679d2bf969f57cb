// SPDX-License-Identifier: Apache-2.0
// Rows of the access adapters.
//
// One access of n cells adds at most 2n/s + 1 rows to the adapter of size s: merges of size s are nodes of the access's
// tree, of which n/s exist; splits of size s cut disjoint blocks (what an access has merged it does not split), each of
// which meets the range, and at most n/s + 1 disjoint intervals of s cells do. A block of n cells adds n/s rows in the
// volatile finalisation. With n <= 32 and s >= 2 that is at most 33: 6 bits an adapter.
#pragma once

#include "memtrace/arguments.cuh"
#include "memtrace/bits.cuh"
#include "memtrace/buddy.cuh"
#include "memtrace/cell_values.cuh"
#include "memtrace/columns.cuh"
#include "memtrace/fault.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/trace.cuh"
#include "memtrace/unite.cuh"

namespace memtrace {

// Index of the adapter for blocks of a size.
MEMTRACE_DEVICE std::uint32_t adapter_of(std::uint32_t cells) { return lowest_bit(cells) - 1; }

// Rows by adapter, 6 bits each.
struct RowCounts {
  std::uint32_t packed;

  MEMTRACE_DEVICE std::uint32_t of(std::uint32_t adapter) const { return packed >> (6 * adapter) & 63u; }

  // Whether there was room.
  MEMTRACE_DEVICE bool add(std::uint32_t adapter, std::uint32_t rows) {
    packed += rows << (6 * adapter);
    return of(adapter) >= rows;
  }
};

// Counts the rows of `where`.
struct CountRows {
  RowCounts counts;
  std::uint64_t where;  // log index or head, for faults
  std::uint64_t* fault;

  MEMTRACE_DEVICE void add(std::uint32_t cells, std::uint32_t rows) {
    if (!counts.add(adapter_of(cells), rows)) {
      raise(fault, FaultKind::ROW_COUNT, where, cells);
    }
  }

  MEMTRACE_DEVICE void split(const Window&, Block block, std::uint32_t) { add(block.cells, 1); }

  MEMTRACE_DEVICE void merge(const Window&, Block block, std::uint32_t, std::uint32_t) { add(block.cells, 1); }
};

// Columns of the adapter for n cells, which come after its values: they are n further than if it had none.
namespace adapter_columns {

namespace two = columns::access_adapter_2;

constexpr std::uint32_t IS_VALID = two::IS_VALID;
constexpr std::uint32_t IS_SPLIT = two::IS_SPLIT;
constexpr std::uint32_t SPACE = two::SPACE;
constexpr std::uint32_t POINTER = two::POINTER;
constexpr std::uint32_t VALUES = two::VALUES;
constexpr std::uint32_t LEFT_TIMESTAMP = two::LEFT_TIMESTAMP - 2;
constexpr std::uint32_t RIGHT_TIMESTAMP = two::RIGHT_TIMESTAMP - 2;
constexpr std::uint32_t IS_RIGHT_LARGER = two::IS_RIGHT_LARGER - 2;
constexpr std::uint32_t LT = two::LT - 2;
constexpr std::uint32_t WIDTH = two::WIDTH - 2;

#define MEMTRACE_SAME_COLUMNS(n)                                                                            \
  static_assert(columns::access_adapter_##n::IS_VALID == IS_VALID &&                                        \
                columns::access_adapter_##n::IS_SPLIT == IS_SPLIT &&                                        \
                columns::access_adapter_##n::SPACE == SPACE &&                                              \
                columns::access_adapter_##n::POINTER == POINTER &&                                          \
                columns::access_adapter_##n::VALUES == VALUES &&                                            \
                columns::access_adapter_##n::LEFT_TIMESTAMP == LEFT_TIMESTAMP + n &&                        \
                columns::access_adapter_##n::RIGHT_TIMESTAMP == RIGHT_TIMESTAMP + n &&                      \
                columns::access_adapter_##n::IS_RIGHT_LARGER == IS_RIGHT_LARGER + n &&                      \
                columns::access_adapter_##n::LT == LT + n && columns::access_adapter_##n::WIDTH == WIDTH + n)
MEMTRACE_SAME_COLUMNS(2);
MEMTRACE_SAME_COLUMNS(4);
MEMTRACE_SAME_COLUMNS(8);
MEMTRACE_SAME_COLUMNS(16);
MEMTRACE_SAME_COLUMNS(32);
#undef MEMTRACE_SAME_COLUMNS

}  // namespace adapter_columns

// Writes the rows of one item. `counts` holds those written so far.
struct FillRows {
  const History& history;
  const Image& image;
  const RowOffsets& rows;
  const AdapterTraces& traces;
  const Limbs& limbs;
  std::uint64_t item;
  std::uint64_t* fault;
  RowCounts counts;

  // Writes a row; `source(cell)` tells where each cell's history stands.
  template <class SourceOf>
  MEMTRACE_DEVICE void add(std::uint32_t space, Block block, bool is_split, std::uint32_t left, std::uint32_t right,
                           const SourceOf& source) {
    using namespace adapter_columns;
    std::uint32_t adapter = adapter_of(block.cells);
    std::uint64_t height = traces.height[adapter];
    std::uint64_t index = rows.first[adapter] + rows.offsets[adapter][item] + counts.of(adapter);
    counts.add(adapter, 1);
    if (index >= height) {
      raise(fault, FaultKind::ROW_OUTSIDE_TRACE, WIDTH + block.cells, index);
      return;
    }
    TraceRow row = {traces.trace[adapter] + index, height};
    std::uint32_t n = block.cells;
    row.set_montgomery(IS_VALID, field::ONE);
    row.set_montgomery(IS_SPLIT, is_split ? field::ONE : 0);
    row.set(SPACE, space_number(history.geometry, space));
    row.set(POINTER, block.first);
    row.set(LEFT_TIMESTAMP + n, left);
    row.set(RIGHT_TIMESTAMP + n, right);
    row.set_montgomery(IS_RIGHT_LARGER + n, left < right ? field::ONE : 0);
    row.set_limbs(LT + n, (right - left - 1) & low_bits(static_cast<std::uint32_t>(limbs.clock_bits)), limbs.limb_bits);
    for (std::uint32_t cell = block.first; cell < block.end();) {
      std::uint32_t bits = granule_bits(history.geometry, space, cell);
      std::uint32_t end = smaller(block.end(), (cell | low_bits(bits)) + 1);
      const std::uint32_t* values = granule_values(history, image, source(cell), space, cell, bits);
      for (std::uint32_t column = VALUES + (cell - block.first); cell < end; cell++, column++) {
        row.set(column, values == nullptr ? 0 : *values++);
      }
    }
  }

  // All cells of a block that is split have the same last toucher, that of the anchor, or none.
  MEMTRACE_DEVICE void split(const Window& window, Block block, std::uint32_t anchor) {
    std::uint32_t source = window.source[anchor];
    std::uint32_t time = window.timestamp[anchor];
    if (source == 0) {
      add(window.space, block, true, time, time, [](std::uint32_t) { return 0u; });
    } else {
      Toucher toucher = Toucher::of_source(history, source);
      add(window.space, block, true, time, time,
          [&](std::uint32_t cell) { return toucher.source_at(history, cell); });
    }
  }

  MEMTRACE_DEVICE void merge(const Window& window, Block block, std::uint32_t left, std::uint32_t right) {
    add(window.space, block, false, left, right,
        [&](std::uint32_t cell) { return window.source[cell - window.first]; });
  }
};

}  // namespace memtrace
