// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.Fallbacks;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.oracle.Soak;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Chains segments on both backends while things fail, for {@code -Dmemtrace.soak.seconds} seconds:
 * all products right after each fault, and memory, threads and files flat from the first quarter to
 * the last. The same faults with {@code -Dmemtrace.soak.seed}.
 */
@Tag("unsanitized") // the time is spent once
class SoakTest {
  private static final long SECONDS = Long.getLong("memtrace.soak.seconds", 60);
  private static final long SEED = Long.getLong("memtrace.soak.seed", 20_261_123L);
  private static final int SAMPLES = 60;
  private static final int INVALID_VALUE = 1;
  private static final int LAUNCH_FAILED = 719;

  @TempDir private Path temp;
  private final Emulator emulator = Emulator.load();

  /** Of each segment that goes to the CPU it says why. */
  private static final Logger QUIET = Logger.getLogger("dev.memtrace");

  @BeforeEach
  void reset() {
    QUIET.setLevel(Level.OFF);
    emulator.reset();
  }

  @AfterEach
  void nothingIsLeft() {
    QUIET.setLevel(null);
    emulator.reset();
    CudaFixture.assertNothingLeft(emulator);
  }

  /** Native memory that may run out at some allocation. */
  private static final class Memory {
    private final AtomicLong untilFailure = new AtomicLong(Long.MAX_VALUE);

    MemorySegment allocate(long bytes) {
      long left = untilFailure.decrementAndGet();
      // The pool asks twice before it gives up.
      if (left == 0 || left == -1) {
        throw new OutOfMemoryError("soak: an allocation of " + bytes + " bytes fails");
      }
      return Arena.ofAuto().allocate(bytes, 64);
    }
  }

  /** The CPU backend. */
  private static final class CpuBench implements Soak.Bench {
    private final Memory memory = new Memory();
    private final BufferPool pool = new BufferPool(1 << 26, memory::allocate);
    private final int threads;
    private final CpuBackend backend;

    CpuBench(int threads) {
      this.threads = threads;
      this.backend = new CpuBackend(new BackendOptions(threads), pool);
    }

    @Override
    public String name() {
      return "cpu, " + threads + " threads";
    }

    @Override
    public TraceBackend backend() {
      return backend;
    }

    @Override
    public String arm(Random random) {
      pool.clear();
      memory.untilFailure.set(1 + random.nextInt(60));
      return "native memory";
    }

    @Override
    public void heal(boolean lost) {
      memory.untilFailure.set(Long.MAX_VALUE);
    }

    @Override
    public boolean mayLoseDevice(String kind) {
      return false;
    }

    @Override
    public boolean isTyped(Throwable failure) {
      return Soak.isTypedForAll(failure);
    }

    @Override
    public void rest() {
      assertThat(pool.lentBytes()).as("not given back by %s", name()).isZero();
      pool.clear();
    }

    @Override
    public void close() {
      backend.close();
    }
  }

  /** The CUDA backend on the emulated device, alone or with the CPU behind it. */
  private static final class CudaBench implements Soak.Bench {
    private final Emulator emulator;
    private static final String LOST = "device lost";
    private static final String KERNEL = "kernel";

    private final boolean fallback;
    private @Nullable TraceBackend backend;

    CudaBench(Emulator emulator, boolean fallback) {
      this.emulator = emulator;
      this.fallback = fallback;
    }

    @Override
    public String name() {
      return fallback ? "cuda or cpu" : "cuda";
    }

    @Override
    public TraceBackend backend() {
      TraceBackend open = backend;
      if (open == null) {
        CudaBackend cuda = new CudaBackend(CudaFixture.open(), new BackendOptions(1));
        open =
            fallback
                ? Fallbacks.of(cuda, () -> new CpuBackend(new BackendOptions(1), cuda.pool()))
                : cuda;
        backend = open;
      }
      return open;
    }

    @Override
    public String arm(Random random) {
      BufferPool pool = backend().pool(); // opening is tested elsewhere
      emulator.set("order", random.nextInt(3));
      emulator.set("defer", random.nextInt(3));
      emulator.set("seed", random.nextInt(1 << 20));
      return switch (random.nextInt(6)) {
        case 0 -> {
          emulator.fail("call", 1 + random.nextInt(2000), LAUNCH_FAILED);
          yield LOST;
        }
        case 1 -> {
          emulator.fail("kernel:", 1 + random.nextInt(300), LAUNCH_FAILED);
          yield KERNEL;
        }
        case 2 -> {
          emulator.fail("call", 1 + random.nextInt(2000), INVALID_VALUE);
          yield "driver call";
        }
        case 3 -> {
          pool.clear();
          int nth = 1 + random.nextInt(30);
          emulator.fail("cuMemHostAlloc", nth, CudaResult.OUT_OF_MEMORY);
          emulator.fail("cuMemHostAlloc", nth + 1, CudaResult.OUT_OF_MEMORY);
          yield "pinned memory";
        }
        case 4 -> {
          emulator.set("memory", emulator.live("device_bytes") + random.nextInt(1 << 18));
          yield "device full";
        }
        default -> {
          for (int i = 0; i < 1 + random.nextInt(3); i++) {
            emulator.fail("allocation", 1 + random.nextInt(60), CudaResult.OUT_OF_MEMORY);
          }
          yield "device memory";
        }
      };
    }

    @Override
    public void heal(boolean lost) {
      if (lost) {
        close(); // as in a process that goes on: the device is still lost
      }
      emulator.reset();
    }

    @Override
    public boolean mayLoseDevice(String kind) {
      return kind.equals(LOST) || kind.equals(KERNEL);
    }

    @Override
    public boolean isTyped(Throwable failure) {
      return Soak.isTypedForAll(failure) || failure instanceof CudaException;
    }

    @Override
    public void rest() {
      backend().pool().clear();
    }

    @Override
    public void close() {
      TraceBackend open = backend;
      backend = null;
      if (open != null) {
        open.close();
      }
    }
  }

  @Test
  void allFaultsAreSurvivedAndNothingGrows() throws IOException {
    long begin = System.nanoTime();
    long end = begin + SECONDS * 1_000_000_000L;
    long sampled = begin;
    long told = begin;
    List<Soak.Bench> benches =
        List.of(
            new CpuBench(1),
            new CpuBench(2),
            new CudaBench(emulator, false),
            new CudaBench(emulator, true));
    List<Footprint> footprints = new ArrayList<>();
    Soak soak = new Soak(SEED, benches, temp);
    say("soak of %d s, -Dmemtrace.soak.seed=%d".formatted(SECONDS, SEED));
    try {
      for (int i = 0; System.nanoTime() < end; i++) {
        soak.chain(i);
        long now = System.nanoTime();
        if (now - sampled > SECONDS * 1_000_000_000L / SAMPLES) {
          if (footprints.size() % 4 == 3) { // else backends live on, as in a long-lived process
            benches.forEach(bench -> bench.heal(true));
            CudaFixture.assertNothingLeft(emulator);
          }
          benches.forEach(Soak.Bench::rest);
          soak.rest();
          footprints.add(Footprint.take(emulator, temp));
          sampled = System.nanoTime();
        }
        if (now - told > 60_000_000_000L) {
          say("%d s: %s; %s".formatted((now - begin) / 1_000_000_000L, soak, footprints.getLast()));
          told = now;
        }
      }
    } finally {
      soak.close();
      benches.forEach(Soak.Bench::close);
    }
    say("soak: " + soak);
    int quarter = footprints.size() / 4;
    Footprint first = Footprint.median(footprints.subList(0, quarter));
    Footprint last =
        Footprint.median(footprints.subList(footprints.size() - quarter, footprints.size()));
    say("first quarter: " + first);
    say("last quarter:  " + last);
    assertThat(soak.errors()).isNotEmpty();
    first.assertNotExceededBy(last, SECONDS >= 600);
  }

  /** The hour is watched. */
  @SuppressWarnings("SystemOut")
  private static void say(String line) {
    System.out.println(line);
    System.out.flush();
  }
}
