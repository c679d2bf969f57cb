// SPDX-License-Identifier: Apache-2.0
// The product of two matrices over the integers modulo 2^32, checked by Freivalds' algorithm.
#include "runtime/guest.h"

enum { N = 24 };

static uint32_t a[N][N];
static uint32_t b[N][N];
static uint32_t c[N][N];

static void multiply(void) {
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) {
      uint32_t sum = 0;
      for (int k = 0; k < N; k++) {
        sum += a[i][k] * b[k][j];
      }
      c[i][j] = sum;
    }
  }
}

static void apply(uint32_t m[N][N], const uint32_t in[N], uint32_t out[N]) {
  for (int i = 0; i < N; i++) {
    uint32_t sum = 0;
    for (int j = 0; j < N; j++) {
      sum += m[i][j] * in[j];
    }
    out[i] = sum;
  }
}

int main(void) {
  uint32_t seed = 7;
  uint32_t trace = 0;
  uint32_t probe[N];
  uint32_t once[N];
  uint32_t twice[N];
  uint32_t direct[N];
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) {
      a[i][j] = next_random(&seed);
      b[i][j] = next_random(&seed);
    }
    probe[i] = next_random(&seed);
  }
  multiply();
  apply(b, probe, once);
  apply(a, once, twice);
  apply(c, probe, direct);
  int equal = 1;
  for (int i = 0; i < N; i++) {
    equal &= twice[i] == direct[i];
    trace += c[i][i];
  }
  print("product of ");
  print_unsigned(N);
  print(" x ");
  print_unsigned(N);
  print(equal ? ", right, trace " : ", wrong, trace ");
  print_hex(trace);
  print("\n");
  return equal ? 0 : 1;
}
