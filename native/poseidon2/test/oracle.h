// SPDX-License-Identifier: Apache-2.0
// The permutation as the specification writes it, with full matrices and remainders.
#ifndef MEMTRACE_POSEIDON2_ORACLE_H
#define MEMTRACE_POSEIDON2_ORACLE_H

#include <algorithm>
#include <cstdint>

#include "constants.h"

namespace memtrace::poseidon2 {

inline uint64_t multiply(uint64_t a, uint64_t b) { return a * b % kPrime; }

inline uint64_t power(uint64_t a, uint32_t exponent) {
  uint64_t result = 1;
  for (uint32_t bit = 1u << 31; bit != 0; bit >>= 1) {
    result = multiply(result, result);
    if (exponent & bit) {
      result = multiply(result, a);
    }
  }
  return result;
}

inline uint64_t power7(uint64_t a) {
  uint64_t square = multiply(a, a);
  return multiply(multiply(square, square), multiply(square, a));
}

inline uint32_t to_montgomery(uint32_t a) { return static_cast<uint32_t>((static_cast<uint64_t>(a) << 32) % kPrime); }

class Oracle {
 public:
  Oracle() {
    const int numerators[] = {-2, 1, 2, 1, 3, 4, -1, -3, -4, 1, 1, 1, 1, -1, -1, -1};
    const int denominators[] = {0, 0, 0, 1, 0, 0, 1, 0, 0, 8, 2, 3, 27, 8, 4, 27};
    const int matrix[4][4] = {{2, 3, 1, 1}, {1, 2, 3, 1}, {1, 1, 2, 3}, {3, 1, 1, 2}};
    for (int i = 0; i < kWidth; i++) {
      uint64_t inverse = power(1u << denominators[i], kPrime - 2);
      for (int j = 0; j < kWidth; j++) {
        external_[i][j] = (i / 4 == j / 4 ? 2 : 1) * matrix[i % 4][j % 4];
        internal_[i][j] = 1 + (i == j ? multiply(inverse, kPrime + numerators[i]) : 0);
      }
    }
  }

  void permute(const uint32_t* in, uint32_t* out) const {
    uint64_t s[kWidth];
    std::copy(in, in + kWidth, s);
    apply(external_, s);
    full(kBeginning, s);
    for (uint32_t constant : kPartial) {
      s[0] = power7((s[0] + constant) % kPrime);
      apply(internal_, s);
    }
    full(kEnding, s);
    std::copy(s, s + kWidth, out);
  }

 private:
  void full(const uint32_t (&constants)[kHalfFullRounds][kWidth], uint64_t* s) const {
    for (const auto& round : constants) {
      for (int i = 0; i < kWidth; i++) {
        s[i] = power7((s[i] + round[i]) % kPrime);
      }
      apply(external_, s);
    }
  }

  static void apply(const uint64_t (&matrix)[kWidth][kWidth], uint64_t* s) {
    uint64_t result[kWidth];
    for (int i = 0; i < kWidth; i++) {
      uint64_t sum = 0;
      for (int j = 0; j < kWidth; j++) {
        sum += multiply(matrix[i][j], s[j]);
      }
      result[i] = sum % kPrime;
    }
    std::copy(result, result + kWidth, s);
  }

  uint64_t external_[kWidth][kWidth];
  uint64_t internal_[kWidth][kWidth];
};

}  // namespace memtrace::poseidon2

#endif
