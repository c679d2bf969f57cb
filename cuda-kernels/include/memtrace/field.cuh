// SPDX-License-Identifier: Apache-2.0
// BabyBear, p = 2^31 - 2^27 + 1, in Montgomery form with R = 2^32. Every value is reduced: below p.
#pragma once

#include "memtrace/kernel.cuh"

namespace memtrace::field {

constexpr std::uint32_t P = 0x78000001;
constexpr std::uint32_t P_INVERSE = 0x88000001;  // P * P_INVERSE = 1 mod 2^32
constexpr std::uint32_t R_SQUARED = 0x45DDDDE3;  // 2^64 mod P
constexpr std::uint32_t ONE = 0x0FFFFFFE;        // 2^32 mod P

// x / 2^32 mod p for x < p * 2^32. With m = x / p mod 2^32, x - m p is a multiple of 2^32, so the quotient is the
// difference of the upper words, each below p.
MEMTRACE_DEVICE std::uint32_t reduce(std::uint64_t x) {
  std::uint32_t m = static_cast<std::uint32_t>(x) * P_INVERSE;
  std::uint32_t subtrahend = static_cast<std::uint32_t>((static_cast<std::uint64_t>(m) * P) >> 32);
  std::uint32_t minuend = static_cast<std::uint32_t>(x >> 32);
  std::uint32_t difference = minuend - subtrahend;
  return minuend < subtrahend ? difference + P : difference;
}

// Product of Montgomery forms; a * b < p^2 < p * 2^32.
MEMTRACE_DEVICE std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
  return reduce(static_cast<std::uint64_t>(a) * b);
}

// Any x below 2^32 will do: x * R_SQUARED < 2^32 * p.
MEMTRACE_DEVICE std::uint32_t to_montgomery(std::uint32_t x) { return multiply(x, R_SQUARED); }

MEMTRACE_DEVICE std::uint32_t to_canonical(std::uint32_t x) { return reduce(x); }

// x^(p - 2), the inverse of x; 0 for 0. In Montgomery form.
MEMTRACE_DEVICE std::uint32_t inverse(std::uint32_t x) {
  std::uint32_t result = ONE;
  std::uint32_t power = x;
  for (std::uint32_t exponent = P - 2; exponent != 0; exponent >>= 1) {
    if (exponent & 1) {
      result = multiply(result, power);
    }
    power = multiply(power, power);
  }
  return result;
}

}  // namespace memtrace::field
