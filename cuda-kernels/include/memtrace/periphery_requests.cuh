// SPDX-License-Identifier: Apache-2.0
// Requests to the Poseidon2 periphery, read where they lie: in the rows of the boundary and of the Merkle trace. Words
// in Montgomery form are below P, so equal words are equal elements.
#pragma once

#include "memtrace/columns.cuh"
#include "memtrace/hashing_arguments.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/poseidon2_digest.cuh"
#include "memtrace/split_mix.cuh"
#include "memtrace/tree_rows.cuh"
#include "memtrace/unroll.cuh"

namespace memtrace {

struct HashInput {
  Digest left;
  Digest right;

  MEMTRACE_DEVICE static HashInput load(const HashRequests& requests, std::uint64_t request) {
    using namespace columns;
    if (request < requests.chunk_rows) {
      return {load_columns(requests.boundary, request, persistent_boundary::VALUES), Digest{}};
    }
    std::uint64_t row = request - requests.chunk_rows;
    return {load_columns(requests.merkle, row, merkle::LEFT_CHILD_HASH),
            load_columns(requests.merkle, row, merkle::RIGHT_CHILD_HASH)};
  }

  MEMTRACE_DEVICE bool equals(const HashInput& other) const {
    std::uint32_t difference = 0;
    MEMTRACE_UNROLL
    for (int i = 0; i < poseidon2::DIGEST; i++) {
      difference |= (left.words[i] ^ other.left.words[i]) | (right.words[i] ^ other.right.words[i]);
    }
    return difference == 0;
  }
};

// Both halves of the 128-bit product, folded.
MEMTRACE_DEVICE std::uint64_t multiply_fold(std::uint64_t a, std::uint64_t b) {
#if defined(__CUDA_ARCH__)
  return (a * b) ^ __umul64hi(a, b);
#else
  __extension__ typedef unsigned __int128 Wide;
  Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
#endif
}

// A hash whose every multiplier is secret: whoever writes the log cannot make inputs that collide whatever the seed.
MEMTRACE_DEVICE std::uint64_t fingerprint(const HashInput& input, std::uint64_t seed) {
  std::uint64_t hash = split_mix(seed, 0);
  MEMTRACE_UNROLL
  for (int i = 0; i < poseidon2::WIDTH; i += 2) {
    const Digest& half = i < poseidon2::DIGEST ? input.left : input.right;
    std::uint64_t low = half.words[i % poseidon2::DIGEST];
    std::uint64_t pair = static_cast<std::uint64_t>(half.words[i % poseidon2::DIGEST + 1]) << 32 | low;
    hash = multiply_fold(hash ^ pair, split_mix(seed, 1 + i / 2) | 1);
  }
  return mix(hash);
}

}  // namespace memtrace
