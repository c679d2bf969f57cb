// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.bundle.GenerationListener.Stage;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.periphery.TraceLimitException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class BundleGeneratorTest {
  private static final Set<String> INPUT = Set.of("manifest.json", "log.bin", "initial.bin");

  @TempDir private Path temp;

  private Path input = Path.of("");
  private Path out = Path.of("");

  @BeforeEach
  void makeInput() throws IOException {
    // The temporary folder may itself lie behind a link.
    Path real = temp.toRealPath();
    input = BundleFixture.good(real.resolve("input"));
    out = real.resolve("out");
  }

  private GenerationReport generate(boolean force, Product... products) {
    return generate(force, GenerationListener.NONE, products);
  }

  private GenerationReport generate(
      boolean force, GenerationListener listener, Product... products) {
    try (TraceBackend backend = new CpuBackend(new BackendOptions(1))) {
      Set<Product> wanted =
          products.length == 0 ? Product.all() : EnumSet.copyOf(List.of(products));
      return new BundleGenerator(Bundle.open(input), backend, wanted, listener)
          .generate(out, force);
    }
  }

  private void refused(boolean force, String... parts) {
    assertThatThrownBy(() -> generate(force))
        .isInstanceOf(BundleException.class)
        .message()
        .contains(parts);
  }

  private static Set<String> names(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries
          .map(entry -> String.valueOf(entry.getFileName()))
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  private static Map<String, String> content(Path folder) throws IOException {
    Map<String, String> content = new TreeMap<>();
    for (String name : names(folder)) {
      content.put(name, HexFormat.of().formatHex(Files.readAllBytes(folder.resolve(name))));
    }
    return content;
  }

  // ------------------------------------------------------------------ output

  @Test
  void writesEverything() throws IOException {
    generate(false);
    assertThat(names(out))
        .containsExactlyInAnyOrder(
            "manifest.json",
            "log.bin",
            "initial.bin",
            "air_00.bin",
            "air_01.bin",
            "air_02.bin",
            "air_03.bin",
            "air_04.bin",
            "records.bin",
            "aux.bin",
            "range_counts.bin",
            "range_counts_with_aux.bin",
            "final.bin",
            "poseidon2_inputs.bin",
            "poseidon2_air.bin",
            "poseidon2_air_r0.bin");
    assertThat(names(temp)).containsExactlyInAnyOrder("input", "out");
    BundleManifest manifest = Bundle.open(out).manifest();
    assertThat(manifest.endTimestamp()).isEqualTo(9);
    assertThat(manifest.airs())
        .extracting(BundleManifest.AirTrace::name)
        .containsExactly(
            "Boundary", "Merkle", "AccessAdapter<2>", "AccessAdapter<4>", "AccessAdapter<8>");
    assertThat(Files.readAllBytes(out.resolve("final.bin")))
        .isEqualTo(BundleFixture.bytes(1, 8, 3, 1, 9, 4, 2, 0, 5, 2, 16, 7, 2, 17, 9));
    assertThat(Files.readAllBytes(out.resolve("records.bin")))
        .startsWith(BundleFixture.bytes(0, 1, 0, 4, 3, 4, 0, 0, 1, 2, 0, 2, 7, 9, 0, 0));
  }

  @Test
  void theOutputIsSelfContainedAndAnInputAgain() throws IOException {
    generate(false);
    BundleDigest first = BundleDigest.of(Bundle.open(out), 1);
    input = out;
    out = out.resolveSibling("again");
    generate(false);
    assertThat(content(out)).isEqualTo(content(input));
    assertThat(BundleDigest.of(Bundle.open(out), 2).toJson()).isEqualTo(first.toJson());
  }

  @Test
  void theLogIsHardLinkedAndNeverALink() throws IOException {
    Files.move(input.resolve("log.bin"), input.resolve("real.bin"));
    Files.createSymbolicLink(input.resolve("log.bin"), Path.of("real.bin"));
    generate(false);
    Path log = out.resolve("log.bin");
    assertThat(Files.isSymbolicLink(log)).isFalse();
    assertThat(log).hasSameBinaryContentAs(input.resolve("real.bin"));
    assertThat(Files.getAttribute(log, "unix:ino"))
        .isEqualTo(Files.getAttribute(input.resolve("real.bin"), "unix:ino"));
  }

  @Test
  void aGzippedInputStaysGzipped() throws IOException {
    byte[] gzip = BundleFixture.gzip(Files.readAllBytes(input.resolve("log.bin")));
    Files.delete(input.resolve("log.bin"));
    Files.write(input.resolve("log.bin.gz"), gzip);
    generate(false);
    assertThat(Files.readAllBytes(out.resolve("log.bin.gz"))).isEqualTo(gzip);
    assertThat(out.resolve("log.bin")).doesNotExist();
  }

  @Test
  void anInputFileWithTheNameOfAProductIsRenamed() throws IOException {
    Files.move(input.resolve("log.bin"), input.resolve("air_00.bin"));
    String manifest = Files.readString(input.resolve("manifest.json"));
    Files.writeString(
        input.resolve("manifest.json"), manifest.replace("\"log.bin\"", "\"air_00.bin\""));
    generate(false);
    assertThat(Bundle.open(out).manifest().log().file()).isEqualTo("log.bin");
    assertThat(Files.readAllBytes(out.resolve("log.bin")))
        .isEqualTo(BundleFixture.bytes(BundleFixture.LOG));
  }

  @ParameterizedTest
  @EnumSource(Product.class)
  void productsThatAreNotAskedForAreAbsent(Product product) throws IOException {
    generate(false);
    Map<String, String> all = content(out);
    out = out.resolveSibling("some");
    generate(false, product);
    Map<String, String> some = content(out);
    some.keySet().removeAll(INPUT);
    assertThat(some)
        .isNotEmpty()
        .allSatisfy((name, bytes) -> assertThat(bytes).isEqualTo(all.get(name)));
    assertThat(some.keySet())
        .allSatisfy(name -> assertThat(belongsTo(name, product)).as(name).isTrue());
    BundleManifest manifest = Bundle.open(out).manifest();
    assertThat(manifest.poseidon2() != null).isEqualTo(product == Product.POSEIDON2);
    assertThat(BundleDigest.of(Bundle.open(out), 1).airs())
        .hasSize(product == Product.AIRS ? 5 : 0);
  }

  private static boolean belongsTo(String name, Product product) {
    return switch (product) {
      case AIRS -> name.startsWith("air_");
      case RECORDS -> name.equals("records.bin");
      case AUX -> name.equals("aux.bin");
      case RANGE_COUNTS -> name.startsWith("range_counts");
      case FINAL -> name.equals("final.bin");
      case POSEIDON2 -> name.startsWith("poseidon2_");
    };
  }

  @Test
  void progressNeverGoesBack() {
    List<Double> fractions = new ArrayList<>();
    Set<Stage> stages = EnumSet.noneOf(Stage.class);
    generate(
        false,
        (stage, fraction) -> {
          stages.add(stage);
          fractions.add(fraction);
        });
    assertThat(stages).containsExactly(Stage.values());
    assertThat(fractions).isSorted().last().isEqualTo(1.0);
  }

  // ------------------------------------------------------------------ the target

  @Test
  void fillsAnEmptyFolder() throws IOException {
    Files.createDirectory(out);
    generate(false);
    assertThat(names(out)).contains("air_00.bin");
  }

  @Test
  void makesTheFoldersAboveTheTarget() throws IOException {
    out = out.resolve("a").resolve("b");
    generate(false);
    assertThat(names(out)).contains("air_00.bin");
  }

  @Test
  void foldersMadeAboveTheTargetAreRemovedOnFailure() throws IOException {
    Files.write(input.resolve("log.bin"), BundleFixture.bytes(9, 9, 9, 9, 9, 9, 9, 9));
    out = out.resolve("a").resolve("b");
    refused(false, "kind 9");
    assertThat(names(temp)).containsExactly("input");
  }

  @Test
  void refusesATargetThatIsNotEmpty() throws IOException {
    generate(false);
    Map<String, String> before = content(out);
    refused(false, "is not empty", "--force");
    assertThat(content(out)).isEqualTo(before);
    assertThat(names(temp)).containsExactlyInAnyOrder("input", "out");
  }

  @Test
  void forceReplacesABundle() throws IOException {
    generate(false, Product.FINAL);
    generate(true, Product.RECORDS);
    assertThat(names(out)).contains("records.bin").doesNotContain("final.bin");
    assertThat(names(temp)).containsExactlyInAnyOrder("input", "out");
  }

  @Test
  void forceReplacesTheInputItself() throws IOException {
    out = input;
    generate(true);
    assertThat(names(out)).contains("air_00.bin", "log.bin");
    assertThat(Files.readAllBytes(out.resolve("log.bin")))
        .isEqualTo(BundleFixture.bytes(BundleFixture.LOG));
  }

  @Test
  void forceNeverDeletesWhatIsNoBundle() throws IOException {
    Files.createDirectory(out);
    Files.writeString(out.resolve("thesis.txt"), "years of work");
    refused(true, "holds thesis.txt, which is no file of a bundle");
    assertThat(names(out)).containsExactly("thesis.txt");
  }

  @Test
  void forceNeverDeletesBinariesWithoutAManifest() throws IOException {
    Files.createDirectory(out);
    Files.writeString(out.resolve("firmware.bin"), "x");
    refused(true, "holds firmware.bin, which is no file of a bundle");
    assertThat(names(out)).containsExactly("firmware.bin");
    Files.move(out.resolve("firmware.bin"), out.resolve("final.bin"));
    refused(true, "has no manifest.json of a bundle");
    Files.writeString(out.resolve("manifest.json"), "{\"a\": \"memory-trace-bundle/1\"}");
    refused(true, "has no manifest.json of a bundle (manifest.json: format is missing");
    assertThat(names(out)).containsExactlyInAnyOrder("final.bin", "manifest.json");
  }

  @ParameterizedTest
  @ValueSource(strings = {"firmware.bin", "air_final.bin", "log.bin.gz.bin", "backup.bin.gz"})
  void forceNeverDeletesOtherBinariesInABundle(String name) throws IOException {
    generate(false);
    Files.writeString(out.resolve(name), "years of work");
    refused(true, "holds " + name + ", which is no file of a bundle");
    assertThat(out.resolve(name)).hasContent("years of work");
  }

  @Test
  void forceReplacesABundleWithNamesOfItsOwn() throws IOException {
    Files.move(input.resolve("log.bin"), input.resolve("entries"));
    Files.move(input.resolve("initial.bin"), input.resolve("cells.bin"));
    String manifest = Files.readString(input.resolve("manifest.json"));
    Files.writeString(
        input.resolve("manifest.json"),
        manifest.replace("log.bin", "entries").replace("initial.bin", "cells.bin"));
    generate(false);
    generate(true);
    assertThat(names(out)).contains("entries", "cells.bin");
    assertThat(names(temp)).containsExactlyInAnyOrder("input", "out");
  }

  @Test
  void forceNeverDeletesSubfolders() throws IOException {
    BundleFixture.good(out);
    Files.createDirectory(out.resolve("sub.bin"));
    refused(true, "holds sub.bin");
    assertThat(names(out)).contains("sub.bin", "log.bin");
  }

  @Test
  void aBadInputLeavesAForcedTargetAsItWas() throws IOException {
    generate(false);
    Map<String, String> before = content(out);
    Files.write(
        Files.createTempFile(temp, "bad", ""), new byte[0]); // a neighbour that must survive
    Files.delete(input.resolve("log.bin"));
    Files.write(input.resolve("log.bin"), BundleFixture.bytes(9, 9, 9, 9, 9, 9, 9, 9));
    refused(true, "kind 9");
    assertThat(content(out)).isEqualTo(before);
    assertThat(names(temp)).hasSize(3).contains("input", "out");
  }

  @Test
  void refusesAFileAsTarget() throws IOException {
    Files.writeString(out, "x");
    refused(true, "is not a folder");
    assertThat(out).hasContent("x");
  }

  @Test
  void refusesALinkThatLeadsNowhere() throws IOException {
    Files.createSymbolicLink(out, Path.of("nowhere"));
    refused(true, "is a link that leads nowhere");
  }

  @Test
  void refusesATargetInUse() throws IOException {
    Path lock = out.resolveSibling(".out.lock");
    try (FileChannel channel =
            FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = channel.lock()) {
      assertThat(held.isValid()).isTrue();
      refused(false, "is in use", ".out.lock");
      assertThat(out).doesNotExist();
      assertThat(out.resolveSibling(".out.partial")).doesNotExist();
    }
    generate(false);
    assertThat(names(temp)).containsExactlyInAnyOrder("input", "out");
  }

  @Test
  void aLockThatIsALinkIsNotFollowed() throws IOException {
    Path precious = Files.writeString(out.resolveSibling("thesis.txt"), "years of work");
    Path lock = Files.createSymbolicLink(out.resolveSibling(".out.lock"), precious);
    refused(false, ".out.lock: is a link or no regular file", "move it away");
    assertThat(precious).hasContent("years of work");
    assertThat(lock).isSymbolicLink();
    Files.delete(lock);
    Files.createSymbolicLink(lock, Path.of("nowhere"));
    refused(false, ".out.lock: is a link or no regular file");
    assertThat(out.resolveSibling("nowhere")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "years of work", "0f8fad5b-d9cb-469f-a165-70867728950e and more"})
  void aForeignFileWithTheNameOfTheLockIsKept(String content) throws IOException {
    Path lock = Files.writeString(out.resolveSibling(".out.lock"), content);
    refused(false, ".out.lock: holds something else than a lock", "move it away");
    assertThat(lock).hasContent(content);
    assertThat(names(temp)).containsExactlyInAnyOrder(".out.lock", "input");
  }

  @Test
  void aForeignFileThatTookThePlaceOfTheLockIsKept() throws IOException {
    Path lock = out.resolveSibling(".out.lock");
    generate(
        false,
        (stage, fraction) ->
            run(
                () -> {
                  Files.delete(lock);
                  Files.writeString(lock, "years of work");
                }));
    assertThat(lock).hasContent("years of work");
  }

  @Test
  void refusesATargetThatThisProcessIsWriting() {
    List<Throwable> second = new ArrayList<>();
    generate(
        false,
        (stage, fraction) -> {
          if (second.isEmpty()) {
            second.add(catchThrowable(() -> generate(false)));
          }
        });
    assertThat(second.getFirst())
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("is in use");
  }

  @Test
  void removesWhatAKilledProcessHasLeft() throws IOException {
    Path partial = Files.createDirectory(out.resolveSibling(".out.partial"));
    Files.writeString(partial.resolve("air_07.bin"), "half");
    Files.writeString(partial.resolve(".memtrace-partial"), "entries\nair_07.bin\n");
    Files.writeString(partial.resolve("entries"), "half");
    Files.writeString(out.resolveSibling(".out.lock"), UUID.randomUUID().toString());
    generate(false);
    assertThat(names(out)).doesNotContain("air_07.bin");
    assertThat(names(temp)).containsExactlyInAnyOrder("input", "out");
  }

  @Test
  void neverRemovesAPartialFolderWithOtherThings() throws IOException {
    Path partial = Files.createDirectory(out.resolveSibling(".out.partial"));
    Files.writeString(partial.resolve("thesis.txt"), "years of work");
    refused(false, "holds no .memtrace-partial, so memtrace has not made it", "move it away");
    assertThat(names(partial)).containsExactly("thesis.txt");
    Files.writeString(partial.resolve(".memtrace-partial"), "log.bin\n");
    refused(false, "holds thesis.txt, which is no file of a bundle");
    assertThat(names(partial)).contains("thesis.txt");
  }

  @Test
  void neverRemovesAForeignPartialFolder() throws IOException {
    Path partial = BundleFixture.good(out.resolveSibling(".out.partial"));
    refused(false, "holds no .memtrace-partial");
    assertThat(names(partial)).isEqualTo(INPUT);
  }

  @Test
  void removesAnEmptyPartialFolder() throws IOException {
    Files.createDirectory(out.resolveSibling(".out.partial"));
    generate(false);
    assertThat(names(out)).doesNotContain(".memtrace-partial");
    assertThat(names(temp)).containsExactlyInAnyOrder("input", "out");
  }

  @Test
  void cancellingKeepsWhatSomeoneElsePutIntoThePartialFolder() throws IOException {
    Path partial = out.resolveSibling(".out.partial");
    refusedWhen(
        Stage.REPLAY,
        () -> {
          Files.writeString(partial.resolve("thesis.txt"), "years of work");
          Files.delete(partial.resolve(".memtrace-partial"));
        },
        "");
    assertThat(names(partial)).containsExactly("thesis.txt");
  }

  @Test
  void dotsAfterALinkLeadAboveItsEnd() throws IOException {
    Path far = Files.createDirectories(out.resolveSibling("far").resolve("deep"));
    Path link = Files.createSymbolicLink(out.resolveSibling("link"), far);
    Path wanted = link.resolve("..").resolve("new").resolve("..").resolve("made");
    out = wanted;
    assertThat(generate(false).target()).isEqualTo(far.resolveSibling("made"));
    assertThat(names(temp)).containsExactlyInAnyOrder("far", "input", "link");
    assertThat(names(far.resolveSibling("made"))).contains("air_00.bin");
  }

  @Test
  void aFolderThatCannotBeListedIsAnInputOutputError() {
    IOException cause = new IOException("Stale file handle");
    DirectoryStream<Path> stream =
        new DirectoryStream<>() {
          @Override
          public Iterator<Path> iterator() {
            throw new DirectoryIteratorException(cause);
          }

          @Override
          public void close() {}
        };
    assertThatThrownBy(() -> BundleFolder.names(stream))
        .isInstanceOf(IOException.class)
        .hasMessage("Stale file handle");
  }

  private Path old() {
    return out.resolveSibling(".out.old");
  }

  private Path marker(Path folder) {
    return folder.resolve(".memtrace-partial");
  }

  @Test
  void putsBackABundleThatAKilledProcessHadMovedAway() throws IOException {
    generate(false);
    Map<String, String> before = content(out);
    Files.createFile(marker(out));
    Files.move(out, old());
    refused(false, "is not empty");
    assertThat(content(out)).isEqualTo(before);
    assertThat(names(temp)).containsExactlyInAnyOrder("input", "out");
  }

  /** Killed before the last renaming: all is there, and the marker as well. */
  @Test
  void removesACompleteFolderThatAKilledProcessHasNotPutInPlace() throws IOException {
    generate(false);
    Map<String, String> before = content(out);
    Path partial = out.resolveSibling(".out.partial");
    Files.move(out, partial);
    Files.writeString(marker(partial), String.join("\n", before.keySet()));
    Files.writeString(out.resolveSibling(".out.lock"), UUID.randomUUID().toString());
    generate(false);
    assertThat(content(out)).isEqualTo(before);
    assertThat(names(temp)).containsExactlyInAnyOrder("input", "out");
  }

  /** Killed after the last renaming: the target is complete and has the marker still. */
  @Test
  void takesAwayTheMarkerThatAKilledProcessHasLeftInTheTarget() throws IOException {
    generate(false);
    Map<String, String> before = content(out);
    Files.writeString(marker(out), "log.bin\n");
    refused(false, "is not empty");
    assertThat(content(out)).isEqualTo(before);
    Files.writeString(marker(out), "log.bin\n");
    generate(true);
    assertThat(content(out)).isEqualTo(before);
  }

  /** Killed after the last renaming, and the next run before the last step of its cleaning up. */
  @Test
  void takesAwayTheMarkerAfterASecondKill() throws IOException {
    generate(false);
    Map<String, String> before = content(out);
    Files.writeString(marker(out), "log.bin\n");
    Files.createDirectory(old());
    refused(false, "is not empty");
    assertThat(content(out)).isEqualTo(before);
    assertThat(names(temp)).containsExactlyInAnyOrder("input", "out");
  }

  @Test
  void takesAwayNoMarkerOfAFolderThatIsNoBundle() throws IOException {
    Path other = Files.createDirectory(out);
    Files.writeString(marker(other), "log.bin\n");
    Files.writeString(other.resolve("log.bin"), "half a log");
    refused(true, "which is no file of a bundle");
    assertThat(names(other)).containsExactly(".memtrace-partial", "log.bin");
  }

  @Test
  void removesWhatIsLeftOfABundleThatWasReplaced() throws IOException {
    generate(false);
    Map<String, String> before = content(out);
    for (String kept : List.of("manifest.json log.bin", "manifest.json", "")) {
      Files.createDirectory(old());
      Files.createFile(marker(old()));
      for (String name : kept.isEmpty() ? List.<String>of() : List.of(kept.split(" "))) {
        Files.copy(out.resolve(name), old().resolve(name));
      }
      refused(false, "is not empty");
      assertThat(content(out)).isEqualTo(before);
      assertThat(names(temp)).containsExactlyInAnyOrder("input", "out");
    }
  }

  @Test
  void neverRemovesABundleThatNobodyHasReplaced() throws IOException {
    generate(false);
    BundleFixture.good(old());
    refused(true, ".out.old: holds no .memtrace-partial, so memtrace has not made it");
    assertThat(names(old())).isEqualTo(INPUT);
    Files.createFile(marker(old()));
    Files.writeString(old().resolve("thesis.txt"), "years of work");
    refused(true, ".out.old: holds thesis.txt, which is no file of a bundle");
    Files.delete(old().resolve("manifest.json"));
    refused(true, "which is no file of a bundle");
    assertThat(names(old())).contains("thesis.txt");
  }

  @Test
  void cancellingRemovesEverything() throws IOException {
    try (TraceBackend backend = new CpuBackend(new BackendOptions(1))) {
      BundleGenerator[] generator = new BundleGenerator[1];
      generator[0] =
          new BundleGenerator(
              Bundle.open(input),
              backend,
              Product.all(),
              (stage, fraction) -> {
                if (stage == Stage.WRITE) {
                  generator[0].cancel();
                }
              });
      assertThatThrownBy(() -> generator[0].generate(out, false))
          .isInstanceOf(BundleException.class)
          .hasMessageContaining("cancelled");
    }
    assertThat(names(temp)).containsExactly("input");
  }

  @Test
  void aFailedWriteLeavesNothing() throws IOException {
    // The partial folder disappears under the writer.
    refusedWhen(
        Stage.REPLAY,
        () -> {
          Path partial = out.resolveSibling(".out.partial");
          Files.delete(partial.resolve("log.bin"));
          Files.delete(partial.resolve("initial.bin"));
          Files.delete(partial.resolve(".memtrace-partial"));
          Files.delete(partial);
        },
        "cannot write records.bin: no such file or folder; nothing was kept");
    assertThat(names(temp)).containsExactly("input");
  }

  @Test
  void aTargetThatFillsMeanwhileIsNotTouched() throws IOException {
    refusedWhen(
        Stage.REPLAY,
        () -> {
          Files.createDirectory(out);
          Files.writeString(out.resolve("thesis.txt"), "years of work");
        },
        "is not empty");
    assertThat(names(out)).containsExactly("thesis.txt");
    assertThat(names(temp)).containsExactlyInAnyOrder("input", "out");
  }

  /** Something that goes wrong in the middle. */
  @FunctionalInterface
  private interface Mishap {
    void happen() throws IOException;
  }

  private void refusedWhen(Stage when, Mishap mishap, String message) {
    boolean[] done = new boolean[1];
    assertThatThrownBy(
            () ->
                generate(
                    false,
                    (stage, fraction) -> {
                      if (stage == when && !done[0]) {
                        done[0] = true;
                        run(mishap);
                      }
                    }))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining(message);
  }

  private static void run(Mishap mishap) {
    try {
      mishap.happen();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // ------------------------------------------------------------------ limits

  /** Generates, with a failure while traces are made. */
  private void generateFailing(RuntimeException failure) {
    generate(
        false,
        (stage, fraction) -> {
          if (stage == Stage.TRACES) {
            throw failure;
          }
        });
  }

  @Test
  void tablesThatAreFullAreNoBug() throws IOException {
    assertThatThrownBy(() -> generateFailing(new TraceLimitException("too many")))
        .isInstanceOf(BundleException.class)
        .hasMessage("too many; use shorter segments");
    ArithmeticException bug = new ArithmeticException("/ by zero");
    assertThatThrownBy(() -> generateFailing(bug)).isSameAs(bug);
    assertThat(names(temp)).containsExactly("input");
  }

  @Test
  void whatFailsBeforeTheCommitLeavesNothing() throws IOException {
    BundleException failure = new BundleException("no");
    try (TraceBackend backend = new CpuBackend(new BackendOptions(1))) {
      BundleGenerator generator =
          new BundleGenerator(Bundle.open(input), backend, Product.all(), GenerationListener.NONE);
      assertThatThrownBy(
              () ->
                  generator.generate(
                      out,
                      false,
                      report -> {
                        assertThat(report.bytesWritten()).isPositive();
                        throw failure;
                      }))
          .isSameAs(failure);
    }
    assertThat(names(temp)).containsExactly("input");
  }

  // ------------------------------------------------------------------ digest

  @Test
  void refusesToDigestAnInputBundle() {
    assertThatThrownBy(() -> BundleDigest.of(Bundle.open(input), 1))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("holds no traces");
  }

  @Test
  void refusesToDigestATraceOfAnotherSize() throws IOException {
    generate(false);
    Files.write(out.resolve("air_01.bin"), new byte[4]);
    assertThatThrownBy(() -> BundleDigest.of(Bundle.open(out), 1))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("air_01.bin: does not hold the");
  }

  @Test
  void theDigestOfAGzippedTraceIsTheSame() throws IOException {
    generate(false);
    String before = BundleDigest.of(Bundle.open(out), 1).toJson();
    for (String name : List.of("air_01.bin", "records.bin", "poseidon2_inputs.bin")) {
      byte[] content = Files.readAllBytes(out.resolve(name));
      Files.delete(out.resolve(name));
      Files.write(out.resolve(name + ".gz"), BundleFixture.gzip(content));
    }
    assertThat(BundleDigest.of(Bundle.open(out), 1).toJson()).isEqualTo(before);
  }
}
