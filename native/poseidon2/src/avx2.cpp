// SPDX-License-Identifier: Apache-2.0
// Eight states side by side.
#include <immintrin.h>

#include "kernel.h"

namespace memtrace::poseidon2 {
namespace {

struct Avx2 {
  static constexpr uint64_t LANES = 8;
  static constexpr int CHAINS = 2;
  using V = __m256i;
  using W = __m256i;

  static MEMTRACE_INLINE V set(uint32_t a) { return _mm256_set1_epi32(static_cast<int>(a)); }
  static MEMTRACE_INLINE W wide(uint32_t a) { return set(a); }
  static MEMTRACE_INLINE V add(V a, V b) { return _mm256_add_epi32(a, b); }
  static MEMTRACE_INLINE V sub(V a, V b) { return _mm256_sub_epi32(a, b); }
  static MEMTRACE_INLINE V min(V a, V b) { return _mm256_min_epu32(a, b); }
  template <int n>
  static MEMTRACE_INLINE V shift_right(V a) {
    return _mm256_srli_epi32(a, n);
  }
  template <int n>
  static MEMTRACE_INLINE V low(V a) {
    return _mm256_and_si256(a, set((1u << n) - 1));
  }
  // An instruction by name: for a constant that it knows, the compiler puts three to four shifts and additions in its place.
  template <uint32_t c>
  static MEMTRACE_INLINE V times(V a) {
    alignas(V) static constexpr uint32_t kFactor[LANES] = {c, c, c, c, c, c, c, c};
    V product;
    __asm__("vpmulld %2, %1, %0" : "=x"(product) : "x"(a), "m"(kFactor));
    return product;
  }
  template <int n>
  static MEMTRACE_INLINE V times15(V a) {
    if (n == 27) {
      return _mm256_sub_epi32(_mm256_slli_epi32(a, 4), a);
    }
    return times<15u << (n < 27 ? 27 - n : 0)>(a);
  }
  template <uint32_t c>
  static MEMTRACE_INLINE V odd_to(V a) {
    return times<c>(low<1>(a));
  }
  static MEMTRACE_INLINE W even(V a) { return a; }
  static MEMTRACE_INLINE W odd(V a) { return _mm256_srli_epi64(a, 32); }
  static MEMTRACE_INLINE W multiply(W a, W b) { return _mm256_mul_epi32(a, b); }
  static MEMTRACE_INLINE W subtract(W a, W b) { return _mm256_sub_epi64(a, b); }
  static MEMTRACE_INLINE W high(W a) { return _mm256_srli_epi64(a, 32); }
  static MEMTRACE_INLINE V join(W even, W odd) { return _mm256_blend_epi32(high(even), odd, 0xaa); }

  // Rows of eight items become columns.
  static MEMTRACE_INLINE void transpose(const V* rows, V* columns) {
    V pairs[8];
    for (int i = 0; i < 8; i += 2) {
      pairs[i] = _mm256_unpacklo_epi32(rows[i], rows[i + 1]);
      pairs[i + 1] = _mm256_unpackhi_epi32(rows[i], rows[i + 1]);
    }
    V quads[8];
    for (int i = 0; i < 8; i += 4) {
      quads[i] = _mm256_unpacklo_epi64(pairs[i], pairs[i + 2]);
      quads[i + 1] = _mm256_unpackhi_epi64(pairs[i], pairs[i + 2]);
      quads[i + 2] = _mm256_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
      quads[i + 3] = _mm256_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
    }
    for (int i = 0; i < 4; i++) {
      columns[i] = _mm256_permute2x128_si256(quads[i], quads[i + 4], 0x20);
      columns[i + 4] = _mm256_permute2x128_si256(quads[i], quads[i + 4], 0x31);
    }
  }

  static MEMTRACE_INLINE void load(const uint32_t* in, V* s) {
    for (int half = 0; half < kWidth; half += 8) {
      V rows[8];
      for (int i = 0; i < 8; i++) {
        rows[i] = _mm256_loadu_si256(reinterpret_cast<const V*>(in + i * kWidth + half));
      }
      transpose(rows, s + half);
    }
  }

  template <int n>
  static MEMTRACE_INLINE void store(const V* s, uint32_t* out) {
    for (int half = 0; half < n; half += 8) {
      V rows[8];
      transpose(s + half, rows);
      for (int i = 0; i < 8; i++) {
        _mm256_storeu_si256(reinterpret_cast<V*>(out + i * n + half), rows[i]);
      }
    }
  }
};

}  // namespace

const Path kAvx2 = Kernel<Avx2>::path();

}  // namespace memtrace::poseidon2
