// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.merkle;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryDimensions;
import dev.memtrace.field.BabyBear;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import dev.memtrace.parallel.Workers;
import dev.memtrace.poseidon2.Poseidon2;
import dev.memtrace.poseidon2.Poseidon2Batch;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Hashes the sparse memory tree level by level: before the segment every node with a cell that is
 * not zero, after it every touched node. Untouched zero subtrees come from a table.
 */
public final class MemoryTree {
  private static final int CHUNK = MemoryConfig.CHUNK;
  private static final int DIGEST = TreeLevel.DIGEST;
  private static final int PAIR = 2 * DIGEST;
  private static final int ABSENT = TreeLevel.ABSENT;

  /** Nodes hashed in one call of the batch. */
  private static final int BATCH = 256;

  private final Workers workers;
  private final Poseidon2Batch batch;
  private final BufferPool pool;
  private final MemoryDimensions dimensions;
  private final int[][] zeroDigests;

  /**
   * Creates a hasher of trees of one shape.
   *
   * @param workers threads that share the work
   * @param batch the hash
   * @param pool where scratch memory comes from and returns to
   * @param dimensions shape of the tree
   */
  public MemoryTree(
      Workers workers, Poseidon2Batch batch, BufferPool pool, MemoryDimensions dimensions) {
    this.workers = workers;
    this.batch = batch;
    this.pool = pool;
    this.dimensions = dimensions;
    this.zeroDigests = new int[dimensions.overallHeight() + 1][DIGEST];
    for (int height = 0; height < zeroDigests.length; height++) {
      int[] digest = Poseidon2.zeroSubtree(height);
      BabyBear.toMontgomery(digest, 0, zeroDigests[height], 0, DIGEST);
    }
  }

  /**
   * Hashes the tree before and after a segment.
   *
   * @param initial memory before the segment
   * @param chunks the touched chunks; receives their hashes
   * @param counts number of touched nodes
   * @param visitor receives every touched inner node
   * @return both roots
   */
  public MemoryRoots hash(
      MemoryImage initial,
      TouchedChunks chunks,
      TouchedNodeCounts counts,
      TouchedNodeVisitor visitor) {
    TreeLevel level = leaves(initial, chunks);
    for (int height = 1; height <= dimensions.overallHeight(); height++) {
      TreeLevel above = parents(level, chunks.count() == 0, height, counts.above(height), visitor);
      level.release();
      level = above;
    }
    int[] before = new int[DIGEST];
    int[] after = new int[DIGEST];
    TreeLevel.load(level.initial, 0, before, 0);
    TreeLevel.load(level.after, 0, after, 0);
    level.release();
    BabyBear.fromMontgomery(before, 0, before, 0, DIGEST);
    BabyBear.fromMontgomery(after, 0, after, 0, DIGEST);
    return new MemoryRoots(before, after);
  }

  /** Touched chunks, and untouched ones that are not zero, with their digests. */
  private TreeLevel leaves(MemoryImage initial, TouchedChunks chunks) {
    LeafCollector leaves = new LeafCollector(initial, chunks);
    TreeLevel level = new TreeLevel(pool, leaves.nodes.size, chunks.count());
    level.index = leaves.nodes.index;
    level.touched = leaves.nodes.touched;
    level.zero = leaves.nodes.zero;
    level.size = leaves.nodes.size;
    level.touchedSize = leaves.nodes.touchedSize;
    leaves.nodes.release();
    workers.forRange(
        level.size,
        BATCH,
        (from, to) -> {
          int count = (int) (to - from);
          int[] cells = new int[count * CHUNK];
          MemorySegment.copy(
              leaves.cells.segment(), IntBuffer64.WORD, 4L * CHUNK * from, cells, 0, cells.length);
          int[] digests = hashChunks(cells, count);
          MemorySegment.copy(
              digests,
              0,
              level.initial.segment(),
              IntBuffer64.WORD,
              4L * DIGEST * from,
              digests.length);
          int[] canonical = new int[digests.length];
          BabyBear.fromMontgomery(digests, 0, canonical, 0, digests.length);
          for (int i = 0; i < count; i++) {
            int touched = level.touched[(int) from + i];
            if (touched != ABSENT) {
              chunks.initialHash(touched, canonical, i * DIGEST);
            }
          }
        });
    leaves.cells.release();
    workers.forRange(
        chunks.count(),
        BATCH,
        (from, to) -> {
          int count = (int) (to - from);
          int[] cells = new int[count * CHUNK];
          for (int i = 0; i < count; i++) {
            chunks.finalValues((int) from + i, cells, i * CHUNK);
          }
          int[] digests = hashChunks(cells, count);
          MemorySegment.copy(
              digests,
              0,
              level.after.segment(),
              IntBuffer64.WORD,
              4L * DIGEST * from,
              digests.length);
          BabyBear.fromMontgomery(digests, 0, digests, 0, digests.length);
          for (int i = 0; i < count; i++) {
            chunks.finalHash((int) from + i, digests, i * DIGEST);
          }
        });
    return level;
  }

  /** Hashes canonical chunks to digests in Montgomery form. */
  private int[] hashChunks(int[] cells, int count) {
    int[] inputs = new int[count * PAIR];
    for (int i = 0; i < count; i++) {
      BabyBear.toMontgomery(cells, i * CHUNK, inputs, i * PAIR, CHUNK);
    }
    int[] digests = new int[count * DIGEST];
    batch.compress(inputs, 0, digests, 0, count);
    return digests;
  }

  /** Collects the leaves in ascending order, with their cells before the segment. */
  private final class LeafCollector {
    final TreeLevel nodes = new TreeLevel(pool, 0, 0);
    final IntBuffer64 cells = new IntBuffer64(pool, 1 << 12);
    private final TouchedChunks chunks;
    private final int[] chunk = new int[CHUNK];
    private int next;

    LeafCollector(MemoryImage initial, TouchedChunks chunks) {
      this.chunks = chunks;
      initial.forEachPage(
          (addressSpace, firstPointer, memory, offset, pageCells) -> {
            for (int c = 0; c < pageCells; c += CHUNK) {
              long at = offset + 4L * c;
              if (isZero(memory, at)) {
                continue;
              }
              long leaf = dimensions.leafIndex(addressSpace, (firstPointer + c) / CHUNK);
              addTouchedBefore(leaf);
              if (next < chunks.count() && chunks.leaf(next) == leaf) {
                addTouched();
              } else {
                MemorySegment.copy(memory, IntBuffer64.WORD, at, chunk, 0, CHUNK);
                add(leaf, false, false);
              }
            }
          });
      addTouchedBefore(Long.MAX_VALUE);
      if (nodes.size == 0) {
        // Nothing touched and nothing there: the leftmost path begins at a leaf all the same.
        Arrays.fill(chunk, 0);
        add(0, false, true);
      } else if (chunks.count() == 0 && nodes.index[0] != 0) {
        addLeftmostLeaf();
      }
    }

    private void addTouchedBefore(long leaf) {
      while (next < chunks.count() && chunks.leaf(next) < leaf) {
        addTouched();
      }
    }

    private void addTouched() {
      chunks.initialValues(next, chunk, 0);
      int any = 0;
      for (int cell : chunk) {
        any |= cell;
      }
      add(chunks.leaf(next), true, any == 0);
      next++;
    }

    private void add(long leaf, boolean touched, boolean zero) {
      int node = nodes.add(leaf, touched, zero);
      long used = (long) CHUNK * node;
      MemorySegment target = cells.ensure(used + CHUNK, used);
      MemorySegment.copy(chunk, 0, target, IntBuffer64.WORD, used << 2, CHUNK);
    }

    /** Puts the zero leaf 0 before the others. */
    private void addLeftmostLeaf() {
      Arrays.fill(chunk, 0);
      add(0, false, true);
      int last = nodes.size - 1;
      MemorySegment memory = cells.segment();
      MemorySegment.copy(memory, 0, memory, 4L * CHUNK, 4L * CHUNK * last);
      memory.asSlice(0, 4L * CHUNK).fill((byte) 0);
      System.arraycopy(nodes.index, 0, nodes.index, 1, last);
      System.arraycopy(nodes.zero, 0, nodes.zero, 1, last);
      nodes.index[0] = 0;
      nodes.zero[0] = true;
    }

    private static boolean isZero(MemorySegment memory, long at) {
      long any = 0;
      for (int i = 0; i < 4 * CHUNK; i += 8) {
        any |= memory.get(IntBuffer64.PAIR, at + i);
      }
      return any == 0;
    }
  }

  private TreeLevel parents(
      TreeLevel level,
      boolean nothingTouched,
      int height,
      long ordinalBase,
      TouchedNodeVisitor visitor) {
    TreeLevel above = new TreeLevel(pool, level.size, level.touchedSize + 1L);
    int[] left = new int[level.size];
    int[] right = new int[level.size];
    int[] hashed = new int[level.size];
    int hashedCount = 0;
    int[] touchedNodes = new int[level.touchedSize + 1];
    for (int i = 0; i < level.size; i++) {
      long index = level.index[i] >>> 1;
      boolean isRight = (level.index[i] & 1) != 0;
      boolean pair = !isRight && i + 1 < level.size && level.index[i + 1] >>> 1 == index;
      int rightChild = pair ? i + 1 : isRight ? i : ABSENT;
      int leftChild = isRight ? ABSENT : i;
      boolean touched =
          level.touched[i] != ABSENT
              || (pair && level.touched[i + 1] != ABSENT)
              || (nothingTouched && index == 0);
      boolean zero = level.zero[i] && (!pair || level.zero[i + 1]);
      int node = above.add(index, touched, zero);
      left[node] = leftChild;
      right[node] = rightChild;
      if (zero) {
        TreeLevel.store(above.initial, node, zeroDigests[height], 0);
      } else {
        hashed[hashedCount++] = node;
      }
      if (touched) {
        touchedNodes[above.touched[node]] = node;
      }
      i += pair ? 1 : 0;
    }
    int[] zeroChild = zeroDigests[height - 1];
    workers.forRange(
        hashedCount,
        BATCH,
        (from, to) -> {
          int count = (int) (to - from);
          int[] inputs = new int[count * PAIR];
          int[] digests = new int[count * DIGEST];
          for (int i = 0; i < count; i++) {
            int node = hashed[(int) from + i];
            loadInitial(level, left[node], zeroChild, inputs, i * PAIR);
            loadInitial(level, right[node], zeroChild, inputs, i * PAIR + DIGEST);
          }
          batch.compress(inputs, 0, digests, 0, count);
          for (int i = 0; i < count; i++) {
            TreeLevel.store(above.initial, hashed[(int) from + i], digests, i * DIGEST);
          }
        });
    workers.forRange(
        above.touchedSize,
        BATCH,
        (from, to) -> {
          int count = (int) (to - from);
          int[] inputs = new int[count * PAIR];
          int[] digests = new int[count * DIGEST];
          for (int i = 0; i < count; i++) {
            int node = touchedNodes[(int) from + i];
            loadAfter(level, left[node], zeroChild, inputs, i * PAIR);
            loadAfter(level, right[node], zeroChild, inputs, i * PAIR + DIGEST);
          }
          batch.compress(inputs, 0, digests, 0, count);
          int[] initialDigests = new int[DIGEST + PAIR];
          int[] afterDigests = new int[DIGEST + PAIR];
          for (int i = 0; i < count; i++) {
            int node = touchedNodes[(int) from + i];
            TreeLevel.store(above.after, (int) from + i, digests, i * DIGEST);
            TreeLevel.load(above.initial, node, initialDigests, 0);
            loadInitial(level, left[node], zeroChild, initialDigests, DIGEST);
            loadInitial(level, right[node], zeroChild, initialDigests, PAIR);
            System.arraycopy(digests, i * DIGEST, afterDigests, 0, DIGEST);
            System.arraycopy(inputs, i * PAIR, afterDigests, DIGEST, PAIR);
            BabyBear.fromMontgomery(initialDigests, 0, initialDigests, 0, DIGEST + PAIR);
            BabyBear.fromMontgomery(afterDigests, 0, afterDigests, 0, DIGEST + PAIR);
            visitor.visit(
                ordinalBase + from + i,
                height,
                above.index[node],
                isTouched(level, left[node]),
                isTouched(level, right[node]),
                initialDigests,
                0,
                afterDigests,
                0);
          }
        });
    return above;
  }

  private static boolean isTouched(TreeLevel level, int child) {
    return child != ABSENT && level.touched[child] != ABSENT;
  }

  private static void loadInitial(
      TreeLevel level, int child, int[] zeroChild, int[] out, int offset) {
    if (child == ABSENT) {
      System.arraycopy(zeroChild, 0, out, offset, DIGEST);
    } else {
      TreeLevel.load(level.initial, child, out, offset);
    }
  }

  private static void loadAfter(
      TreeLevel level, int child, int[] zeroChild, int[] out, int offset) {
    if (isTouched(level, child)) {
      TreeLevel.load(level.after, level.touched[child], out, offset);
    } else {
      loadInitial(level, child, zeroChild, out, offset);
    }
  }
}
