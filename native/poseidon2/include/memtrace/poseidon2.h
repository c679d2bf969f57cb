// SPDX-License-Identifier: Apache-2.0
// Many Poseidon2 permutations over BabyBear at width 16, side by side in vector registers.
//
// An element is a 32-bit word, in Montgomery form (x * 2^32 mod P) or canonical, as a call says; both in 0 .. P - 1. A word outside of it
// gives an undefined result for its item and changes nothing else. Every function may be called by any number of threads.
#ifndef MEMTRACE_POSEIDON2_H
#define MEMTRACE_POSEIDON2_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MEMTRACE_POSEIDON2_VERSION 1

// How the permutation is computed; greater is faster.
enum memtrace_poseidon2_path {
  MEMTRACE_POSEIDON2_PLAIN = 0,   // C++ without vector instructions
  MEMTRACE_POSEIDON2_AVX2 = 1,    // 8 states side by side
  MEMTRACE_POSEIDON2_AVX512 = 2,  // 16 states side by side; AVX-512 F and BW
};

// What the words of a call are.
enum memtrace_poseidon2_form {
  MEMTRACE_POSEIDON2_MONTGOMERY = 0,
  MEMTRACE_POSEIDON2_CANONICAL = 1,
};

enum memtrace_poseidon2_status {
  MEMTRACE_POSEIDON2_OK = 0,
  MEMTRACE_POSEIDON2_NO_SUCH_PATH = 1,  // the processor or the build lacks it; nothing is written
  MEMTRACE_POSEIDON2_NO_SUCH_FORM = 2,  // nothing is written
};

// MEMTRACE_POSEIDON2_VERSION of the library.
int32_t memtrace_poseidon2_version(void);

// The greatest path that the processor, its operating system and the build have.
int32_t memtrace_poseidon2_best_path(void);

// Item i reads 16 words at inputs + 16 * i, its state, and writes the 16 of the permuted state at outputs + 16 * i. The ranges may be the same;
// otherwise they must not overlap.
int32_t memtrace_poseidon2_permute(int32_t path, int32_t form, const uint32_t* inputs, uint32_t* outputs, uint64_t count);

// As permute, but writes the first 8 words of the permuted state only, at outputs + 8 * i: the compression of two digests, or the hash of a chunk
// beside 8 zeros. The ranges must not overlap.
int32_t memtrace_poseidon2_compress(int32_t path, int32_t form, const uint32_t* inputs, uint32_t* outputs, uint64_t count);

#ifdef __cplusplus
}
#endif

#endif
