// SPDX-License-Identifier: Apache-2.0
// Sixteen states side by side.
#include <immintrin.h>

#include "kernel.h"

namespace memtrace::poseidon2 {
namespace {

struct Avx512 {
  static constexpr uint64_t LANES = 16;
  static constexpr int CHAINS = 2;
  using V = __m512i;
  using W = __m512i;

  static MEMTRACE_INLINE V set(uint32_t a) { return _mm512_set1_epi32(static_cast<int>(a)); }
  static MEMTRACE_INLINE W wide(uint32_t a) { return set(a); }
  static MEMTRACE_INLINE V add(V a, V b) { return _mm512_add_epi32(a, b); }
  static MEMTRACE_INLINE V sub(V a, V b) { return _mm512_sub_epi32(a, b); }
  static MEMTRACE_INLINE V min(V a, V b) { return _mm512_min_epu32(a, b); }
  template <int n>
  static MEMTRACE_INLINE V shift_right(V a) {
    return _mm512_srli_epi32(a, n);
  }
  template <int n>
  static MEMTRACE_INLINE V low(V a) {
    return _mm512_and_si512(a, set((1u << n) - 1));
  }
  // A multiplication of whole words costs two instructions of the processor, one of 16-bit words and a shift too, with less delay.
  template <int n>
  static MEMTRACE_INLINE V times15(V a) {
    if (n > 15) {
      return _mm512_slli_epi32(_mm512_sub_epi32(_mm512_slli_epi32(a, 4), a), 27 - n);
    }
    return _mm512_slli_epi32(_mm512_madd_epi16(a, set(15)), 27 - n);
  }
  template <uint32_t c>
  static MEMTRACE_INLINE V odd_to(V a) {
    return _mm512_maskz_mov_epi32(_mm512_test_epi32_mask(a, set(1)), set(c));
  }
  static MEMTRACE_INLINE W even(V a) { return a; }
  static MEMTRACE_INLINE W odd(V a) { return _mm512_srli_epi64(a, 32); }
  static MEMTRACE_INLINE W multiply(W a, W b) { return _mm512_mul_epi32(a, b); }
  static MEMTRACE_INLINE W subtract(W a, W b) { return _mm512_sub_epi64(a, b); }
  static MEMTRACE_INLINE W high(W a) { return _mm512_srli_epi64(a, 32); }
  static MEMTRACE_INLINE V join(W even, W odd) { return _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB); }

  // Rows of sixteen items become columns.
  static MEMTRACE_INLINE void transpose(const V* rows, V* columns) {
    V pairs[16];
    for (int i = 0; i < 16; i += 2) {
      pairs[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
      pairs[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
    }
    V quads[16];
    for (int i = 0; i < 16; i += 4) {
      quads[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);
      quads[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);
      quads[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
      quads[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
    }
    for (int i = 0; i < 4; i++) {
      V even_low = _mm512_shuffle_i32x4(quads[i], quads[i + 4], 0x88);
      V odd_low = _mm512_shuffle_i32x4(quads[i], quads[i + 4], 0xdd);
      V even_high = _mm512_shuffle_i32x4(quads[i + 8], quads[i + 12], 0x88);
      V odd_high = _mm512_shuffle_i32x4(quads[i + 8], quads[i + 12], 0xdd);
      columns[i] = _mm512_shuffle_i32x4(even_low, even_high, 0x88);
      columns[i + 4] = _mm512_shuffle_i32x4(odd_low, odd_high, 0x88);
      columns[i + 8] = _mm512_shuffle_i32x4(even_low, even_high, 0xdd);
      columns[i + 12] = _mm512_shuffle_i32x4(odd_low, odd_high, 0xdd);
    }
  }

  static MEMTRACE_INLINE void load(const uint32_t* in, V* s) {
    V rows[kWidth];
    for (int i = 0; i < kWidth; i++) {
      rows[i] = _mm512_loadu_si512(in + i * kWidth);
    }
    transpose(rows, s);
  }

  // Of eight words an item, the upper halves of the rows are not stored.
  template <int n>
  static MEMTRACE_INLINE void store(const V* s, uint32_t* out) {
    V columns[kWidth];
    V rows[kWidth];
    for (int i = 0; i < kWidth; i++) {
      columns[i] = s[i % n];
    }
    transpose(columns, rows);
    for (int i = 0; i < kWidth; i++) {
      if (n == kWidth) {
        _mm512_storeu_si512(out + i * n, rows[i]);
      } else {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i * n), _mm512_castsi512_si256(rows[i]));
      }
    }
  }
};

}  // namespace

const Path kAvx512 = Kernel<Avx512>::path();

}  // namespace memtrace::poseidon2
