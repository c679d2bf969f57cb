// SPDX-License-Identifier: Apache-2.0
// The fingerprint of a trace. Its bytes (column-major Montgomery words, little-endian) as signed integers form a matrix
// M of 65,536 rows, column after column, padded with zeros. R is a random matrix of 16 rows of 65,536 signed bytes:
// byte b of word j of SplitMix64 is its element 8 j + b, row after row. The fingerprint is the sum over i and j of (R
// M)[i][j] * w[i][j] mod 2^64, where w[i][j] is word 131,072 + 16 j + i of the stream.
//
// No element of R M exceeds 65,536 * 2^14 = 2^30, and the sum over a part of a column is linear, so strips add up.
#pragma once

#include "memtrace/kernel.cuh"
#include "memtrace/split_mix.cuh"
#include "memtrace/unroll.cuh"

namespace memtrace::fingerprinting {

constexpr std::uint32_t ROWS = 16;
constexpr std::uint32_t COLUMN_WORDS = 16384;  // of 4 bytes
constexpr std::uint64_t MATRIX_WORDS = std::uint64_t{ROWS} * COLUMN_WORDS / 2;  // of 8 bytes

constexpr std::uint32_t STRIPS = 64;  // of a column
constexpr std::uint32_t STRIP_WORDS = COLUMN_WORDS / STRIPS;

struct alignas(16) FourWords {
  std::uint32_t words[4];
};

// sum + the scalar product of four signed bytes each.
MEMTRACE_DEVICE std::int32_t add_products(std::uint32_t a, std::uint32_t b, std::int32_t sum) {
#if defined(__CUDA_ARCH__)
  return __dp4a(static_cast<std::int32_t>(a), static_cast<std::int32_t>(b), sum);
#else
  for (int shift = 0; shift < 32; shift += 8) {
    sum += static_cast<std::int8_t>(a >> shift) * static_cast<std::int8_t>(b >> shift);
  }
  return sum;
#endif
}

// Four words from `first` on, zero behind the end.
MEMTRACE_DEVICE FourWords load_padded(const std::uint32_t* cells, std::uint64_t words, std::uint64_t first) {
  if (first + 4 <= words) {
    return reinterpret_cast<const FourWords*>(cells)[first / 4];
  }
  FourWords padded{};
  MEMTRACE_UNROLL
  for (std::uint32_t i = 0; i < 3; i++) {
    if (first + i < words) {
      padded.words[i] = cells[first + i];
    }
  }
  return padded;
}

}  // namespace memtrace::fingerprinting
