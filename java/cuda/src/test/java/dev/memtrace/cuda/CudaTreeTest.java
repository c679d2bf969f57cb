// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.MemoryState;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.merkle.Leaves;
import dev.memtrace.merkle.ResidentTree;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.parallel.Workers;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import dev.memtrace.poseidon2.Poseidon2Batch;
import java.util.Random;
import java.util.Set;
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
                leaves.image(state.config()))) {
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
        int space = Leaves.space(config, leaf);
        int pointer = Leaves.pointer(config, leaf);
        int[] chunk = random.nextInt(4) == 0 ? new int[CHUNK] : Leaves.randomChunk(random);
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
          leaves.change(Leaves.randomLeaf(random, config), Leaves.randomChunk(random));
        }
        MemoryState state = MemoryState.copyOf(leaves.image(config), config, backend.pool());
        for (Set<Long> touched : Leaves.updates(random, config)) {
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
