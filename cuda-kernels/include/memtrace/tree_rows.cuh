// SPDX-License-Identifier: Apache-2.0
// Digests and chunks in column-major traces.
#pragma once

#include "memtrace/columns.cuh"
#include "memtrace/field.cuh"
#include "memtrace/hashing_arguments.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/poseidon2_digest.cuh"
#include "memtrace/tree_nodes.cuh"
#include "memtrace/unroll.cuh"

namespace memtrace {

// The 8 words of a row from a column on.
MEMTRACE_DEVICE Digest load_columns(const TraceColumns& trace, std::uint64_t row, std::uint32_t column) {
  const std::uint32_t* cell = trace.cells + column * trace.height + row;
  Digest words;
  MEMTRACE_UNROLL
  for (int i = 0; i < poseidon2::DIGEST; i++, cell += trace.height) {
    words.words[i] = *cell;
  }
  return words;
}

// Two neighbouring rows of a trace. The cells of a column are written one right after the other: they share a sector.
struct RowPair {
  std::uint32_t* first;  // cell of column 0 in the upper row
  std::uint64_t height;

  MEMTRACE_DEVICE void set_montgomery(std::uint32_t column, std::uint32_t before, std::uint32_t after) const {
    std::uint32_t* cell = first + column * height;
    cell[0] = before;
    cell[1] = after;
  }

  // A canonical value for both rows.
  MEMTRACE_DEVICE void set(std::uint32_t column, std::uint32_t value) const {
    std::uint32_t word = field::to_montgomery(value);
    set_montgomery(column, word, word);
  }

  MEMTRACE_DEVICE void set(std::uint32_t column, const Digest& before, const Digest& after) const {
    MEMTRACE_UNROLL
    for (int i = 0; i < poseidon2::DIGEST; i++) {
      set_montgomery(column + i, before.words[i], after.words[i]);
    }
  }
};

MEMTRACE_DEVICE bool is_zero(const Digest& words) {
  std::uint32_t any = 0;
  MEMTRACE_UNROLL
  for (int i = 0; i < poseidon2::DIGEST; i++) {
    any |= words.words[i];
  }
  return any == 0;
}

// The final values of touched chunk i.
MEMTRACE_DEVICE Digest final_values(const TraceColumns& boundary, std::uint64_t i) {
  return load_columns(boundary, 2 * i + 1, columns::persistent_boundary::VALUES);
}

// A node of the tree before or after a segment.
struct NodeState {
  Digest parent;
  Digest left;
  Digest right;
};

// Writes the rows of a node. An untouched child makes the final row differ in direction.
MEMTRACE_DEVICE void fill_merkle_rows(RowPair rows, const TreeShape& shape, std::uint64_t height, std::uint64_t index,
                                      const NodeState& before, const NodeState& after, bool is_left_touched,
                                      bool is_right_touched) {
  using namespace columns::merkle;
  bool is_section = height > shape.address_height;
  std::uint64_t below = is_section ? 0 : shape.address_height - height;
  std::uint64_t space = index >> below;
  rows.set_montgomery(EXPAND_DIRECTION, field::ONE, field::P - field::ONE);
  rows.set(HEIGHT_SECTION, is_section ? 1 : 0);
  rows.set(PARENT_HEIGHT, static_cast<std::uint32_t>(height));
  rows.set(IS_ROOT, height == shape.root_height ? 1 : 0);
  rows.set(AS_LABEL, static_cast<std::uint32_t>(space));
  rows.set(ADDRESS_LABEL, static_cast<std::uint32_t>(index - (space << below)));
  rows.set(PARENT_HASH, before.parent, after.parent);
  rows.set(LEFT_CHILD_HASH, before.left, after.left);
  rows.set(RIGHT_CHILD_HASH, before.right, after.right);
  rows.set_montgomery(LEFT_DIRECTION_DIFFERENT, 0, is_left_touched ? 0 : field::ONE);
  rows.set_montgomery(RIGHT_DIRECTION_DIFFERENT, 0, is_right_touched ? 0 : field::ONE);
}

}  // namespace memtrace
