// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.log.MemoryLogEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Random segments. Case {@code i} of a base seed depends on nothing but the two numbers. Meant to
 * reach corners: unaligned and nested blocks, page ends, ends of address spaces, the clock limit,
 * extreme configurations.
 */
final class RandomLogs {
  private static final int P = 2013265921;

  private final Random random;
  private final String name;
  private final MemoryMode mode;
  private final MemoryConfig config;
  private final List<Region> regions = new ArrayList<>();
  private final List<MemoryLogEntry> log = new ArrayList<>();
  private final int spread;
  private final int alignment;
  private final int immediates;
  private final int increments;
  private final int writes;
  private long now = 1;

  /** Where accesses fall: a stretch of one address space. */
  private record Region(int space, int first, int cells) {}

  private RandomLogs(Random random, String name, MemoryMode mode, MemoryConfig config) {
    this.random = random;
    this.name = name;
    this.mode = mode;
    this.config = config;
    this.spread = 1 << (3 + random.nextInt(6));
    this.alignment = random.nextInt(4);
    this.immediates = random.nextInt(3) == 0 ? random.nextInt(40) : random.nextInt(4);
    this.increments = random.nextInt(3) == 0 ? random.nextInt(40) : random.nextInt(4);
    this.writes = 20 + random.nextInt(70);
  }

  /** Returns case {@code i} of a base seed. */
  static LogCase of(long baseSeed, int i) {
    Random random = random(baseSeed, i);
    MemoryMode mode = random.nextBoolean() ? MemoryMode.VOLATILE : MemoryMode.PERSISTENT;
    MemoryConfig config = config(random, mode);
    int length =
        random.nextInt(40) == 0
            ? random.nextInt(3)
            : random.nextInt(1 + (1 << (1 + random.nextInt(8))));
    return new RandomLogs(random, "seed " + baseSeed + " case " + i, mode, config).make(length);
  }

  /** Returns a long case of a base seed. */
  static LogCase longLog(long baseSeed, int i, int length) {
    Random random = random(baseSeed, 1_000_000 + i);
    MemoryMode mode = i % 2 == 0 ? MemoryMode.VOLATILE : MemoryMode.PERSISTENT;
    MemoryConfig config =
        MemoryConfig.defaults()
            .withMaxAccessAdapterN(8 << random.nextInt(3))
            .withAccessCapacity(i == 0 ? 1L << 24 : 1000L * random.nextInt(10))
            .withPointerMaxBits(mode == MemoryMode.VOLATILE ? 18 + random.nextInt(12) : 14);
    String name = "seed " + baseSeed + " long case " + i;
    return new RandomLogs(random, name, mode, config).make(length);
  }

  /**
   * Returns the segments of a chain of a base seed: each begins with the cells that the one before
   * has left, and goes back to where others were.
   */
  static List<LogCase> chain(long baseSeed, int i) {
    Random random = random(baseSeed, 2_000_000 + i);
    MemoryConfig config = config(random, MemoryMode.PERSISTENT);
    List<LogCase> chain = new ArrayList<>();
    List<Region> visited = new ArrayList<>();
    for (int segment = between(random, 3, 6); segment > 0; segment--) {
      String name = "seed %d chain %d segment %d".formatted(baseSeed, i, chain.size());
      RandomLogs logs = new RandomLogs(random, name, MemoryMode.PERSISTENT, config);
      logs.regions.addAll(visited);
      LogCase made = logs.make(random.nextInt(5) == 0 ? 0 : random.nextInt(100));
      visited.clear();
      visited.addAll(logs.regions.subList(0, Math.min(6, logs.regions.size())));
      chain.add(chain.isEmpty() ? made : made.withInitial(chain.getLast().finalCells()));
    }
    return chain;
  }

  private static Random random(long baseSeed, int i) {
    // Neighbouring seeds of java.util.Random begin alike.
    Random random = new Random(baseSeed * 0x9E3779B97F4A7C15L + i * 0xBF58476D1CE4E5B9L);
    random.nextLong();
    return random;
  }

  /** A legal configuration. */
  static MemoryConfig config(Random random, MemoryMode mode) {
    boolean persistent = mode == MemoryMode.PERSISTENT;
    int adapters = persistent ? 8 << random.nextInt(3) : 2 << random.nextInt(5);
    // The capacity changes how the log is cut into parts, and must not change a result.
    MemoryConfig config =
        MemoryConfig.defaults()
            .withMaxAccessAdapterN(adapters)
            .withAccessCapacity(random.nextInt(16) == 0 ? 1L << 24 : random.nextInt(5000));
    int kind = random.nextInt(20);
    if (kind < 4) {
      return config;
    }
    if (kind < 6) { // all limits at their ends
      return extreme(random, persistent).withMaxAccessAdapterN(adapters);
    }
    boolean small = kind < 16;
    int limb = small ? 3 + random.nextInt(8) : 1 + random.nextInt(18);
    int clk = between(random, limb + 1, Math.min(29, 2 * limb));
    config = config.withRangeMaxBits(limb).withClkMaxBits(clk);
    if (persistent) {
      return config
          .withAsHeight(between(random, 1, small ? 4 : 28))
          .withPointerMaxBits(between(random, 4, small ? 14 : 29));
    }
    return config
        .withAsHeight(between(random, 0, Math.min(limb - 1, small ? 3 : 20)))
        .withPointerMaxBits(between(random, limb + 1, Math.min(29, 2 * limb)));
  }

  private static MemoryConfig extreme(Random random, boolean persistent) {
    MemoryConfig base = MemoryConfig.defaults();
    int choice = random.nextInt(40);
    if (persistent) {
      if (choice == 0) {
        return base.withAsHeight(28).withRangeMaxBits(26).withClkMaxBits(29);
      }
      return switch (choice % 5) {
        case 0 -> base.withAsHeight(28);
        case 1 -> base.withAsHeight(1).withPointerMaxBits(4);
        case 2 -> base.withAsHeight(28).withPointerMaxBits(4).withRangeMaxBits(15);
        case 3 -> base.withRangeMaxBits(1).withClkMaxBits(2).withAsHeight(1);
        default -> base.withRangeMaxBits(2).withClkMaxBits(4).withPointerMaxBits(29);
      };
    }
    if (choice == 0) {
      return base.withRangeMaxBits(26).withAsHeight(25).withClkMaxBits(27);
    }
    return switch (choice % 5) {
      case 0 -> base.withAsHeight(0);
      case 1 -> base.withAsHeight(16);
      case 2 -> base.withRangeMaxBits(1).withClkMaxBits(2).withPointerMaxBits(2).withAsHeight(0);
      case 3 -> base.withRangeMaxBits(2).withClkMaxBits(4).withPointerMaxBits(3).withAsHeight(1);
      default -> base.withRangeMaxBits(15).withClkMaxBits(16).withPointerMaxBits(29);
    };
  }

  private static int between(Random random, int low, int high) {
    return low + random.nextInt(high - low + 1);
  }

  private LogCase make(int length) {
    int count = 1 + random.nextInt(4);
    for (int i = 0; i < count; i++) {
      regions.add(region());
    }
    SortedMap<Long, Integer> initial = initial();
    boolean clockLimit = random.nextInt(12) == 0;
    int profile = random.nextInt(6);
    for (int i = 0; i < length && now + 1 < config.timestampLimit(); i++) {
      entry(profile, i);
    }
    if (clockLimit && now < config.timestampLimit() - 1) {
      long rest = config.timestampLimit() - 1 - now;
      boolean accessLast = random.nextBoolean();
      increment(rest - (accessLast ? 1 : 0));
      if (accessLast) {
        access(0, 0);
      }
    }
    LogCase made = new LogCase(name, mode, config, initial, log, List.of());
    return random.nextInt(6) == 0 ? made.withMinimumHeights(heights(made)) : made;
  }

  private Region region() {
    int size = config.addressSpaceSize();
    int last = config.lastAddressSpace();
    int space =
        switch (random.nextInt(4)) {
          case 0 -> 1;
          case 1 -> last;
          default -> between(random, 1, Math.min(last, 8));
        };
    int cells = Math.min(size, spread);
    int first =
        switch (random.nextInt(6)) {
          case 0 -> 0;
          case 1 -> size - cells;
          case 2 -> 4096 - cells / 2;
          case 3 -> 4096 * random.nextInt(1 + (size >>> 12)) - cells / 2;
          default -> random.nextInt(size);
        };
    return new Region(space, Math.max(0, Math.min(first, size - cells)), cells);
  }

  private SortedMap<Long, Integer> initial() {
    TreeMap<Long, Integer> cells = new TreeMap<>();
    if (mode == MemoryMode.VOLATILE || random.nextInt(3) == 0) {
      return cells;
    }
    for (int i = random.nextInt(60); i > 0; i--) {
      Region region =
          random.nextInt(4) == 0 ? region() : regions.get(random.nextInt(regions.size()));
      int value = value();
      if (value != 0) {
        cells.put(
            Cells.key(region.space(), region.first() + random.nextInt(region.cells())), value);
      }
    }
    return cells;
  }

  private int value() {
    return switch (random.nextInt(6)) {
      case 0 -> 0;
      case 1 -> P - 1;
      case 2, 3 -> random.nextInt(4);
      default -> random.nextInt(P);
    };
  }

  private void entry(int profile, int i) {
    int dice = random.nextInt(100);
    if (dice < immediates) {
      log.add(new MemoryLogEntry.Read(0, random.nextInt(4) == 0 ? P - 1 : random.nextInt(P), 1));
      now++;
    } else if (dice < immediates + increments) {
      long room = config.timestampLimit() - 1 - now;
      long amount =
          switch (random.nextInt(4)) {
            case 0 -> 0;
            case 1 -> 1;
            case 2 -> random.nextInt(5);
            default -> random.nextInt(1 << random.nextInt(12));
          };
      increment(Math.min(amount, room));
    } else {
      access(profile, i);
    }
  }

  private void increment(long amount) {
    log.add(new MemoryLogEntry.IncrementTimestampBy((int) amount));
    now += amount;
  }

  private void access(int profile, int i) {
    Region region = regions.get(random.nextInt(regions.size()));
    int largest = Math.min(config.maxAccessAdapterN(), config.addressSpaceSize());
    int logLargest = 31 - Integer.numberOfLeadingZeros(largest);
    int n = 1 << random.nextInt(logLargest + 1);
    int offset = random.nextInt(region.cells());
    switch (profile) {
      case 0 -> { // streaming
        n = Math.min(4, largest);
        offset = i * n % region.cells();
      }
      case 1 -> { // a few hot registers
        n = Math.min(4, largest);
        offset = n * random.nextInt(3);
      }
      case 2 -> { // nested: large, then small inside
        n = i % 3 == 0 ? largest : n;
        offset = i % 3 == 0 ? 0 : random.nextInt(Math.min(region.cells(), largest));
      }
      default -> {}
    }
    int pointer = region.first() + offset;
    int align =
        switch (alignment) {
          case 0 -> n;
          case 1 -> 1;
          case 2 -> random.nextInt(8) == 0 ? 1 : n;
          default -> Math.min(n, 4);
        };
    pointer = Math.min(pointer, config.addressSpaceSize() - n) / align * align;
    if (random.nextInt(100) < writes) {
      int[] data = new int[n];
      int kind = random.nextInt(4);
      int same = value();
      for (int j = 0; j < n; j++) {
        data[j] = kind == 0 ? 0 : kind == 1 ? same : value();
      }
      log.add(new MemoryLogEntry.Write(region.space(), pointer, data));
    } else {
      log.add(new MemoryLogEntry.Read(region.space(), pointer, n));
    }
    now++;
  }

  /** Heights that are large enough: any numbers, rounded or not, at least the used rows. */
  private List<Long> heights(LogCase made) {
    List<Long> heights = new ArrayList<>();
    for (Products.Trace trace : SegmentOracle.products(made).airs()) {
      long used = trace.usedRows();
      heights.add(
          switch (random.nextInt(4)) {
            case 0 -> used;
            case 1 -> used + 1 + random.nextInt(200);
            case 2 -> (long) trace.height();
            default -> 4L * trace.height();
          });
    }
    return heights;
  }
}
