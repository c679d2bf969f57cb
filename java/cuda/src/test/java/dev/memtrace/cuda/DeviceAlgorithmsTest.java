// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.backend.DeviceMemoryException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against loops that anybody can read. */
class DeviceAlgorithmsTest {
  private static final long SEED = 0xA160;

  private Emulator emulator;
  private CudaDevice device;
  private CudaStream stream;
  private DeviceAlgorithms algorithms;

  @BeforeEach
  void open() {
    emulator = Emulator.load();
    emulator.reset();
    device = CudaFixture.open();
    stream = device.openStream();
    algorithms = device.algorithms();
  }

  @AfterEach
  void close() {
    stream.close();
    assertThat(device.liveBytes()).isZero();
    device.close();
    CudaFixture.assertNothingLeft(emulator);
  }

  private DeviceBuffer upload(long[] values) {
    DeviceBuffer buffer = stream.allocate(8L * Math.max(1, values.length), "longs");
    stream.copyToDevice(Arena.ofAuto().allocateFrom(ValueLayout.JAVA_LONG, values), buffer, 0);
    return buffer;
  }

  private DeviceBuffer upload(int[] values) {
    DeviceBuffer buffer = stream.allocate(4L * Math.max(2, values.length), "ints");
    stream.copyToDevice(CudaFixture.words(values), buffer, 0);
    return buffer;
  }

  private DeviceBuffer upload(byte[] values) {
    DeviceBuffer buffer = stream.allocate(Math.max(8, values.length), "bytes");
    stream.copyToDevice(Arena.ofAuto().allocateFrom(ValueLayout.JAVA_BYTE, values), buffer, 0);
    return buffer;
  }

  private DeviceBuffer room(long bytes) {
    return stream.allocate(Math.max(8, bytes), "result");
  }

  private long[] longs(DeviceBuffer buffer, int n) {
    MemorySegment host = Arena.ofAuto().allocate(8L * n, 8);
    stream.copyToHost(buffer, 0, host);
    stream.synchronize();
    return host.toArray(ValueLayout.JAVA_LONG);
  }

  private int[] ints(DeviceBuffer buffer, int n) {
    return Arrays.copyOf(CudaFixture.read(stream, buffer), n);
  }

  private static int[] randomWords(int n, int bound) {
    return new SplittableRandom(SEED + n).ints(n, 0, bound).toArray();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 1000, 4097})
  void sortsKeysByTheirBits(int n) {
    long[] keys = new SplittableRandom(SEED + n).longs(n).toArray();
    Comparator<Long> middleBits = Comparator.comparingLong(key -> key >>> 5 & 0xFF);
    long[] expected = Arrays.stream(keys).boxed().sorted(middleBits).mapToLong(k -> k).toArray();
    try (DeviceBuffer in = upload(keys);
        DeviceBuffer out = room(8L * n)) {
      algorithms.sortKeys(stream, in.address(), out.address(), n, 5, 13);
      assertThat(longs(out, n)).isEqualTo(expected);
    }
    assertThat(algorithms.sortKeysBytes(n, 5, 13)).isPositive();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1000})
  void sortsPairsByTheirKeys(int n) {
    long[] keys = new SplittableRandom(SEED + n).longs(n, 0, 50).toArray();
    int[] values = IntStream.range(0, n).toArray();
    int[] expected =
        IntStream.range(0, n)
            .boxed()
            .sorted(Comparator.comparingLong(i -> keys[i]))
            .mapToInt(i -> i)
            .toArray();
    try (DeviceBuffer keysIn = upload(keys);
        DeviceBuffer keysOut = room(8L * n);
        DeviceBuffer valuesIn = upload(values);
        DeviceBuffer valuesOut = room(4L * n)) {
      algorithms.sortPairs(
          stream,
          keysIn.address(),
          keysOut.address(),
          valuesIn.address(),
          valuesOut.address(),
          n,
          0,
          64);
      assertThat(longs(keysOut, n)).isEqualTo(Arrays.stream(keys).sorted().toArray());
      assertThat(ints(valuesOut, n)).isEqualTo(expected);
    }
    assertThat(algorithms.sortPairsBytes(n, 0, 64)).isPositive();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1000})
  void sums(int n) {
    int[] values = randomWords(n, Integer.MAX_VALUE);
    long[] before = new long[n];
    long sum = 0;
    for (int i = 0; i < n; i++) {
      before[i] = sum;
      sum += values[i];
    }
    int[] wrapped = Arrays.stream(before).mapToInt(word -> (int) word).toArray();
    try (DeviceBuffer in = upload(values);
        DeviceBuffer out = room(8L * n);
        DeviceBuffer total = room(8)) {
      algorithms.sum(stream, in.address(), total.address(), n);
      assertThat(longs(total, 1)).containsExactly(sum);
      algorithms.exclusiveSumLong(stream, in.address(), out.address(), n);
      assertThat(longs(out, n)).isEqualTo(before);
      algorithms.exclusiveSum(stream, in.address(), in.address(), n);
      assertThat(ints(in, n)).isEqualTo(wrapped);
    }
    assertThat(algorithms.sumBytes(n)).isPositive();
    assertThat(algorithms.exclusiveSumBytes(n)).isPositive();
    assertThat(algorithms.exclusiveSumLongBytes(n)).isPositive();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1000})
  void takesTheLargestSoFar(int n) {
    int[] values = new SplittableRandom(SEED + n).ints(n).toArray();
    int[] expected = values.clone();
    for (int i = 1; i < n; i++) {
      if (Integer.compareUnsigned(expected[i - 1], expected[i]) > 0) {
        expected[i] = expected[i - 1];
      }
    }
    try (DeviceBuffer in = upload(values)) {
      algorithms.inclusiveMax(stream, in.address(), in.address(), n);
      assertThat(ints(in, n)).isEqualTo(expected);
    }
    assertThat(algorithms.inclusiveMaxBytes(n)).isPositive();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1000})
  void selectsWhatIsFlagged(int n) {
    byte[] flags = new byte[n];
    new SplittableRandom(SEED + n).nextBytes(flags);
    for (int i = 0; i < n; i++) {
      flags[i] = (byte) Math.max(0, flags[i]);
    }
    int[] expected = IntStream.range(0, n).filter(i -> flags[i] != 0).toArray();
    try (DeviceBuffer in = upload(flags);
        DeviceBuffer indices = room(4L * n);
        DeviceBuffer count = room(8)) {
      algorithms.selectFlagged(stream, in.address(), indices.address(), count.address(), n);
      assertThat(longs(count, 1)).containsExactly(expected.length);
      assertThat(ints(indices, expected.length)).isEqualTo(expected);
    }
    assertThat(algorithms.selectFlaggedBytes(n)).isPositive();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1000})
  void findsRuns(int n) {
    long[] keys = new SplittableRandom(SEED + n).longs(n, 0, 3).toArray();
    long[] runKeys = new long[n];
    int[] lengths = new int[n];
    int runs = 0;
    for (int i = 0; i < n; i++) {
      if (i == 0 || keys[i] != keys[i - 1]) {
        runKeys[runs++] = keys[i];
      }
      lengths[runs - 1]++;
    }
    try (DeviceBuffer in = upload(keys);
        DeviceBuffer keysOut = room(8L * n);
        DeviceBuffer lengthsOut = room(4L * n);
        DeviceBuffer count = room(8)) {
      algorithms.runLength(
          stream, in.address(), keysOut.address(), lengthsOut.address(), count.address(), n);
      assertThat(longs(count, 1)).containsExactly(runs);
      assertThat(longs(keysOut, runs)).isEqualTo(Arrays.copyOf(runKeys, runs));
      assertThat(ints(lengthsOut, runs)).isEqualTo(Arrays.copyOf(lengths, runs));
    }
    assertThat(algorithms.runLengthBytes(n)).isPositive();
  }

  @Test
  void temporaryMemoryThatDoesNotSufficeIsNamed() {
    try (DeviceBuffer in = upload(new int[1000])) {
      emulator.fail("cuMemAllocAsync", 1, CudaResult.OUT_OF_MEMORY);
      assertThatThrownBy(() -> algorithms.inclusiveMax(stream, in.address(), in.address(), 1000))
          .isInstanceOf(DeviceMemoryException.class)
          .hasMessageContaining("temporary memory of memtrace_inclusive_max_u32 needs");
    }
  }

  @Test
  void aRefusalLeavesNoTemporaryMemory() {
    try (DeviceBuffer in = upload(new int[1000])) {
      emulator.fail("memtrace_inclusive_max_u32", 1, 1);
      assertThatThrownBy(() -> algorithms.inclusiveMax(stream, in.address(), in.address(), 1000))
          .isInstanceOf(CudaException.class)
          .hasMessage("memtrace_inclusive_max_u32 failed: CUDA_ERROR_INVALID_VALUE (1)");
      assertThat(device.liveBytes()).isEqualTo(in.bytes());
    }
  }

  @Test
  void streamsOfAnotherDeviceAreRefused() {
    try (CudaDevice other = CudaFixture.open();
        CudaStream foreign = other.openStream()) {
      assertThatThrownBy(() -> algorithms.sum(foreign, 0, 0, 0))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
