// SPDX-License-Identifier: Apache-2.0
// The leaves and nodes of a tree, all heights at once: each leaf lists the ancestors that it does not share with the
// leaf before it, and a stable sort by depth brings them into the order of the trace.
#include "memtrace/fault.cuh"
#include "memtrace/hashing_arguments.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/tree_nodes.cuh"

namespace memtrace {

MEMTRACE_KERNEL(touched_node_counts, TouchedNodeCountsArguments) {
  count_nodes(
      item, arguments.items, *arguments.head_count,
      [&](std::uint64_t i) { return leaf_of_head(arguments.sorted, arguments.heads, i); }, arguments.counts);
}

MEMTRACE_KERNEL(touched_leaves, TouchedLeavesArguments) {
  arguments.leaves[item] = leaf_of_head(arguments.sorted, arguments.heads, item);
}

MEMTRACE_KERNEL(image_chunk_flags, ImageChunkFlagsArguments) {
  const std::uint32_t* cells = arguments.image.cells + item * CHUNK_CELLS;
  std::uint32_t any = 0;
  for (std::uint32_t i = 0; i < CHUNK_CELLS; i++) {
    any |= cells[i];
  }
  arguments.flags[item] = any != 0 ? 1 : 0;
}

MEMTRACE_KERNEL(image_node_counts, ImageNodeCountsArguments) {
  count_nodes(
      item, arguments.items, *arguments.chunk_count,
      [&](std::uint64_t i) {
        return leaf_of_chunk(arguments.image, arguments.address_height, arguments.chunks[i]);
      },
      arguments.counts);
}

MEMTRACE_KERNEL(image_leaves, ImageLeavesArguments) {
  arguments.leaves[item] = leaf_of_chunk(arguments.image, arguments.address_height, arguments.chunks[item]);
}

MEMTRACE_KERNEL(nodes_of_leaves, NodesOfLeavesArguments) {
  arguments.nodes[item] = own_nodes(arguments.leaves, item, arguments.root_height);
}

MEMTRACE_KERNEL(tree_nodes, TreeNodesArguments) {
  std::uint64_t leaf = arguments.leaves[item];
  std::uint64_t first = arguments.offsets[item];
  std::uint32_t own = own_nodes(arguments.leaves, item, arguments.root_height);
  if (first + own > arguments.room) {
    raise(arguments.fault, FaultKind::NODE_COUNT, item, first);
    return;
  }
  for (std::uint32_t height = 0; height < own; height++) {
    arguments.nodes[first + height] = Node::at(arguments.root_height - height, leaf >> height).word;
  }
}

MEMTRACE_KERNEL(leftmost_path, LeftmostPathArguments) { arguments.nodes[item] = Node::at(item, 0).word; }

MEMTRACE_KERNEL(first_children, FirstChildrenArguments) {
  bool is_first = false;
  if (item != 0) {
    // Node 1 comes after the root, which is at another depth.
    Node node{arguments.nodes[item]};
    Node previous{arguments.nodes[item - 1]};
    is_first = previous.depth() != node.depth() || previous.index() >> 1 != node.index() >> 1;
  }
  arguments.flags[item] = is_first ? 1 : 0;
}

}  // namespace memtrace
