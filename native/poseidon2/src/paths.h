// SPDX-License-Identifier: Apache-2.0
// The ways to compute the permutation, one translation unit each.
#ifndef MEMTRACE_POSEIDON2_PATHS_H
#define MEMTRACE_POSEIDON2_PATHS_H

#include <cstdint>

namespace memtrace::poseidon2 {

using Function = void (*)(const uint32_t* inputs, uint32_t* outputs, uint64_t count);

// The functions of one path, by memtrace_poseidon2_form.
struct Path {
  Function permute[2];
  Function compress[2];
};

extern const Path kPlain;
#if defined(__x86_64__)
extern const Path kAvx2;
extern const Path kAvx512;
#endif

}  // namespace memtrace::poseidon2

#endif
