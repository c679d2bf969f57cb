// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.offheap.BufferPool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bundles of logs that were never on disk. */
class ChainWriterTest {
  private static final MemoryConfig CONFIG = new MemoryConfig(1, 1, 18, 29, 17, 32, 1 << 20);
  private static final int P = 2013265921;

  @TempDir private Path temp;

  private final TraceBackend backend = new CpuBackend(new BackendOptions(2));
  private Path out = Path.of("");

  @BeforeEach
  void chooseFolder() throws IOException {
    out = temp.toRealPath().resolve("out");
  }

  @AfterEach
  void close() {
    backend.close();
  }

  private static MemoryState initial() {
    AddressMap image = new AddressMap(CONFIG);
    for (int i = 0; i < 5000; i++) {
      image.set(1 + (i & 1), 3 * i, i + 1);
    }
    MemoryState state = MemoryState.copyOf(image, CONFIG, BufferPool.shared());
    image.release();
    return state;
  }

  /** A log of all kinds and sizes of entries. */
  private static AccessLog log(SplittableRandom random, int entries) {
    AccessLog log = new AccessLog(CONFIG);
    for (int i = 0; i < entries; i++) {
      int n = 1 << random.nextInt(6);
      int space = random.nextInt(1, 3);
      int pointer = random.nextInt(CONFIG.addressSpaceSize() / 8 - n);
      switch (random.nextInt(8)) {
        case 0 -> log.appendIncrement(random.nextInt(50));
        case 1 -> log.appendRead(0, random.nextInt(P), 1);
        case 2, 3, 4 -> log.appendWrite(space, pointer, n, random.ints(n, 0, P).toArray(), 0);
        default -> log.appendRead(space, pointer, n);
      }
    }
    return log;
  }

  private ChainWriter open(boolean force, Set<Product> products) {
    return ChainWriter.open(out, force, "made", initial(), backend, products);
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.map(entry -> String.valueOf(entry.getFileName())).sorted().toList();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void theBundlesAreThoseOfTheirOwnLogs(long seed) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    List<List<MemoryLogEntry>> logs = new ArrayList<>();
    List<GenerationReport> reports = new ArrayList<>();
    try (ChainWriter chain = open(false, Product.all())) {
      for (int entries : new int[] {70_000, 0, 1, 3000}) {
        AccessLog log = log(random, entries);
        List<MemoryLogEntry> kept = new ArrayList<>();
        log.forEach(kept::add);
        logs.add(kept);
        reports.add(chain.add(log));
        assertThatThrownBy(log::segments).hasMessageContaining("released");
      }
      assertThat(names(temp)).containsExactly(".out.lock", ".out.partial");
      chain.commit();
    }
    assertThat(names(temp)).containsExactly("out");
    assertThat(names(out)).containsExactly("0000-made", "0001-made", "0002-made", "0003-made");
    for (int i = 0; i < logs.size(); i++) {
      Path made = out.resolve("%04d-made".formatted(i));
      Bundle bundle = Bundle.open(made);
      assertThat(bundle.manifest().mode()).isEqualTo(MemoryMode.PERSISTENT);
      assertThat(reports.get(i).manifest().airs()).isEqualTo(bundle.manifest().airs());
      assertThat(reports.get(i).target()).isEqualTo(made);
      if (i > 0) {
        assertThat(reports.get(i).initialRoot()).isEqualTo(reports.get(i - 1).finalRoot());
      }
      assertSameLog(bundle, logs.get(i), seed);
      assertSameAsAlone(bundle, temp.resolve("alone" + i));
    }
  }

  private static void assertSameLog(Bundle bundle, List<MemoryLogEntry> expected, long seed) {
    AccessLog log = bundle.readLog(BufferPool.shared(), _ -> {});
    List<MemoryLogEntry> read = new ArrayList<>();
    log.forEach(read::add);
    log.release();
    assertThat(read).hasSameSizeAs(expected);
    for (int i = 0; i < read.size(); i++) {
      assertThat(read.get(i).toString())
          .as("seed %d, entry %d", seed, i)
          .isEqualTo(expected.get(i).toString());
    }
  }

  private void assertSameAsAlone(Bundle bundle, Path alone) throws IOException {
    new BundleGenerator(bundle, backend, Product.all(), GenerationListener.NONE)
        .generate(alone, false);
    assertThat(names(bundle.folder())).isEqualTo(names(alone));
    for (String name : names(alone)) {
      assertThat(Files.mismatch(bundle.folder().resolve(name), alone.resolve(name)))
          .as("%s of %s", name, bundle.folder())
          .isEqualTo(-1);
    }
  }

  @Test
  void writesOnlyTheProductsAskedFor() throws IOException {
    try (ChainWriter chain = open(false, Set.of(Product.FINAL))) {
      chain.add(log(new SplittableRandom(3), 100));
      chain.commit();
    }
    assertThat(names(out.resolve("0000-made")))
        .containsExactly("final.bin", "initial.bin", "log.bin", "manifest.json");
  }

  @Test
  void withoutACommitNothingIsLeft() throws IOException {
    try (ChainWriter chain = open(false, Product.all())) {
      chain.add(log(new SplittableRandom(4), 100));
    }
    assertThat(names(temp)).isEmpty();
  }

  @Test
  void aCancelledChainRefusesWhatFollows() throws IOException {
    try (ChainWriter chain = open(false, Product.all())) {
      chain.add(log(new SplittableRandom(5), 100));
      chain.cancel();
      assertThat(names(temp)).isEmpty();
      AccessLog log = log(new SplittableRandom(6), 100);
      assertThatThrownBy(() -> chain.add(log))
          .isInstanceOf(BundleException.class)
          .hasMessageContaining("writing was cancelled");
      assertThatThrownBy(log::segments).hasMessageContaining("released");
      AccessLog next = log(new SplittableRandom(7), 100);
      assertThatThrownBy(() -> chain.add(next))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("this chain has failed or was closed");
      assertThatThrownBy(next::segments).hasMessageContaining("released");
      assertThatThrownBy(chain::commit).isInstanceOf(BundleException.class);
    }
    assertThat(names(temp)).isEmpty();
  }

  @Test
  void aLogOfAnotherConfigurationFails() throws IOException {
    try (ChainWriter chain = open(false, Product.all())) {
      AccessLog log = new AccessLog(MemoryConfig.defaults());
      assertThatThrownBy(() -> chain.add(log))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("the log was recorded for");
      assertThatThrownBy(log::segments).hasMessageContaining("released");
    }
    assertThat(names(temp)).isEmpty();
  }

  @Test
  void refusesATargetInUseAndReplacesByForce() throws IOException {
    try (ChainWriter chain = open(false, Set.of())) {
      assertThatThrownBy(() -> open(false, Set.of()))
          .isInstanceOf(BundleException.class)
          .hasMessageContaining("is in use");
      chain.add(log(new SplittableRandom(8), 10));
      chain.commit();
    }
    assertThatThrownBy(() -> open(false, Set.of()))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("--force");
    try (ChainWriter chain = open(true, Set.of())) {
      chain.add(log(new SplittableRandom(9), 10));
      chain.add(log(new SplittableRandom(9), 10));
      chain.commit();
    }
    assertThat(names(out)).containsExactly("0000-made", "0001-made");
  }

  @Test
  void refusesANameThatNoFolderCanHave() {
    for (String name : List.of("a/b", "a\\b", "a:b", "a\nb")) {
      MemoryState state = initial();
      assertThatThrownBy(() -> ChainWriter.open(out, false, name, state, backend, Product.all()))
          .isInstanceOf(BundleException.class)
          .hasMessageContaining("the name '" + name + "' cannot be part of the name of a folder");
      assertThatThrownBy(state::image).hasMessageContaining("closed");
    }
  }
}
