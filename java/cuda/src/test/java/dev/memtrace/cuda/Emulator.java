// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Steers the emulated driver of this process; see {@code memtrace/emulator.h}. */
final class Emulator {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  private final MethodHandle fail;
  private final MethodHandle reset;
  private final MethodHandle set;
  private final MethodHandle live;
  private final MethodHandle count;
  private final MethodHandle record;

  private Emulator(DynamicLibrary library) throws DynamicLibrary.LoadException {
    fail =
        library.function(
            "memtrace_emulator_fail", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, LONG, INT));
    reset = library.function("memtrace_emulator_reset", FunctionDescriptor.ofVoid());
    set =
        library.function(
            "memtrace_emulator_set", FunctionDescriptor.of(INT, ValueLayout.ADDRESS, LONG));
    live =
        library.function(
            "memtrace_emulator_live", FunctionDescriptor.of(LONG, ValueLayout.ADDRESS));
    count =
        library.function(
            "memtrace_emulator_count", FunctionDescriptor.of(LONG, ValueLayout.ADDRESS));
    record =
        library.function(
            "memtrace_emulator_record", FunctionDescriptor.of(INT, ValueLayout.ADDRESS));
  }

  /** The library of the emulator; the test is skipped where none was built. */
  static Path library() {
    String file = System.getProperty(Settings.EMULATOR);
    Assumptions.assumeTrue(
        file != null && Files.exists(Path.of(file)), "the emulator was not built");
    return Path.of(file);
  }

  /** Loads the emulator; the test is skipped where none was built. */
  static Emulator load() {
    library();
    return Holder.INSTANCE;
  }

  private static final class Holder {
    static final Emulator INSTANCE = make();

    private static Emulator make() {
      try {
        return new Emulator(LoadedDriver.emulator(Settings.ofProcess()).library());
      } catch (ReasonException | DynamicLibrary.LoadException e) {
        throw new AssertionError("the emulator cannot be loaded", e);
      }
    }
  }

  /** Lets the nth call from now return a result. */
  void fail(String what, long nth, int result) {
    try (Arena arena = Arena.ofConfined()) {
      fail.invokeExact(arena.allocateFrom(what), nth, result);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Removes faults and counters and restores all settings. */
  void reset() {
    try {
      reset.invokeExact();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Changes a setting. */
  void set(String key, long value) {
    int unknown;
    try (Arena arena = Arena.ofConfined()) {
      unknown = (int) set.invokeExact(arena.allocateFrom(key), value);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
    if (unknown != 0) {
      throw new IllegalArgumentException(key + " = " + value);
    }
  }

  /** Live objects or bytes. */
  long live(String key) {
    return ask(live, key);
  }

  /** Calls since the last reset. */
  long count(String what) {
    return ask(count, what);
  }

  /** Runs something, and writes every launch that it makes to a file. */
  void record(Path tape, Runnable work) {
    int failed;
    try (Arena arena = Arena.ofConfined()) {
      failed = (int) record.invokeExact(arena.allocateFrom(tape.toString()));
      work.run();
      failed |= (int) record.invokeExact(MemorySegment.NULL);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
    if (failed != 0) {
      throw new AssertionError("the launches could not be written to " + tape);
    }
  }

  private static long ask(MethodHandle function, String key) {
    long answer;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocateFrom(key);
      answer = (long) function.invokeExact(text);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
    if (answer == -1) {
      throw new IllegalArgumentException(key);
    }
    return answer;
  }
}
