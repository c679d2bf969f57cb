// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

import dev.memtrace.backend.DeviceLostException;
import dev.memtrace.backend.DeviceMemoryException;
import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.MemoryStateException;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.bundle.Bundle;
import dev.memtrace.bundle.BundleDigest;
import dev.memtrace.bundle.BundleException;
import dev.memtrace.bundle.ChainWriter;
import dev.memtrace.bundle.Product;
import dev.memtrace.durable.LogFileException;
import dev.memtrace.faults.FaultyFiles;
import dev.memtrace.log.AccessLog;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.OutOfNativeMemoryException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Chains random segments on several backends while things fail. Whatever fails must end in an error
 * of a known type, and be repeated with the right result: every product of every segment is
 * compared with that of the slow oracle. Not thread-safe.
 */
public final class Soak implements AutoCloseable {
  private static final int LONG_LOG = 4000;
  private static final int CHECKED = 16;

  /** Larger tables of range checks take hundreds of megabytes for a moment. */
  private static final int MOST_RANGE_BITS = 20;

  /** A backend and what can fail in it. */
  public interface Bench extends AutoCloseable {
    /** What it is, for messages. */
    String name();

    /** The backend, opened if there is none. */
    TraceBackend backend();

    /**
     * Lets something fail soon.
     *
     * @return what, in a word or two
     */
    String arm(Random random);

    /**
     * Lets nothing fail any more.
     *
     * @param lost whether a device was lost: what is on it is closed and opened anew
     */
    void heal(boolean lost);

    /** Whether a fault of this kind loses a device, which may show much later. */
    boolean mayLoseDevice(String kind);

    /** Whether an error is one that this backend may throw when something fails. */
    boolean isTyped(Throwable failure);

    /** Lets go of all memory that is kept for the next segment. */
    void rest();

    @Override
    void close();
  }

  private final long seed;
  private final List<Bench> benches;
  private final Path stateFolder;
  private final Path chainFolder;
  private final FaultyFiles files = new FaultyFiles();
  private final Interrupter interrupter = new Interrupter();
  private final Map<String, Long> faults = new TreeMap<>();
  private final Map<String, Long> errors = new TreeMap<>();
  private long segments;
  private long entries;
  private long bundles;
  private long states;

  /** Whether a device may have been lost in a run that did not need it any more. */
  private boolean mayBeLost;

  /**
   * Prepares.
   *
   * @param seed where all random choices come from
   * @param benches what the segments run on, chosen at random
   * @param folder an empty folder for states and bundles
   */
  public Soak(long seed, List<Bench> benches, Path folder) throws IOException {
    this.seed = seed;
    this.benches = List.copyOf(benches);
    this.stateFolder = Files.createDirectory(folder.resolve("states"));
    this.chainFolder = Files.createDirectory(folder.resolve("chains"));
  }

  /** How many errors they ended in, by type; the others were made good or not reached. */
  public Map<String, Long> errors() {
    return Map.copyOf(errors);
  }

  @Override
  public String toString() {
    return "%d segments of %d entries, %d bundles, %d states; faults %s; errors %s"
        .formatted(segments, entries, bundles, states, faults, errors);
  }

  /** Lets go of all memory that this process keeps for the next segment. */
  public void rest() {
    BufferPool.shared().clear();
    Checked.POOL.clear();
  }

  /** Ends the thread that interrupts. */
  @Override
  public void close() {
    interrupter.close();
  }

  /**
   * Runs the i-th chain.
   *
   * @throws AssertionError naming the case, if a product is wrong or an error has no known type
   */
  public void chain(int i) {
    Random random = new Random(seed * 31 + i);
    @Nullable MemoryState state = null;
    try {
      if (i % 8 == 5 && !cases(i).isEmpty()) {
        bundles(cases(i), random);
        return;
      }
      for (LogCase segment : cases(i)) {
        if (state != null && random.nextInt(3) == 0) {
          state = throughFile(state, random);
        }
        state = run(segment, state, random);
      }
    } finally {
      if (state != null) {
        state.close();
      }
    }
  }

  private List<LogCase> cases(int i) {
    List<LogCase> cases = casesOfAnySize(i);
    return cases.getFirst().config().rangeMaxBits() > MOST_RANGE_BITS ? List.of() : cases;
  }

  private List<LogCase> casesOfAnySize(int i) {
    return switch (i % 8) {
      case 3 -> List.of(RandomLogs.of(seed, i));
      case 7 -> List.of(RandomLogs.longLog(seed, i, LONG_LOG));
      default -> RandomLogs.chain(seed, i);
    };
  }

  private Bench bench(Random random) {
    return benches.get(random.nextInt(benches.size()));
  }

  // ------------------------------------------------------------------ segments

  /** Runs a segment on the state before it until it succeeds, and returns the state after it. */
  private @Nullable MemoryState run(LogCase segment, @Nullable MemoryState state, Random random) {
    Products want = SegmentOracle.products(segment);
    MemoryState before = state;
    for (int faulty = random.nextInt(4); ; faulty--) {
      Bench bench = bench(random);
      String fault = faulty > 0 ? arm(bench, random) : "no fault";
      String what =
          "%s on %s, %s (-Dmemtrace.soak.seed=%d)"
              .formatted(segment.describe(), bench.name(), fault, seed);
      MemoryState[] after = new MemoryState[1];
      Products got = null;
      try {
        got = production(segment, bench, before, after, random);
      } catch (RuntimeException | Error e) {
        expect(isAllowed(e, faulty > 0 && bench.isTyped(e)), e, what);
        boolean lost = e instanceof DeviceLostException;
        before = lost ? closed(before) : usable(before);
        closed(after[0]);
        healAll(lost);
        continue;
      } finally {
        interrupter.stop();
        healAll(false);
      }
      judge(segment, want, got, after[0], what);
      return after[0];
    }
  }

  private boolean isAllowed(Throwable failure, boolean afterFault) {
    return afterFault || (mayBeLost && failure instanceof DeviceLostException);
  }

  private void healAll(boolean lost) {
    mayBeLost &= !lost;
    benches.forEach(bench -> bench.heal(lost));
  }

  private static @Nullable MemoryState closed(@Nullable MemoryState state) {
    if (state != null) {
      state.close();
    }
    return null;
  }

  private static Products production(
      LogCase segment,
      Bench bench,
      @Nullable MemoryState before,
      @Nullable MemoryState[] after,
      Random random) {
    Production.Feed feed = random.nextBoolean() ? Production.Feed.ONLINE : Production.Feed.LOG;
    Production.Handover handover =
        !segment.persistent()
            ? Production.Handover.NEVER
            : random.nextBoolean() ? Production.Handover.FIRST : Production.Handover.LAST;
    return Production.run(
        segment, bench.backend(), feed, before, handover, next -> after[0] = next);
  }

  private void judge(
      LogCase segment, Products want, Products got, @Nullable MemoryState after, String what) {
    String difference = want.firstDifference(got);
    if (difference != null) {
      throw new AssertionError(what + ": " + difference);
    }
    if (after != null) {
      int[] root = Arrays.copyOfRange(want.air("Merkle").publicValues(), 8, 16);
      if (!Arrays.equals(after.root(), root)) {
        throw new AssertionError(what + ": root " + Arrays.toString(after.root()));
      }
    }
    if (segments % CHECKED == 0 && !Checked.report(segment, got).accepted()) {
      throw new AssertionError(what + ": " + Checked.report(segment, got).failures());
    }
    segments++;
    entries += segment.log().size();
  }

  /** A state that a failed segment has not used, or null: then the cells of the case do. */
  private static @Nullable MemoryState usable(@Nullable MemoryState state) {
    if (state == null) {
      return null;
    }
    try {
      state.image();
      return state;
    } catch (IllegalStateException e) {
      return null; // it has gone with its user
    }
  }

  // ------------------------------------------------------------------ files

  private MemoryState throughFile(MemoryState state, Random random) {
    Path file = files.path(stateFolder.resolve("state"));
    for (int faulty = random.nextInt(3); ; faulty--) {
      try {
        armFiles(faulty, random, 30);
        state.save(file);
        MemoryState loaded = MemoryState.load(file, state.config());
        state.close();
        states++;
        return loaded;
      } catch (RuntimeException | Error e) {
        expect(
            isAllowed(e, faulty > 0 && isTypedForFiles(e)),
            e,
            "state (-Dmemtrace.soak.seed=" + seed + ")");
        if (e instanceof DeviceLostException) {
          MemoryState cells = // which are on the host
              MemoryState.copyOf(state.image(), state.config(), BufferPool.shared());
          state.close();
          healAll(true);
          return cells;
        }
      } finally {
        interrupter.stop();
        files.heal();
      }
    }
  }

  /** Writes a chain as bundles until it succeeds, and compares them with those of another run. */
  private void bundles(List<LogCase> chain, Random random) {
    String what =
        "bundles of %s (-Dmemtrace.soak.seed=%d)".formatted(chain.getFirst().describe(), seed);
    Path real = chainFolder.resolve("chain");
    List<String> want = List.of();
    for (int faulty = 3; faulty >= 0; faulty--) {
      Bench bench = bench(random);
      boolean first = faulty == 3; // nothing fails in the first run and in the last
      if (!first && faulty > 0) {
        if (random.nextBoolean()) {
          arm(bench, random);
        } else {
          armFiles(1, random, 200);
        }
      }
      try {
        write(chain, bench.backend(), files.path(real));
      } catch (RuntimeException | Error e) {
        boolean afterFault = !first && faulty > 0 && (bench.isTyped(e) || isTypedForFiles(e));
        boolean lost = e instanceof DeviceLostException;
        expect(isAllowed(e, afterFault), e, what + " on " + bench.name());
        healAll(lost);
        if (lost && (first || faulty == 0)) {
          faulty++; // once more on a device that is there
          continue;
        }
      } finally {
        interrupter.stop();
        healAll(false);
        files.heal();
      }
      if (!Files.exists(real)) { // it is only away while another one takes its place
        if (first || faulty == 0) {
          throw new AssertionError(what + ": nothing there");
        }
        continue;
      }
      List<String> got = digests(real);
      if (first) {
        want = got;
      } else if (!got.equals(want)) {
        throw new AssertionError(what + ": want " + want + ", got " + got);
      }
    }
    bundles += chain.size();
    if (!names(chainFolder).equals(List.of("chain"))) {
      throw new AssertionError(what + ": left " + names(chainFolder));
    }
  }

  private static void write(List<LogCase> chain, TraceBackend backend, Path target) {
    LogCase first = chain.getFirst();
    MemoryState initial = MemoryState.copyOf(first.initialImage(), first.config(), backend.pool());
    try (ChainWriter writer =
        ChainWriter.open(target, true, "soak", initial, backend, Product.all())) {
      for (LogCase segment : chain) {
        AccessLog log = new AccessLog(segment.config());
        segment.log().forEach(log::append);
        writer.add(log);
      }
      writer.commit();
    }
  }

  private static List<String> digests(Path folder) {
    List<String> digests = new ArrayList<>();
    for (String name : names(folder)) {
      if (!name.startsWith(".")) {
        digests.add(BundleDigest.of(Bundle.open(folder.resolve(name)), 1).toJson());
      }
    }
    return digests;
  }

  private static List<String> names(Path folder) {
    try (Stream<Path> entries = Files.list(folder)) {
      return new ArrayList<>(
          entries.map(entry -> String.valueOf(entry.getFileName())).sorted().toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // ------------------------------------------------------------------ faults

  private String arm(Bench bench, Random random) {
    String kind = random.nextInt(6) == 0 ? interrupt(random) : bench.arm(random);
    faults.merge(kind, 1L, Long::sum);
    mayBeLost |= bench.mayLoseDevice(kind);
    return kind;
  }

  private void armFiles(int faulty, Random random, int operations) {
    if (faulty > 0) {
      int choice = random.nextInt(5);
      if (choice == 0) {
        faults.merge(interrupt(random), 1L, Long::sum);
        return;
      }
      for (int i = 0; i < 1 + random.nextInt(2); i++) { // one alone, or one while cleaning up
        files.fail(
            1 + random.nextInt(operations),
            choice < 3 ? FaultyFiles.Kind.BROKEN : FaultyFiles.Kind.FULL);
        faults.merge("file operation", 1L, Long::sum);
      }
    }
  }

  private String interrupt(Random random) {
    interrupter.start(random.nextInt(20_000));
    return "interrupt";
  }

  private void expect(boolean expected, Throwable failure, String what) {
    if (!expected) {
      throw new AssertionError(what, failure);
    }
    errors.merge(failure.getClass().getSimpleName(), 1L, Long::sum);
  }

  /** Whether an error is one that any backend may throw when something fails. */
  public static boolean isTypedForAll(Throwable failure) {
    return failure instanceof OutOfNativeMemoryException
        || failure instanceof DeviceMemoryException
        || failure instanceof DeviceLostException;
  }

  private static boolean isTypedForFiles(Throwable failure) {
    return failure instanceof MemoryStateException
        || failure instanceof BundleException
        || failure instanceof LogFileException;
  }
}
