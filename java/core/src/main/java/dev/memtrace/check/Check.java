// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.air.AccessAdapterAir;
import dev.memtrace.air.Air;
import dev.memtrace.air.AirDeclaration;
import dev.memtrace.air.AirDeclaration.Interaction;
import dev.memtrace.air.Bus;
import dev.memtrace.air.MerkleAir;
import dev.memtrace.air.PersistentBoundaryAir;
import dev.memtrace.air.Poseidon2Air;
import dev.memtrace.air.TraceHeight;
import dev.memtrace.air.VolatileBoundaryAir;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.check.BusBooks.Balance;
import dev.memtrace.check.CheckFailure.Cell;
import dev.memtrace.check.CheckFailure.Kind;
import dev.memtrace.check.LeftOvers.WrongCount;
import dev.memtrace.check.TraceChecker.Chip;
import dev.memtrace.check.TraceChecker.MemoryTrace;
import dev.memtrace.check.TraceChecker.Poseidon2Trace;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.field.BabyBear;
import dev.memtrace.image.AddressMap;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.log.AccessLog;
import dev.memtrace.parallel.Workers;
import it.unimi.dsi.fastutil.longs.Long2LongOpenHashMap;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One run of a {@link TraceChecker}. */
final class Check {
  private static final int[] NONE = {};
  private static final int ACCESS_SIZES = 6;

  /** Work for an access, in words of a trace. */
  private static final int WORDS_PER_ACCESS = 24;

  /** Work for an entry of the log in the replay of blocks, in words of a trace. */
  private static final int WORDS_PER_ENTRY = 12;

  private static final String FINAL_MEMORY = "final memory";
  private static final String REQUESTS = "compression requests";
  private static final String LISTED_INPUTS = "listed inputs";
  private static final String RANGE = "range";
  private static final String RANGE_WITH_ACCESSES = "range, accesses included";

  /** A trace that is evaluated, with what its rows must be beside the constraints. */
  private static final class Trace {
    private final Part part;
    private final TraceSource source;
    private final int[] publicValues;
    private boolean usable = true;

    Trace(Part part, TraceSource source, int[] publicValues) {
      this.part = part;
      this.source = source;
      this.publicValues = publicValues;
    }
  }

  private final TraceChecker given;
  private final Runner runner;
  private final Workers workers;
  private final Runnable unlessInterrupted;
  private final BusBooks books = new BusBooks();
  private final RangeTable ranges;
  private final List<Trace> memory = new ArrayList<>();
  private final List<Trace> poseidon2 = new ArrayList<>();
  private final List<Trace> chips = new ArrayList<>();
  private final List<CheckFailure> structure = new ArrayList<>();
  private final List<CheckFailure> ofMemory = new ArrayList<>();
  private final List<CheckFailure> ofBuses = new ArrayList<>();
  private final List<String> checked = new ArrayList<>();
  private final List<String> notChecked = new ArrayList<>();
  private final Set<String> places = new LinkedHashSet<>();
  private final Map<String, Long> active = new HashMap<>();
  private final Map<String, Long> leading = new HashMap<>();
  private @Nullable Trace inputs;
  private @Nullable LoggedAccesses accesses;
  private List<WrongCount> wrongCounts = List.of();
  private List<WrongCount> wrongCountsWithAccesses = List.of();
  private int parts;
  private double done;
  private double total = 1;

  /**
   * Prepares a run.
   *
   * @param given what is checked
   * @param workers threads that share the loops
   * @param unlessInterrupted throws if the check is to end
   */
  Check(TraceChecker given, Workers workers, Runnable unlessInterrupted) {
    this.given = given;
    this.workers = workers;
    this.unlessInterrupted = unlessInterrupted;
    this.runner = new Runner(workers, given.maxFailures);
    this.ranges = new RangeTable(given.config.rangeMaxBits());
  }

  // ------------------------------------------------------------------ the order of things

  CheckReport run() {
    given.rejected.forEach(remark -> structure.add(product(remark.product(), remark.reason())));
    given.skipped.forEach(remark -> notChecked.add(remark.product() + ": " + remark.reason()));
    prepare();
    books.startSums();
    SumPass sums =
        new SumPass(
            books,
            new MessageHash(longestMessage(), new SecureRandom()::nextLong),
            ranges,
            part -> runner.failures(part.name()));
    for (Trace trace : memory) {
      evaluate(trace, sums);
    }
    checkUsedRows();
    if (given.rangeCounts != null && allUsable(memory) && allMemoryAirs()) {
      wrongCounts = wrongCounts(RANGE, given.rangeCounts, false);
    }
    poseidon2.forEach(trace -> evaluate(trace, sums));
    if (inputs != null) {
      evaluate(inputs, sums);
    }
    checkPoseidon2Rows();
    chips.forEach(trace -> evaluate(trace, sums));
    checkAccesses(sums);
    if (given.rangeCountsWithAux != null && rangesWithAccessesKnown()) {
      wrongCountsWithAccesses = wrongCounts(RANGE_WITH_ACCESSES, given.rangeCountsWithAux, true);
    }
    checkRowRules();
    checkBuses();
    given.progress.accept(1);
    return report();
  }

  private static CheckFailure product(String product, String reason) {
    return new CheckFailure(Kind.PRODUCT, product, -1, "product", List.of(), null, reason);
  }

  private CheckReport report() {
    List<CheckFailure> all = new ArrayList<>(structure);
    long found = structure.size();
    for (String place : places) {
      Failures failures = runner.failures(place);
      all.addAll(failures.list());
      found += failures.found();
    }
    all.addAll(ofMemory);
    all.addAll(ofBuses);
    found += ofMemory.size() + ofBuses.size();
    return new CheckReport(
        all.subList(0, Math.min(all.size(), given.maxFailures)), found, checked, notChecked);
  }

  // ------------------------------------------------------------------ preparation

  private void prepare() {
    List<Air> wanted = TraceChecker.memoryAirs(given.mode, given.config);
    List<String> names = given.memoryTraces.stream().map(trace -> trace.air().name()).toList();
    if (names.isEmpty()) {
      notChecked.add("memory AIRs: no trace was given");
    } else if (!names.equals(wanted.stream().map(Air::name).toList())) {
      structure.add(
          product(
              "memory AIRs",
              "there are " + names + ", not " + wanted.stream().map(Air::name).toList()));
    }
    for (MemoryTrace trace : given.memoryTraces) {
      prepareMemoryTrace(trace);
    }
    for (Poseidon2Trace trace : given.poseidon2Traces) {
      int registers = trace.registers();
      Poseidon2Air air = new Poseidon2Air(registers);
      String name = air.name() + " (" + registers + " S-box registers)";
      poseidon2.add(
          trace(name, RuledAir.poseidon2(air), trace.source(), NONE, registers, false, false));
    }
    if (given.poseidon2Inputs != null) {
      inputs =
          trace(
              Poseidon2InputsAir.NAME,
              new Poseidon2InputsAir(),
              given.poseidon2Inputs,
              NONE,
              -1,
              false,
              false);
    }
    for (Chip chip : given.chips) {
      int[] values = ints(chip.publicValues());
      chips.add(trace(chip.air().name(), chip.air(), chip.source(), values, -1, true, true));
    }
    prepareAccesses();
    prepareBalances();
  }

  private static int[] ints(List<Integer> values) {
    return values.stream().mapToInt(Integer::intValue).toArray();
  }

  private void prepareMemoryTrace(MemoryTrace trace) {
    Air air = trace.air() instanceof MerkleAir merkle ? RuledAir.merkle(merkle) : trace.air();
    int[] publicValues = ints(trace.publicValues());
    Trace prepared = trace(air.name(), air, trace.source(), publicValues, -1, false, false);
    if (publicValues.length != air.publicValues()) {
      unusable(
          prepared, "has " + publicValues.length + " public values, not " + air.publicValues());
    } else if (!Arrays.stream(publicValues).allMatch(BabyBear::isCanonical)) {
      unusable(prepared, "has a public value that is not a canonical field element");
    }
    memory.add(prepared);
  }

  private Trace trace(
      String name,
      Air air,
      TraceSource source,
      int[] publicValues,
      int registers,
      boolean withAccesses,
      boolean isChip) {
    Part part = part(name, air, registers, withAccesses, isChip);
    Trace trace = new Trace(part, source, publicValues);
    if (source.width() != air.width()) {
      unusable(trace, "has " + source.width() + " columns, not " + air.width());
    } else if (air.height(source.height()) != source.height()
        || source.height() > TraceHeight.MAX) {
      unusable(trace, "has " + source.height() + " rows, which is no height of a trace");
    }
    total += (double) source.height() * source.width();
    weigh(part, source.height());
    return trace;
  }

  private void unusable(Trace trace, String reason) {
    trace.usable = false;
    runner.failures(trace.part.name()).add(-1, 0, () -> product(trace.part.name(), reason));
  }

  private Part part(
      String name, Air air, int registers, boolean withAccesses, boolean checksMultiplicities) {
    AirDeclaration declaration = AirDeclaration.of(air, given.config);
    List<Integer> accounts = new ArrayList<>();
    for (Interaction interaction : declaration.interactions()) {
      accounts.add(account(interaction, registers));
    }
    places.add(name);
    return new Part(
        parts++, name, new Tape(declaration), accounts, withAccesses, checksMultiplicities);
  }

  private int account(Interaction interaction, int registers) {
    Bus bus = interaction.bus();
    if (bus.equals(Bus.RANGE)) {
      if (interaction.message().size() != 2) {
        throw new IllegalArgumentException(interaction.name() + ": a range check is (value, bits)");
      }
      return Part.RANGE;
    }
    if (bus.equals(Bus.COMPRESSION)) {
      return books.account(registers < 0 ? REQUESTS : table(registers));
    }
    if (bus.equals(RuledAir.INPUTS)) {
      return books.account(registers < 0 ? LISTED_INPUTS : traceInputs(registers));
    }
    return books.account(bus.name());
  }

  private static String table(int registers) {
    return "compression table with " + registers + " registers";
  }

  private static String traceInputs(int registers) {
    return "inputs of the trace with " + registers + " registers";
  }

  private void weigh(Part part, long height) {
    for (int i = 0; i < part.accounts().size(); i++) {
      int account = part.accounts().get(i);
      if (account != Part.RANGE && !part.interaction(i).isTable()) {
        books.addWeight(account, height);
      }
    }
  }

  private void prepareAccesses() {
    AccessLog log = given.log;
    WordSource records = given.records;
    places.add(LoggedAccesses.PLACE);
    if (log == null || records == null) {
      return;
    }
    requireOwned(log);
    List<Part> bySize = new ArrayList<>();
    for (int logSize = 0; logSize < ACCESS_SIZES; logSize++) {
      LoggedAccessAir air = new LoggedAccessAir(1 << logSize, given.aux != null);
      bySize.add(part(LoggedAccesses.PLACE, air, -1, true, false));
    }
    accesses = new LoggedAccesses(log, records, given.aux, given.owned, given.pool, bySize);
    books.addWeight(books.account(Bus.MEMORY.name()), 2 * log.size());
    total += (double) (WORDS_PER_ACCESS + WORDS_PER_ENTRY) * log.size();
  }

  private void requireOwned(AccessLog log) {
    for (long id : given.owned) {
      if (id < 0 || id >= log.size()) {
        throw new IllegalArgumentException(
            "a chip proves record " + id + "; the log has " + log.size() + " entries");
      }
    }
  }

  private void prepareBalances() {
    for (Bus bus : List.of(Bus.MEMORY, Bus.MERKLE)) {
      if (books.hasAccount(bus.name())) {
        books.balance(bus.name(), bus.name());
      }
    }
    for (Poseidon2Trace trace : given.poseidon2Traces) {
      int registers = trace.registers();
      books.balance(
          Bus.COMPRESSION.name() + " (" + registers + " S-box registers)",
          REQUESTS,
          table(registers));
      if (inputs != null) {
        books.balance(
            "poseidon2_inputs (" + registers + " S-box registers)",
            LISTED_INPUTS,
            traceInputs(registers));
      }
    }
    for (Trace chip : chips) {
      for (Interaction interaction : chip.part.declaration().interactions()) {
        String name = interaction.bus().name();
        boolean own =
            !interaction.bus().equals(Bus.RANGE) && !interaction.bus().equals(Bus.COMPRESSION);
        if (own && books.balances().stream().noneMatch(balance -> balance.name().equals(name))) {
          books.balance(name, name);
        }
      }
    }
  }

  private int longestMessage() {
    int longest = 2;
    List<Trace> all = allTraces();
    for (Trace trace : all) {
      for (Interaction interaction : trace.part.declaration().interactions()) {
        longest = Math.max(longest, interaction.message().size());
      }
    }
    return Math.max(longest, 3 + (1 << (ACCESS_SIZES - 1)));
  }

  private List<Trace> allTraces() {
    List<Trace> all = new ArrayList<>(memory);
    all.addAll(poseidon2);
    if (inputs != null) {
      all.add(inputs);
    }
    all.addAll(chips);
    return all;
  }

  // ------------------------------------------------------------------ traces

  private void evaluate(Trace trace, Pass pass) {
    if (!trace.usable) {
      return;
    }
    TraceMatrix matrix;
    try {
      matrix = trace.source.open();
    } catch (BadProductException e) {
      unusable(trace, String.valueOf(e.getMessage()));
      return;
    }
    try (Rows.Borrowed borrowed = Rows.of(matrix, given.pool)) {
      Rows rows = borrowed.rows();
      if (pass.checksRows()) {
        if (!canonical(trace, rows)) {
          return;
        }
        if (trace.part.declaration().air() instanceof Poseidon2InputsAir) {
          requireDistinct(trace, rows);
        }
      }
      runner.evaluate(trace.part, rows, trace.publicValues, pass);
      if (pass.checksRows()) {
        int activity = activityColumn(trace.part.declaration().air());
        if (activity >= 0) {
          active.put(trace.part.name(), rows.countNonZero(activity, workers));
          leading.put(trace.part.name(), rows.leadingNonZero(activity, workers));
          if (trace.part.declaration().air() instanceof RuledAir(Poseidon2Air air, var _)) {
            requireZeroInputs(trace, air, rows);
          }
        }
        noteTrace(trace);
        advance((double) rows.height() * rows.width());
      }
    } finally {
      trace.source.release(matrix);
    }
  }

  private void noteTrace(Trace trace) {
    AirDeclaration declaration = trace.part.declaration();
    Long used = active.get(trace.part.name());
    checked.add(
        String.format(
            Locale.ROOT,
            "%s: %,d rows%s, %d constraints, %d interactions",
            trace.part.name(),
            trace.source.height(),
            used == null ? "" : String.format(Locale.ROOT, ", %,d used", used),
            declaration.constraints().size(),
            declaration.interactions().size()));
  }

  private void advance(double words) {
    done += words;
    given.progress.accept(Math.min(1, done / total));
  }

  private boolean canonical(Trace trace, Rows rows) {
    long word = rows.firstBadWord(workers);
    if (word < 0) {
      return true;
    }
    trace.usable = false;
    String column = trace.part.declaration().air().columns().get(rows.columnOfWord(word));
    long row = rows.rowOfWord(word);
    runner
        .failures(trace.part.name())
        .add(
            row,
            0,
            () ->
                new CheckFailure(
                    Kind.PRODUCT,
                    trace.part.name(),
                    row,
                    column,
                    List.of(),
                    null,
                    "is " + rows.valueOfWord(word) + ", which is not a canonical field element"));
    return false;
  }

  private static int activityColumn(Air air) {
    return switch (air) {
      case VolatileBoundaryAir _ -> VolatileBoundaryAir.IS_VALID;
      case PersistentBoundaryAir _ -> PersistentBoundaryAir.EXPAND_DIRECTION;
      case RuledAir(MerkleAir _, var _) -> MerkleAir.EXPAND_DIRECTION;
      case RuledAir(Poseidon2Air permutations, var _) -> permutations.mult();
      case AccessAdapterAir _ -> AccessAdapterAir.IS_VALID;
      default -> -1;
    };
  }

  private void checkUsedRows() {
    for (int i = 0; i < memory.size(); i++) {
      requireUsed(memory.get(i), given.memoryTraces.get(i).usedRows());
    }
  }

  private void checkPoseidon2Rows() {
    if (inputs == null) {
      return;
    }
    long listed = inputs.source.height();
    for (Trace trace : poseidon2) {
      requireUsed(trace, listed);
      if (trace.usable && trace.source.height() != TraceHeight.nextPowerOfTwoOrZero(listed)) {
        rule(
            trace.part.name(),
            -1,
            "height",
            List.of(),
            "is " + trace.source.height() + " for " + listed + " inputs");
      }
    }
  }

  /** Demands a number of used rows; names the first row that is not what it should be. */
  private void requireUsed(Trace trace, long wanted) {
    Long used = active.get(trace.part.name());
    Long inFront = leading.get(trace.part.name());
    if (used == null || inFront == null || (used == wanted && inFront == wanted)) {
      return;
    }
    String detail =
        used == wanted
            ? String.format(Locale.ROOT, "%d of %d used rows are in front", inFront, used)
            : String.format(Locale.ROOT, "%d rows are used, but there should be %d", used, wanted);
    TraceMatrix matrix = trace.source.open();
    try (Rows.Borrowed borrowed = Rows.of(matrix, given.pool)) {
      Rows rows = borrowed.rows();
      int column = activityColumn(trace.part.declaration().air());
      for (long row = 0; row < rows.height(); row++) {
        int value = rows.get(row, column);
        if ((value != 0) != (row < wanted)) {
          Cell cell = new Cell(trace.part.declaration().air().columns().get(column), value);
          rule(trace.part.name(), row, "used rows", List.of(cell), detail);
          return;
        }
      }
      rule(trace.part.name(), -1, "used rows", List.of(), detail);
    } finally {
      trace.source.release(matrix);
    }
  }

  private void rule(String place, long row, String rule, List<Cell> cells, String detail) {
    CheckFailure failure = new CheckFailure(Kind.RULE, place, row, rule, cells, null, detail);
    runner.failures(place).add(row, rule.hashCode(), () -> failure);
  }

  /** Finds inputs that are listed twice. */
  private void requireDistinct(Trace trace, Rows rows) {
    long seed = new SecureRandom().nextLong() | 1;
    Long2LongOpenHashMap known = new Long2LongOpenHashMap();
    known.defaultReturnValue(-1);
    for (long row = 0; row < rows.height(); row++) {
      long hash = seed;
      for (int i = 0; i < Poseidon2InputsAir.MULT; i++) {
        hash = (hash ^ rows.get(row, i)) * 0x9E3779B97F4A7C15L;
        hash = (hash ^ (hash >>> 29)) * seed;
      }
      long before = known.putIfAbsent(hash, row);
      if (before >= 0 && same(rows, before, row)) {
        long second = row;
        runner
            .failures(trace.part.name())
            .add(
                row,
                0,
                () ->
                    new CheckFailure(
                        Kind.RULE,
                        trace.part.name(),
                        second,
                        "inputs are distinct",
                        List.of(),
                        null,
                        "is the input of row " + before + " again"));
      }
    }
  }

  private static boolean same(Rows rows, long a, long b) {
    for (int i = 0; i < Poseidon2InputsAir.MULT; i++) {
      if (rows.get(a, i) != rows.get(b, i)) {
        return false;
      }
    }
    return true;
  }

  private static boolean allUsable(List<Trace> traces) {
    return traces.stream().allMatch(trace -> trace.usable);
  }

  private boolean allMemoryAirs() {
    return memory.size() == TraceChecker.memoryAirs(given.mode, given.config).size();
  }

  /** Demands that padding rows permute the zero input, from the first row without requests on. */
  private void requireZeroInputs(Trace trace, Poseidon2Air air, Rows rows) {
    Long inFront = leading.get(trace.part.name());
    for (long row = inFront == null ? 0 : inFront; row < rows.height(); row++) {
      for (int i = 0; i < Poseidon2InputsAir.MULT; i++) {
        int column = Poseidon2Air.INPUT + i;
        if (rows.get(row, air.mult()) == 0 && rows.get(row, column) != 0) {
          Cell cell = new Cell(air.columns().get(column), rows.get(row, column));
          rule(
              trace.part.name(),
              row,
              "padding",
              List.of(cell),
              "permutes another input than zeros");
          return;
        }
      }
    }
  }

  /**
   * Judges the number and the order of rows, for which the log and all memory traces are needed.
   */
  private void checkRowRules() {
    AccessLog log = given.log;
    if (log == null || memory.isEmpty() || !allMemoryAirs()) {
      return;
    }
    List<RowRules.Judged> judged = new ArrayList<>();
    for (int i = 0; i < memory.size(); i++) {
      MemoryTrace trace = given.memoryTraces.get(i);
      if (memory.get(i).usable) {
        judged.add(
            new RowRules.Judged(
                trace.air(), trace.source(), trace.usedRows(), trace.logOrderRows()));
      }
    }
    double segments = Math.max(1, log.segments().size());
    RowRules.check(
        given,
        log,
        judged,
        runner,
        () -> {
          unlessInterrupted.run();
          advance(WORDS_PER_ENTRY * (log.size() / segments));
        });
    checked.add("number and order of rows against the log");
  }

  // ------------------------------------------------------------------ accesses and memory

  private void checkAccesses(SumPass sums) {
    if (accesses == null || given.log == null) {
      notChecked.add(
          given.log == null
              ? "records and memory: no log was given"
              : "records and memory: no records were given");
      checkInitialRoot();
      return;
    }
    AccessLog log = given.log;
    AddressMap flat = LoggedAccesses.flatMemory(given.initialMemory, given.config, given.pool);
    try {
      runAccesses(sums, flat);
      LoggedAccesses ran = accesses;
      if (ran == null) {
        return; // the records cannot be read, which is a failure already
      }
      if (given.endTimestamp != null && given.endTimestamp != log.endTimestamp()) {
        ofMemory.add(
            new CheckFailure(
                Kind.RULE,
                LoggedAccesses.PLACE,
                -1,
                "end_timestamp",
                List.of(),
                null,
                "is " + given.endTimestamp + ", the log ends at " + log.endTimestamp()));
      }
      checked.add(String.format(Locale.ROOT, "records against the log: %,d entries", log.size()));
      if (given.aux == null) {
        notChecked.add("auxiliary columns: none were given");
      }
      if (ran.complete()) {
        checkFinalMemory(flat);
        checkInitialRoot();
        checkRoot(flat, 1, "final");
      }
    } finally {
      flat.release();
    }
  }

  private void runAccesses(Pass pass, @Nullable AddressMap flat) {
    if (accesses == null) {
      return;
    }
    double before = done;
    try {
      accesses.run(
          pass,
          runner,
          flat,
          entries -> {
            unlessInterrupted.run();
            if (pass.checksRows()) {
              done = before + (double) WORDS_PER_ACCESS * entries;
              advance(0);
            }
          });
    } catch (BadProductException e) {
      structure.add(product("records or auxiliary columns", String.valueOf(e.getMessage())));
      accesses = null;
    }
  }

  private void checkFinalMemory(AddressMap flat) {
    MemoryImage image = given.finalMemory;
    if (image == null) {
      notChecked.add("final memory: none was given");
      return;
    }
    AddressMap copy =
        image instanceof AddressMap map ? map : AddressMap.copyOf(image, given.config, given.pool);
    try {
      flat.firstDifference(
          copy,
          (space, pointer, value) ->
              ofMemory.add(
                  new CheckFailure(
                      Kind.MEMORY,
                      FINAL_MEMORY,
                      -1,
                      "cell (" + space + ", " + pointer + ")",
                      List.of(),
                      null,
                      "is " + copy.get(space, pointer) + ", memory after the log holds " + value)));
      checked.add("final memory");
    } finally {
      if (!copy.equals(image)) {
        copy.release();
      }
    }
  }

  private void checkInitialRoot() {
    AddressMap zeros = new AddressMap(given.config, given.pool);
    checkRoot(given.initialMemory == null ? zeros : given.initialMemory, 0, "initial");
    zeros.release();
  }

  private void checkRoot(MemoryImage image, int index, String which) {
    if (given.mode != MemoryMode.PERSISTENT) {
      return;
    }
    for (MemoryTrace trace : given.memoryTraces) {
      if (trace.air() instanceof MerkleAir
          && trace.publicValues().size() == MerkleAir.PUBLIC_VALUES) {
        List<Integer> root = new ArrayList<>();
        for (int element : MemoryRoot.of(image, given.config, workers)) {
          root.add(element);
        }
        List<Integer> said = trace.publicValues().subList(8 * index, 8 * index + 8);
        if (!said.equals(root)) {
          ofMemory.add(
              new CheckFailure(
                  Kind.MEMORY,
                  trace.air().name(),
                  -1,
                  which + " root",
                  List.of(),
                  null,
                  "is " + said + " in the public values, that of the image is " + root));
        }
        checked.add(which + " root against the " + which + " memory");
      }
    }
  }

  // ------------------------------------------------------------------ buses

  /** Rows of the range table that were not asked for as often as a product says. */
  private List<WrongCount> wrongCounts(String bus, int[] counts, boolean withAccesses) {
    List<WrongCount> wrong = new ArrayList<>();
    for (int row = 0; row < counts.length; row++) {
      if (!BabyBear.isCanonical(counts[row])) {
        structure.add(
            product(
                "counts of bus " + bus,
                "row %d holds %s, which is not below p = %d"
                    .formatted(row, Integer.toUnsignedString(counts[row]), BabyBear.P)));
        break;
      }
    }
    for (int row : ranges.differences(counts, given.maxFailures)) {
      int counted = RangeTable.counted(counts, row);
      wrong.add(new WrongCount(bus, withAccesses, row, counted, ranges.requested(row)));
    }
    return wrong;
  }

  private boolean rangesWithAccessesKnown() {
    boolean accessesKnown =
        given.aux != null ? accesses != null && accesses.auxComplete() : !chips.isEmpty();
    return accessesKnown && allUsable(memory) && allMemoryAirs() && allUsable(chips);
  }

  /** Why a balance cannot be checked, or null if it can. */
  private @Nullable String missing(Balance balance) {
    if (!allUsable(allTraces().stream().filter(trace -> books(trace, balance)).toList())) {
      return "a trace cannot be used";
    }
    String name = balance.name();
    if (name.startsWith("poseidon2_inputs")) {
      return null;
    }
    if (!allMemoryAirs()) {
      return "not all memory AIRs were given";
    }
    if (name.equals(Bus.MEMORY.name()) && (accesses == null || !accesses.complete())) {
      return "not all accesses are known";
    }
    return null;
  }

  private static boolean books(Trace trace, Balance balance) {
    return trace.part.accounts().stream().anyMatch(balance.accounts()::contains);
  }

  private void checkBuses() {
    List<Balance> broken = new ArrayList<>();
    for (Balance balance : books.balances()) {
      String missing = missing(balance);
      if (missing != null) {
        notChecked.add("bus " + balance.name() + ": " + missing);
        continue;
      }
      long messages = books.messages(balance);
      checked.add(String.format(Locale.ROOT, "bus %s: %,d messages", balance.name(), messages));
      long weight = books.weight(balance);
      if (weight >= BabyBear.P) {
        ofBuses.add(
            new CheckFailure(
                Kind.RULE,
                "bus " + balance.name(),
                -1,
                "bound on the interactions",
                List.of(),
                null,
                "there are " + weight + ", which is not below p"));
      }
      if (!books.holds(balance)) {
        broken.add(balance);
      }
    }
    noteRanges();
    List<WrongCount> counts = new ArrayList<>(wrongCounts);
    counts.addAll(wrongCountsWithAccesses);
    if (!broken.isEmpty() || !counts.isEmpty()) {
      LeftOvers leftOvers = new LeftOvers(books, ranges, longestMessage(), given.maxFailures);
      ofBuses.addAll(leftOvers.find(broken, counts, this::again));
    }
  }

  private void noteRanges() {
    note(RANGE, given.rangeCounts != null, allUsable(memory) && allMemoryAirs());
    note(RANGE_WITH_ACCESSES, given.rangeCountsWithAux != null, rangesWithAccessesKnown());
  }

  private void note(String bus, boolean counts, boolean known) {
    if (!counts) {
      notChecked.add("bus " + bus + ": no counts were given");
    } else if (!known) {
      notChecked.add("bus " + bus + ": not all requests are known");
    } else {
      checked.add("bus " + bus + ": " + ranges.height() + " rows of the table");
    }
  }

  private void again(Pass pass) {
    allTraces().forEach(trace -> evaluate(trace, pass));
    runAccesses(pass, null);
  }
}
