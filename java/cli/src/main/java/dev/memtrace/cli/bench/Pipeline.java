// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli.bench;

import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.WordStream;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.log.AccessLog;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * One run of a log through a backend: the accesses once more, then everything after the log. A
 * product is closed before the next one is made, once its fingerprint was taken, which is not
 * timed.
 */
final class Pipeline {
  private final TraceBackend backend;
  private final BenchWorkload.Loaded workload;
  private final StageTotals totals;
  private final Products products;
  private long nanos;

  private Pipeline(TraceBackend backend, BenchWorkload.Loaded workload, StageTotals totals) {
    this.backend = backend;
    this.workload = workload;
    this.totals = totals;
    this.products = new Products(backend);
  }

  /**
   * What a run took and made.
   *
   * @param onlineNanos time of the accesses
   * @param totalNanos time of everything after the log
   * @param stages what the backend says of its stages
   * @param logBytes bytes of the log
   * @param permutations distinct Poseidon2 inputs
   * @param products fingerprint of each product
   * @param productBytes bytes of all products
   */
  record Run(
      long onlineNanos,
      long totalNanos,
      Map<BenchStage, StageTotals.Total> stages,
      long logBytes,
      long permutations,
      Map<String, Long> products,
      long productBytes) {}

  /**
   * Runs a log through a backend.
   *
   * @param backend the backend
   * @param workload the log
   * @param totals what listens to the backend, or to nothing
   * @return what it took
   */
  static Run run(TraceBackend backend, BenchWorkload.Loaded workload, StageTotals totals) {
    return new Pipeline(backend, workload, totals).run();
  }

  private Run run() {
    AccessLog log = online();
    long online = nanos;
    nanos = 0;
    long logBytes =
        log.segments().stream().mapToLong(s -> 8L * s.entries() + 4L * s.valueWords()).sum();
    VariableRangeChecker checker = checker();
    try (MemoryController memory = controller(checker);
        Poseidon2Periphery hasher = new Poseidon2Periphery(backend.pool())) {
      memory.setInitialMemory(workload.initial());
      time(
          () -> {
            memory.setMemoryLogs(log);
            memory.finalizeMemory(hasher);
            return memory;
          });
      makeProducts(memory, hasher, checker);
      return new Run(
          online,
          nanos,
          totals.take(),
          logBytes,
          hasher.size(),
          products.fingerprints(),
          products.bytes());
    }
  }

  /** Makes the accesses; returns the log that comes of them. */
  private AccessLog online() {
    try (MemoryController memory = controller(checker())) {
      memory.setInitialMemory(workload.initial());
      LogDriver driver = new LogDriver(memory);
      nanos = driver.drive(workload.log());
      products.add("values_read", new WordHash().add(driver.sum()));
      AccessLog log = memory.takeMemoryLogs();
      products.add("log", new WordHash().add(log));
      return log;
    }
  }

  private MemoryController controller(VariableRangeChecker checker) {
    MemoryConfig config = workload.log().config();
    MemoryBus bus = new MemoryBus(1);
    return workload.mode() == MemoryMode.VOLATILE
        ? MemoryController.withVolatileMemory(bus, config, checker, backend)
        : MemoryController.withPersistentMemory(
            bus, config, checker, new MerkleBus(2), new CompressionBus(3), backend);
  }

  private VariableRangeChecker checker() {
    return new VariableRangeChecker(new RangeCheckerBus(4, workload.log().config().rangeMaxBits()));
  }

  /** Does work whose time and stages count. */
  private <T> T time(Supplier<T> work) {
    totals.count(true);
    long start = System.nanoTime();
    try {
      return work.get();
    } finally {
      nanos += System.nanoTime() - start;
      totals.count(false);
    }
  }

  private void makeProducts(
      MemoryController memory, Poseidon2Periphery hasher, VariableRangeChecker checker) {
    boolean tree = memory.mode() == MemoryMode.PERSISTENT;
    if (tree) {
      products.add("roots", new WordHash().add(memory.initialRoot()).add(memory.finalRoot()));
    }
    try (WordStream records = memory.records()) {
      time(() -> visit(records)); // on a device they are made as they are read
      products.add("records", records);
    }
    List<AirProofInput> airs = time(memory::generateAirProofInputs);
    airs.forEach(air -> products.addAndClose(air.air().name(), air.trace()));
    products.add("range_counts", new WordHash().add(checker.counts()));
    try (WordStream columns = time(memory::generateAuxColumns)) {
      products.add("aux", columns);
    }
    products.add("range_counts_with_aux", new WordHash().add(checker.counts()));
    TraceMatrix ranges = time(() -> backend.rangeCheckerTrace(checker));
    products.addAndClose("range_checker", ranges);
    if (tree) {
      TraceMatrix poseidon2 = time(() -> backend.poseidon2Trace(hasher, 1));
      products.addAndClose("poseidon2", poseidon2);
    }
  }

  private static WordStream visit(WordStream words) {
    words.forEachChunk(_ -> {});
    return words;
  }
}
