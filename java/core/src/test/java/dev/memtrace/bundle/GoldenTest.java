// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.cpu.CpuBackend;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The traces of golden logs have the digests that the reference's traces have. */
class GoldenTest {
  /** The log of this guest is so long that one thread count must do. */
  private static final String LARGE = "regex-0";

  @TempDir private Path temp;

  static Stream<Path> ownCases() throws IOException, URISyntaxException {
    URL folder = Objects.requireNonNull(GoldenTest.class.getResource("/golden"));
    return cases(Path.of(folder.toURI()));
  }

  static Stream<Path> sharedCases() throws IOException {
    Path golden = Path.of(System.getProperty("memtrace.shared", "nowhere"), "golden");
    if (!Files.isDirectory(golden)) {
      return Stream.of(Path.of("skipped"));
    }
    return Stream.concat(cases(golden.resolve("cases")), cases(golden.resolve("guests")));
  }

  private static Stream<Path> cases(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("ownCases")
  void ownCase(Path golden) throws IOException {
    for (int threads : List.of(1, 2, 5)) {
      assertDigestsEqual(golden, threads);
    }
  }

  @ParameterizedTest
  @MethodSource("sharedCases")
  void sharedCase(Path golden) throws IOException {
    assumeFalse(golden.endsWith("skipped"), "no golden cases beside the checkout");
    assertDigestsEqual(golden, golden.endsWith(LARGE) ? 2 : 3);
  }

  private void assertDigestsEqual(Path golden, int threads) throws IOException {
    Path out = temp.resolve("out" + threads);
    try (TraceBackend backend = new CpuBackend(new BackendOptions(threads))) {
      new BundleGenerator(Bundle.open(golden), backend, Product.all(), GenerationListener.NONE)
          .generate(out, false);
    }
    String digest = BundleDigest.of(Bundle.open(out), threads).toJson();
    assertThat(flatten(digest))
        .as("%s with %d threads", golden.getFileName(), threads)
        .isEqualTo(flatten(Files.readString(golden.resolve("golden.json"))));
  }

  /** All values of a JSON text by their places. */
  private static Map<String, String> flatten(String json) throws IOException {
    Map<String, String> values = new TreeMap<>();
    try (JsonParser parser = new JsonFactory().createParser(json)) {
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (token.isScalarValue()) {
          values.put(parser.getParsingContext().pathAsPointer().toString(), parser.getText());
        }
      }
    }
    return values;
  }
}
