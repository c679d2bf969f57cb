// SPDX-License-Identifier: Apache-2.0
// The C interface: the choice among the paths.
#include "memtrace/poseidon2.h"
#include "paths.h"

namespace {

using memtrace::poseidon2::Path;

const Path* find(int32_t path) {
  if (path < 0 || path > memtrace_poseidon2_best_path()) {
    return nullptr;
  }
#if defined(__x86_64__)
  if (path == MEMTRACE_POSEIDON2_AVX512) {
    return &memtrace::poseidon2::kAvx512;
  }
  if (path == MEMTRACE_POSEIDON2_AVX2) {
    return &memtrace::poseidon2::kAvx2;
  }
#endif
  return &memtrace::poseidon2::kPlain;
}

bool is_form(int32_t form) { return form == MEMTRACE_POSEIDON2_MONTGOMERY || form == MEMTRACE_POSEIDON2_CANONICAL; }

}  // namespace

#define MEMTRACE_EXPORT extern "C" __attribute__((visibility("default")))

MEMTRACE_EXPORT int32_t memtrace_poseidon2_version(void) { return MEMTRACE_POSEIDON2_VERSION; }

MEMTRACE_EXPORT int32_t memtrace_poseidon2_best_path(void) {
#if defined(__x86_64__)
  // These also ask whether the operating system saves the registers.
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) {
    return MEMTRACE_POSEIDON2_AVX512;
  }
  if (__builtin_cpu_supports("avx2")) {
    return MEMTRACE_POSEIDON2_AVX2;
  }
#endif
  return MEMTRACE_POSEIDON2_PLAIN;
}

MEMTRACE_EXPORT int32_t memtrace_poseidon2_permute(int32_t path, int32_t form, const uint32_t* inputs, uint32_t* outputs, uint64_t count) {
  const Path* found = find(path);
  if (found == nullptr) {
    return MEMTRACE_POSEIDON2_NO_SUCH_PATH;
  }
  if (!is_form(form)) {
    return MEMTRACE_POSEIDON2_NO_SUCH_FORM;
  }
  found->permute[form](inputs, outputs, count);
  return MEMTRACE_POSEIDON2_OK;
}

MEMTRACE_EXPORT int32_t memtrace_poseidon2_compress(int32_t path, int32_t form, const uint32_t* inputs, uint32_t* outputs, uint64_t count) {
  const Path* found = find(path);
  if (found == nullptr) {
    return MEMTRACE_POSEIDON2_NO_SUCH_PATH;
  }
  if (!is_form(form)) {
    return MEMTRACE_POSEIDON2_NO_SUCH_FORM;
  }
  found->compress[form](inputs, outputs, count);
  return MEMTRACE_POSEIDON2_OK;
}
