// SPDX-License-Identifier: Apache-2.0
// Heap sort of an array of words.
#include "runtime/guest.h"

enum { LENGTH = 1024 };

static uint32_t array[LENGTH];

static void sift_down(uint32_t *heap, size_t root, size_t end) {
  uint32_t value = heap[root];
  for (;;) {
    size_t child = 2 * root + 1;
    if (child >= end) {
      break;
    }
    if (child + 1 < end && heap[child] < heap[child + 1]) {
      child++;
    }
    if (heap[child] <= value) {
      break;
    }
    heap[root] = heap[child];
    root = child;
  }
  heap[root] = value;
}

static void heap_sort(uint32_t *words, size_t length) {
  for (size_t start = length / 2; start-- > 0;) {
    sift_down(words, start, length);
  }
  for (size_t end = length; end-- > 1;) {
    uint32_t largest = words[0];
    words[0] = words[end];
    words[end] = largest;
    sift_down(words, 0, end);
  }
}

int main(void) {
  uint32_t seed = 2026;
  uint32_t sum_before = 0;
  for (size_t i = 0; i < LENGTH; i++) {
    array[i] = next_random(&seed);
    sum_before += array[i];
  }
  heap_sort(array, LENGTH);
  uint32_t sum_after = array[0];
  uint32_t weighted = 0;
  int sorted = 1;
  for (size_t i = 1; i < LENGTH; i++) {
    sorted &= array[i - 1] <= array[i];
    sum_after += array[i];
    weighted += (uint32_t)i * array[i];
  }
  print("heap sort of ");
  print_unsigned(LENGTH);
  print(" words: smallest ");
  print_hex(array[0]);
  print(", largest ");
  print_hex(array[LENGTH - 1]);
  print(", checksum ");
  print_hex(weighted);
  print("\n");
  return sorted && sum_before == sum_after ? 0 : 1;
}
