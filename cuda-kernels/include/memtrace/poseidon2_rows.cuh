// SPDX-License-Identifier: Apache-2.0
// Rows of the trace of the permutation, with one S-box register (the cube of its factor) or without. The order of the
// columns is that in which the permutation computes them.
#pragma once

#include "memtrace/columns.cuh"
#include "memtrace/field.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/poseidon2.cuh"
#include "memtrace/unroll.cuh"

namespace memtrace {

// Fills a row from left to right, as an observer of its permutation. Words are in Montgomery form.
template <int REGISTERS>
class Poseidon2Row {
 public:
  static constexpr int WIDTH = 1 + poseidon2::WIDTH +
                               2 * poseidon2::HALF_FULL_ROUNDS * poseidon2::WIDTH * (REGISTERS + 1) +
                               poseidon2::PARTIAL_ROUNDS * (REGISTERS + 1) + 1;

  // Of a column-major trace; `cell` is that of column 0.
  MEMTRACE_DEVICE Poseidon2Row(std::uint32_t* cell, std::uint64_t height) : cell_(cell), height_(height) {}

  MEMTRACE_DEVICE void add(std::uint32_t word) {
    *cell_ = word;
    cell_ += height_;
  }

  MEMTRACE_DEVICE void cubes(const std::int32_t (&cubes)[poseidon2::WIDTH]) {
    if (REGISTERS == 1) {
      MEMTRACE_UNROLL
      for (int i = 0; i < poseidon2::WIDTH; i++) {
        add(poseidon2::add_once(static_cast<std::uint32_t>(cubes[i])));
      }
    }
  }

  MEMTRACE_DEVICE void state(const std::uint32_t (&state)[poseidon2::WIDTH]) {
    MEMTRACE_UNROLL
    for (int i = 0; i < poseidon2::WIDTH; i++) {
      add(state[i]);
    }
  }

  MEMTRACE_DEVICE void powers(poseidon2::Powers powers) {
    if (REGISTERS == 1) {
      add(poseidon2::add_once(static_cast<std::uint32_t>(powers.cube)));
    }
    add(powers.seventh);
  }

 private:
  std::uint32_t* cell_;
  std::uint64_t height_;
};

static_assert(Poseidon2Row<1>::WIDTH == columns::poseidon2_1::WIDTH, "the columns have no gaps");
static_assert(Poseidon2Row<0>::WIDTH == columns::poseidon2_0::WIDTH, "the columns have no gaps");
static_assert(columns::poseidon2_1::BEGINNING_FULL_0_REG < columns::poseidon2_1::BEGINNING_FULL_0_POST &&
                  columns::poseidon2_1::PARTIAL_0_REG < columns::poseidon2_1::PARTIAL_0_POST_SBOX,
              "a register comes before what is computed from it");

}  // namespace memtrace
