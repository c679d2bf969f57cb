// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.backend.DeviceMemoryException;
import org.jspecify.annotations.Nullable;

/**
 * The nodes of a tree in the order of the Merkle trace, on the device: from the root down, then
 * ascending. Kernels that make or hash them report faults at {@code fault}.
 */
final class DeviceTreeNodes {
  private static final int DEPTH_SHIFT = 58;
  private static final long MAX_NODES = 0xFFFF_FFFEL;

  private final CudaStream stream;
  private final NodeCounts counts;
  private final Arguments.TreeShape shape;
  private final DeviceBuffer nodes;

  /** Where the children of each inner node begin; null if there are no leaves. */
  private final @Nullable DeviceBuffer children;

  private final long fault;

  /**
   * Lists the nodes.
   *
   * @param stream where the work goes
   * @param kept owns the nodes, 8 bytes each
   * @param temporary owns what only hashing needs
   * @param leaves ascending leaf indices, a word each
   * @param counts the number of nodes
   * @param addressHeight levels inside an address space
   * @param fault where faults are reported
   */
  DeviceTreeNodes(
      CudaStream stream,
      DeviceScope kept,
      DeviceScope temporary,
      DeviceBuffer leaves,
      NodeCounts counts,
      int addressHeight,
      long fault) {
    this.stream = stream;
    this.counts = counts;
    this.shape = new Arguments.TreeShape(counts.rootHeight(), addressHeight);
    this.fault = fault;
    this.nodes = kept.allocate(8 * counts.total(), "nodes of the memory tree");
    this.children = counts.leaves() == 0 ? leftmostPath() : list(temporary, leaves);
  }

  /**
   * Refuses before any work nodes that are too many.
   *
   * @param more device memory that is needed beside the lists of nodes
   * @throws DeviceMemoryException if they cannot be counted, or the memory does not suffice
   */
  static void require(CudaDevice device, NodeCounts counts, long more) {
    long total = counts.total();
    if (total > MAX_NODES) {
      throw new DeviceMemoryException(
          "a memory tree of "
              + total
              + " nodes has more than the device counts, 2^32 - 2; use shorter segments or the CPU"
              + " backend",
          more,
          device.freeMemory());
    }
    long lists = 20 * total + 4 * counts.leaves();
    long sort = device.algorithms().sortKeysBytes(total, DEPTH_SHIFT, Long.SIZE);
    device.require(lists + sort + more, "a memory tree of " + total + " nodes");
  }

  private @Nullable DeviceBuffer leftmostPath() {
    launch("leftmost_path", Arguments.items(counts.total()).add(nodes));
    return null;
  }

  private DeviceBuffer list(DeviceScope temporary, DeviceBuffer leaves) {
    DeviceAlgorithms algorithms = stream.device().algorithms();
    long total = counts.total();
    try (DeviceScope unsorted = new DeviceScope(stream)) {
      DeviceBuffer offsets = unsorted.allocate(4 * counts.leaves(), "nodes of each leaf");
      DeviceBuffer byLeaf = unsorted.allocate(8 * total, "nodes by leaf");
      launch(
          "nodes_of_leaves",
          Arguments.items(counts.leaves()).add(leaves).add(shape.rootHeight()).add(offsets));
      algorithms.exclusiveSum(stream, offsets.address(), offsets.address(), counts.leaves());
      launch(
          "tree_nodes",
          Arguments.items(counts.leaves())
              .add(leaves)
              .add(offsets)
              .add(shape.rootHeight())
              .add(byLeaf)
              .add(total)
              .add(fault));
      algorithms.sortKeys(stream, byLeaf.address(), nodes.address(), total, DEPTH_SHIFT, Long.SIZE);
    }
    DeviceBuffer firstChildren = temporary.allocate(4 * total, "children in the memory tree");
    try (DeviceScope flagged = new DeviceScope(stream)) {
      DeviceBuffer flags = flagged.allocate(total, "flags of nodes");
      DeviceBuffer selected = flagged.allocate(8, "number of first children");
      launch("first_children", Arguments.items(total).add(nodes).add(flags));
      algorithms.selectFlagged(
          stream, flags.address(), firstChildren.address(), selected.address(), total);
    }
    return firstChildren;
  }

  NodeCounts counts() {
    return counts;
  }

  Arguments.TreeShape shape() {
    return shape;
  }

  DeviceBuffer nodes() {
    return nodes;
  }

  /** The nodes with their digests; {@code before} is null when a tree is made from an image. */
  Arguments.TreeNodes with(@Nullable DeviceBuffer before, DeviceBuffer after) {
    return new Arguments.TreeNodes(nodes, counts.total(), children, before, after);
  }

  /**
   * Hashes all inner nodes, once the digests of the leaves are there.
   *
   * @param digests as {@link #with} returned it
   * @param resident the tree before
   * @param merkle receives the rows of the Merkle trace, or is {@link Arguments.TraceColumns#NONE}
   */
  void hash(Arguments.TreeNodes digests, TreeTable resident, Arguments.TraceColumns merkle) {
    for (int height = 1; height <= counts.rootHeight(); height++) {
      launch(
          "hash_nodes",
          Arguments.items(counts.at(height))
              .add(counts.above(height))
              .add(height)
              .add(shape)
              .add(digests)
              .add(resident.arguments())
              .add(stream.device().zeroHashes())
              .add(merkle)
              .add(fault));
    }
  }

  private void launch(String kernel, Arguments arguments) {
    stream.launch(stream.device().kernel(kernel), arguments.words());
  }
}
