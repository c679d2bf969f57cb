// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.merkle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.field.BabyBear;
import dev.memtrace.image.AddressMap;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.parallel.Workers;
import dev.memtrace.poseidon2.Poseidon2;
import dev.memtrace.poseidon2.Poseidon2Batch;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The resident tree and its update against a recursive oracle, and what they cost. */
class ResidentTreeTest {
  private static final long SEED = Long.getLong("memtrace.oracle.seed", 20_251_123L);

  /** Chunks by leaf index. */
  private static final class Leaves extends TreeMap<Long, int[]> {
    private static final long serialVersionUID = 1L;
  }

  /** Counts what it hashes. */
  private static final class Counting implements Poseidon2Batch {
    final AtomicLong hashes = new AtomicLong();

    @Override
    public String name() {
      return "counting";
    }

    @Override
    public void compress(
        int[] inputs, int inputOffset, int[] outputs, int outputOffset, int count) {
      hashes.addAndGet(count);
      Poseidon2Batch.portable().compress(inputs, inputOffset, outputs, outputOffset, count);
    }
  }

  /** The obvious definition of a node's digest. */
  private static int[] digest(Leaves leaves, int height, long index) {
    if (leaves.subMap(index << height, (index + 1) << height).isEmpty()) {
      return Poseidon2.zeroSubtree(height);
    }
    return height == 0
        ? Poseidon2.hash(leaves.getOrDefault(index, new int[8]))
        : Poseidon2.compress(
            digest(leaves, height - 1, 2 * index), digest(leaves, height - 1, 2 * index + 1));
  }

  private static AddressMap image(MemoryConfig config, Leaves leaves) {
    AddressMap image = new AddressMap(config, new BufferPool(0));
    int height = config.pointerMaxBits() - 3;
    leaves.forEach(
        (leaf, chunk) -> {
          for (int i = 0; i < 8; i++) {
            image.set(
                config.asOffset() + (int) (leaf >>> height),
                8 * (int) (leaf & ((1L << height) - 1)) + i,
                chunk[i]);
          }
        });
    return image;
  }

  private static int[] chunk(Random random) {
    int[] chunk = new int[8];
    for (int i = 0; i < 8; i++) {
      chunk[i] = random.nextInt(4) == 0 ? random.nextInt(BabyBear.P) : 0;
    }
    return chunk;
  }

  /** Touched chunks that become other chunks; collects the hashes. */
  private record Touched(
      List<Long> leaf,
      Leaves before,
      Leaves after,
      Map<Long, int[]> initialHashes,
      Map<Long, int[]> finalHashes)
      implements TouchedChunks {
    Touched(Set<Long> leaf, Leaves before, Leaves after) {
      this(new ArrayList<>(new TreeSet<>(leaf)), before, after, new HashMap<>(), new HashMap<>());
    }

    @Override
    public int count() {
      return leaf.size();
    }

    @Override
    public long leaf(int i) {
      return leaf.get(i);
    }

    @Override
    public void initialValues(int i, int[] out, int offset) {
      System.arraycopy(before.getOrDefault(leaf(i), new int[8]), 0, out, offset, 8);
    }

    @Override
    public void finalValues(int i, int[] out, int offset) {
      System.arraycopy(after.getOrDefault(leaf(i), new int[8]), 0, out, offset, 8);
    }

    @Override
    public void initialHash(int i, int[] digest, int offset) {
      synchronized (initialHashes) {
        initialHashes.put(leaf(i), Arrays.copyOfRange(digest, offset, offset + 8));
      }
    }

    @Override
    public void finalHash(int i, int[] digest, int offset) {
      synchronized (finalHashes) {
        finalHashes.put(leaf(i), Arrays.copyOfRange(digest, offset, offset + 8));
      }
    }
  }

  /** Hashes an update, compares every touched node with the oracle, and applies it. */
  private static void update(
      ResidentTree tree, Workers workers, Leaves before, Leaves after, Set<Long> leaves) {
    int overallHeight = tree.dimensions().overallHeight();
    Touched touched = new Touched(leaves, before, after);
    TouchedNodeCounts counts = new TouchedNodeCounts(touched.count(), touched::leaf, overallHeight);
    Set<List<Long>> seen = new HashSet<>();
    TouchedTree result =
        new MemoryTree(workers, Poseidon2Batch.portable(), new BufferPool(0), tree)
            .hash(
                touched,
                counts,
                (ordinal, height, index, left, right, initial, at, last, lastAt) -> {
                  synchronized (seen) {
                    assertThat(seen.add(List.of((long) height, index))).isTrue();
                  }
                  for (int part = 0; part < 3; part++) {
                    int h = part == 0 ? height : height - 1;
                    long i = part == 0 ? index : 2 * index + part - 1;
                    assertThat(Arrays.copyOfRange(initial, at + 8 * part, at + 8 * part + 8))
                        .isEqualTo(digest(before, h, i));
                    assertThat(Arrays.copyOfRange(last, lastAt + 8 * part, lastAt + 8 * part + 8))
                        .isEqualTo(digest(after, h, i));
                  }
                  assertThat(left).isEqualTo(isTouched(leaves, height - 1, 2 * index));
                  assertThat(right).isEqualTo(isTouched(leaves, height - 1, 2 * index + 1));
                });
    assertThat(seen).hasSize((int) counts.above(0));
    for (long leaf : leaves) {
      assertThat(touched.initialHashes().get(leaf)).isEqualTo(digest(before, 0, leaf));
      assertThat(touched.finalHashes().get(leaf)).isEqualTo(digest(after, 0, leaf));
    }
    assertThat(result.roots().initial()).isEqualTo(digest(before, overallHeight, 0));
    assertThat(result.roots().after()).isEqualTo(digest(after, overallHeight, 0));
    result.reserveIn(tree);
    result.applyTo(tree);
    result.release();
    assertThat(tree.root()).isEqualTo(digest(after, overallHeight, 0));
  }

  /** Whether a node is above a touched leaf, or on the leftmost path if there is none. */
  private static boolean isTouched(Set<Long> leaves, int height, long index) {
    return leaves.isEmpty()
        ? height > 0 && index == 0
        : leaves.stream().anyMatch(leaf -> leaf >>> height == index);
  }

  private static long randomLeaf(Random random, MemoryConfig config) {
    long last = (1L << config.dimensions().overallHeight()) - 1;
    return switch (random.nextInt(4)) {
      case 0 -> random.nextInt(3) & last;
      case 1 -> last - (random.nextInt(3) & last);
      case 2 -> random.nextLong() & last;
      default -> (last >>> 1) + random.nextInt(5) - 2 & last;
    };
  }

  @ParameterizedTest
  @CsvSource({"1,4,1", "1,6,1", "2,9,2", "3,12,1", "3,29,2", "28,29,3"})
  void everyUpdateEqualsTheOracle(int asHeight, int pointerMaxBits, int threads) {
    MemoryConfig config =
        MemoryConfig.defaults().withAsHeight(asHeight).withPointerMaxBits(pointerMaxBits);
    Random random = new Random(SEED + asHeight + pointerMaxBits);
    long allLeaves = 1L << config.dimensions().overallHeight();
    for (int round = 0; round < 3; round++) {
      Leaves before = new Leaves();
      for (int i = 0; i < 20 * round; i++) {
        before.put(randomLeaf(random, config), chunk(random));
      }
      before.values().removeIf(chunk -> Arrays.stream(chunk).allMatch(cell -> cell == 0));
      try (Workers workers = new Workers(threads);
          ResidentTree tree =
              ResidentTree.of(
                  workers, Poseidon2Batch.portable(), new BufferPool(0), image(config, before))) {
        assertThat(tree.root())
            .as("seed %d", SEED)
            .isEqualTo(digest(before, config.dimensions().overallHeight(), 0));
        for (Set<Long> leaves : updates(random, config, allLeaves)) {
          Leaves after = new Leaves();
          after.putAll(before);
          for (long leaf : leaves) {
            int[] next = random.nextInt(4) == 0 ? new int[8] : chunk(random);
            if (Arrays.stream(next).allMatch(cell -> cell == 0)) {
              after.remove(leaf);
            } else {
              after.put(leaf, next);
            }
          }
          update(tree, workers, before, after, leaves);
          before = after;
          try (ResidentTree again =
              ResidentTree.of(
                  workers, Poseidon2Batch.portable(), new BufferPool(0), image(config, after))) {
            assertThat(tree.sameDigests(again)).isTrue();
          }
        }
      }
    }
  }

  /** None, one, both ends, neighbours, many, all if there are few. */
  private static List<Set<Long>> updates(Random random, MemoryConfig config, long allLeaves) {
    List<Set<Long>> updates = new ArrayList<>();
    updates.add(Set.of());
    updates.add(Set.of(randomLeaf(random, config)));
    updates.add(new HashSet<>(List.of(0L, allLeaves - 1)));
    updates.add(new HashSet<>(List.of(allLeaves / 2 - 1, allLeaves / 2)));
    Set<Long> many = new HashSet<>();
    for (int i = 0; i < 60; i++) {
      many.add(randomLeaf(random, config));
    }
    updates.add(many);
    if (allLeaves <= 64) {
      Set<Long> all = new HashSet<>();
      for (long leaf = 0; leaf < allLeaves; leaf++) {
        all.add(leaf);
      }
      updates.add(all);
    }
    updates.add(Set.of());
    return updates;
  }

  @ParameterizedTest
  @ValueSource(ints = {100, 10_000})
  void anUpdateHashesWhatItTouchesWhateverTheImage(int chunks) {
    MemoryConfig config = MemoryConfig.defaults();
    Leaves before = new Leaves();
    for (long i = 0; i < chunks; i++) {
      before.put(i, new int[] {1, 2, 3, 4, 5, 6, 7, (int) i});
    }
    Counting batch = new Counting();
    try (Workers workers = new Workers(1);
        ResidentTree tree =
            ResidentTree.of(workers, batch, new BufferPool(0), image(config, before))) {
      assertThat(batch.hashes.get()).isGreaterThanOrEqualTo(2L * chunks - 1);
      for (int segment = 0; segment < 2; segment++) {
        Leaves after = new Leaves();
        after.putAll(before);
        Set<Long> leaves = new TreeSet<>();
        for (long leaf = 0; leaf < 80; leaf += 8) {
          leaves.add(leaf);
          after.put(leaf, new int[] {segment, 9, 9, 9, 9, 9, 9, 9});
        }
        Touched touched = new Touched(leaves, before, after);
        int height = config.dimensions().overallHeight();
        TouchedNodeCounts counts = new TouchedNodeCounts(touched.count(), touched::leaf, height);
        batch.hashes.set(0);
        TouchedTree result =
            new MemoryTree(workers, batch, new BufferPool(0), tree)
                .hash(touched, counts, (a, b, c, d, e, f, g, h, i) -> {});
        result.reserveIn(tree);
        result.applyTo(tree);
        result.release();
        assertThat(batch.hashes.get()).isEqualTo(touched.count() + counts.above(0));
        before = after;
      }
    }
  }

  @Test
  void nodesCanBeCarriedToAnotherTree() {
    MemoryConfig config = MemoryConfig.defaults().withPointerMaxBits(14);
    Leaves leaves = new Leaves();
    Random random = new Random(SEED);
    for (int i = 0; i < 50; i++) {
      leaves.put(randomLeaf(random, config), new int[] {1, 0, 0, 0, 0, 0, 0, i});
    }
    BufferPool pool = new BufferPool(1 << 20);
    try (Workers workers = new Workers(1);
        ResidentTree tree =
            ResidentTree.of(workers, Poseidon2Batch.portable(), pool, image(config, leaves));
        ResidentTree copy = ResidentTree.ofNodes(pool, config.dimensions(), tree.nodes())) {
      assertThat(copy.sameDigests(tree)).isTrue();
      assertThat(copy.root()).isEqualTo(tree.root());
      int[] changed = {1, 2, 3, 4, 5, 6, 7, 8};
      copy.reserve(1);
      copy.put(0, 77, changed, 0);
      assertThat(copy.sameDigests(tree)).isFalse();
      assertThat(tree.sameDigests(copy)).isFalse();
    }
  }

  @Test
  void refusesNodesThatAreNone() {
    BufferPool pool = new BufferPool(0);
    MemoryConfig config = MemoryConfig.defaults();
    refused(pool, config, new int[] {0, 30 << 26, 0, 0, 0, 0, 0, 0, 0, 0}, "height 30");
    refused(pool, config, new int[] {2, 28 << 26, 0, 0, 0, 0, 0, 0, 0, 0}, "height 28 and index 2");
    refused(pool, config, new int[] {0, 0, 0, 0, 0, 0, 0, 0, 0, BabyBear.P}, "node 0");
    refused(pool, config, new int[20], "node 1");
  }

  private static void refused(BufferPool pool, MemoryConfig config, int[] words, String message) {
    assertThatThrownBy(
            () -> ResidentTree.ofNodes(pool, config.dimensions(), MemorySegment.ofArray(words)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void aClosedTreeIsRefused() {
    ResidentTree tree = new ResidentTree(new BufferPool(0), MemoryConfig.defaults().dimensions());
    tree.close();
    tree.close();
    assertThatThrownBy(tree::root)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("this memory tree is closed");
  }
}
