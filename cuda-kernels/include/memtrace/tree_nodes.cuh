// SPDX-License-Identifier: Apache-2.0
// Nodes of the memory tree as words, and how many of them a list of leaves has.
//
// Of two neighbours in the ascending list of leaves, the right one has ancestors of its own up to the height of the
// highest bit in which both differ, and shares all others with the left one.
#pragma once

#include "memtrace/arguments.cuh"
#include "memtrace/bits.cuh"
#include "memtrace/geometry.cuh"
#include "memtrace/hashing_arguments.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/unroll.cuh"

namespace memtrace {

// See hashing_arguments.cuh.
struct Node {
  std::uint64_t word;

  static constexpr std::uint32_t INDEX_BITS = 58;

  MEMTRACE_DEVICE static Node at(std::uint64_t depth, std::uint64_t index) { return {depth << INDEX_BITS | index}; }

  MEMTRACE_DEVICE std::uint64_t index() const { return word & ((std::uint64_t{1} << INDEX_BITS) - 1); }

  MEMTRACE_DEVICE std::uint64_t depth() const { return word >> INDEX_BITS; }

  // Not of the root.
  MEMTRACE_DEVICE Node parent() const { return at(depth() - 1, index() >> 1); }

  MEMTRACE_DEVICE Node left_child() const { return at(depth() + 1, index() << 1); }
};

// Index of the highest set bit; x != 0.
MEMTRACE_DEVICE std::uint32_t highest_bit_of(std::uint64_t x) {
  std::uint32_t upper = static_cast<std::uint32_t>(x >> 32);
  return upper != 0 ? 32 + highest_bit(upper) : highest_bit(static_cast<std::uint32_t>(x));
}

// Log2 of the chunks of a page that belong to one address space.
MEMTRACE_DEVICE std::uint32_t page_chunk_bits(std::uint64_t address_height) {
  return smaller(PAGE_BITS - LARGEST_GRANULE_BITS, static_cast<std::uint32_t>(address_height));
}

// Number of the page that holds a leaf, see Image.
MEMTRACE_DEVICE std::uint64_t page_of_leaf(std::uint64_t address_height, std::uint64_t leaf) {
  return leaf >> page_chunk_bits(address_height);
}

// Index of a leaf's first cell in its page.
MEMTRACE_DEVICE std::uint32_t cell_of_leaf(std::uint64_t address_height, std::uint64_t leaf) {
  return (static_cast<std::uint32_t>(leaf) & low_bits(page_chunk_bits(address_height))) * CHUNK_CELLS;
}

// The leaf of a touched chunk.
MEMTRACE_DEVICE std::uint64_t leaf_of_head(const EventKeys& sorted, const std::uint32_t* heads, std::uint64_t i) {
  return (sorted.keys[heads[i]] >> sorted.ordinal_bits) / CHUNK_CELLS;
}

// Chunks of a page.
constexpr std::uint32_t PAGE_CHUNKS = PAGE_CELLS / CHUNK_CELLS;

// The leaf of a chunk of an image, whose chunks are numbered through its pages.
MEMTRACE_DEVICE std::uint64_t leaf_of_chunk(const Image& image, std::uint64_t address_height, std::uint32_t chunk) {
  return (image.pages[chunk / PAGE_CHUNKS] << page_chunk_bits(address_height)) + chunk % PAGE_CHUNKS;
}

// How often each of the bits 0 to 55 was counted, up to 255 times, in registers.
class BitCounts {
 public:
  MEMTRACE_DEVICE void add(std::uint32_t bit) {
    std::uint64_t one = std::uint64_t{1} << (8 * (bit & 7));
    MEMTRACE_UNROLL
    for (std::uint32_t i = 0; i < WORDS; i++) {
      bytes_[i] += bit >> 3 == i ? one : 0;
    }
  }

  // Adds the counts and begins anew.
  MEMTRACE_DEVICE void flush(std::uint64_t* counts) {
    MEMTRACE_UNROLL
    for (std::uint32_t i = 0; i < WORDS; i++) {
      for (std::uint32_t j = 0; bytes_[i] != 0; j++, bytes_[i] >>= 8) {
        if ((bytes_[i] & 255) != 0) {
          atomic_add(counts + 8 * i + j, bytes_[i] & 255);
        }
      }
    }
  }

 private:
  static constexpr std::uint32_t WORDS = 7;

  std::uint64_t bytes_[WORDS] = {};
};

// Counts the bits in which every `step`-th of the leaves, from `first` on, differs from the one before.
template <class LeafOf>
MEMTRACE_DEVICE void count_nodes(std::uint64_t first, std::uint64_t step, std::uint64_t leaves, const LeafOf& leaf_of,
                                 std::uint64_t* counts) {
  BitCounts bits;
  std::uint32_t room = 255;
  for (std::uint64_t i = first == 0 ? step : first; i < leaves; i += step) {
    bits.add(highest_bit_of(leaf_of(i) ^ leaf_of(i - 1)));
    if (--room == 0) {
      bits.flush(counts);
      room = 255;
    }
  }
  bits.flush(counts);
}

// Nodes of leaf i that the leaves before it do not have.
MEMTRACE_DEVICE std::uint32_t own_nodes(const std::uint64_t* leaves, std::uint64_t i, std::uint64_t root_height) {
  return 1 + (i == 0 ? static_cast<std::uint32_t>(root_height) : highest_bit_of(leaves[i] ^ leaves[i - 1]));
}

}  // namespace memtrace
