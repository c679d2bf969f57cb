// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.cpu.CpuBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Chains make the bundles that their segments make alone, or nothing. */
class ChainGeneratorTest {
  @TempDir private Path temp;

  private Path out = Path.of("");
  private List<Path> segments = List.of();

  @BeforeEach
  void makeSegments() throws IOException {
    Path real = temp.toRealPath();
    out = real.resolve("out");
    segments = List.of(real.resolve("a"), real.resolve("b"), real.resolve("c"));
    // The first writes (2, 16) and (2, 17); then a cell becomes 0 and a page is new.
    segment(0, "one", BundleFixture.LOG, BundleFixture.LOG_ENTRIES, BundleFixture.INITIAL);
    segment(
        1,
        "two words",
        new int[] {1, 1, 8, 1, 0, 1, 2, 8191, 2, 4, 6},
        2,
        new int[] {1, 8, 3, 1, 9, 4, 2, 0, 5, 2, 16, 7, 2, 17, 9});
    segment(
        2,
        "../x".replace("../", ".."),
        new int[] {0, 2, 8190, 4},
        1,
        new int[] {1, 9, 4, 2, 0, 5, 2, 16, 7, 2, 17, 9, 2, 8191, 4, 2, 8192, 6});
  }

  private void segment(int i, String name, int[] log, int entries, int[] initial)
      throws IOException {
    Path folder = Files.createDirectories(segments.get(i));
    Files.writeString(
        folder.resolve("manifest.json"),
        BundleFixture.manifest(BundleFixture.CONFIG, entries, initial.length / 3)
            .replace("tiny", name));
    Files.write(folder.resolve("log.bin"), BundleFixture.bytes(log));
    Files.write(folder.resolve("initial.bin"), BundleFixture.bytes(initial));
  }

  private ChainGenerator generator(TraceBackend backend, GenerationListener listener) {
    List<Bundle> bundles = segments.stream().map(Bundle::open).toList();
    return new ChainGenerator(bundles, backend, Product.all(), listener);
  }

  private List<GenerationReport> generate(
      boolean force, GenerationListener listener, Consumer<List<GenerationReport>> beforeCommit) {
    try (TraceBackend backend = new CpuBackend(new BackendOptions(2))) {
      return generator(backend, listener).generate(out, force, beforeCommit);
    }
  }

  private List<GenerationReport> generate(boolean force) {
    return generate(force, GenerationListener.NONE, _ -> {});
  }

  private void refused(boolean force, String... parts) {
    assertThatThrownBy(() -> generate(force))
        .isInstanceOf(BundleException.class)
        .message()
        .contains(parts);
  }

  /** Content of all files by their path. */
  private static Map<String, String> content(Path folder) throws IOException {
    Map<String, String> content = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        content.put(
            folder.relativize(file).toString(), HexFormat.of().formatHex(Files.readAllBytes(file)));
      }
    }
    return content;
  }

  private static Set<String> names(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return Set.copyOf(entries.map(entry -> String.valueOf(entry.getFileName())).toList());
    }
  }

  private static void assertSameAsAlone(List<Path> segments, Path chain, Path temp)
      throws IOException {
    try (TraceBackend backend = new CpuBackend(new BackendOptions(1));
        Stream<Path> made = Files.list(chain)) {
      List<Path> bundles = made.sorted().toList();
      assertThat(bundles).hasSameSizeAs(segments);
      for (int i = 0; i < bundles.size(); i++) {
        Bundle input = Bundle.open(segments.get(i));
        Path alone = temp.resolve("alone" + i);
        new BundleGenerator(input, backend, Product.all(), GenerationListener.NONE)
            .generate(alone, false);
        assertThat(bundles.get(i).getFileName())
            .hasToString("%04d-%s".formatted(i, input.manifest().name()));
        assertThat(names(bundles.get(i))).isEqualTo(names(alone));
        for (String name : names(alone)) {
          assertThat(Files.mismatch(bundles.get(i).resolve(name), alone.resolve(name)))
              .as("%s of segment %d", name, i)
              .isEqualTo(-1);
        }
      }
    }
  }

  @Test
  void aChainHasTheBytesOfItsSegmentsAlone() throws IOException {
    List<GenerationReport> reports = generate(false);
    assertThat(names(out)).containsExactlyInAnyOrder("0000-one", "0001-two words", "0002-..x");
    assertThat(names(temp)).containsExactlyInAnyOrder("a", "b", "c", "out");
    assertSameAsAlone(segments, out, temp);
    for (int i = 1; i < 3; i++) {
      assertThat(reports.get(i).initialRoot()).isEqualTo(reports.get(i - 1).finalRoot());
      assertThat(reports.get(i).target().getParent()).isEqualTo(out);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"kitchen-sink", "keccak256_iter"})
  void chainsOfRealProgramsHaveTheBytesOfTheirSegmentsAlone(String program) throws IOException {
    Path guests = Path.of(System.getProperty("memtrace.shared", "nowhere"), "golden", "guests");
    assumeTrue(Files.isDirectory(guests), "no golden cases beside the checkout");
    segments = List.of(guests.resolve(program + "-0"), guests.resolve(program + "-1"));
    generate(false);
    assertSameAsAlone(segments, out, temp);
    assertThatThrownBy(
            () -> {
              segments = segments.reversed();
              out = out.resolveSibling("reversed");
              generate(false);
            })
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("does not continue the segment before it");
  }

  @Test
  void saysAtWhichCellASegmentDoesNotContinue() throws IOException {
    Path initial = segments.get(1).resolve("initial.bin");
    int[][] others = {
      {1, 8, 3, 1, 9, 4, 2, 0, 5, 2, 16, 7, 2, 17, 8},
      {1, 8, 3, 1, 9, 4, 1, 16383, 1, 2, 16, 7, 2, 17, 8},
      {1, 9, 4, 2, 0, 5, 2, 16, 7, 2, 17, 9, 2, 18, 1}
    };
    String[] messages = {
      "cell (2, 17) is 9 at the end of that one and 8 in the initial memory of this one",
      "cell (1, 16383) is 0 at the end of that one and 1 in the initial memory of this one",
      "cell (1, 8) is 3 at the end of that one and 0 in the initial memory of this one"
    };
    for (int i = 0; i < others.length; i++) {
      Files.write(initial, BundleFixture.bytes(others[i]));
      refused(false, segments.get(1) + ": does not continue the segment before it", messages[i]);
      assertThat(names(temp)).containsExactlyInAnyOrder("a", "b", "c");
    }
  }

  @Test
  void refusesSegmentsThatMakeNoChain() throws IOException {
    Path manifest = segments.get(1).resolve("manifest.json");
    String good = Files.readString(manifest);
    Files.writeString(manifest, good.replace("\"clk_max_bits\": 24", "\"clk_max_bits\": 23"));
    refused(false, segments.get(1) + ": has another configuration than " + segments.get(0));
    Files.writeString(
        manifest,
        good.replace("persistent", "volatile")
            .replaceFirst("(?s),\\s*\"initial_memory\": \\{[^}]*\\}", ""));
    refused(false, segments.get(1) + ": has volatile memory");
    for (String name : List.of("../../x", "a\\\\b", "c:", "a\\nb")) {
      Files.writeString(manifest, good.replace("two words", name));
      refused(false, segments.get(1) + ": its name '", "cannot be part of the name of a folder");
    }
    assertThat(names(temp)).containsExactlyInAnyOrder("a", "b", "c");
  }

  @Test
  void nothingIsLeftOfAChainThatFailsAtItsEnd() throws IOException {
    Files.write(segments.get(2).resolve("log.bin"), BundleFixture.bytes(0, 9, 0, 1));
    refused(false, "log.bin: entry 0");
    assertThat(names(temp)).containsExactlyInAnyOrder("a", "b", "c");
    assertThatThrownBy(
            () -> {
              segments = segments.subList(0, 2);
              generate(
                  false,
                  GenerationListener.NONE,
                  _ -> {
                    throw new IllegalArgumentException("test");
                  });
            })
        .hasMessage("test");
    assertThat(names(temp)).containsExactlyInAnyOrder("a", "b", "c");
  }

  @Test
  void replacesAChainOrABundleByForce() throws IOException {
    generate(false);
    Map<String, String> all = content(out);
    refused(false, "is not empty", "--force");
    segments = segments.subList(0, 2);
    generate(true);
    assertThat(names(out)).containsExactlyInAnyOrder("0000-one", "0001-two words");
    try (TraceBackend backend = new CpuBackend(new BackendOptions(1))) {
      Bundle first = Bundle.open(segments.getFirst());
      new BundleGenerator(first, backend, Product.all(), GenerationListener.NONE)
          .generate(out, true);
    }
    assertThat(names(out)).contains("manifest.json").doesNotContain("0000-one");
    segments = List.of(segments.get(0), segments.get(1), out.resolveSibling("c"));
    generate(true);
    assertThat(content(out)).isEqualTo(all);
    assertThat(names(temp)).containsExactlyInAnyOrder("a", "b", "c", "out");
  }

  @Test
  void replacesNothingButBundles() throws IOException {
    generate(false);
    Path stranger = Files.writeString(out.resolve("0001-two words").resolve("notes"), "mine");
    refused(true, "holds notes, which is no file of a bundle", "only a bundle is replaced");
    Files.delete(stranger);
    Files.createDirectory(out.resolve("0007-x")).toFile();
    Path inside = Files.createDirectory(out.resolve("0007-x").resolve("more"));
    refused(true, "holds more, which is no file of a bundle");
    Files.delete(inside);
    refused(true, "0007-x", "only a bundle is replaced");
    Files.delete(out.resolve("0007-x"));
    generate(true);
    Files.writeString(out.resolve("notes"), "mine");
    refused(true, "which is no file of a bundle");
    assertThat(out.resolve("notes")).hasContent("mine");
  }

  @Test
  void aLinkInPlaceOfASegmentIsNotFollowed() throws IOException {
    generate(false);
    Path kept = temp.toRealPath().resolve("kept");
    Files.move(out.resolve("0001-two words"), kept);
    Files.createSymbolicLink(out.resolve("0001-two words"), kept);
    refused(true, "which is no file of a bundle");
    assertThat(names(kept)).contains("manifest.json", "log.bin");
  }

  @Test
  void clearsAwayWhatAKilledRunHasLeft() throws IOException {
    generate(false);
    Map<String, String> all = content(out);
    // A run that was killed in its second segment.
    Path partial = out.resolveSibling(".out.partial");
    Files.createDirectories(partial.resolve("0000-one"));
    Files.writeString(
        partial.resolve(BundleFolder.OWNER), "0000-one/\n0000-one/log.bin\n0001-two words/\n");
    Files.writeString(partial.resolve("0000-one").resolve("log.bin"), "half");
    // One that was killed while it removed the chain that it had replaced.
    Path old = out.resolveSibling(".out.old");
    Files.createDirectories(old.resolve("0000-one"));
    Files.writeString(old.resolve(BundleFolder.OWNER), "0000-one/\n");
    generate(true);
    assertThat(content(out)).isEqualTo(all);
    assertThat(names(temp)).containsExactlyInAnyOrder("a", "b", "c", "out");
    // What nobody has announced stays.
    Files.createDirectories(partial.resolve("0000-one"));
    Files.writeString(partial.resolve(BundleFolder.OWNER), "0000-one/\n");
    Files.writeString(partial.resolve("0000-one").resolve("notes"), "mine");
    refused(true, "holds 0000-one/notes");
    assertThat(partial.resolve("0000-one").resolve("notes")).hasContent("mine");
  }

  @Test
  void theManifestOfASegmentIsRemovedAfterItsFiles() throws IOException {
    Path chain = temp.resolve("chain");
    Path segment = Files.createDirectories(chain.resolve("0000-a"));
    Files.writeString(segment.resolve("manifest.json"), "{}");
    Files.createDirectories(segment.resolve("log.bin").resolve("full")); // cannot be removed
    List<String> names = List.of("0000-a/", "0000-a/manifest.json", "0000-a/log.bin");
    assertThatThrownBy(() -> BundleFolder.remove(chain, names)).isInstanceOf(IOException.class);
    assertThat(names(segment)).containsExactlyInAnyOrder("manifest.json", "log.bin");
  }

  @Test
  void forceNeverDeletesEmptyFoldersOfOthers() throws IOException {
    Files.createDirectories(out.resolve("2023-photos"));
    Files.createDirectories(out.resolve("2024-photos"));
    refused(true, "2023-photos");
    assertThat(names(out)).containsExactlyInAnyOrder("2023-photos", "2024-photos");
  }

  @Test
  void whatARemovalThatWasKilledHasLeftIsNoObstacle() throws IOException {
    Path old = out.resolveSibling("." + out.getFileName() + ".old");
    Files.createDirectories(old); // everything in it was removed
    generate(false);
    assertThat(old).doesNotExist();
    Files.createDirectories(old.resolve("0000-a")); // as was everything in this one
    Files.writeString(old.resolve(BundleFolder.OWNER), "0000-a/\n");
    generate(true);
    assertThat(old).doesNotExist();
    Files.createDirectories(old.resolve("0000-a")); // nobody knows whose this is
    refused(true, "holds no " + BundleFolder.OWNER);
    assertThat(old.resolve("0000-a")).isDirectory();
  }

  @Test
  void aCancelledChainLeavesNothing() throws IOException {
    try (TraceBackend backend = new CpuBackend(new BackendOptions(1))) {
      List<ChainGenerator> made = new ArrayList<>();
      made.add(
          generator(
              backend,
              (stage, fraction) -> {
                if (fraction > 0.5) {
                  made.getFirst().cancel();
                }
              }));
      assertThatThrownBy(() -> made.getFirst().generate(out, false, _ -> {}))
          .isInstanceOf(BundleException.class)
          .hasMessageContaining("cancelled");
      assertThat(names(temp)).containsExactlyInAnyOrder("a", "b", "c");
      assertThatThrownBy(() -> made.getFirst().generate(out, false, _ -> {}))
          .isInstanceOf(BundleException.class)
          .hasMessageContaining("cancelled before it began");
    }
  }

  @Test
  void progressGoesOverTheWholeChainAndNeverBack() {
    List<Double> heard = new ArrayList<>();
    generate(false, (stage, fraction) -> heard.add(fraction), _ -> {});
    assertThat(heard).isSorted().allMatch(fraction -> fraction >= 0 && fraction <= 1);
    assertThat(heard.getLast()).isEqualTo(1);
    assertThat(heard).anyMatch(fraction -> fraction > 0.05 && fraction < 0.34);
  }
}
