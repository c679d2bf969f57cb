// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.MemoryStateException;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.check.CheckReport;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.durable.LogFile;
import dev.memtrace.durable.LogFileException;
import dev.memtrace.durable.LogFileHeader;
import dev.memtrace.durable.LogFileWriter;
import dev.memtrace.durable.LogFolder;
import dev.memtrace.faults.FaultyFiles;
import dev.memtrace.faults.FaultyFiles.Kind;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.AccessLog;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.periphery.Poseidon2Periphery;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every operation on a file fails in turn, and then several at random: the error is of a known type
 * and names the file, what was there is there or what was wanted is, no file stays open, and the
 * next run works and leaves what an undisturbed one leaves.
 */
class FileFaultsTest {
  private static final long SEED = Long.getLong("memtrace.faults.seed", 2026);
  private static final int SEQUENCES = Integer.getInteger("memtrace.faults.sequences", 10);

  /** Whether an operation fails that was done to the same file before. */
  private static final boolean ALL = Boolean.getBoolean("memtrace.faults.all");

  private static final String FOLDER = "folder";
  private static final BufferPool POOL = new BufferPool(1 << 24);
  private static final MemoryConfig CONFIG =
      MemoryConfig.defaults()
          .withAsHeight(1)
          .withPointerMaxBits(14)
          .withMaxAccessAdapterN(8)
          .withAccessCapacity(0);
  private static final LogFileHeader HEADER =
      new LogFileHeader(MemoryMode.PERSISTENT, CONFIG, true);

  @TempDir private Path temp;
  private final long lentBefore = POOL.lentBytes();
  private int folders;
  private final TraceBackend backend = new CpuBackend(new BackendOptions(1), POOL);
  private final FaultyFiles files = new FaultyFiles();

  @AfterEach
  void nothingIsLeft() {
    backend.close();
    assertThat(POOL.lentBytes()).isEqualTo(lentBefore);
  }

  /** What is done in a folder, and whether it is done as a whole or not at all. */
  enum Work {
    GENERATE(true) {
      @Override
      void prepare(Path folder, TraceBackend backend) throws IOException {
        BundleFixture.good(folder.resolve("input"));
      }

      @Override
      void run(Path folder, TraceBackend backend) {
        generate(folder, backend, Product.all(), true);
      }
    },
    GENERATE_INSTEAD(true) {
      @Override
      void prepare(Path folder, TraceBackend backend) throws IOException {
        BundleFixture.good(folder.resolve("input"));
        generate(folder, backend, Set.of(), false);
      }

      @Override
      void run(Path folder, TraceBackend backend) {
        generate(folder, backend, Product.all(), true);
      }
    },
    WRITE_CHAIN(true) {
      @Override
      void run(Path folder, TraceBackend backend) {
        MemoryState initial = state(backend);
        try (ChainWriter chain =
            ChainWriter.open(
                folder.resolve("above/out"), true, "x", initial, backend, Product.all())) {
          chain.add(log(1));
          chain.add(log(2));
          chain.commit();
        }
      }
    },
    BUNDLE_TO_LOG(true) {
      @Override
      void prepare(Path folder, TraceBackend backend) throws IOException {
        BundleFixture.good(folder.resolve("input"));
      }

      @Override
      void run(Path folder, TraceBackend backend) {
        toLog(folder, true);
      }
    },
    BUNDLE_TO_LOG_INSTEAD(true) {
      @Override
      void prepare(Path folder, TraceBackend backend) throws IOException {
        record(folder, 3);
        Files.move(folder.resolve("b.mtlog"), folder.resolve("a.mtlog"));
        BundleFixture.good(folder.resolve("input"));
      }

      @Override
      void run(Path folder, TraceBackend backend) {
        toLog(folder, true);
      }
    },
    LOG_TO_BUNDLE(true) {
      @Override
      void prepare(Path folder, TraceBackend backend) throws IOException {
        BundleFixture.good(folder.resolve("input"));
        toLog(folder, false);
      }

      @Override
      void run(Path folder, TraceBackend backend) {
        LogConversion.toBundle(
            LogFile.open(folder.resolve("a.mtlog")),
            "x",
            Bundle.open(folder.resolve("input")),
            folder.resolve("out"),
            true,
            POOL,
            _ -> {},
            _ -> {});
      }
    },
    RECOVER(true) {
      @Override
      void prepare(Path folder, TraceBackend backend) throws IOException {
        record(folder, 200);
        byte[] whole = Files.readAllBytes(folder.resolve("b.mtlog"));
        Files.write(folder.resolve("a.mtlog"), Arrays.copyOf(whole, whole.length - 50));
      }

      @Override
      void run(Path folder, TraceBackend backend) {
        LogConversion.recover(
            LogFile.open(folder.resolve("a.mtlog")),
            folder.resolve("b.mtlog"),
            true,
            POOL,
            _ -> {},
            _ -> {});
      }
    },
    RECORD(false) {
      @Override
      void run(Path folder, TraceBackend backend) {
        record(folder, 200);
      }
    },
    RECORD_IN_FOLDER(false) {
      @Override
      void run(Path folder, TraceBackend backend) {
        try (LogFolder logs =
            LogFolder.open(folder.resolve("above/logs"), "x", HEADER, true, POOL)) {
          for (int i = 0; i < 3; i++) {
            AccessLog log = log(i);
            try (LogFileWriter writer = logs.next()) {
              writer.finish(log);
            } finally {
              log.release();
            }
          }
        }
      }
    },
    SAVE(true) {
      @Override
      void run(Path folder, TraceBackend backend) {
        try (MemoryState state = state(backend)) {
          state.save(folder.resolve("state"));
        }
      }
    },
    SAVE_INSTEAD(true) {
      @Override
      void prepare(Path folder, TraceBackend backend) throws IOException {
        try (MemoryState state = new MemoryState(POOL, new AddressMap(CONFIG), null)) {
          state.save(folder.resolve("state"));
        }
      }

      @Override
      void run(Path folder, TraceBackend backend) {
        try (MemoryState state = state(backend)) {
          state.save(folder.resolve("state"));
        }
      }
    },
    LOAD(true) {
      @Override
      void prepare(Path folder, TraceBackend backend) throws IOException {
        SAVE.run(folder, backend);
      }

      @Override
      void run(Path folder, TraceBackend backend) {
        try (MemoryState state = MemoryState.load(folder.resolve("state"), CONFIG);
            MemoryState same = state(backend)) {
          assertThat(state.root()).isEqualTo(same.root());
        }
      }
    },
    READ(true) {
      @Override
      void prepare(Path folder, TraceBackend backend) throws IOException {
        BundleFixture.good(folder.resolve("input"));
        generate(folder, backend, Product.all(), false);
      }

      @Override
      void run(Path folder, TraceBackend backend) {
        Bundle bundle = Bundle.open(folder.resolve("out"));
        assertThat(BundleDigest.of(bundle, 1).toJson()).contains("tiny");
        CheckReport report = BundleVerifier.verify(bundle, 1, 10, _ -> {});
        if (!report.accepted()) { // what cannot be read is not as it should be
          throw new BundleException(report.failures().toString());
        }
      }
    };

    private final boolean whole;

    Work(boolean whole) {
      this.whole = whole;
    }

    void prepare(Path folder, TraceBackend backend) throws IOException {}

    abstract void run(Path folder, TraceBackend backend);
  }

  private static void generate(
      Path folder, TraceBackend backend, Set<Product> products, boolean force) {
    new BundleGenerator(
            Bundle.open(folder.resolve("input")), backend, products, GenerationListener.NONE)
        .generate(folder.resolve("out"), force);
  }

  private static void toLog(Path folder, boolean force) {
    LogConversion.toLog(
        Bundle.open(folder.resolve("input")),
        folder.resolve("a.mtlog"),
        force,
        POOL,
        _ -> {},
        _ -> {});
  }

  private static MemoryState state(TraceBackend backend) {
    AddressMap image = new AddressMap(CONFIG).set(1, 8, 3).set(2, 5000, 4);
    return MemoryState.copyOf(image, CONFIG, backend.pool());
  }

  private static AccessLog log(int seed) {
    AccessLog log = new AccessLog(CONFIG, POOL);
    Random random = new Random(seed);
    for (int i = 0; i < 100; i++) {
      log.appendRead(1 + random.nextInt(2), 4 * random.nextInt(4000), 4);
      log.appendWrite(1, 4 * random.nextInt(4000), 4, random.ints(4, 0, 1000).toArray(), 0);
    }
    return log;
  }

  /** A controller that writes its log while it grows, syncs it and finishes it. */
  private static void record(Path folder, int accesses) {
    try (MemoryController memory =
            SegmentReplay.controller(
                MemoryMode.PERSISTENT, CONFIG, new CpuBackend(new BackendOptions(1), POOL));
        Poseidon2Periphery hasher = new Poseidon2Periphery(POOL);
        LogFileWriter writer =
            LogFileWriter.create(folder.resolve("b.mtlog"), HEADER, true, POOL)) {
      memory.writeLogTo(writer);
      for (int i = 0; i < accesses; i++) {
        memory.write(1, 4 * i, 4, new int[] {i, 2, 3, 4}, 0, new int[4], 0);
        if (i == accesses / 2) {
          memory.syncLog();
        }
      }
      memory.finalizeMemory(hasher);
    }
  }

  // ------------------------------------------------------------------ the tests

  /** A folder that is ready for the work. */
  private Path prepared(Work work) throws IOException {
    Path folder = Files.createDirectory(temp.toRealPath().resolve("folder" + folders++));
    work.prepare(folder, backend);
    return folder;
  }

  /** Content of all files below a folder by name, and the names of the folders. */
  private static SortedMap<String, String> content(Path folder) throws IOException {
    SortedMap<String, String> content = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.toList()) {
        String name = folder.relativize(path).toString();
        content.put(
            name,
            Files.isDirectory(path)
                ? FOLDER
                : Files.size(path) + " bytes, hash " + Arrays.hashCode(Files.readAllBytes(path)));
      }
    }
    return content;
  }

  /** The files that somebody sees who knows nothing of those that are being written. */
  private static SortedMap<String, String> visible(Map<String, String> content) {
    SortedMap<String, String> visible = new TreeMap<>(content);
    visible.values().removeIf(FOLDER::equals);
    visible
        .keySet()
        .removeIf(name -> Arrays.stream(name.split("/")).anyMatch(part -> part.startsWith(".")));
    return visible;
  }

  /** Works, and returns the error if there is one. */
  private @Nullable Throwable attempt(Work work, Path folder, String what) {
    try {
      work.run(files.path(folder), backend);
      return null;
    } catch (BundleException | LogFileException | MemoryStateException e) {
      assertThat(e).as(what).hasMessageContaining(folder.toString());
      return e;
    } catch (RuntimeException | Error e) {
      throw new AssertionError(what, e);
    } finally {
      assertThat(files.open()).as(what).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(Work.class)
  void eachOperationFailsInTurn(Work work) throws IOException {
    for (Kind kind : Kind.values()) {
      files.heal();
      Path undisturbed = prepared(work);
      SortedMap<String, String> before = content(undisturbed);
      assertThat(attempt(work, undisturbed, "undisturbed")).isNull();
      List<String> operations = files.operations();
      assertThat(operations).hasSizeGreaterThan(3);
      SortedMap<String, String> after = content(undisturbed);
      int errors = 0;
      for (int nth = 1; nth <= operations.size(); nth++) {
        String operation = operations.get(nth - 1);
        boolean again = !ALL && operations.subList(0, nth - 1).contains(operation);
        if (again || (kind == Kind.FULL && !operation.startsWith("write"))) {
          continue; // a full disk fails as a broken one does, but for writing
        }
        Path folder = prepared(work);
        files.heal();
        files.fail(nth, kind);
        String what = "%s, operation %d of %d".formatted(kind, nth, operations.size());
        boolean done = attempt(work, folder, what) == null;
        what += " " + files.failed();
        assertThat(files.failed()).as(what).hasSize(1);
        if (work.whole) {
          assertThat(visible(content(folder)))
              .as(what)
              .isIn(done ? List.of(visible(after)) : List.of(visible(before), visible(after)));
        }
        errors += done ? 0 : 1;
        files.heal();
        assertThat(attempt(work, folder, what + ", then none")).as(what).isNull();
        assertThat(content(folder)).as(what).isEqualTo(after);
      }
      assertThat(errors > 2 || kind == Kind.FULL).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(Work.class)
  void severalOperationsFail(Work work) throws IOException {
    Random random = new Random(SEED);
    Path undisturbed = prepared(work);
    attempt(work, undisturbed, "undisturbed");
    int operations = files.operations().size();
    SortedMap<String, String> after = content(undisturbed);
    for (int i = 0; i < SEQUENCES; i++) {
      Path folder = prepared(work);
      String what = "sequence %d, -Dmemtrace.faults.seed=%d".formatted(i, SEED);
      for (int again = random.nextInt(3); again >= 0; again--) {
        files.heal();
        int at = 1 + random.nextInt(operations);
        for (int faults = 1 + random.nextInt(4); faults > 0; faults--) {
          files.fail(at, random.nextBoolean() ? Kind.BROKEN : Kind.FULL);
          at += 1 + random.nextInt(random.nextBoolean() ? 2 : 20); // one while cleaning up
        }
        attempt(work, folder, what + " " + files.failed());
      }
      files.heal();
      assertThat(attempt(work, folder, what)).as(what).isNull();
      assertThat(content(folder)).as(what).isEqualTo(after);
    }
  }
}
