// SPDX-License-Identifier: Apache-2.0
// Keccak-256 as Ethereum has it: of the empty message, and four times of its own digest.
#include "runtime/guest.h"

enum { RATE = 136, DIGEST = 32 };

static const uint64_t round_constants[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

static uint64_t rotate(uint64_t x, unsigned n) { return n == 0 ? x : x << n | x >> (64 - n); }

static void keccak_f(uint64_t a[25]) {
  for (int round = 0; round < 24; round++) {
    uint64_t parity[5];
    for (int x = 0; x < 5; x++) {
      parity[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    }
    for (int x = 0; x < 5; x++) {
      uint64_t d = parity[(x + 4) % 5] ^ rotate(parity[(x + 1) % 5], 1);
      for (int y = 0; y < 25; y += 5) {
        a[x + y] ^= d;
      }
    }
    // rho and pi: each lane moves to the next place, turned by a triangular number
    uint64_t moved = a[1];
    int x = 1;
    int y = 0;
    for (unsigned t = 1; t <= 24; t++) {
      int to = (2 * x + 3 * y) % 5;
      x = y;
      y = to;
      uint64_t next = a[x + 5 * y];
      a[x + 5 * y] = rotate(moved, t * (t + 1) / 2 % 64);
      moved = next;
    }
    for (int row = 0; row < 25; row += 5) {
      uint64_t before[5];
      for (int i = 0; i < 5; i++) {
        before[i] = a[row + i];
      }
      for (int i = 0; i < 5; i++) {
        a[row + i] = before[i] ^ (~before[(i + 1) % 5] & before[(i + 2) % 5]);
      }
    }
    a[0] ^= round_constants[round];
  }
}

// A message that is shorter than a block.
static void keccak_256(const uint8_t *message, size_t size, uint8_t digest[DIGEST]) {
  uint64_t state[25] = {0};
  for (size_t i = 0; i < size; i++) {
    state[i / 8] ^= (uint64_t)message[i] << (8 * (i % 8));
  }
  state[size / 8] ^= (uint64_t)1 << (8 * (size % 8));
  state[(RATE - 1) / 8] ^= (uint64_t)0x80 << (8 * ((RATE - 1) % 8));
  keccak_f(state);
  for (size_t i = 0; i < DIGEST; i++) {
    digest[i] = (uint8_t)(state[i / 8] >> (8 * (i % 8)));
  }
}

static void print_digest(const uint8_t digest[DIGEST]) {
  for (size_t i = 0; i < DIGEST; i += 4) {
    print_hex((uint32_t)digest[i] << 24 | (uint32_t)digest[i + 1] << 16 | (uint32_t)digest[i + 2] << 8 |
              digest[i + 3]);
  }
  print("\n");
}

int main(void) {
  uint8_t digest[DIGEST] = {0};
  keccak_256(digest, 0, digest);
  print_digest(digest);
  int right = digest[0] == 0xc5 && digest[1] == 0xd2 && digest[DIGEST - 1] == 0x70;
  for (int i = 0; i < 4; i++) {
    keccak_256(digest, DIGEST, digest);
  }
  print_digest(digest);
  return right ? 0 : 1;
}
