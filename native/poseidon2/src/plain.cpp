// SPDX-License-Identifier: Apache-2.0
// One state at a time, without vector instructions: two half words of the kernel's vector are one lane and an empty one.
#include "kernel.h"

namespace memtrace::poseidon2 {
namespace {

struct Plain {
  static constexpr uint64_t LANES = 1;
  static constexpr int CHAINS = 2;
  using V = uint32_t;
  struct W {
    int64_t value;
  };

  static MEMTRACE_INLINE V set(uint32_t a) { return a; }
  static MEMTRACE_INLINE W wide(uint32_t a) { return {static_cast<int32_t>(a)}; }
  static MEMTRACE_INLINE V add(V a, V b) { return a + b; }
  static MEMTRACE_INLINE V sub(V a, V b) { return a - b; }
  static MEMTRACE_INLINE V min(V a, V b) { return a < b ? a : b; }
  template <int n>
  static MEMTRACE_INLINE V shift_right(V a) {
    return a >> n;
  }
  template <int n>
  static MEMTRACE_INLINE V low(V a) {
    return a & ((1u << n) - 1);
  }
  template <int n>
  static MEMTRACE_INLINE V times15(V a) {
    return a * (15u << (27 - n));
  }
  template <uint32_t c>
  static MEMTRACE_INLINE V odd_to(V a) {
    return (0 - (a & 1)) & c;
  }
  static MEMTRACE_INLINE W even(V a) { return {static_cast<int32_t>(a)}; }
  static MEMTRACE_INLINE W odd(V) { return {0}; }
  static MEMTRACE_INLINE W multiply(W a, W b) {
    return {static_cast<int64_t>(static_cast<int32_t>(a.value)) * static_cast<int32_t>(b.value)};
  }
  static MEMTRACE_INLINE W subtract(W a, W b) { return {a.value - b.value}; }
  static MEMTRACE_INLINE W high(W a) { return {a.value >> 32}; }
  static MEMTRACE_INLINE V join(W even, W) { return static_cast<V>(even.value >> 32); }
  static MEMTRACE_INLINE void load(const uint32_t* in, V* s) { std::memcpy(s, in, kWidth * sizeof(uint32_t)); }
  template <int n>
  static MEMTRACE_INLINE void store(const V* s, uint32_t* out) {
    std::memcpy(out, s, n * sizeof(uint32_t));
  }
};

}  // namespace

const Path kPlain = Kernel<Plain>::path();

}  // namespace memtrace::poseidon2
