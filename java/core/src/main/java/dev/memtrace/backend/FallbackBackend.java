// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.VariableRangeChecker;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A backend on a device that was chosen automatically: what does not fit in the device's memory is
 * done on the CPU instead, with one log line that says why.
 */
final class FallbackBackend implements TraceBackend {
  private static final System.Logger LOG = System.getLogger(FallbackBackend.class.getName());

  private final TraceBackend device;
  private final Supplier<TraceBackend> cpuSupplier;
  private @Nullable TraceBackend cpu;

  FallbackBackend(TraceBackend device, Supplier<TraceBackend> cpuSupplier) {
    this.device = device;
    this.cpuSupplier = cpuSupplier;
  }

  /** The CPU backend, made when it is first needed. */
  synchronized TraceBackend cpu(DeviceMemoryException reason) {
    LOG.log(
        System.Logger.Level.WARNING,
        "using backend {0} for what does not fit on the device: {1}",
        TraceBackends.CPU,
        reason.getMessage());
    if (cpu == null) {
      cpu = cpuSupplier.get();
    }
    return cpu;
  }

  @Override
  public String name() {
    return device.name();
  }

  @Override
  public String description() {
    return device.description();
  }

  @Override
  public BufferPool pool() {
    return device.pool();
  }

  @Override
  public TraceSession open(MemoryMode mode, AddressMap initial) {
    TraceSession session;
    try {
      session = device.open(mode, initial);
    } catch (DeviceMemoryException e) {
      return cpu(e).open(mode, initial);
    }
    return new FallbackSession(session, reason -> cpu(reason).open(mode, initial));
  }

  @Override
  public TraceSession open(MemoryMode mode, MemoryState initial) {
    TraceSession session;
    try {
      session = device.open(mode, initial);
    } catch (DeviceMemoryException e) {
      return cpu(e).open(mode, initial);
    }
    return new FallbackSession(session, reason -> cpu(reason).open(mode, initial));
  }

  @Override
  public TraceMatrix poseidon2Trace(Poseidon2Periphery hasher, int registers) {
    try {
      return device.poseidon2Trace(hasher, registers);
    } catch (DeviceMemoryException e) {
      return cpu(e).poseidon2Trace(hasher, registers);
    }
  }

  @Override
  public TraceMatrix rangeCheckerTrace(VariableRangeChecker rangeChecker) {
    try {
      return device.rangeCheckerTrace(rangeChecker);
    } catch (DeviceMemoryException e) {
      return cpu(e).rangeCheckerTrace(rangeChecker);
    }
  }

  @Override
  public long fingerprint(TraceMatrix trace, long seed) {
    try {
      return device.fingerprint(trace, seed);
    } catch (DeviceMemoryException e) {
      return cpu(e).fingerprint(trace, seed);
    }
  }

  @Override
  public BackendLimits measureLimits() {
    return device.measureLimits();
  }

  @Override
  public long takePeakDeviceBytes() {
    return device.takePeakDeviceBytes();
  }

  @Override
  public synchronized void close() {
    try {
      if (cpu != null) {
        cpu.close();
      }
    } finally {
      device.close();
    }
  }
}
