// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.FieldEncoding;
import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceOrder;
import dev.memtrace.backend.TraceSession;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.image.AddressMap;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogSegment;
import dev.memtrace.merkle.ResidentTree;
import dev.memtrace.merkle.StateTree;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.oracle.ChainOracle;
import dev.memtrace.parallel.Workers;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import dev.memtrace.poseidon2.Poseidon2Batch;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Memory that stays on the device between two segments, or comes and goes. */
class CudaMemoryStateTest {
  private static final long SEED = Long.getLong("memtrace.oracle.seed", 20_251_123L);
  private static final int CHAINS =
      Integer.getInteger(
          "memtrace.cuda.chains", Boolean.getBoolean("memtrace.sanitized") ? 24 : 96);
  private static final int SHARD = 8;
  private static final int CHUNK = MemoryConfig.CHUNK;

  @TempDir private Path temp;
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

  private static CudaBackend cuda() {
    return new CudaBackend(CudaFixture.open(), new BackendOptions(1));
  }

  static IntStream shards() {
    return IntStream.range(0, Math.ceilDiv(CHAINS, SHARD));
  }

  private void order(int shard) {
    emulator.set("order", shard % 3);
    emulator.set("seed", shard);
    emulator.set("defer", shard % 3);
  }

  @ParameterizedTest(name = "shard {0}")
  @MethodSource("shards")
  void chainsThatStayOnOneDevice(int shard) {
    order(shard);
    try (CudaBackend backend = cuda()) {
      for (int i = shard * SHARD; i < (shard + 1) * SHARD; i++) {
        ChainOracle.check(SEED, i, List.of(backend), null);
      }
    }
  }

  @ParameterizedTest(name = "shard {0}")
  @MethodSource("shards")
  void chainsThatMoveBetweenDevicesHostAndFiles(int shard) {
    order(shard + 1);
    try (CudaBackend first = cuda();
        CudaBackend second = cuda();
        TraceBackend host = new CpuBackend(new BackendOptions(2))) {
      for (int i = shard * SHARD; i < (shard + 1) * SHARD; i++) {
        ChainOracle.check(SEED + 1, i, List.of(first, second, host), temp);
      }
    }
  }

  private static MemoryController controller(MemoryConfig config, TraceBackend backend) {
    return MemoryController.withPersistentMemory(
        new MemoryBus(0),
        config,
        new VariableRangeChecker(new RangeCheckerBus(1, config.rangeMaxBits())),
        new MerkleBus(2),
        new CompressionBus(3),
        backend);
  }

  private static void finish(MemoryController controller) {
    try (Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      controller.finalizeMemory(hasher);
    }
  }

  /** An image with one chunk that is not zero in each of some pages. */
  private static AddressMap image(MemoryConfig config, int pages) {
    AddressMap image = new AddressMap(config);
    for (int i = 0; i < pages; i++) {
      image.set(1, 4096 * i + 8 * (i % 512), i + 1);
    }
    return image;
  }

  private static Map<Long, Integer> cells(MemoryImage image) {
    Map<Long, Integer> cells = new TreeMap<>();
    image.forEachNonZero((space, pointer, value) -> cells.put((long) space << 32 | pointer, value));
    return cells;
  }

  private static List<int[]> drain(List<AirProofInput> inputs) {
    List<int[]> traces = new ArrayList<>();
    for (AirProofInput input : inputs) {
      try (input) {
        int[] cells = new int[Math.toIntExact(input.trace().height() * input.trace().width())];
        input
            .trace()
            .copyTo(MemorySegment.ofArray(cells), TraceOrder.ROW_MAJOR, FieldEncoding.CANONICAL);
        traces.add(cells);
        traces.add(input.publicValues());
      }
    }
    return traces;
  }

  private static ResidentTree hashed(MemoryState state) {
    try (Workers workers = new Workers(1)) {
      return state.hashedTree(workers, Poseidon2Batch.portable());
    }
  }

  /** The state is that of its cells, on the device and on the host. */
  private static void assertConsistent(MemoryState state) {
    int[] root = state.root();
    try (Workers workers = new Workers(1);
        ResidentTree again =
            ResidentTree.of(workers, Poseidon2Batch.portable(), new BufferPool(0), state.image())) {
      assertThat(again.root()).isEqualTo(root);
      assertThat(hashed(state).sameDigests(again)).isTrue();
    }
  }

  /** What a segment in the middle of a chain costs on the device. */
  private record Cost(
      long bytesToDevice, long bytesToHost, long launches, long hashLaunches, long merkleRows) {}

  private Cost costOfAChainedSegment(int pages) {
    MemoryConfig config = MemoryConfig.defaults();
    try (CudaBackend backend = cuda()) {
      MemoryState state = MemoryState.copyOf(image(config, pages), config, backend.pool());
      for (int segment = 0; ; segment++) {
        try (MemoryController controller = controller(config, backend)) {
          controller.setInitialMemory(state);
          for (int i = 0; i < 10; i++) {
            controller.write(
                1,
                CHUNK * 100 * i,
                CHUNK,
                new int[] {segment, 1, 2, 3, 4, 5, 6, i},
                0,
                new int[8],
                0);
          }
          emulator.reset();
          finish(controller);
          long rows = controller.currentTraceHeights()[1];
          MemoryState next = controller.finalState();
          Cost cost =
              new Cost(
                  emulator.count("bytes_to_device"),
                  emulator.count("bytes_to_host"),
                  emulator.count("kernel:"),
                  emulator.count("kernel:memtrace_hash_nodes"),
                  rows);
          boolean built = emulator.count("kernel:memtrace_hash_image_chunks") > 0;
          assertThat(built).isEqualTo(segment == 0);
          assertThat(emulator.count("kernel:memtrace_image_chunk_flags")).isEqualTo(built ? 1 : 0);
          if (segment == 2) {
            assertConsistent(next);
            next.close();
            return cost;
          }
          state = next;
        }
      }
    }
  }

  @Test
  void aChainedSegmentUploadsNoImageAndHashesWhatItTouches() {
    Cost small = costOfAChainedSegment(4);
    Cost large = costOfAChainedSegment(400);
    // 10 writes of 8 cells.
    assertThat(large.bytesToDevice()).isLessThan(1000);
    assertThat(large).isEqualTo(small);
    assertThat(large.hashLaunches())
        .isEqualTo(MemoryConfig.defaults().dimensions().overallHeight());
  }

  @Test
  void aStateThatIsNotTakenLeavesMemoryAsItWas() {
    MemoryConfig config = MemoryConfig.defaults();
    try (CudaBackend backend = cuda();
        MemoryState state = MemoryState.copyOf(image(config, 3), config, backend.pool())) {
      int[] before = null;
      for (int i = 0; i < 3; i++) {
        AccessLog log = new AccessLog(config);
        log.appendWrite(1, 8 * i, 1, new int[] {99}, 0);
        log.appendWrite(2, 70_000, 1, new int[] {98}, 0);
        emulator.reset();
        try (TraceSession session = backend.open(MemoryMode.PERSISTENT, state);
            Poseidon2Periphery hasher = new Poseidon2Periphery()) {
          segments(log).forEach(session::appendSegment);
          session.finalizeMemory(hasher);
          before = before == null ? session.initialRoot() : before;
          assertThat(session.initialRoot()).isEqualTo(before);
          assertThat(session.finalRoot()).isNotEqualTo(before);
        }
        // The second session finds what the first one has brought to the device.
        assertThat(emulator.count("kernel:memtrace_hash_image_chunks")).isEqualTo(i == 0 ? 1 : 0);
      }
      assertThat(state.tree()).isInstanceOf(ResidentMemory.class);
      assertConsistent(state);
    }
  }

  private static List<LogSegment> segments(AccessLog log) {
    log.seal();
    return log.segments();
  }

  /** As when the memory of the device ends in the middle of a segment. */
  @Test
  void theCpuCanGoOnWithTheSameState() {
    MemoryConfig config = MemoryConfig.defaults();
    AccessLog log = new AccessLog(config);
    log.appendWrite(1, 8, 4, new int[] {99, 1, 2, 3}, 0);
    log.appendRead(1, 4096, 2);
    List<LogSegment> segments = segments(log);
    try (CudaBackend backend = cuda();
        TraceBackend cpu = new CpuBackend(new BackendOptions(1));
        MemoryState state = MemoryState.copyOf(image(config, 3), config, backend.pool());
        Poseidon2Periphery hasher = new Poseidon2Periphery();
        TraceSession session = backend.open(MemoryMode.PERSISTENT, state)) {
      segments.forEach(session::appendSegment);
      session.finalizeMemory(hasher);
      try (TraceSession other = cpu.open(MemoryMode.PERSISTENT, state)) {
        segments.forEach(other::appendSegment);
        other.finalizeMemory(hasher);
        assertThat(other.initialRoot()).isEqualTo(session.initialRoot());
        assertThat(other.finalRoot()).isEqualTo(session.finalRoot());
      }
      // The tree is on the host now, and the session goes on all the same.
      assertThat(state.tree()).isInstanceOf(ResidentTree.class);
      assertThat(cells(session.finalMemory())).containsEntry((1L << 32) | 8, 99);
      assertThat(session.record(0).data()).containsExactly(99, 1, 2, 3);
      try (MemoryState after = session.finalState(backend.pool())) {
        assertThat(after.root()).isEqualTo(session.finalRoot());
        assertConsistent(after);
        assertThatThrownBy(() -> session.finalState(backend.pool()))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("handed out already");
      }
      // The initial state has lost its tree to the next one, and has its cells still.
      assertThat(state.tree()).isNull();
      assertThat(cells(state.image())).isEqualTo(cells(image(config, 3)));
      assertThat(state.root()).isEqualTo(session.initialRoot());
    }
  }

  @Test
  void aStateThatTheCpuTookNeedsNoDevice() {
    MemoryConfig config = MemoryConfig.defaults();
    try (TraceBackend cpu = new CpuBackend(new BackendOptions(1));
        MemoryController taker = controller(config, cpu)) {
      int[] root;
      try (CudaBackend backend = cuda();
          MemoryController maker = controller(config, backend)) {
        maker.write(1, 0, 4, new int[] {5, 6, 7, 8}, 0, new int[4], 0);
        finish(maker);
        root = maker.finalRoot();
        MemoryState state = maker.finalState();
        assertThat(state.tree()).isInstanceOf(ResidentMemory.class);
        taker.setInitialMemory(state);
      }
      taker.read(1, 0, 4, new int[4], 0);
      finish(taker);
      assertThat(taker.initialRoot()).isEqualTo(root);
    }
  }

  /** Makes one segment that goes wrong when memory changes, and is taken up again. */
  @Test
  void memoryThatIsHalfChangedIsMadeAnew() {
    MemoryConfig config = MemoryConfig.defaults();
    try (CudaBackend backend = cuda();
        MemoryController controller = controller(config, backend)) {
      controller.setInitialMemory(image(config, 3));
      controller.write(1, 0, 4, new int[] {5, 6, 7, 8}, 0, new int[4], 0);
      finish(controller);
      // All launches but the last two of finalState prepare; the last one but one updates the tree.
      emulator.reset();
      int failures = 0;
      for (int nth = 1; failures == nth - 1; nth++) {
        emulator.reset();
        emulator.fail("cuLaunchKernel", nth, 1);
        try (MemoryState state = controller.finalState()) {
          assertThat(state.root()).isEqualTo(controller.finalRoot());
          assertConsistent(state);
        } catch (CudaException e) {
          failures++;
        }
      }
      assertThat(failures).isGreaterThan(3);
    }
  }

  @Test
  void statesOutliveTheirSessionsAndAreClosedOnce() {
    MemoryConfig config = MemoryConfig.defaults();
    try (CudaBackend backend = cuda()) {
      MemoryState state;
      int[] root;
      try (MemoryController controller = controller(config, backend)) {
        controller.setInitialMemory(image(config, 2));
        controller.writeCell(1, 3, 4);
        finish(controller);
        root = controller.finalRoot();
        state = controller.finalState();
      }
      StateTree tree = Objects.requireNonNull(state.tree());
      assertThat(tree).isInstanceOf(ResidentMemory.class);
      assertThat(tree.root()).isEqualTo(root);
      state.close();
      state.close();
      tree.close();
      assertThatThrownBy(tree::root).hasMessage("this memory tree is closed");
      assertThatThrownBy(tree::onHost).hasMessage("this memory tree is closed");
    }
  }

  @Test
  void aStateThatIsLeftOpenIsNamedWhenTheDeviceCloses() {
    MemoryConfig config = MemoryConfig.defaults();
    CudaBackend backend = cuda();
    MemoryState state;
    try (MemoryController controller = controller(config, backend)) {
      controller.writeCell(1, 3, 4);
      finish(controller);
      state = controller.finalState();
    }
    assertThatThrownBy(backend::close).hasMessageContaining("digests of the memory tree");
    state.close();
  }

  @Test
  void tracesOfAnySufficientHeight() {
    MemoryConfig config = MemoryConfig.defaults();
    AccessLog log = new AccessLog(config);
    log.appendWrite(1, 8, 1, new int[] {99}, 0);
    log.appendWrite(2, 8, 1, new int[] {98}, 0);
    List<LogSegment> segments = segments(log);
    long[] heights = {8, 512, 16, 0, 0, 0, 0};
    VariableRangeChecker rangeChecker = new VariableRangeChecker(new RangeCheckerBus(1, 17));
    try (CudaBackend backend = cuda();
        TraceBackend cpu = new CpuBackend(new BackendOptions(1));
        Poseidon2Periphery hasher = new Poseidon2Periphery();
        TraceSession session = backend.open(MemoryMode.PERSISTENT, image(config, 1));
        TraceSession other = cpu.open(MemoryMode.PERSISTENT, image(config, 1))) {
      for (TraceSession each : List.of(session, other)) {
        segments.forEach(each::appendSegment);
        each.finalizeMemory(hasher);
      }
      long[] used = other.currentTraceHeights();
      for (int i = 0; i < heights.length; i++) {
        heights[i] = Math.max(heights[i], used[i] == 0 ? 0 : Long.highestOneBit(2 * used[i] - 1));
      }
      assertThat(session.currentTraceHeights()).isEqualTo(used);
      emulator.fail("allocation", 2, 2);
      assertThatThrownBy(() -> session.generateAirProofInputs(heights, rangeChecker))
          .hasMessageContaining("device memory is exhausted");
      List<int[]> want = drain(other.generateAirProofInputs(heights, rangeChecker));
      List<int[]> got = drain(session.generateAirProofInputs(heights, rangeChecker));
      assertThat(got).hasSameSizeAs(want);
      for (int i = 0; i < want.size(); i++) {
        assertThat(got.get(i)).as("trace %d", i / 2).isEqualTo(want.get(i));
      }
    }
  }
}
