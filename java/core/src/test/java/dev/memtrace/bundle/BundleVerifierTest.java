// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.check.CheckFailure;
import dev.memtrace.check.CheckInterruptedException;
import dev.memtrace.check.CheckReport;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.cpu.CpuBackend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BundleVerifierTest {
  @TempDir private Path temp;

  private Path made = Path.of("");

  @BeforeEach
  void make() throws IOException {
    made = temp.resolve("made");
    Path input = BundleFixture.good(temp.resolve("input"));
    try (TraceBackend backend = new CpuBackend(new BackendOptions(1))) {
      new BundleGenerator(Bundle.open(input), backend, Product.all(), GenerationListener.NONE)
          .generate(made, false);
    }
  }

  private CheckReport verify() {
    return BundleVerifier.verify(Bundle.open(made), 2, 20, done -> {});
  }

  private List<String> failures() {
    return verify().failures().stream().map(CheckFailure::toString).toList();
  }

  @Test
  void whatWasGeneratedIsAccepted() {
    List<Double> heard = new ArrayList<>();
    CheckReport report = BundleVerifier.verify(Bundle.open(made), 1, 20, heard::add);
    assertThat(report.failures()).isEmpty();
    assertThat(report.notChecked()).isEmpty();
    assertThat(report.checked()).contains("final root against the final memory");
    assertThat(heard).isSorted().endsWith(1.0);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void aCheckThatIsInterruptedEndsWithoutAVerdict(int threads) {
    int[] heard = {0};
    BundleVerifier.verify(Bundle.open(made), threads, 20, _ -> heard[0]++);
    int calls = heard[0];
    assertThat(calls).isGreaterThan(5);
    for (int nth = 0; nth <= calls; nth++) {
      int left = nth;
      int[] after = {0};
      if (nth == 0) {
        Thread.currentThread().interrupt();
      }
      assertThatThrownBy(
              () ->
                  BundleVerifier.verify(
                      Bundle.open(made),
                      threads,
                      20,
                      _ -> {
                        after[0]++;
                        if (after[0] == left) {
                          Thread.currentThread().interrupt();
                        }
                      }))
          .as("interrupted at step %d of %d", nth, calls)
          .isInstanceOf(CheckInterruptedException.class)
          .hasMessageContaining("interrupted before its end");
      assertThat(Thread.interrupted()).isTrue();
      assertThat(after[0]).as("steps, interrupted at %d", nth).isLessThanOrEqualTo(nth + 1);
    }
    assertThat(verify().failures()).isEmpty();
  }

  @Test
  void gzippedProductsAreAccepted() throws IOException {
    for (String name : List.of("air_00", "air_01", "records", "aux", "final", "range_counts")) {
      Path plain = made.resolve(name + ".bin");
      byte[] content = Files.readAllBytes(plain);
      Files.write(made.resolve(name + ".bin.gz"), BundleFixture.gzip(content));
      Files.delete(plain);
    }
    assertThat(failures()).isEmpty();
    assertThat(verify().notChecked()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"aux", "range_counts_with_aux", "final", "poseidon2_inputs", "poseidon2_air_r0"})
  void whatIsLeftOutIsNotChecked(String name) throws IOException {
    Files.delete(made.resolve(name + ".bin"));
    assertThat(failures()).isEmpty();
    assertThat(verify().notChecked()).contains(name + ".bin: is missing");
  }

  @ParameterizedTest
  @CsvSource({
    "records, 'records.bin: product: is missing, so no access can be checked'",
    "range_counts, 'range_counts.bin: product: is missing'",
    "air_01, 'Merkle: product: air_01.bin is missing'"
  })
  void whatACheckCannotDoWithoutIsAFailure(String name, String failure) throws IOException {
    Files.delete(made.resolve(name + ".bin"));
    assertThat(failures()).contains(failure);
  }

  @Test
  void withoutAPoseidon2TraceNoCompressionIsChecked() throws IOException {
    Files.delete(made.resolve("poseidon2_air.bin"));
    Files.delete(made.resolve("poseidon2_air_r0.bin"));
    assertThat(failures())
        .containsExactly(
            "Poseidon2Periphery: product: there is no trace, so no compression can be checked");
  }

  @Test
  void aProductOfAnotherSizeIsAFailure() throws IOException {
    for (String name :
        List.of(
            "air_00", "air_01", "records", "aux", "range_counts", "poseidon2_inputs", "final")) {
      Path file = made.resolve(name + ".bin");
      byte[] content = Files.readAllBytes(file);
      for (int change : new int[] {-4, 4}) {
        Files.write(file, Arrays.copyOf(content, content.length + change));
        assertThat(failures()).as("%s %+d bytes", name, change).isNotEmpty();
        Files.delete(file);
        Path gzip = made.resolve(name + ".bin.gz");
        Files.write(gzip, BundleFixture.gzip(Arrays.copyOf(content, content.length + change)));
        assertThat(failures()).as("%s.gz %+d bytes", name, change).isNotEmpty();
        Files.delete(gzip);
      }
      Files.write(file, content);
    }
    assertThat(failures()).isEmpty();
  }

  @Test
  void aWordThatIsNoElementIsNamed() throws IOException {
    Path file = made.resolve("air_01.bin");
    ByteBuffer words = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    words.putInt(4 * (32 * 3 + 7), 2013265921);
    Files.write(file, words.array());
    assertThat(failures())
        .startsWith(
            "Merkle row 3: parent_hash[1]: is 2013265921, which is not a canonical field element");
  }

  @Test
  void manifestsThatLieAreFound() throws IOException {
    Path manifest = made.resolve("manifest.json");
    String text = Files.readString(manifest);
    assertLieFound(text, "\"end_timestamp\" : ", "\"end_timestamp\" : 1");
    assertLieFound(text, "\"used_rows\" : 46", "\"used_rows\" : 45");
    assertLieFound(text, "\"name\" : \"Merkle\"", "\"name\" : \"Markle\"");
    assertLieFound(text, "\"width\" : 32", "\"width\" : 16");
    Files.writeString(manifest, text);
    assertThat(failures()).isEmpty();
  }

  private void assertLieFound(String text, String truth, String lie) throws IOException {
    assertThat(text).contains(truth);
    int at = text.indexOf(truth);
    String changed = text.substring(0, at) + lie + text.substring(at + truth.length());
    Files.writeString(made.resolve("manifest.json"), changed);
    assertThat(failures()).as(lie).isNotEmpty();
  }

  @Test
  void aBundleWithoutTracesIsRefused() {
    Bundle input = Bundle.open(temp.resolve("input"));
    assertThatThrownBy(() -> BundleVerifier.verify(input, 1, 20, done -> {}))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("holds no traces");
  }

  @Test
  void requiredProducts() {
    assertThat(BundleVerifier.required(MemoryMode.VOLATILE))
        .containsExactly(Product.AIRS, Product.RECORDS, Product.RANGE_COUNTS);
    assertThat(BundleVerifier.required(MemoryMode.PERSISTENT)).contains(Product.POSEIDON2);
  }
}
