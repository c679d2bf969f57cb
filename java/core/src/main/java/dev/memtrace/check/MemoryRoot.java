// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.air.Poseidon2Parameters;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryDimensions;
import dev.memtrace.field.BabyBear;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.parallel.Workers;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The root of the memory tree of an image, computed level by level from its nonzero chunks. */
final class MemoryRoot {
  private static final int DIGEST = Poseidon2Parameters.DIGEST;
  private static final int WIDTH = Poseidon2Parameters.WIDTH;

  private static final int[] NO_CELLS = new int[DIGEST];

  private MemoryRoot() {}

  /** Returns the canonical root. */
  static int[] of(MemoryImage image, MemoryConfig config, Workers workers) {
    MemoryDimensions dimensions = config.dimensions();
    LongArrayList leaves = new LongArrayList();
    IntArrayList chunks = new IntArrayList();
    image.forEachNonZero(
        (space, pointer, value) -> {
          long leaf = dimensions.leafIndex(space, pointer / MemoryConfig.CHUNK);
          if (leaves.isEmpty() || leaves.getLong(leaves.size() - 1) != leaf) {
            leaves.add(leaf);
            chunks.addElements(chunks.size(), NO_CELLS);
          }
          chunks.set(
              chunks.size() - DIGEST + pointer % MemoryConfig.CHUNK, BabyBear.toMontgomery(value));
        });
    long[] index = leaves.toLongArray();
    int[] leafHashes = chunks.toIntArray();
    workers.forRange(
        index.length,
        64,
        (from, to) -> {
          int[] state = new int[WIDTH];
          for (int i = (int) from; i < to; i++) {
            hash(state, leafHashes, i, null, 0);
          }
        });
    int[] nodes = leafHashes;
    int[] zero = new int[DIGEST];
    hash(new int[WIDTH], zero, 0, null, 0);
    for (int height = 0; height < dimensions.overallHeight(); height++) {
      int[] parents = parents(index, nodes, zero, workers);
      index = parentIndices(index);
      nodes = parents;
      hash(new int[WIDTH], zero, 0, zero.clone(), 0);
    }
    int[] root = index.length == 0 ? zero : nodes;
    BabyBear.fromMontgomery(root, 0, root, 0, DIGEST);
    return root;
  }

  private static long[] parentIndices(long[] index) {
    LongArrayList parents = new LongArrayList();
    for (long child : index) {
      if (parents.isEmpty() || parents.getLong(parents.size() - 1) != child >> 1) {
        parents.add(child >> 1);
      }
    }
    return parents.toLongArray();
  }

  private static int[] parents(long[] index, int[] nodes, int[] zero, Workers workers) {
    long[] parent = parentIndices(index);
    int[] firstChild = new int[parent.length];
    for (int i = 0, p = -1; i < index.length; i++) {
      if (p < 0 || parent[p] != index[i] >> 1) {
        firstChild[++p] = i;
      }
    }
    int[] hashes = new int[DIGEST * parent.length];
    workers.forRange(
        parent.length,
        64,
        (from, to) -> {
          int[] state = new int[WIDTH];
          for (int i = (int) from; i < to; i++) {
            int child = firstChild[i];
            boolean isRight = (index[child] & 1) == 1;
            boolean both =
                !isRight && child + 1 < index.length && index[child + 1] == index[child] + 1;
            System.arraycopy(
                isRight ? zero : nodes, isRight ? 0 : DIGEST * child, hashes, DIGEST * i, DIGEST);
            if (isRight || both) {
              hash(state, hashes, i, nodes, isRight ? child : child + 1);
            } else {
              hash(state, hashes, i, zero, 0);
            }
          }
        });
    return hashes;
  }

  /** Replaces node i by the hash of it and another one, or of it and zeros. */
  private static void hash(int[] state, int[] nodes, int i, int @Nullable [] right, int j) {
    System.arraycopy(nodes, DIGEST * i, state, 0, DIGEST);
    if (right == null) {
      Arrays.fill(state, DIGEST, WIDTH, 0);
    } else {
      System.arraycopy(right, DIGEST * j, state, DIGEST, DIGEST);
    }
    ScalarPermutation.permute(state);
    System.arraycopy(state, 0, nodes, DIGEST * i, DIGEST);
  }
}
