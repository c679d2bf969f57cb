// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.check.CheckFailure.Kind;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.field.BabyBear;
import dev.memtrace.image.AddressMap;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogHeader;
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import it.unimi.dsi.fastutil.longs.LongSet;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The accesses themselves: each log entry with its record, checked against a flat memory, and made
 * a row of a {@link LoggedAccessAir}, which sends and receives what a chip would.
 */
final class LoggedAccesses {
  /** What failures call the log. */
  static final String PLACE = "log";

  private static final int[] NONE = {};
  private static final int BATCH = 1 << 14;
  private static final int HEAD = 4;
  private static final int MAX_CELLS = 32;

  /** Rules of a record, in the order in which failures of one entry are listed. */
  private enum Rule {
    HEAD(-5),
    DATA(-4),
    PREVIOUS_DATA(-3),
    PREVIOUS_TIMESTAMP(-2),
    CANONICAL(-1);

    /** Comes before the constraints, which count from 0. */
    private final int order;

    Rule(int order) {
      this.order = order;
    }
  }

  private final MemoryConfig config;
  private final AccessLog log;
  private final WordSource records;
  private final @Nullable WordSource aux;
  private final LongSet owned;
  private final BufferPool pool;
  private final List<Part> parts;
  private boolean complete = true;
  private boolean auxComplete = true;

  /**
   * Prepares the check of accesses.
   *
   * @param log the log
   * @param records a record for each access in log order
   * @param aux five words for each access in log order, or null
   * @param owned ids of the entries that chips prove, which send nothing here
   * @param pool where working memory comes from
   * @param parts an AIR for each size of an access, by its logarithm
   */
  LoggedAccesses(
      AccessLog log,
      WordSource records,
      @Nullable WordSource aux,
      LongSet owned,
      BufferPool pool,
      List<Part> parts) {
    this.config = log.config();
    this.log = log;
    this.records = records;
    this.aux = aux;
    this.owned = owned;
    this.pool = pool;
    this.parts = List.copyOf(parts);
  }

  /** Whether every access has a record of its length. */
  boolean complete() {
    return complete;
  }

  /** Whether every access has auxiliary columns. */
  boolean auxComplete() {
    return complete && auxComplete;
  }

  /** Rows of one size on their way. */
  private final class Batch {
    private final Part part;
    private final int width;
    private final int previous;
    private final long[] names = new long[BATCH];
    private final int[] row;
    private final MemorySegment memory;
    private int rows;

    Batch(Part part) {
      this.part = part;
      this.width = part.declaration().air().width();
      this.previous = ((LoggedAccessAir) part.declaration().air()).previous();
      this.row = new int[width];
      this.memory = pool.acquire(4L * BATCH * width);
    }

    void add(long id) {
      names[rows] = id;
      MemorySegment.copy(row, 0, memory, IntBuffer64.WORD, 4L * rows * width, width);
      rows++;
    }

    void flush(Pass pass, Runner runner) {
      if (rows > 0) {
        runner.evaluate(part, Rows.canonical(memory, rows, width, names), NONE, pass);
        rows = 0;
      }
    }
  }

  /**
   * Goes through the log.
   *
   * @param pass what is done with the rows
   * @param runner evaluates them
   * @param memory a flat memory that is the initial one and becomes the final one; only used if the
   *     pass checks rows
   * @param progress hears how many entries are done
   */
  void run(Pass pass, Runner runner, @Nullable AddressMap memory, LongConsumer progress) {
    Batch[] batches = new Batch[parts.size()];
    try (WordWindow recorded = new WordWindow(records);
        WordWindow auxiliary = aux == null ? new WordWindow(EMPTY) : new WordWindow(aux)) {
      Entries entries = new Entries(pass, runner, memory, recorded, auxiliary, batches);
      for (LogSegment segment : log.segments()) {
        if (!entries.run(segment)) {
          break;
        }
        progress.accept(segment.firstEntry() + segment.entries());
      }
      entries.finish();
    } finally {
      for (Batch batch : batches) {
        if (batch != null) {
          pool.release(batch.memory);
        }
      }
    }
  }

  private static final WordSource EMPTY = WordSource.of(MemorySegment.ofArray(new int[0]), 0);

  /** Makes a copy of the initial memory to play the log on. */
  static AddressMap flatMemory(
      @Nullable MemoryImage initial, MemoryConfig config, BufferPool pool) {
    return initial == null
        ? new AddressMap(config, pool)
        : AddressMap.copyOf(initial, config, pool);
  }

  /** The walk through log, records and auxiliary columns. */
  private final class Entries {
    private final Pass pass;
    private final Runner runner;
    private final Failures failures;
    private final @Nullable AddressMap memory;
    private final WordWindow recorded;
    private final WordWindow auxiliary;
    private final Batch[] batches;
    private final int[] before = new int[MAX_CELLS];
    private final int[] data = new int[MAX_CELLS];
    private long now = 1;

    Entries(
        Pass pass,
        Runner runner,
        @Nullable AddressMap memory,
        WordWindow recorded,
        WordWindow auxiliary,
        Batch[] batches) {
      this.pass = pass;
      this.runner = runner;
      this.failures = runner.failures(PLACE);
      this.memory = pass.checksRows() ? memory : null;
      this.recorded = recorded;
      this.auxiliary = auxiliary;
      this.batches = batches;
    }

    /** Goes through a segment; false if records do not go on. */
    boolean run(LogSegment segment) {
      int value = 0;
      for (int i = 0; i < segment.entries(); i++) {
        long header = segment.header(i);
        if (LogHeader.isIncrement(header)) {
          now += LogHeader.pointer(header);
          continue;
        }
        if (!access(segment, segment.firstEntry() + i, header, value)) {
          return false;
        }
        value += LogHeader.valueWords(header);
        now++;
      }
      return true;
    }

    private boolean access(LogSegment segment, long id, long header, int value) {
      int n = LogHeader.size(header);
      boolean write = LogHeader.isWrite(header);
      int words = HEAD + (write ? 2 * n : n);
      if (!recorded.has(words)) {
        complete = false;
        fail(id, Rule.HEAD, "record", "records end before or within the record of this entry");
        return false;
      }
      int[] record = recorded.words;
      int at = recorded.position;
      if (record[at + 3] != n) {
        complete = false;
        fail(
            id,
            Rule.HEAD,
            "record: length",
            "is " + Integer.toUnsignedString(record[at + 3]) + ", the entry has " + n + " cells");
        return false;
      }
      if (memory != null) {
        check(memory, segment, id, header, value, record, at);
      }
      if (!owned.contains(id)) {
        fill(id, header, n, write, record, at);
      } else if (aux != null && auxiliary.has(LoggedAccessAir.AUX_WIDTH)) {
        auxiliary.position += LoggedAccessAir.AUX_WIDTH;
      }
      recorded.position += words;
      return true;
    }

    private void check(
        AddressMap flat,
        LogSegment segment,
        long id,
        long header,
        int value,
        int[] record,
        int at) {
      int n = LogHeader.size(header);
      int space = LogHeader.addressSpace(header);
      int pointer = LogHeader.pointer(header);
      boolean write = LogHeader.isWrite(header);
      if (record[at] != (int) id) {
        fail(id, Rule.HEAD, "record: log index", "is " + Integer.toUnsignedString(record[at]));
      } else if (record[at + 1] != (int) now) {
        fail(
            id,
            Rule.HEAD,
            "record: timestamp",
            "is " + Integer.toUnsignedString(record[at + 1]) + ", the clock says " + now);
      }
      long previous = Integer.toUnsignedLong(record[at + 2]);
      if (previous >= now || (space == 0 && previous != 0)) {
        fail(
            id,
            Rule.PREVIOUS_TIMESTAMP,
            "record: prev_timestamp",
            "is "
                + previous
                + (space == 0 ? ", an immediate has 0" : ", not before the timestamp " + now));
      }
      if (space == 0) {
        before[0] = pointer;
      } else {
        flat.read(space, pointer, n, before, 0);
      }
      if (write) {
        for (int i = 0; i < n; i++) {
          data[i] = segment.value(value + i);
        }
        requireSame(id, Rule.DATA, "record: data", record, at + HEAD, data, n, "the log writes");
        requireSame(
            id,
            Rule.PREVIOUS_DATA,
            "record: prev_data",
            record,
            at + HEAD + n,
            before,
            n,
            "memory holds");
        store(flat, space, pointer, n);
      } else {
        requireSame(
            id,
            Rule.DATA,
            "record: data",
            record,
            at + HEAD,
            before,
            n,
            space == 0 ? "the immediate is" : "memory holds");
      }
    }

    private void store(AddressMap flat, int space, int pointer, int n) {
      int inPage = MemoryConfig.PAGE_SIZE - (pointer & (MemoryConfig.PAGE_SIZE - 1));
      int first = Math.min(n, inPage);
      flat.writeCells(space, pointer, first, data, 0);
      if (first < n) {
        flat.writeCells(space, pointer + first, n - first, data, first);
      }
    }

    private void requireSame(
        long id, Rule rule, String what, int[] record, int at, int[] want, int n, String who) {
      if (!Arrays.equals(record, at, at + n, want, 0, n)) {
        fail(
            id,
            rule,
            what,
            "is "
                + cells(Arrays.copyOfRange(record, at, at + n))
                + ", "
                + who
                + " "
                + cells(Arrays.copyOf(want, n)));
      }
    }

    private static String cells(int[] cells) {
      return Arrays.toString(Arrays.stream(cells).mapToLong(Integer::toUnsignedLong).toArray());
    }

    private void fill(long id, long header, int n, boolean write, int[] record, int at) {
      Batch batch = batches[LogHeader.logSize(header)];
      if (batch == null) {
        batch = new Batch(parts.get(LogHeader.logSize(header)));
        batches[LogHeader.logSize(header)] = batch;
      }
      int[] row = batch.row;
      int space = LogHeader.addressSpace(header);
      row[LoggedAccessAir.SPACE] = space;
      row[LoggedAccessAir.POINTER] = LogHeader.pointer(header);
      row[LoggedAccessAir.TIMESTAMP] = (int) now;
      row[LoggedAccessAir.RECORDED] = record[at + 2];
      row[LoggedAccessAir.IN_MEMORY] = space == 0 ? 0 : 1;
      System.arraycopy(record, at + HEAD, row, LoggedAccessAir.DATA, n);
      System.arraycopy(record, at + HEAD + (write ? n : 0), row, batch.previous, n);
      if (aux != null) {
        int auxAt = batch.previous + n;
        if (auxiliary.has(LoggedAccessAir.AUX_WIDTH)) {
          System.arraycopy(
              auxiliary.words, auxiliary.position, row, auxAt, LoggedAccessAir.AUX_WIDTH);
          auxiliary.position += LoggedAccessAir.AUX_WIDTH;
        } else {
          if (auxComplete) {
            fail(id, Rule.CANONICAL, "auxiliary columns", "end before this entry");
          }
          auxComplete = false;
          Arrays.fill(row, auxAt, auxAt + LoggedAccessAir.AUX_WIDTH, 0);
        }
      }
      for (int column = 0; column < row.length; column++) {
        if (!BabyBear.isCanonical(row[column])) {
          notCanonical(id, batch, column);
        }
      }
      batch.add(id);
      if (batch.rows == BATCH) {
        batch.flush(pass, runner);
      }
    }

    private void notCanonical(long id, Batch batch, int column) {
      if (pass.checksRows()) {
        String name = batch.part.declaration().air().columns().get(column);
        fail(
            id,
            Rule.CANONICAL,
            name,
            "is "
                + Integer.toUnsignedString(batch.row[column])
                + ", which is not a canonical field element");
      }
      batch.row[column] = Integer.remainderUnsigned(batch.row[column], BabyBear.P);
    }

    private void fail(long id, Rule rule, String what, String detail) {
      if (pass.checksRows()) {
        failures.add(
            id,
            rule.order,
            () -> new CheckFailure(Kind.RECORD, PLACE, id, what, List.of(), null, detail));
      }
    }

    void finish() {
      for (Batch batch : batches) {
        if (batch != null) {
          batch.flush(pass, runner);
        }
      }
      if (complete && recorded.has(1)) {
        fail(log.size(), Rule.HEAD, "records", "go on at word " + recorded.offset());
      }
      if (complete && auxComplete && auxiliary.has(1)) {
        fail(
            log.size(), Rule.CANONICAL, "auxiliary columns", "go on at word " + auxiliary.offset());
      }
    }
  }

  MemoryConfig config() {
    return config;
  }
}
