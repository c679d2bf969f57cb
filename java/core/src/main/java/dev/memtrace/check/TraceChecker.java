// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.air.AccessAdapterAir;
import dev.memtrace.air.Air;
import dev.memtrace.air.MerkleAir;
import dev.memtrace.air.PersistentBoundaryAir;
import dev.memtrace.air.Poseidon2Air;
import dev.memtrace.air.VolatileBoundaryAir;
import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.WordStream;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.field.BabyBear;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.log.AccessLog;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.parallel.Workers;
import dev.memtrace.periphery.Poseidon2Periphery;
import it.unimi.dsi.fastutil.longs.LongOpenHashSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Checks the products of a segment as a prover's verifier would, and beyond: every constraint of
 * every AIR on every row; every bus, the accesses of the log included; records against the log and
 * a flat memory; the final memory and both roots; how many rows the log makes, and the order of
 * those that every producer has in the same order. What is not given is not checked, and the report
 * says so. Cells that neither a constraint nor these rules bind are not rejected.
 *
 * <p>Give it the products, then call {@link #check}. Nothing given is closed or changed. Used by
 * one thread; the check itself uses as many as {@link #threads} says.
 */
public final class TraceChecker {
  /** How many failures a report lists unless it is told otherwise. */
  public static final int DEFAULT_MAX_FAILURES = 20;

  /** A memory AIR that was given. */
  record MemoryTrace(
      Air air, TraceSource source, List<Integer> publicValues, long usedRows, long logOrderRows) {}

  /** A trace of the Poseidon2 periphery that was given. */
  record Poseidon2Trace(int registers, TraceSource source) {}

  /** A chip that was given, with the log entries that it proves. */
  record Chip(Air air, TraceSource source, List<Integer> publicValues) {}

  /** A product that cannot be checked, or must not be as it is. */
  record Remark(String product, String reason) {}

  final MemoryMode mode;
  final MemoryConfig config;
  final List<MemoryTrace> memoryTraces = new ArrayList<>();
  final List<Poseidon2Trace> poseidon2Traces = new ArrayList<>();
  final List<Chip> chips = new ArrayList<>();
  final LongOpenHashSet owned = new LongOpenHashSet();
  final List<Remark> rejected = new ArrayList<>();
  final List<Remark> skipped = new ArrayList<>();
  BufferPool pool = BufferPool.shared();
  @Nullable TraceSource poseidon2Inputs;
  @Nullable AccessLog log;
  @Nullable WordSource records;
  @Nullable WordSource aux;
  @Nullable MemoryImage initialMemory;
  @Nullable MemoryImage finalMemory;
  @Nullable Long endTimestamp;
  int @Nullable [] rangeCounts;
  int @Nullable [] rangeCountsWithAux;
  int maxFailures = DEFAULT_MAX_FAILURES;
  DoubleConsumer progress = done -> {};
  private int threads = 1;

  private TraceChecker(MemoryMode mode, MemoryConfig config) {
    this.mode = mode;
    this.config = config.validate(mode);
  }

  /**
   * Begins a check.
   *
   * @param mode how memory begins and ends
   * @param config parameters of the memory
   * @return a checker that was given nothing yet
   * @throws IllegalArgumentException naming the first parameter outside its limits
   */
  public static TraceChecker of(MemoryMode mode, MemoryConfig config) {
    return new TraceChecker(mode, config);
  }

  /**
   * Lists the memory AIRs, whose traces a segment has.
   *
   * @param mode how memory begins and ends
   * @param config parameters of the memory
   * @return boundary, in persistent mode tree, adapters
   */
  public static List<Air> memoryAirs(MemoryMode mode, MemoryConfig config) {
    List<Air> airs = new ArrayList<>();
    if (mode == MemoryMode.PERSISTENT) {
      airs.add(new PersistentBoundaryAir());
      airs.add(new MerkleAir());
    } else {
      airs.add(new VolatileBoundaryAir());
    }
    for (int n = 2; n <= config.maxAccessAdapterN(); n *= 2) {
      airs.add(new AccessAdapterAir(n));
    }
    return airs;
  }

  // ------------------------------------------------------------------ traces

  /**
   * Gives the traces of all memory AIRs.
   *
   * @param inputs what {@code generateAirProofInputs} returned
   * @return this
   */
  public TraceChecker airs(List<AirProofInput> inputs) {
    for (AirProofInput input : inputs) {
      air(
          input.air().name(),
          TraceSource.of(input.trace()),
          input.publicValues(),
          input.usedRows(),
          input.logOrderRows());
    }
    return this;
  }

  /**
   * Gives the trace of a memory AIR, of which nobody says how many rows have a fixed order.
   *
   * @param name name of the AIR
   * @param source the trace
   * @param publicValues its canonical public values
   * @param usedRows rows before padding
   * @return this
   * @throws IllegalArgumentException if there is no memory AIR of that name
   */
  public TraceChecker air(String name, TraceSource source, int[] publicValues, long usedRows) {
    return air(name, source, publicValues, usedRows, -1);
  }

  /**
   * Gives the trace of a memory AIR.
   *
   * @param name name of the AIR
   * @param source the trace
   * @param publicValues its canonical public values
   * @param usedRows rows before padding
   * @param logOrderRows leading rows whose order is fixed; negative if that is not known
   * @return this
   * @throws IllegalArgumentException if there is no memory AIR of that name
   */
  public TraceChecker air(
      String name, TraceSource source, int[] publicValues, long usedRows, long logOrderRows) {
    List<Air> airs = memoryAirs(mode, config);
    Air air =
        airs.stream()
            .filter(one -> one.name().equals(name))
            .findFirst()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "there is no memory AIR '"
                            + name
                            + "'; there are "
                            + airs.stream().map(Air::name).toList()));
    memoryTraces.add(new MemoryTrace(air, source, list(publicValues), usedRows, logOrderRows));
    return this;
  }

  private static List<Integer> list(int[] values) {
    return Arrays.stream(values).boxed().toList();
  }

  /**
   * Gives a trace of the Poseidon2 periphery.
   *
   * @param registers its S-box registers, 0 or 1
   * @param source the trace
   * @return this
   */
  public TraceChecker poseidon2(int registers, TraceSource source) {
    poseidon2Traces.add(new Poseidon2Trace(new Poseidon2Air(registers).registers(), source));
    return this;
  }

  /**
   * Gives a trace of the Poseidon2 periphery.
   *
   * @param registers its S-box registers, 0 or 1
   * @param trace the trace
   * @return this
   */
  public TraceChecker poseidon2(int registers, TraceMatrix trace) {
    return poseidon2(registers, TraceSource.of(trace));
  }

  /**
   * Gives the distinct inputs of Poseidon2.
   *
   * @param inputs rows of 16 elements and a multiplicity
   * @return this
   */
  public TraceChecker poseidon2Inputs(TraceSource inputs) {
    poseidon2Inputs = inputs;
    return this;
  }

  /**
   * Gives the distinct inputs of Poseidon2.
   *
   * @param hasher the recorder
   * @return this
   */
  public TraceChecker poseidon2Inputs(Poseidon2Periphery hasher) {
    return poseidon2Inputs(new RecordedInputs(hasher));
  }

  /**
   * Adds a chip that makes accesses of its own, which it declares through {@code MemoryBridge}.
   *
   * @param air the chip's AIR, without public values
   * @param trace its trace
   * @param recordIds the log entries that the chip proves, which then send nothing themselves
   * @return this
   * @throws IllegalArgumentException if an entry is proved twice, or the AIR has public values
   */
  public TraceChecker with(Air air, TraceMatrix trace, long... recordIds) {
    return with(air, trace, new int[0], recordIds);
  }

  /**
   * Adds a chip with public values that makes accesses of its own, which it declares through {@code
   * MemoryBridge}.
   *
   * @param air the chip's AIR
   * @param trace its trace
   * @param publicValues as many canonical elements as the AIR has public values
   * @param recordIds the log entries that the chip proves, which then send nothing themselves
   * @return this
   * @throws IllegalArgumentException if an entry is proved twice, or there are more or fewer public
   *     values, or one is not canonical
   */
  public TraceChecker with(Air air, TraceMatrix trace, int[] publicValues, long... recordIds) {
    if (air.publicValues() != publicValues.length) {
      throw new IllegalArgumentException(
          air.name()
              + " has "
              + air.publicValues()
              + " public values, "
              + publicValues.length
              + " were given");
    }
    for (int value : publicValues) {
      if (!BabyBear.isCanonical(value)) {
        throw new IllegalArgumentException(
            "public value "
                + Integer.toUnsignedString(value)
                + " of "
                + air.name()
                + " is not below p = "
                + BabyBear.P);
      }
    }
    for (long id : recordIds) {
      if (!owned.add(id)) {
        throw new IllegalArgumentException("record " + id + " is proved by two chips or rows");
      }
    }
    chips.add(new Chip(air, TraceSource.of(trace), list(publicValues)));
    return this;
  }

  // ------------------------------------------------------------------ log and memory

  /**
   * Gives the log.
   *
   * @param accesses the log, of the same address spaces
   * @return this
   */
  public TraceChecker log(AccessLog accesses) {
    if (!accesses.config().sameMemory(config)) {
      throw new IllegalArgumentException(
          "the log was recorded for " + accesses.config() + ", not for " + config);
    }
    log = accesses;
    return this;
  }

  /**
   * Gives the records of all accesses.
   *
   * @param words log index, timestamp, previous timestamp, length, data, and for a write the
   *     previous data
   * @return this
   */
  public TraceChecker records(WordSource words) {
    records = words;
    return this;
  }

  /**
   * Gives the records of all accesses.
   *
   * @param words as {@code MemoryController.records} returns them; copied
   * @return this
   */
  public TraceChecker records(WordStream words) {
    return records(WordSource.copyOf(words, pool));
  }

  /**
   * Gives the auxiliary columns of all accesses.
   *
   * @param words five words an access in log order
   * @return this
   */
  public TraceChecker auxColumns(WordSource words) {
    aux = words;
    return this;
  }

  /**
   * Gives the auxiliary columns of all accesses.
   *
   * @param words as {@code MemoryController.generateAuxColumns} returns them; copied
   * @return this
   */
  public TraceChecker auxColumns(WordStream words) {
    return auxColumns(WordSource.copyOf(words, pool));
  }

  /**
   * Gives memory before the first access; zeros if it is not given.
   *
   * @param image the cells
   * @return this
   */
  public TraceChecker initialMemory(MemoryImage image) {
    initialMemory = image;
    return this;
  }

  /**
   * Gives what memory should be after the last access.
   *
   * @param image the cells
   * @return this
   */
  public TraceChecker finalMemory(MemoryImage image) {
    finalMemory = image;
    return this;
  }

  /**
   * Gives what the clock should say after the last entry.
   *
   * @param timestamp a timestamp
   * @return this
   */
  public TraceChecker endTimestamp(long timestamp) {
    endTimestamp = timestamp;
    return this;
  }

  // ------------------------------------------------------------------ range checker

  /**
   * Gives the counts of the range checker after the memory AIRs alone.
   *
   * @param counts a count a row
   * @return this
   */
  public TraceChecker rangeCounts(int[] counts) {
    rangeCounts = checkedCounts(counts);
    return this;
  }

  /**
   * Gives the counts of the range checker after the memory AIRs and the auxiliary columns of all
   * accesses, those of chips or those of {@link #auxColumns}.
   *
   * @param counts a count a row
   * @return this
   */
  public TraceChecker rangeCountsWithAux(int[] counts) {
    rangeCountsWithAux = checkedCounts(counts);
    return this;
  }

  private int[] checkedCounts(int[] counts) {
    int rows = 2 << config.rangeMaxBits();
    if (counts.length != rows) {
      throw new IllegalArgumentException(
          counts.length + " range counts; the table has " + rows + " rows");
    }
    return counts.clone();
  }

  // ------------------------------------------------------------------ the check

  /**
   * Notes that a product is wrong by itself; the check will fail.
   *
   * @param product its name
   * @param reason what is wrong
   * @return this
   */
  public TraceChecker reject(String product, String reason) {
    rejected.add(new Remark(product, reason));
    return this;
  }

  /**
   * Notes that a product cannot be checked.
   *
   * @param product its name
   * @param reason why
   * @return this
   */
  public TraceChecker skip(String product, String reason) {
    skipped.add(new Remark(product, reason));
    return this;
  }

  /**
   * Says how many threads work.
   *
   * @param count threads, the caller included; 1 unless said otherwise
   * @return this
   */
  public TraceChecker threads(int count) {
    threads = count;
    return this;
  }

  /**
   * Says how many failures the report lists.
   *
   * @param count at least 1
   * @return this
   * @throws IllegalArgumentException if it is less
   */
  public TraceChecker maxFailures(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("maxFailures is " + count + "; it must be 1 or more");
    }
    maxFailures = count;
    return this;
  }

  /**
   * Says who hears which fraction of the work is done.
   *
   * @param listener hears it on the calling thread, never less than before
   * @return this
   */
  public TraceChecker progress(DoubleConsumer listener) {
    progress = listener;
    return this;
  }

  /**
   * Says where working memory comes from.
   *
   * @param buffers a pool
   * @return this
   */
  public TraceChecker pool(BufferPool buffers) {
    pool = buffers;
    return this;
  }

  /**
   * Checks what was given. If the calling thread is interrupted, the check ends soon; the thread is
   * still interrupted then.
   *
   * @return the verdict
   * @throws CheckInterruptedException if the calling thread is interrupted
   */
  public CheckReport check() {
    Thread caller = Thread.currentThread();
    Runnable unlessInterrupted =
        () -> {
          if (caller.isInterrupted()) {
            throw new CheckInterruptedException(null);
          }
        };
    unlessInterrupted.run();
    try (Workers workers = new Workers(threads, unlessInterrupted)) {
      CheckReport report = new Check(this, workers, unlessInterrupted).run();
      // A product may have been unreadable for that reason alone.
      unlessInterrupted.run();
      return report;
    } catch (RuntimeException e) {
      throw caller.isInterrupted() && !(e instanceof CheckInterruptedException)
          ? new CheckInterruptedException(e)
          : e;
    }
  }
}
