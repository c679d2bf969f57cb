// SPDX-License-Identifier: Apache-2.0
// Poseidon2 over arrays.
#include "memtrace/hashing_arguments.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/poseidon2.cuh"
#include "memtrace/poseidon2_digest.cuh"

namespace memtrace {

MEMTRACE_KERNEL(poseidon2_permute, Poseidon2PermuteArguments) {
  Digest left = Digest::load(arguments.states, 2 * item);
  Digest right = Digest::load(arguments.states, 2 * item + 1);
  std::uint32_t state[poseidon2::WIDTH];
  MEMTRACE_UNROLL
  for (int i = 0; i < poseidon2::DIGEST; i++) {
    state[i] = left.words[i];
    state[poseidon2::DIGEST + i] = right.words[i];
  }
  poseidon2::permute(state);
  MEMTRACE_UNROLL
  for (int i = 0; i < poseidon2::DIGEST; i++) {
    left.words[i] = state[i];
    right.words[i] = state[poseidon2::DIGEST + i];
  }
  left.store(arguments.states, 2 * item);
  right.store(arguments.states, 2 * item + 1);
}

MEMTRACE_KERNEL(poseidon2_compress, Poseidon2CompressArguments) {
  compress(Digest::load(arguments.pairs, 2 * item), Digest::load(arguments.pairs, 2 * item + 1))
      .store(arguments.digests, item);
}

MEMTRACE_KERNEL(zero_hashes, ZeroHashesArguments) {
  Digest digest{};
  for (int height = 0; height < ZERO_HASHES; height++) {
    digest = compress(digest, digest);
    digest.store(arguments.digests, height);
  }
}

}  // namespace memtrace
