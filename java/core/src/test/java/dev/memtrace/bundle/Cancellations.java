// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.backend.TraceBackend;
import dev.memtrace.instrument.StageListener;
import dev.memtrace.offheap.BufferPool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Ends generations at every moment that a listener can name, and looks at what is left. */
public final class Cancellations {
  private final Bundle input;
  private final Function<StageListener, TraceBackend> backends;
  private final Path folder;
  private int moments;
  private int reportsAfter;
  private int last = -1;
  private Runnable end = () -> {};

  private Cancellations(Path golden, Function<StageListener, TraceBackend> backends, Path folder) {
    this.input = Bundle.open(golden);
    this.backends = backends;
    this.folder = folder;
  }

  /**
   * Cancels, and interrupts, at each report of progress and each end of a stage in turn.
   *
   * @param golden a case
   * @param backends opens backends
   * @param folder an empty folder
   */
  public static void assertPromptAndClean(
      Path golden, Function<StageListener, TraceBackend> backends, Path folder) throws IOException {
    new Cancellations(golden, backends, folder).run();
  }

  private void run() throws IOException {
    GenerationReport want = generate(null);
    int all = moments;
    assertThat(all).isGreaterThan(20);
    Thread.currentThread().interrupt();
    assertEnded("interrupted", _ -> {});
    assertThat(Thread.interrupted()).as("interrupted before it begins").isTrue();
    for (last = 0; last < all; last++) {
      assertEnded("cancelled", BundleGenerator::cancel);
      assertThat(Thread.currentThread().isInterrupted()).isFalse();
      Thread thread = Thread.currentThread();
      assertEnded("interrupted", _ -> thread.interrupt());
      assertThat(Thread.interrupted()).as("interrupted at moment %d", last).isTrue();
    }
    assertThat(generate(null).heights()).isEqualTo(want.heights());
  }

  /** How a generation is ended. */
  @FunctionalInterface
  private interface Way {
    void end(BundleGenerator generator);
  }

  private void assertEnded(String how, Way way) throws IOException {
    String what = how + " at moment " + last;
    assertThatThrownBy(() -> generate(way))
        .as(what)
        .isInstanceOf(BundleException.class)
        .hasMessageContaining(how)
        .hasMessageContaining("nothing was kept");
    assertThat(reportsAfter).as(what).isLessThanOrEqualTo(1);
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).as(what).isEmpty();
    }
  }

  private GenerationReport generate(@Nullable Way way) throws IOException {
    moments = 0;
    reportsAfter = 0;
    Path out = folder.resolve("out");
    TraceBackend opened = backends.apply((_, _, _, _) -> moment());
    BufferPool pool = opened.pool();
    GenerationReport report;
    try (TraceBackend backend = opened) {
      BundleGenerator generator =
          new BundleGenerator(
              input,
              backend,
              Product.all(),
              (_, _) -> {
                reportsAfter += way != null && moments > last ? 1 : 0;
                moment();
              });
      end = way == null ? () -> {} : () -> way.end(generator);
      report = generator.generate(out, false);
    } finally {
      assertThat(pool.lentBytes()).isZero();
    }
    try (Stream<Path> files = Files.list(out)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(out);
    return report;
  }

  private void moment() {
    if (moments == last) {
      end.run();
    }
    moments++;
  }
}
