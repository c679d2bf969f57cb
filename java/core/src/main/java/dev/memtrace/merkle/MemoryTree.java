// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.merkle;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryDimensions;
import dev.memtrace.field.BabyBear;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.parallel.Workers;
import dev.memtrace.poseidon2.Poseidon2Batch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Hashes what a segment changed of the memory tree, level by level. Everything else, and all
 * digests before the segment, come from the resident tree: the work grows with the touched chunks
 * and not with the image.
 */
public final class MemoryTree {
  private static final int CHUNK = MemoryConfig.CHUNK;
  private static final int DIGEST = TreeLevel.DIGEST;
  private static final int PAIR = 2 * DIGEST;
  private static final int ABSENT = ResidentTree.ABSENT;
  private static final int BATCH = ResidentTree.BATCH;

  private final Workers workers;
  private final Poseidon2Batch batch;
  private final BufferPool pool;
  private final ResidentTree tree;

  /**
   * Creates a hasher.
   *
   * @param workers threads that share the work
   * @param batch the hash
   * @param pool where scratch memory comes from and returns to
   * @param tree the tree before the segment, which does not change
   */
  public MemoryTree(Workers workers, Poseidon2Batch batch, BufferPool pool, ResidentTree tree) {
    this.workers = workers;
    this.batch = batch;
    this.pool = pool;
    this.tree = tree;
  }

  /**
   * Hashes the touched nodes.
   *
   * @param chunks the touched chunks; receives their hashes
   * @param counts number of touched nodes
   * @param visitor receives every touched inner node
   * @return the touched nodes, owned by the caller
   */
  public TouchedTree hash(
      TouchedChunks chunks, TouchedNodeCounts counts, TouchedNodeVisitor visitor) {
    MemoryDimensions dimensions = tree.dimensions();
    List<TreeLevel> levels = new ArrayList<>();
    try {
      levels.add(leaves(chunks));
      for (int height = 1; height <= dimensions.overallHeight(); height++) {
        levels.add(parents(levels.getLast(), height, counts.above(height), visitor));
        levels.get(height - 1).initial.release();
      }
      TreeLevel top = levels.getLast();
      int[] before = new int[DIGEST];
      int[] after = new int[DIGEST];
      TreeLevel.load(top.initial, 0, before, 0);
      TreeLevel.load(top.after, 0, after, 0);
      top.initial.release();
      BabyBear.fromMontgomery(before, 0, before, 0, DIGEST);
      BabyBear.fromMontgomery(after, 0, after, 0, DIGEST);
      return new TouchedTree(new MemoryRoots(before, after), levels);
    } catch (RuntimeException | Error e) {
      levels.forEach(TreeLevel::release);
      throw e;
    }
  }

  /** The nodes of a range whose input has changed: only they are hashed. */
  private final class Changed {
    final int[] nodes;
    final int[] inputs;
    final int[] digests;
    int count;

    Changed(int most) {
      nodes = new int[most];
      inputs = new int[most * PAIR];
      digests = new int[most * DIGEST];
    }

    /** Where the input of the next node goes; it may turn out not to have changed. */
    int nextInput() {
      return count * PAIR;
    }

    void add(int node) {
      nodes[count++] = node;
    }

    void hash() {
      batch.compress(inputs, 0, digests, 0, count);
    }
  }

  /** Receives the canonical digests of a node and its children before and after the segment. */
  @FunctionalInterface
  private interface RowVisitor {
    void visit(int node, int[] initial, int[] after);
  }

  private TreeLevel leaves(TouchedChunks chunks) {
    TreeLevel level = new TreeLevel(pool, chunks.count());
    level.size = chunks.count();
    workers.forRange(
        level.size,
        BATCH,
        (from, to) -> {
          int count = (int) (to - from);
          Changed changed = new Changed(count);
          int[] before = new int[CHUNK];
          int[] digests = new int[count * DIGEST];
          for (int i = 0; i < count; i++) {
            int leaf = (int) from + i;
            level.index[leaf] = chunks.leaf(leaf);
            tree.load(0, level.index[leaf], digests, i * DIGEST);
            TreeLevel.store(level.initial, leaf, digests, i * DIGEST);
            chunks.initialValues(leaf, before, 0);
            int at = changed.nextInput();
            chunks.finalValues(leaf, changed.inputs, at);
            if (Arrays.equals(before, 0, CHUNK, changed.inputs, at, at + CHUNK)) {
              TreeLevel.store(level.after, leaf, digests, i * DIGEST);
            } else {
              BabyBear.toMontgomery(changed.inputs, at, changed.inputs, at, CHUNK);
              changed.add(leaf);
            }
          }
          BabyBear.fromMontgomery(digests, 0, digests, 0, digests.length);
          changed.hash();
          for (int i = 0; i < changed.count; i++) {
            TreeLevel.store(level.after, changed.nodes[i], changed.digests, i * DIGEST);
          }
          BabyBear.fromMontgomery(changed.digests, 0, changed.digests, 0, changed.count * DIGEST);
          int next = 0;
          for (int i = 0; i < count; i++) {
            int leaf = (int) from + i;
            chunks.initialHash(leaf, digests, i * DIGEST);
            if (next < changed.count && changed.nodes[next] == leaf) {
              chunks.finalHash(leaf, changed.digests, next * DIGEST);
              next++;
            } else {
              chunks.finalHash(leaf, digests, i * DIGEST);
            }
          }
        });
    return level;
  }

  private TreeLevel parents(
      TreeLevel below, int height, long ordinalBase, TouchedNodeVisitor visitor) {
    TreeLevel level = new TreeLevel(pool, Math.max(1, below.size));
    // If nothing is touched, the leftmost path is there all the same, above an untouched leaf.
    int[] firstChild = new int[Math.max(1, below.size)];
    if (below.size == 0) {
      firstChild[0] = ABSENT;
      level.size = 1;
    }
    for (int i = 0; i < below.size; i++) {
      long index = below.index[i] >>> 1;
      if (level.size == 0 || level.index[level.size - 1] != index) {
        level.index[level.size] = index;
        firstChild[level.size++] = i;
      }
    }
    RowVisitor rows =
        (node, initial, after) ->
            visitor.visit(
                ordinalBase + node,
                height,
                level.index[node],
                child(below, firstChild[node], 0) != ABSENT,
                child(below, firstChild[node], 1) != ABSENT,
                initial,
                0,
                after,
                0);
    workers.forRange(
        level.size,
        BATCH,
        (from, to) -> {
          int count = (int) (to - from);
          Changed changed = new Changed(count);
          int[] before = new int[count * PAIR];
          int[] initial = new int[DIGEST + PAIR];
          int[] after = new int[DIGEST + PAIR];
          for (int i = 0; i < count; i++) {
            int node = (int) from + i;
            int at = changed.nextInput();
            for (int side = 0; side < 2; side++) {
              int child = child(below, firstChild[node], side);
              int half = at + side * DIGEST;
              if (child == ABSENT) {
                tree.load(height - 1, 2 * level.index[node] + side, before, half);
                System.arraycopy(before, half, changed.inputs, half, DIGEST);
              } else {
                TreeLevel.load(below.initial, child, before, half);
                TreeLevel.load(below.after, child, changed.inputs, half);
              }
            }
            tree.load(height, level.index[node], initial, 0);
            TreeLevel.store(level.initial, node, initial, 0);
            if (Arrays.equals(before, at, at + PAIR, changed.inputs, at, at + PAIR)) {
              TreeLevel.store(level.after, node, initial, 0);
              System.arraycopy(before, at, initial, DIGEST, PAIR);
              BabyBear.fromMontgomery(initial, 0, initial, 0, DIGEST + PAIR);
              rows.visit(node, initial, initial);
            } else {
              changed.add(node);
            }
          }
          changed.hash();
          for (int i = 0; i < changed.count; i++) {
            int node = changed.nodes[i];
            TreeLevel.load(level.initial, node, initial, 0);
            System.arraycopy(before, i * PAIR, initial, DIGEST, PAIR);
            BabyBear.fromMontgomery(initial, 0, initial, 0, DIGEST + PAIR);
            TreeLevel.store(level.after, node, changed.digests, i * DIGEST);
            System.arraycopy(changed.digests, i * DIGEST, after, 0, DIGEST);
            System.arraycopy(changed.inputs, i * PAIR, after, DIGEST, PAIR);
            BabyBear.fromMontgomery(after, 0, after, 0, DIGEST + PAIR);
            rows.visit(node, initial, after);
          }
        });
    return level;
  }

  /** Position of the touched child on one side, or {@link #ABSENT}. */
  private static int child(TreeLevel below, int first, int side) {
    if (first == ABSENT || (below.index[first] & 1) == side) {
      return first;
    }
    int second = first + 1;
    return side == 1 && second < below.size && below.index[second] == below.index[first] + 1
        ? second
        : ABSENT;
  }
}
