// SPDX-License-Identifier: Apache-2.0
// Digests of 8 words in Montgomery form, and what makes them.
#pragma once

#include "memtrace/kernel.cuh"
#include "memtrace/poseidon2.cuh"
#include "memtrace/unroll.cuh"

namespace memtrace {

struct alignas(16) Digest {
  std::uint32_t words[poseidon2::DIGEST];

  // Digest i of an array.
  MEMTRACE_DEVICE static Digest load(const std::uint32_t* digests, std::uint64_t i) {
    return reinterpret_cast<const Digest*>(digests)[i];
  }

  MEMTRACE_DEVICE void store(std::uint32_t* digests, std::uint64_t i) const {
    reinterpret_cast<Digest*>(digests)[i] = *this;
  }
};

MEMTRACE_DEVICE Digest compress(const Digest& left, const Digest& right) {
  std::uint32_t state[poseidon2::WIDTH];
  MEMTRACE_UNROLL
  for (int i = 0; i < poseidon2::DIGEST; i++) {
    state[i] = left.words[i];
    state[poseidon2::DIGEST + i] = right.words[i];
  }
  poseidon2::permute(state);
  Digest digest;
  MEMTRACE_UNROLL
  for (int i = 0; i < poseidon2::DIGEST; i++) {
    digest.words[i] = state[i];
  }
  return digest;
}

// The hash of a chunk whose 8 cells are in Montgomery form.
MEMTRACE_DEVICE Digest hash_chunk(const Digest& cells) { return compress(cells, Digest{}); }

}  // namespace memtrace
