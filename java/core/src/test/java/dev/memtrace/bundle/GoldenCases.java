// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.check.CheckReport;
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

/** Golden logs, and the digests that the reference's traces of them have. */
public final class GoldenCases {
  private GoldenCases() {}

  /** The small cases that the project holds itself. */
  public static Stream<Path> own() throws IOException, URISyntaxException {
    URL folder = Objects.requireNonNull(GoldenCases.class.getResource("/golden"));
    return cases(Path.of(folder.toURI()));
  }

  /** All cases and guests beside the checkout; empty if there are none. */
  public static Stream<Path> shared() throws IOException {
    Path golden = Path.of(System.getProperty("memtrace.shared", "nowhere"), "golden");
    return Files.isDirectory(golden)
        ? Stream.concat(cases(golden.resolve("cases")), cases(golden.resolve("guests")))
        : Stream.of();
  }

  private static Stream<Path> cases(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().toList().stream();
    }
  }

  /** Makes all products of a case in {@code out}, compares their digests, and verifies them. */
  public static void assertDigestsEqual(Path golden, TraceBackend backend, Path out)
      throws IOException {
    new BundleGenerator(Bundle.open(golden), backend, Product.all(), GenerationListener.NONE)
        .generate(out, false);
    assertDigestsEqual(golden, out, backend);
  }

  /** Makes all products of the segments of a chain in {@code out} and compares their digests. */
  public static void assertChainDigestsEqual(List<Path> segments, TraceBackend backend, Path out)
      throws IOException {
    new ChainGenerator(
            segments.stream().map(Bundle::open).toList(),
            backend,
            Product.all(),
            GenerationListener.NONE)
        .generate(out, false, _ -> {});
    List<Path> made = cases(out).toList();
    assertThat(made).hasSameSizeAs(segments);
    for (int i = 0; i < made.size(); i++) {
      assertDigestsEqual(segments.get(i), made.get(i), backend);
    }
  }

  private static void assertDigestsEqual(Path golden, Path out, TraceBackend backend)
      throws IOException {
    assertThat(flatten(BundleDigest.of(Bundle.open(out), 2).toJson()))
        .as("%s on %s", golden.getFileName(), backend.description())
        .isEqualTo(flatten(Files.readString(golden.resolve("golden.json"))));
    CheckReport verdict = BundleVerifier.verify(Bundle.open(out), 2, 20, done -> {});
    assertThat(verdict.failures()).as("%s", golden.getFileName()).isEmpty();
    assertThat(verdict.notChecked()).as("%s", golden.getFileName()).isEmpty();
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
