// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.merkle;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.field.BabyBear;
import dev.memtrace.image.AddressMap;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.poseidon2.Poseidon2;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Chunks that are not zero by leaf index, and the obvious definition of the tree above them. */
public final class Leaves extends TreeMap<Long, int[]> {
  private static final long serialVersionUID = 1L;
  private static final int CHUNK = MemoryConfig.CHUNK;

  /** The digest of a node. */
  public int[] digest(int height, long index) {
    if (subMap(index << height, (index + 1) << height).isEmpty()) {
      return Poseidon2.zeroSubtree(height);
    }
    return height == 0
        ? Poseidon2.hash(chunk(index))
        : Poseidon2.compress(digest(height - 1, 2 * index), digest(height - 1, 2 * index + 1));
  }

  /** The cells of a chunk. */
  public int[] chunk(long leaf) {
    return getOrDefault(leaf, new int[CHUNK]);
  }

  /** Replaces a chunk. */
  public void change(long leaf, int[] chunk) {
    if (Arrays.stream(chunk).allMatch(cell -> cell == 0)) {
      remove(leaf);
    } else {
      put(leaf, chunk);
    }
  }

  /** Memory with these chunks. */
  public AddressMap image(MemoryConfig config) {
    AddressMap image = new AddressMap(config, new BufferPool(0));
    forEach(
        (leaf, chunk) -> {
          for (int i = 0; i < CHUNK; i++) {
            image.set(space(config, leaf), pointer(config, leaf) + i, chunk[i]);
          }
        });
    return image;
  }

  /** The address space of a leaf. */
  public static int space(MemoryConfig config, long leaf) {
    return config.asOffset() + (int) (leaf >>> config.dimensions().addressHeight());
  }

  /** The first cell of a leaf. */
  public static int pointer(MemoryConfig config, long leaf) {
    return CHUNK * (int) (leaf & ((1L << config.dimensions().addressHeight()) - 1));
  }

  /** A chunk with some cells that are not zero, or none. */
  public static int[] randomChunk(Random random) {
    int[] chunk = new int[CHUNK];
    int density = random.nextInt(4);
    for (int i = 0; i < CHUNK; i++) {
      chunk[i] = random.nextInt(4) < density ? random.nextInt(BabyBear.P) : 0;
    }
    return chunk;
  }

  /** A leaf, often at the ends or in the middle. */
  public static long randomLeaf(Random random, MemoryConfig config) {
    long last = (1L << config.dimensions().overallHeight()) - 1;
    return switch (random.nextInt(4)) {
      case 0 -> random.nextInt(3) & last;
      case 1 -> last - (random.nextInt(3) & last);
      case 2 -> random.nextLong() & last;
      default -> (last >>> 1) + random.nextInt(5) - 2 & last;
    };
  }

  /** None, one, both ends, neighbouring subtrees, siblings, many, all if there are few. */
  public static List<Set<Long>> updates(Random random, MemoryConfig config) {
    long all = 1L << config.dimensions().overallHeight();
    List<Set<Long>> updates = new ArrayList<>();
    updates.add(Set.of());
    updates.add(Set.of(randomLeaf(random, config)));
    updates.add(Set.of(0L, all - 1));
    updates.add(Set.of(all / 2 - 1, all / 2));
    long even = randomLeaf(random, config) & -2;
    updates.add(Set.of(even, even + 1));
    Set<Long> many = new TreeSet<>();
    for (int i = 0; i < 60; i++) {
      many.add(randomLeaf(random, config));
    }
    updates.add(many);
    if (all <= 64) {
      Set<Long> each = new TreeSet<>();
      for (long leaf = 0; leaf < all; leaf++) {
        each.add(leaf);
      }
      updates.add(each);
    }
    updates.add(Set.of());
    return updates;
  }
}
