// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.TraceBackend;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Random chains of segments, each on a backend of its own: every product of every segment is
 * compared with that of the slow oracle, which knows no states.
 */
public final class ChainOracle {
  private ChainOracle() {}

  /**
   * Checks the i-th random chain.
   *
   * @param seed where all random choices come from
   * @param i which chain
   * @param backends what the segments run on, chosen at random
   * @param temp a folder for states that are saved and loaded between two segments; null to let
   *     them be
   */
  public static void check(long seed, int i, List<TraceBackend> backends, @Nullable Path temp) {
    Random random = new Random(seed + i);
    @Nullable MemoryState[] state = {null};
    try {
      for (LogCase segment : RandomLogs.chain(seed, i)) {
        TraceBackend backend = backends.get(random.nextInt(backends.size()));
        Production.Handover handover =
            random.nextBoolean() ? Production.Handover.FIRST : Production.Handover.LAST;
        String run =
            "%s, %s, state %s (-Dmemtrace.oracle.seed=%d)"
                .formatted(segment.describe(), backend.description(), handover, seed);
        try {
          check(segment, backend, handover, state);
          if (temp != null && random.nextInt(3) == 0) {
            reload(temp.resolve("state"), state);
          }
        } catch (RuntimeException | Error e) {
          throw new AssertionError(run, e);
        }
      }
    } finally {
      if (state[0] != null) {
        state[0].close();
      }
    }
  }

  private static void check(
      LogCase segment,
      TraceBackend backend,
      Production.Handover handover,
      @Nullable MemoryState[] state) {
    Products want = SegmentOracle.products(segment);
    Products got =
        Production.run(
            segment, backend, Production.Feed.ONLINE, state[0], handover, next -> state[0] = next);
    assertThat(want.firstDifference(got)).isNull();
    MemoryState after = state[0];
    assertThat(after).isNotNull();
    assertThat(Production.memory(after.image())).isEqualTo(want.finalMemory());
    int[] roots = want.air("Merkle").publicValues();
    assertThat(after.root()).isEqualTo(Arrays.copyOfRange(roots, 8, 16));
  }

  /** Loading hashes the cells, and refuses a tree that is not theirs. */
  private static void reload(Path file, @Nullable MemoryState[] state) {
    MemoryState saved = state[0];
    assertThat(saved).isNotNull();
    saved.save(file);
    state[0] = MemoryState.load(file, saved.config());
    saved.close();
  }
}
