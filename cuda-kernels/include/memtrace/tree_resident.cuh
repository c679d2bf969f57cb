// SPDX-License-Identifier: Apache-2.0
// The hash table of the resident tree. Siblings have neighbouring first slots: a node is searched from
// 2 * mix(parent) + side on, upwards and around.
//
// The table is never more than half full, so every search ends; it is bounded by the number of slots all the same.
#pragma once

#include "memtrace/fault.cuh"
#include "memtrace/hashing_arguments.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/poseidon2_digest.cuh"
#include "memtrace/split_mix.cuh"
#include "memtrace/tree_nodes.cuh"

namespace memtrace {

MEMTRACE_DEVICE std::uint64_t first_slot(const ResidentTree& tree, Node node) {
  std::uint64_t pair = mix((node.word >> 1) ^ tree.seed) >> (64 - tree.slot_bits);
  return (pair & ~std::uint64_t{1}) | (node.word & 1);
}

// The digest of a node, or null if its subtree is zero.
MEMTRACE_DEVICE const std::uint32_t* resident_digest(const ResidentTree& tree, Node node) {
  std::uint64_t mask = (std::uint64_t{1} << tree.slot_bits) - 1;
  std::uint64_t slot = first_slot(tree, node);
  for (std::uint64_t i = 0; i <= mask; i++, slot = (slot + 1) & mask) {
    std::uint64_t key = tree.keys[slot];
    if (key == node.word + 1) {
      return tree.digests + slot * poseidon2::DIGEST;
    }
    if (key == 0) {
      break;
    }
  }
  return nullptr;
}

MEMTRACE_DEVICE Digest resident_or_zero(const ResidentTree& tree, Node node, const std::uint32_t* zeros,
                                        std::uint64_t height) {
  const std::uint32_t* digest = resident_digest(tree, node);
  return digest != nullptr ? Digest::load(digest, 0) : Digest::load(zeros, height);
}

// Sets the digest of a node. The nodes that a kernel inserts are distinct, and it reads none. Keys never change once they are set, so that a
// stale 0 costs one atomic, and nothing else can be stale.
MEMTRACE_DEVICE void resident_insert(const ResidentTree& tree, Node node, const Digest& digest, std::uint64_t* fault) {
  std::uint64_t mask = (std::uint64_t{1} << tree.slot_bits) - 1;
  std::uint64_t slot = first_slot(tree, node);
  for (std::uint64_t i = 0; i <= mask; i++, slot = (slot + 1) & mask) {
    std::uint64_t key = load_relaxed(tree.keys + slot);
    if (key == 0) {
      key = atomic_compare_and_swap(tree.keys + slot, 0, node.word + 1);
      if (key == 0) {
        atomic_add(tree.count, 1);
        key = node.word + 1;
      }
    }
    if (key == node.word + 1) {
      digest.store(tree.digests, slot);
      return;
    }
  }
  raise(fault, FaultKind::TREE_FULL, mask + 1, node.word);
}

}  // namespace memtrace
