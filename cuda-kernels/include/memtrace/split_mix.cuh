// SPDX-License-Identifier: Apache-2.0
// SplitMix64 with random access, and its finaliser as a hash.
#pragma once

#include "memtrace/kernel.cuh"

namespace memtrace {

// A bijection of 64-bit words.
MEMTRACE_DEVICE std::uint64_t mix(std::uint64_t z) {
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return z ^ z >> 31;
}

// Word `index` of the stream of a seed.
MEMTRACE_DEVICE std::uint64_t split_mix(std::uint64_t seed, std::uint64_t index) {
  return mix(seed + (index + 1) * 0x9E3779B97F4A7C15u);
}

}  // namespace memtrace
