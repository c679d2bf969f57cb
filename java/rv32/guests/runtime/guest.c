// SPDX-License-Identifier: Apache-2.0
#include "guest.h"

#ifdef __riscv

enum { CALL_READ = 63, CALL_PRINT = 64 };

static size_t call(size_t number, size_t file, size_t address, size_t size) {
  register size_t a0 __asm__("a0") = file;
  register size_t a1 __asm__("a1") = address;
  register size_t a2 __asm__("a2") = size;
  register size_t a7 __asm__("a7") = number;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
  return a0;
}

static size_t call_once(size_t number, void *bytes, size_t size) {
  return call(number, number == CALL_PRINT ? 1 : 0, (size_t)bytes, size);
}

// The compiler makes calls of these.
void *memcpy(void *restrict to, const void *restrict from, size_t size) {
  unsigned char *t = to;
  const unsigned char *f = from;
  if ((((size_t)t | (size_t)f) & 3) == 0) {
    for (; size >= 4; size -= 4, t += 4, f += 4) {
      *(uint32_t *)(void *)t = *(const uint32_t *)(const void *)f;
    }
  }
  for (; size > 0; size--) {
    *t++ = *f++;
  }
  return to;
}

void *memset(void *to, int value, size_t size) {
  unsigned char *t = to;
  for (; size > 0 && ((size_t)t & 3) != 0; size--) {
    *t++ = (unsigned char)value;
  }
  uint32_t word = (unsigned char)value * 0x01010101u;
  for (; size >= 4; size -= 4, t += 4) {
    *(uint32_t *)(void *)t = word;
  }
  for (; size > 0; size--) {
    *t++ = (unsigned char)value;
  }
  return to;
}

#else

#include <unistd.h>

enum { CALL_READ, CALL_PRINT };

static size_t call_once(size_t number, void *bytes, size_t size) {
  ssize_t done = number == CALL_PRINT ? write(1, bytes, size) : read(0, bytes, size);
  return done < 0 ? 0 : (size_t)done;
}

#endif

// Calls again for the rest, until nothing is moved.
static size_t call_all(size_t number, void *bytes, size_t size) {
  size_t done = 0;
  while (done < size) {
    size_t n = call_once(number, (char *)bytes + done, size - done);
    if (n == 0) {
      break;
    }
    done += n;
  }
  return done;
}

size_t read_input(void *to, size_t size) { return call_all(CALL_READ, to, size); }

void print_bytes(const void *from, size_t size) { call_all(CALL_PRINT, (void *)from, size); }

void print(const char *text) {
  size_t size = 0;
  while (text[size] != 0) {
    size++;
  }
  print_bytes(text, size);
}

void print_unsigned(uint32_t value) {
  char digits[10];
  size_t at = sizeof digits;
  do {
    digits[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  print_bytes(digits + at, sizeof digits - at);
}

void print_signed(int32_t value) {
  if (value < 0) {
    print("-");
  }
  print_unsigned(value < 0 ? 0u - (uint32_t)value : (uint32_t)value);
}

void print_hex(uint32_t value) {
  char digits[8];
  for (size_t i = 0; i < sizeof digits; i++) {
    digits[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
  }
  print_bytes(digits, sizeof digits);
}

uint32_t next_random(uint32_t *seed) {
  // xorshift32
  uint32_t x = *seed;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return *seed = x;
}
