// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.backend.BackendUnavailableException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Opens the emulated device and finds what a test has left in it. */
final class CudaFixture {
  private static final List<String> KINDS =
      List.of(
          "device_allocations",
          "streams",
          "events",
          "modules",
          "pinned_allocations",
          "contexts",
          "ranges");

  private CudaFixture() {}

  /** Settings under which a backend of this process takes the emulator. */
  static Settings settings() {
    return new Settings(
        name -> name.equals(Settings.EMULATE) ? "1" : System.getenv(name), System::getProperty);
  }

  /** Opens a device on the emulator, closed by the caller. */
  static CudaDevice open() {
    Emulator.load();
    try {
      return new CudaInstallation(settings(), JarContent.ofProcess()).open(false);
    } catch (BackendUnavailableException e) {
      throw new AssertionError(e);
    }
  }

  /** Asserts that nothing is live in the emulator, once what is unreachable has been collected. */
  static void assertNothingLeft(Emulator emulator) {
    waitUntil(() -> emulator.live("pinned_allocations") == 0 && emulator.live("contexts") == 0);
    List<String> left = new ArrayList<>();
    for (String kind : KINDS) {
      if (emulator.live(kind) != 0) {
        left.add(emulator.live(kind) + " " + kind);
      }
    }
    assertThat(left).isEmpty();
  }

  /** Waits for the garbage collector to bring something about, at most seconds. */
  static void waitUntil(BooleanSupplier condition) {
    for (int i = 0; i < 50 && !condition.getAsBoolean(); i++) {
      System.gc();
      try {
        Thread.sleep(10);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  /** Native memory with the given words. */
  static MemorySegment words(int... words) {
    return Arena.ofAuto().allocateFrom(ValueLayout.JAVA_INT, words);
  }

  /** Reads a buffer of words back. */
  static int[] read(CudaStream stream, DeviceBuffer buffer) {
    MemorySegment host = Arena.ofAuto().allocate(buffer.bytes(), 8);
    stream.copyToHost(buffer, 0, host);
    stream.synchronize();
    return host.toArray(ValueLayout.JAVA_INT);
  }

  /** Makes a buffer with the given words. */
  static DeviceBuffer buffer(CudaStream stream, int... words) {
    DeviceBuffer buffer = stream.allocate(4L * words.length, "test");
    stream.copyToDevice(words(words), buffer, 0);
    return buffer;
  }
}
