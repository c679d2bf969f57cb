// SPDX-License-Identifier: Apache-2.0
// Digests of a tree before and after a segment, from the leaves up, and the Merkle trace.
#include "memtrace/columns.cuh"
#include "memtrace/fault.cuh"
#include "memtrace/field.cuh"
#include "memtrace/hashing_arguments.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/poseidon2_digest.cuh"
#include "memtrace/tree_nodes.cuh"
#include "memtrace/tree_resident.cuh"
#include "memtrace/tree_rows.cuh"

namespace memtrace {

MEMTRACE_KERNEL(hash_touched_chunks, HashTouchedChunksArguments) {
  using namespace columns::persistent_boundary;
  std::uint64_t row = 2 * item;
  if (row + 2 > arguments.boundary.height) {
    raise(arguments.fault, FaultKind::ROW_OUTSIDE_TRACE, WIDTH, row);
    return;
  }
  const TreeNodes& tree = arguments.tree;
  std::uint64_t position = tree.count - arguments.items + item;
  Node node{tree.nodes[position]};
  const std::uint32_t* resident = resident_digest(arguments.resident, node);
  if (resident == nullptr && !is_zero(load_columns(arguments.boundary, row, VALUES))) {
    raise(arguments.fault, FaultKind::LEAF_MISSING, item, node.word);
  }
  Digest before = Digest::load(resident != nullptr ? resident : arguments.zeros, 0);
  Digest after = hash_chunk(final_values(arguments.boundary, item));
  RowPair{arguments.boundary.cells + row, arguments.boundary.height}.set(HASH, before, after);
  before.store(tree.before, position);
  after.store(tree.after, position);
}

MEMTRACE_KERNEL(hash_image_chunks, HashImageChunksArguments) {
  const std::uint32_t* cells = arguments.image.cells + std::uint64_t{arguments.chunks[item]} * CHUNK_CELLS;
  Digest values;
  for (std::uint32_t i = 0; i < CHUNK_CELLS; i++) {
    values.words[i] = field::to_montgomery(cells[i]);
  }
  const TreeNodes& tree = arguments.tree;
  hash_chunk(values).store(tree.after, tree.count - arguments.items + item);
}

MEMTRACE_KERNEL(hash_nodes, HashNodesArguments) {
  const TreeNodes& tree = arguments.tree;
  std::uint64_t position = arguments.first + item;
  Node node{tree.nodes[position]};
  Node left = node.left_child();
  Node right{left.word + 1};

  // Touched children are neighbours.
  std::uint64_t child = tree.children != nullptr ? tree.children[position] : tree.count;
  if (tree.children == nullptr && arguments.height > 1) {
    child = position + 1;
  }
  bool is_left_touched = child < tree.count && tree.nodes[child] == left.word;
  std::uint64_t right_child = child + (is_left_touched ? 1 : 0);
  bool is_right_touched = right_child < tree.count && tree.nodes[right_child] == right.word;

  NodeState after;
  NodeState before;
  if (is_left_touched) {
    after.left = Digest::load(tree.after, child);
  } else {
    after.left = resident_or_zero(arguments.resident, left, arguments.zeros, arguments.height - 1);
  }
  if (is_right_touched) {
    after.right = Digest::load(tree.after, right_child);
  } else {
    after.right = resident_or_zero(arguments.resident, right, arguments.zeros, arguments.height - 1);
  }
  after.parent = compress(after.left, after.right);
  after.parent.store(tree.after, position);
  if (tree.before == nullptr) {
    return;
  }
  before.parent = resident_or_zero(arguments.resident, node, arguments.zeros, arguments.height);
  before.parent.store(tree.before, position);
  if (arguments.merkle.cells == nullptr) {
    return;
  }
  before.left = is_left_touched ? Digest::load(tree.before, child) : after.left;
  before.right = is_right_touched ? Digest::load(tree.before, right_child) : after.right;
  std::uint64_t row = 2 * position;
  if (row + 2 > arguments.merkle.height) {
    raise(arguments.fault, FaultKind::ROW_OUTSIDE_TRACE, columns::merkle::WIDTH, row);
    return;
  }
  fill_merkle_rows({arguments.merkle.cells + row, arguments.merkle.height}, arguments.shape, arguments.height,
                   node.index(), before, after, is_left_touched, is_right_touched);
}

}  // namespace memtrace
