// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.config.MemoryMode;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.field.BabyBear;
import dev.memtrace.image.AddressMap;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.parallel.Workers;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.VariableRangeChecker;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The fingerprint against its definition, computed with big numbers and no haste. */
class FingerprintTest {
  private static final BigInteger TWO_TO_64 = BigInteger.ONE.shiftLeft(64);

  private static long word(long seed, long k) {
    long z = seed + (k + 1) * 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  private static long slow(byte[] bytes, long seed) {
    int columns = Math.ceilDiv(bytes.length, 65536);
    byte[] padded = Arrays.copyOf(bytes, columns * 65536);
    BigInteger sum = BigInteger.ZERO;
    for (int j = 0; j < columns; j++) {
      for (int i = 0; i < 16; i++) {
        long product = 0;
        for (int q = 0; q < 65536; q++) {
          int element = 65536 * i + q;
          byte r = (byte) (word(seed, element / 8) >>> (8 * (element % 8)));
          product += (long) r * padded[65536 * j + q];
        }
        assertThat((int) product).isEqualTo(product);
        sum =
            sum.add(
                BigInteger.valueOf(product)
                    .multiply(BigInteger.valueOf(word(seed, 131072 + 16L * j + i))));
      }
    }
    return sum.mod(TWO_TO_64).longValue();
  }

  @ParameterizedTest
  @CsvSource({"0,0,1", "1,1,1", "4,16384,1", "4,16385,2", "3,70000,1", "19,16384,3", "5,1,7"})
  void equalsTheDefinition(int width, int height, int threads) {
    Random random = new Random(width * 31L + height);
    int[] montgomery = new int[width * height];
    for (int i = 0; i < montgomery.length; i++) {
      montgomery[i] = random.nextInt(BabyBear.P);
    }
    MemorySegment cells = MemorySegment.ofArray(montgomery);
    byte[] bytes = new byte[4 * montgomery.length];
    MemorySegment.copy(cells, 0, MemorySegment.ofArray(bytes), 0, bytes.length);
    long seed = random.nextLong();
    try (Workers workers = new Workers(threads)) {
      assertThat(new Fingerprint(seed).of(cells, workers)).isEqualTo(slow(bytes, seed));
      if (height > 0 && Integer.bitCount(height) == 1) {
        everyFormHasTheSame(montgomery, width, height, slow(bytes, seed), seed, workers);
      }
    }
  }

  private static void everyFormHasTheSame(
      int[] montgomery, int width, int height, long want, long seed, Workers workers) {
    BufferPool pool = new BufferPool(1 << 24);
    for (TraceOrder order : TraceOrder.values()) {
      for (FieldEncoding encoding : FieldEncoding.values()) {
        MemorySegment buffer = pool.acquire(4L * montgomery.length);
        try (TraceMatrix whole = matrix(pool, montgomery, width, height)) {
          whole.copyTo(buffer, order, encoding);
        }
        try (TraceMatrix matrix =
            new HostTraceMatrix(pool, buffer, height, width, order, encoding)) {
          assertThat(new Fingerprint(seed).of(matrix, workers, pool)).isEqualTo(want);
        }
      }
    }
  }

  /** A backend that implements nothing but what it must. */
  private record Plain(BufferPool pool) implements TraceBackend {
    @Override
    public String name() {
      return "plain";
    }

    @Override
    public TraceSession open(MemoryMode mode, AddressMap initial) {
      throw new UnsupportedOperationException();
    }

    @Override
    public TraceMatrix poseidon2Trace(Poseidon2Periphery hasher, int registers) {
      throw new UnsupportedOperationException();
    }

    @Override
    public TraceMatrix rangeCheckerTrace(VariableRangeChecker rangeChecker) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
      pool.clear();
    }
  }

  @Test
  void everyBackendComputesIt() {
    Random random = new Random(3);
    int[] montgomery = random.ints(4 << 13, 0, BabyBear.P).toArray();
    byte[] bytes = new byte[4 * montgomery.length];
    MemorySegment.copy(
        MemorySegment.ofArray(montgomery), 0, MemorySegment.ofArray(bytes), 0, bytes.length);
    BufferPool pool = new BufferPool(1 << 20);
    try (TraceMatrix trace = matrix(pool, montgomery, 4, 1 << 13);
        TraceBackend plain = new Plain(pool);
        TraceBackend cpu = new CpuBackend(new BackendOptions(2), pool)) {
      assertThat(plain.fingerprint(trace, 11)).isEqualTo(slow(bytes, 11));
      assertThat(cpu.fingerprint(trace, 11)).isEqualTo(slow(bytes, 11));
    }
  }

  private static TraceMatrix matrix(BufferPool pool, int[] montgomery, int width, int height) {
    MemorySegment buffer = pool.acquire(4L * montgomery.length);
    MemorySegment.copy(MemorySegment.ofArray(montgomery), 0, buffer, 0, 4L * montgomery.length);
    return new HostTraceMatrix(
        pool, buffer, height, width, TraceOrder.COLUMN_MAJOR, FieldEncoding.MONTGOMERY);
  }

  @Test
  void extremeBytesDoNotOverflow() {
    byte[] bytes = new byte[3 * 65536];
    long seed = 42;
    // The largest product in each row of R in turn.
    for (int row = 0; row < 16; row += 5) {
      for (int i = 0; i < bytes.length; i++) {
        int element = 65536 * row + i % 65536;
        boolean negative = (byte) (word(seed, element / 8) >>> (8 * (element % 8))) < 0;
        bytes[i] = negative ? (byte) -128 : 127;
      }
      try (Workers workers = new Workers(1)) {
        assertThat(new Fingerprint(seed).of(MemorySegment.ofArray(bytes), workers))
            .isEqualTo(slow(bytes, seed));
      }
    }
  }

  @Test
  void everyByteAndTheSeedCount() {
    byte[] bytes = new byte[65536 + 4];
    try (Workers workers = new Workers(1)) {
      long zero = new Fingerprint(1).of(MemorySegment.ofArray(bytes), workers);
      assertThat(zero).isZero();
      for (int at : new int[] {0, 2047, 2048, 65535, 65536, 65539}) {
        bytes[at] = 1;
        long one = new Fingerprint(1).of(MemorySegment.ofArray(bytes), workers);
        assertThat(one).isNotZero();
        assertThat(new Fingerprint(2).of(MemorySegment.ofArray(bytes), workers)).isNotEqualTo(one);
        bytes[at] = 0;
      }
    }
  }
}
