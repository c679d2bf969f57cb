// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.MemoryState;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.field.BabyBear;
import dev.memtrace.image.AddressMap;
import dev.memtrace.merkle.ResidentTree;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.parallel.Workers;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import dev.memtrace.poseidon2.Poseidon2;
import dev.memtrace.poseidon2.Poseidon2Batch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The memory tree on the device and its updates against a recursive oracle. */
class CudaTreeTest {
  private static final long SEED = Long.getLong("memtrace.oracle.seed", 20_251_124L);
  private static final int CHUNK = MemoryConfig.CHUNK;

  private Emulator emulator;

  @BeforeEach
  void reset() {
    emulator = Emulator.load();
    emulator.reset();
  }

  @AfterEach
  void nothingIsLeft() {
    CudaFixture.assertNothingLeft(emulator);
    emulator.reset();
  }

  /** Chunks that are not zero by leaf index. */
  private static final class Leaves extends TreeMap<Long, int[]> {
    private static final long serialVersionUID = 1L;

    /** The obvious definition of a node's digest. */
    int[] digest(int height, long index) {
      if (subMap(index << height, (index + 1) << height).isEmpty()) {
        return Poseidon2.zeroSubtree(height);
      }
      return height == 0
          ? Poseidon2.hash(getOrDefault(index, new int[CHUNK]))
          : Poseidon2.compress(digest(height - 1, 2 * index), digest(height - 1, 2 * index + 1));
    }

    void change(long leaf, int[] chunk) {
      if (Arrays.stream(chunk).allMatch(cell -> cell == 0)) {
        remove(leaf);
      } else {
        put(leaf, chunk);
      }
    }
  }

  private static int space(MemoryConfig config, long leaf) {
    return config.asOffset() + (int) (leaf >>> config.dimensions().addressHeight());
  }

  private static int pointer(MemoryConfig config, long leaf) {
    return CHUNK * (int) (leaf & ((1L << config.dimensions().addressHeight()) - 1));
  }

  private static AddressMap image(MemoryConfig config, Leaves leaves) {
    AddressMap image = new AddressMap(config, new BufferPool(0));
    leaves.forEach(
        (leaf, chunk) -> {
          for (int i = 0; i < CHUNK; i++) {
            image.set(space(config, leaf), pointer(config, leaf) + i, chunk[i]);
          }
        });
    return image;
  }

  private static int[] chunk(Random random) {
    int[] chunk = new int[CHUNK];
    int density = random.nextInt(4);
    for (int i = 0; i < CHUNK; i++) {
      chunk[i] = random.nextInt(4) < density ? random.nextInt(BabyBear.P) : 0;
    }
    return chunk;
  }

  private static long leaf(Random random, MemoryConfig config) {
    long last = (1L << config.dimensions().overallHeight()) - 1;
    return switch (random.nextInt(4)) {
      case 0 -> random.nextInt(3) & last;
      case 1 -> last - (random.nextInt(3) & last);
      case 2 -> random.nextLong() & last;
      default -> (last >>> 1) + random.nextInt(5) - 2 & last;
    };
  }

  /** None, one, both ends, neighbouring subtrees, siblings, many, all if there are few. */
  private static List<Set<Long>> updates(Random random, MemoryConfig config) {
    long all = 1L << config.dimensions().overallHeight();
    List<Set<Long>> updates = new ArrayList<>();
    updates.add(Set.of());
    updates.add(Set.of(leaf(random, config)));
    updates.add(Set.of(0L, all - 1));
    updates.add(Set.of(all / 2 - 1, all / 2));
    long even = leaf(random, config) & -2;
    updates.add(Set.of(even, even + 1));
    Set<Long> many = new TreeSet<>();
    for (int i = 0; i < 60; i++) {
      many.add(leaf(random, config));
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

  private static MemoryController controller(MemoryConfig config, CudaBackend backend) {
    return MemoryController.withPersistentMemory(
        new MemoryBus(0),
        config,
        new VariableRangeChecker(new RangeCheckerBus(1, config.rangeMaxBits())),
        new MerkleBus(2),
        new CompressionBus(3),
        backend);
  }

  /** Every node of the tree on the device is that of a tree that is hashed anew on the host. */
  private static void assertSameNodes(MemoryState state, Leaves leaves) {
    try (Workers workers = new Workers(1);
        ResidentTree again =
            ResidentTree.of(
                workers,
                Poseidon2Batch.portable(),
                new BufferPool(0),
                image(state.config(), leaves))) {
      ResidentTree host = state.hashedTree(workers, Poseidon2Batch.portable());
      assertThat(host.sameDigests(again)).isTrue();
    }
  }

  private static MemoryState update(
      CudaBackend backend, MemoryState state, Set<Long> touched, Leaves after, Random random) {
    MemoryConfig config = state.config();
    int rootHeight = config.dimensions().overallHeight();
    try (MemoryController controller = controller(config, backend);
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      int[] before = after.digest(rootHeight, 0);
      controller.setInitialMemory(state);
      for (long leaf : touched) {
        int space = space(config, leaf);
        int pointer = pointer(config, leaf);
        int[] chunk = random.nextInt(4) == 0 ? new int[CHUNK] : chunk(random);
        if (random.nextInt(4) == 0) {
          controller.readCell(space, pointer + random.nextInt(CHUNK));
        } else {
          controller.write(space, pointer, CHUNK, chunk, 0, new int[CHUNK], 0);
          after.change(leaf, chunk);
        }
      }
      controller.finalizeMemory(hasher);
      assertThat(controller.initialRoot()).as("seed %d", SEED).isEqualTo(before);
      assertThat(controller.finalRoot()).as("seed %d", SEED).isEqualTo(after.digest(rootHeight, 0));
      return controller.finalState();
    }
  }

  @ParameterizedTest
  @CsvSource({"1,4", "1,6", "2,9", "3,12", "3,14", "3,29", "28,4", "28,29"})
  void everyUpdateEqualsTheOracle(int asHeight, int pointerMaxBits) {
    MemoryConfig config =
        MemoryConfig.defaults().withAsHeight(asHeight).withPointerMaxBits(pointerMaxBits);
    Random random = new Random(SEED + 100L * asHeight + pointerMaxBits);
    try (CudaBackend backend = new CudaBackend(CudaFixture.open(), new BackendOptions(1))) {
      for (int round = 0; round < 3; round++) {
        emulator.set("order", round);
        emulator.set("defer", round);
        Leaves leaves = new Leaves();
        for (int i = 0; i < 20 * round; i++) {
          leaves.change(leaf(random, config), chunk(random));
        }
        MemoryState state = MemoryState.copyOf(image(config, leaves), config, backend.pool());
        for (Set<Long> touched : updates(random, config)) {
          MemoryState next = update(backend, state, touched, leaves, random);
          state.close();
          state = next;
          // The tree goes to the host and back now and then.
          if (random.nextInt(3) == 0) {
            assertSameNodes(state, leaves);
          }
        }
        try (MemoryState last = state) {
          assertThat(last.tree()).isNotNull();
          assertSameNodes(last, leaves);
        }
      }
    }
  }
}
