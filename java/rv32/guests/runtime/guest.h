// SPDX-License-Identifier: Apache-2.0
// What a guest has instead of a C library. The same calls work on the machine of memtrace and on a host.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Reads up to `size` bytes of input and returns how many there were; fewer only at the end of the input.
size_t read_input(void *to, size_t size);

void print_bytes(const void *from, size_t size);
void print(const char *text);
void print_unsigned(uint32_t value);
void print_signed(int32_t value);

// Eight hexadecimal digits.
void print_hex(uint32_t value);

// A sequence of numbers that look random; equal seeds give equal sequences.
uint32_t next_random(uint32_t *seed);
