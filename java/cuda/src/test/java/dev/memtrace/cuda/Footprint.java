// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/**
 * What this process holds, after a garbage collection.
 *
 * @param resident bytes of the process in memory
 * @param heap bytes of live objects
 * @param nativeBytes bytes of native buffers of Java
 * @param device bytes on the emulated device
 * @param pinned bytes that are page-locked for it
 * @param threads threads of Java
 * @param descriptors open files of the process
 * @param files files in the folder of the test and temporary files of this project
 */
record Footprint(
    long resident,
    long heap,
    long nativeBytes,
    long device,
    long pinned,
    long threads,
    long descriptors,
    long files) {
  private static final long MIB = 1 << 20;

  static Footprint take(Emulator emulator, Path folder) {
    for (int i = 0; i < 3; i++) { // cleaners run behind the collector
      System.gc();
      LockSupport.parkNanos(20_000_000);
    }
    Runtime runtime = Runtime.getRuntime();
    long direct = 0;
    for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
      direct += pool.getName().equals("direct") ? pool.getMemoryUsed() : 0;
    }
    return new Footprint(
        residentNow(),
        runtime.totalMemory() - runtime.freeMemory(),
        direct,
        emulator.live("device_bytes"),
        emulator.live("pinned_bytes"),
        ManagementFactory.getThreadMXBean().getThreadCount(),
        count(Path.of("/proc/self/fd"), ""),
        count(folder.resolve("states"), "")
            + count(folder.resolve("chains"), "")
            + count(Path.of(System.getProperty("java.io.tmpdir")), "memtrace"));
  }

  private static long residentNow() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith("VmRSS:")) {
          return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
        }
      }
      return 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long count(Path folder, String begin) {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.filter(path -> path.getFileName().toString().startsWith(begin)).count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The median of each part. What a backend has left on a lost context goes with the context; the
   * emulator heals it, so that a new backend may hold it until the next sample.
   */
  static Footprint median(List<Footprint> samples) {
    return new Footprint(
        median(samples, Footprint::resident),
        median(samples, Footprint::heap),
        median(samples, Footprint::nativeBytes),
        median(samples, Footprint::device),
        median(samples, Footprint::pinned),
        median(samples, Footprint::threads),
        median(samples, Footprint::descriptors),
        median(samples, Footprint::files));
  }

  private static long median(List<Footprint> samples, ToLongFunction<Footprint> part) {
    return samples.stream()
        .mapToLong(part)
        .sorted()
        .skip(samples.size() / 2)
        .findFirst()
        .orElseThrow();
  }

  /**
   * Asserts that nothing has grown.
   *
   * @param later the median of samples that were taken later
   * @param whole whether the process was warm at the begin, so that its size says something
   */
  void assertNotExceededBy(Footprint later, boolean whole) {
    assertThat(later.heap).as("heap").isLessThan(heap + heap / 10 + 4 * MIB);
    assertThat(later.nativeBytes).as("native").isLessThan(nativeBytes + nativeBytes / 10 + 4 * MIB);
    assertThat(later.device).as("device").isLessThan(device + device / 10 + MIB);
    assertThat(later.pinned).as("pinned").isLessThan(pinned + pinned / 10 + MIB);
    assertThat(later.threads).as("threads").isLessThanOrEqualTo(threads + 2);
    assertThat(later.descriptors).as("open files").isLessThanOrEqualTo(descriptors + 2);
    assertThat(later.files).as("files").isLessThanOrEqualTo(files + 1);
    if (whole) {
      assertThat(later.resident).as("resident").isLessThan(resident + resident / 10 + 32 * MIB);
    }
  }

  @Override
  public String toString() {
    return "resident %.1f MiB, heap %.1f MiB, native %.2f MiB, device %.2f MiB, pinned %.2f MiB, %d threads, %d open files, %d files"
        .formatted(
            resident / (double) MIB,
            heap / (double) MIB,
            nativeBytes / (double) MIB,
            device / (double) MIB,
            pinned / (double) MIB,
            threads,
            descriptors,
            files);
  }
}
