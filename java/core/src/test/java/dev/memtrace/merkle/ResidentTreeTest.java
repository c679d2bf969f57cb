// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.merkle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.field.BabyBear;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.image.PageVisitor;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.parallel.Workers;
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
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The resident tree and its update against a recursive oracle, and what they cost. */
class ResidentTreeTest {
  private static final long SEED = Long.getLong("memtrace.oracle.seed", 20_251_123L);

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
      System.arraycopy(before.chunk(leaf(i)), 0, out, offset, 8);
    }

    @Override
    public void finalValues(int i, int[] out, int offset) {
      System.arraycopy(after.chunk(leaf(i)), 0, out, offset, 8);
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
                        .isEqualTo(before.digest(h, i));
                    assertThat(Arrays.copyOfRange(last, lastAt + 8 * part, lastAt + 8 * part + 8))
                        .isEqualTo(after.digest(h, i));
                  }
                  assertThat(left).isEqualTo(isTouched(leaves, height - 1, 2 * index));
                  assertThat(right).isEqualTo(isTouched(leaves, height - 1, 2 * index + 1));
                });
    assertThat(seen).hasSize((int) counts.above(0));
    for (long leaf : leaves) {
      assertThat(touched.initialHashes().get(leaf)).isEqualTo(before.digest(0, leaf));
      assertThat(touched.finalHashes().get(leaf)).isEqualTo(after.digest(0, leaf));
    }
    assertThat(result.roots().initial()).isEqualTo(before.digest(overallHeight, 0));
    assertThat(result.roots().after()).isEqualTo(after.digest(overallHeight, 0));
    result.reserveIn(tree);
    result.applyTo(tree);
    result.release();
    assertThat(tree.root()).isEqualTo(after.digest(overallHeight, 0));
  }

  /** Whether a node is above a touched leaf, or on the leftmost path if there is none. */
  private static boolean isTouched(Set<Long> leaves, int height, long index) {
    return leaves.isEmpty()
        ? height > 0 && index == 0
        : leaves.stream().anyMatch(leaf -> leaf >>> height == index);
  }

  @ParameterizedTest
  @CsvSource({"1,4,1", "1,6,1", "2,9,2", "3,12,1", "3,29,2", "28,29,3"})
  void everyUpdateEqualsTheOracle(int asHeight, int pointerMaxBits, int threads) {
    MemoryConfig config =
        MemoryConfig.defaults().withAsHeight(asHeight).withPointerMaxBits(pointerMaxBits);
    Random random = new Random(SEED + asHeight + pointerMaxBits);
    for (int round = 0; round < 3; round++) {
      Leaves before = new Leaves();
      for (int i = 0; i < 20 * round; i++) {
        before.change(Leaves.randomLeaf(random, config), Leaves.randomChunk(random));
      }
      try (Workers workers = new Workers(threads);
          ResidentTree tree =
              ResidentTree.of(
                  workers, Poseidon2Batch.portable(), new BufferPool(0), before.image(config))) {
        assertThat(tree.root())
            .as("seed %d", SEED)
            .isEqualTo(before.digest(config.dimensions().overallHeight(), 0));
        for (Set<Long> leaves : Leaves.updates(random, config)) {
          Leaves after = new Leaves();
          after.putAll(before);
          for (long leaf : leaves) {
            after.change(leaf, random.nextInt(4) == 0 ? new int[8] : Leaves.randomChunk(random));
          }
          update(tree, workers, before, after, leaves);
          before = after;
          try (ResidentTree again =
              ResidentTree.of(
                  workers, Poseidon2Batch.portable(), new BufferPool(0), after.image(config))) {
            assertThat(tree.sameDigests(again)).isTrue();
          }
        }
      }
    }
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
            ResidentTree.of(workers, batch, new BufferPool(0), before.image(config))) {
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
      leaves.put(Leaves.randomLeaf(random, config), new int[] {1, 0, 0, 0, 0, 0, 0, i});
    }
    BufferPool pool = new BufferPool(1 << 20);
    try (Workers workers = new Workers(1);
        ResidentTree tree =
            ResidentTree.of(workers, Poseidon2Batch.portable(), pool, leaves.image(config));
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

  /** An image of one page that is visited a million times: 2^29 chunks more than zero. */
  @Test
  void anImageOfTooManyChunksIsRefusedBeforeMemoryIsTaken() {
    MemoryConfig config = MemoryConfig.defaults();
    MemorySegment page = MemorySegment.ofArray(new int[MemoryConfig.PAGE_SIZE]);
    page.fill((byte) 1);
    int pages = ResidentTree.MAX_NODES / (MemoryConfig.PAGE_SIZE / MemoryConfig.CHUNK) + 1;
    MemoryImage image =
        new MemoryImage() {
          @Override
          public MemoryConfig config() {
            return config;
          }

          @Override
          public int get(int addressSpace, int pointer) {
            throw new AssertionError();
          }

          @Override
          public void forEachPage(PageVisitor visitor) {
            for (int i = 0; i < pages; i++) {
              visitor.visit(1, 0, page, 0, MemoryConfig.PAGE_SIZE);
            }
          }
        };
    BufferPool none =
        new BufferPool(
            0,
            bytes -> {
              throw new AssertionError("asked for " + bytes + " bytes");
            });
    try (Workers workers = new Workers(1)) {
      assertThatThrownBy(
              () -> ResidentTree.of(workers, Poseidon2Batch.portable(), none, image).close())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("at least 536871424 nodes; the limit is 536870912");
    }
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
