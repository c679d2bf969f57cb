// SPDX-License-Identifier: Apache-2.0
// Cells of a column-major Montgomery trace, read and written as canonical integers.
#pragma once

#include "memtrace/field.cuh"
#include "memtrace/kernel.cuh"

namespace memtrace {

struct TraceRow {
  std::uint32_t* first;  // its cell of column 0
  std::uint64_t height;

  MEMTRACE_DEVICE void set(std::uint32_t column, std::uint32_t value) const {
    first[column * height] = field::to_montgomery(value);
  }

  // For values that are in Montgomery form already.
  MEMTRACE_DEVICE void set_montgomery(std::uint32_t column, std::uint32_t value) const {
    first[column * height] = value;
  }

  MEMTRACE_DEVICE std::uint32_t get(std::uint32_t column) const {
    return field::to_canonical(first[column * height]);
  }

  // The two limbs of x, low limb first; x < 2^(2 * limb_bits).
  MEMTRACE_DEVICE void set_limbs(std::uint32_t column, std::uint32_t x, std::uint64_t limb_bits) const {
    set(column, x & ((1u << limb_bits) - 1));
    set(column + 1, x >> limb_bits);
  }
};

}  // namespace memtrace
