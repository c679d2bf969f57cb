// SPDX-License-Identifier: Apache-2.0
// Bit counting of 32-bit words.
#pragma once

#include "memtrace/kernel.cuh"

namespace memtrace {

// Index of the lowest set bit; x != 0.
MEMTRACE_DEVICE std::uint32_t lowest_bit(std::uint32_t x) {
#if defined(__CUDA_ARCH__)
  return static_cast<std::uint32_t>(__ffs(static_cast<int>(x)) - 1);
#else
  return static_cast<std::uint32_t>(__builtin_ctz(x));
#endif
}

// Index of the highest set bit; x != 0.
MEMTRACE_DEVICE std::uint32_t highest_bit(std::uint32_t x) {
#if defined(__CUDA_ARCH__)
  return 31u - static_cast<std::uint32_t>(__clz(static_cast<int>(x)));
#else
  return 31u - static_cast<std::uint32_t>(__builtin_clz(x));
#endif
}

// The n lowest bits set; n < 32.
MEMTRACE_DEVICE std::uint32_t low_bits(std::uint32_t n) { return (1u << n) - 1u; }

MEMTRACE_DEVICE std::uint32_t smaller(std::uint32_t a, std::uint32_t b) { return a < b ? a : b; }

MEMTRACE_DEVICE std::uint32_t larger(std::uint32_t a, std::uint32_t b) { return a < b ? b : a; }

}  // namespace memtrace
