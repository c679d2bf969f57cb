// SPDX-License-Identifier: Apache-2.0
// The permutation over a type of vectors, included by one translation unit for each.
//
// The type L has a vector V of LANES 32-bit words and a vector W of 64-bit words for half of the lanes, the even or the odd ones:
//   set                        one word in every lane
//   add, sub, min              words modulo 2^32; the minimum is that of unsigned words
//   shift_right<n>, low<n>     the words without their n low binary digits, and these digits alone
//   times15<n>                 l * 15 * 2^(27-n) for words l below 2^n
//   odd_to<c>                  c where a word is odd, else 0
//   even, odd                  the lanes as multiply reads them
//   multiply                   products of the low halves, as signed words
//   subtract                   differences of 64-bit words
//   high                       the high halves as multiply reads them
//   join                       the high halves of the even and the odd lanes
//   CHAINS                     S-boxes that are computed side by side
//   load, store<n>             16 words of each item, n words of each item; lane i is item i
//
// An element is in Montgomery form. It is reduced if it lies in 0 .. P - 1; functions take and return reduced elements where they say nothing else. The
// sum of two is below 2 P and fits a word, which ends at 2.13 P; the sum of three does not.
#ifndef MEMTRACE_POSEIDON2_KERNEL_H
#define MEMTRACE_POSEIDON2_KERNEL_H

#include <cstdint>
#include <cstring>
#include <initializer_list>

#include "constants.h"
#include "paths.h"

#if defined(__SANITIZE_ADDRESS__)
// With the checks, whole rounds in one function take minutes to compile.
#define MEMTRACE_INLINE inline
#else
#define MEMTRACE_INLINE inline __attribute__((always_inline))
#endif

namespace memtrace::poseidon2 {

template <class L>
struct Kernel {
  using V = typename L::V;
  using W = typename L::W;

  static constexpr ShiftedConstants kConstants = shift_constants();

  // In: 0 .. 2 P - 1. A difference below 0 is a large unsigned word.
  static MEMTRACE_INLINE V reduce_sum(V a) { return L::min(a, L::sub(a, L::set(kPrime))); }

  // In: -P .. P - 1.
  static MEMTRACE_INLINE V reduce_difference(V a) { return L::min(a, L::add(a, L::set(kPrime))); }

  static MEMTRACE_INLINE V add(V a, V b) { return reduce_sum(L::add(a, b)); }

  static MEMTRACE_INLINE V sub(V a, V b) { return reduce_difference(L::sub(a, b)); }

  static MEMTRACE_INLINE V twice(V a) { return add(a, a); }

  // Montgomery products in the high halves. With q the low half of a * b / P as a signed word, a * b - q * P is a multiple of 2^32. For |a| and |b| up
  // to P the result is at most P^2 / 2^32 + P / 2 < 0.97 P.
  template <int n>
  static MEMTRACE_INLINE void products(const W* a, const W* b, W* c) {
    W quotients[n];
    for (int i = 0; i < n; i++) {
      c[i] = L::multiply(a[i], b[i]);
    }
    for (int i = 0; i < n; i++) {
      quotients[i] = L::multiply(c[i], L::wide(kPrimeInverse));
    }
    for (int i = 0; i < n; i++) {
      quotients[i] = L::multiply(quotients[i], L::wide(kPrime));
    }
    for (int i = 0; i < n; i++) {
      c[i] = L::subtract(c[i], quotients[i]);
    }
  }

  template <int n>
  static MEMTRACE_INLINE void highs(W* a) {
    for (int i = 0; i < n; i++) {
      a[i] = L::high(a[i]);
    }
  }

  static MEMTRACE_INLINE V multiply(V a, V b) {
    W x[2] = {L::even(a), L::odd(a)};
    W y[2] = {L::even(b), L::odd(b)};
    W c[2];
    products<2>(x, y, c);
    return reduce_difference(L::join(c[0], c[1]));
  }

  // The S-box on n elements, whose chains of dependent products are interleaved. In: -P .. P - 1.
  template <int n>
  static MEMTRACE_INLINE void power7(V* x) {
    W x1[2 * n];
    W x2[2 * n];
    W x3[2 * n];
    for (int i = 0; i < n; i++) {
      x1[2 * i] = L::even(x[i]);
      x1[2 * i + 1] = L::odd(x[i]);
    }
    products<2 * n>(x1, x1, x2);
    highs<2 * n>(x2);
    products<2 * n>(x1, x2, x3);
    highs<2 * n>(x3);
    products<2 * n>(x2, x2, x1);
    highs<2 * n>(x1);
    products<2 * n>(x3, x1, x2);
    for (int i = 0; i < n; i++) {
      x[i] = reduce_difference(L::join(x2[2 * i], x2[2 * i + 1]));
    }
  }

  // a / 2^n. As 1 / 2^n = -15 * 2^(27-n), the quotient is that of the high digits less l * 15 * 2^(27-n) for the low digits l; this is at most P - 1.
  template <int n>
  static MEMTRACE_INLINE V divide(V a) {
    return sub(L::template shift_right<n>(a), L::template times15<n>(L::template low<n>(a)));
  }

  // a / 2: the sum is at most P - 1.
  static MEMTRACE_INLINE V halve(V a) {
    return L::add(L::template shift_right<1>(a), L::template odd_to<(kPrime + 1) / 2>(a));
  }

  // The 4x4 matrix on four elements.
  static MEMTRACE_INLINE void mix(V* x) {
    V a = add(x[0], x[1]);
    V b = add(x[2], x[3]);
    V c = add(a, b);
    V d = add(c, x[1]);
    V e = add(c, x[3]);
    V y1 = add(d, twice(x[2]));
    V y3 = add(e, twice(x[0]));
    x[0] = add(d, a);
    x[1] = y1;
    x[2] = add(e, b);
    x[3] = y3;
  }

  static MEMTRACE_INLINE void external(V* s) {
    for (int i = 0; i < 4; i++) {
      V sum = add(add(s[i], s[4 + i]), add(s[8 + i], s[12 + i]));
      for (int g = 0; g < kWidth; g += 4) {
        s[g + i] = add(s[g + i], sum);
      }
    }
    for (int g = 0; g < kWidth; g += 4) {
      mix(s + g);
    }
  }

  static MEMTRACE_INLINE void full_rounds(V* s, const uint32_t (*constants)[kWidth]) {
    for (int round = 0; round < kHalfFullRounds; round++) {
#pragma GCC unroll 16
      for (int i = 0; i < kWidth; i += L::CHAINS) {
        for (int j = i; j < i + L::CHAINS; j++) {
          s[j] = L::add(s[j], L::set(constants[round][j]));
        }
        power7<L::CHAINS>(s + i);
      }
      external(s);
    }
  }

  static MEMTRACE_INLINE void partial_rounds(V* s) {
    for (int round = 0; round < kPartialRounds; round++) {
      V first = L::add(s[0], L::set(kConstants.partial[round]));
      power7<1>(&first);
      V rest = add(add(add(add(s[1], s[2]), add(s[3], s[4])), add(add(s[5], s[6]), add(s[7], s[8]))),
                   add(add(add(s[9], s[10]), add(s[11], s[12])), add(add(s[13], s[14]), s[15])));
      // What does not wait for the S-box comes before what does.
      s[2] = twice(s[2]);
      s[3] = halve(s[3]);
      s[4] = add(s[4], twice(s[4]));
      s[5] = twice(twice(s[5]));
      s[6] = halve(s[6]);
      s[7] = add(s[7], twice(s[7]));
      s[8] = twice(twice(s[8]));
      s[9] = divide<8>(s[9]);
      s[10] = divide<2>(s[10]);
      s[11] = divide<3>(s[11]);
      s[12] = divide<27>(s[12]);
      s[13] = divide<8>(s[13]);
      s[14] = divide<4>(s[14]);
      s[15] = divide<27>(s[15]);
      V sum = add(rest, first);
      s[0] = sub(rest, first);  // sum - 2 * first
      for (int i : {1, 2, 3, 4, 5, 9, 10, 11, 12}) {
        s[i] = add(sum, s[i]);
      }
      for (int i : {6, 7, 8, 13, 14, 15}) {
        s[i] = sub(sum, s[i]);
      }
    }
  }

  // LANES items.
  template <int outputs, bool canonical>
  static __attribute__((noinline)) void group(const uint32_t* in, uint32_t* out) {
    V s[kWidth];
    L::load(in, s);
    if (canonical) {
      for (V& element : s) {
        element = multiply(element, L::set(kMontgomerySquare));
      }
    }
    external(s);
    full_rounds(s, kConstants.full[0]);
    partial_rounds(s);
    full_rounds(s, kConstants.full[1]);
    if (canonical) {
      for (int i = 0; i < outputs; i++) {
        s[i] = multiply(s[i], L::set(1));
      }
    }
    L::template store<outputs>(s, out);
  }

  template <int outputs, bool canonical>
  static void run(const uint32_t* in, uint32_t* out, uint64_t count) {
    while (count >= L::LANES) {
      group<outputs, canonical>(in, out);
      in += L::LANES * kWidth;
      out += L::LANES * outputs;
      count -= L::LANES;
    }
    if (count > 0) {
      uint32_t padded[L::LANES * kWidth] = {};
      std::memcpy(padded, in, count * kWidth * sizeof(uint32_t));
      group<outputs, canonical>(padded, padded);
      std::memcpy(out, padded, count * outputs * sizeof(uint32_t));
    }
  }

  static constexpr Path path() { return {{run<kWidth, false>, run<kWidth, true>}, {run<kDigest, false>, run<kDigest, true>}}; }
};

}  // namespace memtrace::poseidon2

#endif
