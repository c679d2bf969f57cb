// SPDX-License-Identifier: Apache-2.0
// The Poseidon2 permutation of 16 words in Montgomery form, one thread a state, all of it in registers.
//
// Words are in [0, P) between the steps; inside an S-box they are signed, in (-P, P), so that no product needs a
// correction. P = 2^31 - 2^27 + 1: a sum of two words is below 2^32, and a difference fits 32 bits with its sign.
#pragma once

#include "memtrace/bits.cuh"
#include "memtrace/field.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/poseidon2_constants.cuh"
#include "memtrace/unroll.cuh"

namespace memtrace::poseidon2 {

using constants::HALF_FULL_ROUNDS;
using constants::PARTIAL_ROUNDS;
using constants::WIDTH;
using field::P;

// Words of a digest, and of a chunk.
constexpr int DIGEST = 8;

// A round constant c as c - P in Montgomery form: what is added to a word before its power.
constexpr std::uint32_t centred(std::uint32_t constant) {
  return static_cast<std::uint32_t>((static_cast<std::uint64_t>(constant) << 32) % P) - P;
}

struct RoundConstants {
  std::uint32_t beginning[HALF_FULL_ROUNDS][WIDTH];
  std::uint32_t partial[PARTIAL_ROUNDS];
  std::uint32_t ending[HALF_FULL_ROUNDS][WIDTH];
};

constexpr RoundConstants centred_constants() {
  RoundConstants centred_ones = {};
  for (int r = 0; r < HALF_FULL_ROUNDS; r++) {
    for (int i = 0; i < WIDTH; i++) {
      centred_ones.beginning[r][i] = centred(constants::BEGINNING[r][i]);
      centred_ones.ending[r][i] = centred(constants::ENDING[r][i]);
    }
  }
  for (int r = 0; r < PARTIAL_ROUNDS; r++) {
    centred_ones.partial[r] = centred(constants::PARTIAL[r]);
  }
  return centred_ones;
}

MEMTRACE_CONSTANT constexpr RoundConstants CENTRED = centred_constants();

// --- Words in [0, P) -------------------------------------------------------------------------------------------------

// x mod P for x < 2 P: of x and x - P, the one that did not wrap or is smaller.
MEMTRACE_DEVICE std::uint32_t subtract_once(std::uint32_t x) { return smaller(x, x - P); }

// x mod P for x in [-P, P), given mod 2^32.
MEMTRACE_DEVICE std::uint32_t add_once(std::uint32_t x) { return smaller(x, x + P); }

MEMTRACE_DEVICE std::uint32_t add(std::uint32_t a, std::uint32_t b) { return subtract_once(a + b); }

MEMTRACE_DEVICE std::uint32_t subtract(std::uint32_t a, std::uint32_t b) { return add_once(a - b); }

// x / 2^BITS mod P for BITS <= 27. With l = -x mod 2^BITS, x + l P is a multiple of 2^BITS, because P = 1 mod 2^27, and
// below 2^BITS P. Its quotient is ceil(x / 2^BITS) + l (P - 1) / 2^BITS.
template <int BITS>
MEMTRACE_DEVICE std::uint32_t divide(std::uint32_t x) {
  static_assert(BITS >= 1 && BITS <= 27, "P = 1 mod 2^27");
  constexpr std::uint32_t MASK = (1u << BITS) - 1;
  std::uint32_t rounded_up = x + MASK;
  return (rounded_up >> BITS) + (~rounded_up & MASK) * ((P - 1) >> BITS);
}

// --- S-box ----------------------------------------------------------------------------------------------------------

// In one instruction on a GPU, where the compiler would extend the signs first.
MEMTRACE_DEVICE std::int64_t wide_product(std::int32_t a, std::int32_t b) {
#if defined(__CUDA_ARCH__)
  std::int64_t product;
  asm("mul.wide.s32 %0, %1, %2;" : "=l"(product) : "r"(a), "r"(b));
  return product;
#else
  return static_cast<std::int64_t>(a) * b;
#endif
}

// a b / 2^32 mod P in (-0.97 P, 0.97 P) for |a|, |b| <= P. With m = a b / P mod 2^32 in [-2^31, 2^31), a b - m P is a
// multiple of 2^32, so the quotient is the difference of the upper words; |a b| / 2^32 <= 0.469 P and |m P| / 2^32 <= P
// / 2.
MEMTRACE_DEVICE std::int32_t multiply(std::int32_t a, std::int32_t b) {
  std::int64_t product = wide_product(a, b);
  std::int32_t m = static_cast<std::int32_t>(static_cast<std::uint32_t>(product) * field::P_INVERSE);
  return static_cast<std::int32_t>(product >> 32) -
         static_cast<std::int32_t>(wide_product(m, static_cast<std::int32_t>(P)) >> 32);
}

struct Powers {
  std::int32_t cube;      // in (-P, P)
  std::uint32_t seventh;  // in [0, P)
};

// Powers of x + c, with the constant as c - P: a factor in [-P, P).
MEMTRACE_DEVICE Powers power(std::uint32_t x, std::uint32_t centred_constant) {
  std::int32_t y = static_cast<std::int32_t>(x + centred_constant);
  std::int32_t square = multiply(y, y);
  std::int32_t cube = multiply(square, y);
  return {cube, add_once(static_cast<std::uint32_t>(multiply(cube, multiply(square, square))))};
}

// --- Linear layers ---------------------------------------------------------------------------------------------------

MEMTRACE_DEVICE void external_layer(std::uint32_t (&s)[WIDTH]) {
  MEMTRACE_UNROLL
  for (int g = 0; g < WIDTH; g += 4) {
    std::uint32_t a = add(s[g], s[g + 1]);
    std::uint32_t b = add(s[g + 2], s[g + 3]);
    std::uint32_t c = add(a, b);
    std::uint32_t d = add(c, s[g + 1]);
    std::uint32_t e = add(c, s[g + 3]);
    s[g + 1] = add(d, add(s[g + 2], s[g + 2]));
    s[g + 3] = add(e, add(s[g], s[g]));
    s[g] = add(d, a);
    s[g + 2] = add(e, b);
  }
  MEMTRACE_UNROLL
  for (int i = 0; i < 4; i++) {
    std::uint32_t column = add(add(s[i], s[4 + i]), add(s[8 + i], s[12 + i]));
    MEMTRACE_UNROLL
    for (int g = 0; g < WIDTH; g += 4) {
      s[g + i] = add(s[g + i], column);
    }
  }
}

MEMTRACE_DEVICE void internal_layer(std::uint32_t (&s)[WIDTH]) {
  std::uint32_t pairs[WIDTH / 2];
  pairs[0] = s[1];
  MEMTRACE_UNROLL
  for (int i = 1; i < WIDTH / 2; i++) {
    pairs[i] = add(s[2 * i], s[2 * i + 1]);
  }
  std::uint32_t others = add(add(add(pairs[0], pairs[1]), add(pairs[2], pairs[3])),
                             add(add(pairs[4], pairs[5]), add(pairs[6], pairs[7])));
  std::uint32_t sum = add(others, s[0]);
  s[0] = subtract(others, s[0]);  // sum - 2 s[0]
  s[1] = add(sum, s[1]);
  s[2] = add(sum, add(s[2], s[2]));
  s[3] = add(sum, divide<1>(s[3]));
  s[4] = add(sum, add(add(s[4], s[4]), s[4]));
  std::uint32_t twice = add(s[5], s[5]);
  s[5] = add(sum, add(twice, twice));
  s[6] = subtract(sum, divide<1>(s[6]));
  s[7] = subtract(sum, add(add(s[7], s[7]), s[7]));
  twice = add(s[8], s[8]);
  s[8] = subtract(sum, add(twice, twice));
  s[9] = add(sum, divide<8>(s[9]));
  s[10] = add(sum, divide<2>(s[10]));
  s[11] = add(sum, divide<3>(s[11]));
  s[12] = add(sum, divide<27>(s[12]));
  s[13] = subtract(sum, divide<8>(s[13]));
  s[14] = subtract(sum, divide<4>(s[14]));
  s[15] = subtract(sum, divide<27>(s[15]));
}

// --- Permutation -----------------------------------------------------------------------------------------------------

// An observer that sees nothing. Others learn, in this order, the words that the trace of a permutation holds.
struct Unobserved {
  // The cubes of the factors of a full round, in (-P, P).
  MEMTRACE_DEVICE void cubes(const std::int32_t (&)[WIDTH]) {}

  // The state after a full round.
  MEMTRACE_DEVICE void state(const std::uint32_t (&)[WIDTH]) {}

  // The factor of a partial round.
  MEMTRACE_DEVICE void powers(Powers) {}
};

template <class Observer>
MEMTRACE_DEVICE void full_round(std::uint32_t (&s)[WIDTH], const std::uint32_t (&centred_ones)[WIDTH],
                                Observer& observer) {
  std::int32_t cubes[WIDTH];
  MEMTRACE_UNROLL
  for (int i = 0; i < WIDTH; i++) {
    Powers powers = power(s[i], centred_ones[i]);
    cubes[i] = powers.cube;
    s[i] = powers.seventh;
  }
  observer.cubes(cubes);
  external_layer(s);
  observer.state(s);
}

template <class Observer>
MEMTRACE_DEVICE void permute(std::uint32_t (&s)[WIDTH], Observer& observer) {
  external_layer(s);
  MEMTRACE_UNROLL
  for (int r = 0; r < HALF_FULL_ROUNDS; r++) {
    full_round(s, CENTRED.beginning[r], observer);
  }
  MEMTRACE_UNROLL
  for (int r = 0; r < PARTIAL_ROUNDS; r++) {
    Powers powers = power(s[0], CENTRED.partial[r]);
    observer.powers(powers);
    s[0] = powers.seventh;
    internal_layer(s);
  }
  MEMTRACE_UNROLL
  for (int r = 0; r < HALF_FULL_ROUNDS; r++) {
    full_round(s, CENTRED.ending[r], observer);
  }
}

MEMTRACE_DEVICE void permute(std::uint32_t (&s)[WIDTH]) {
  Unobserved nobody;
  permute(s, nobody);
}

}  // namespace memtrace::poseidon2
