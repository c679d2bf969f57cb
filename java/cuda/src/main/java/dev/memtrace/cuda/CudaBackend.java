// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.air.Poseidon2Air;
import dev.memtrace.backend.BackendLimits;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.TraceSession;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.image.AddressMap;
import dev.memtrace.instrument.Stages;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.VariableRangeChecker;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Everything after the log on one CUDA device. Traces stay there, column-major and in Montgomery
 * form, until they are copied; memory between two segments stays there too.
 */
final class CudaBackend implements TraceBackend {
  static final String NAME = "cuda";

  private final CudaDevice device;
  private final ReplayTuning tuning;
  private final BufferPool pool;
  private final Stages stages;
  private final DeviceTransfer transfer;

  /** Poseidon2 inputs that lie on the device, in recorders that may outlive the backend. */
  private final Set<DeviceInputs> inputs = ConcurrentHashMap.newKeySet();

  private final DeviceFingerprint fingerprints;

  /** Does what is not done on the device. */
  private final CpuBackend host;

  /**
   * Creates a backend.
   *
   * @param device owned by the backend if this succeeds
   * @param options its settings
   */
  CudaBackend(CudaDevice device, BackendOptions options) {
    this(device, options, ReplayTuning.defaults());
  }

  CudaBackend(CudaDevice device, BackendOptions options, ReplayTuning tuning) {
    this.device = device;
    this.tuning = tuning;
    this.pool = new BufferPool(Runtime.getRuntime().maxMemory() / 2, device.pinnedMemory());
    this.stages = new Stages(options.listener());
    this.transfer = new DeviceTransfer(device, pool, stages);
    this.host = new CpuBackend(options, pool);
    this.fingerprints =
        new DeviceFingerprint(
            device, pool, () -> Cublas.open(device, CudaInstallation.ofProcess()));
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return device.emulated() ? NAME + " (emulated)" : NAME;
  }

  @Override
  public BufferPool pool() {
    return pool;
  }

  CudaDevice device() {
    return device;
  }

  ReplayTuning tuning() {
    return tuning;
  }

  Stages stages() {
    return stages;
  }

  DeviceTransfer transfer() {
    return transfer;
  }

  /** Remembers inputs until they are forgotten, or the backend is closed. */
  void keep(DeviceInputs onDevice) {
    inputs.add(onDevice);
  }

  void forget(DeviceInputs closed) {
    inputs.remove(closed);
  }

  @Override
  public TraceSession open(MemoryMode mode, AddressMap initial) {
    return new CudaSession(this, mode, new MemoryState(pool, initial, null), true);
  }

  @Override
  public TraceSession open(MemoryMode mode, MemoryState initial) {
    return new CudaSession(this, mode, initial, false);
  }

  @Override
  public TraceMatrix poseidon2Trace(Poseidon2Periphery hasher, int registers) {
    Poseidon2Air.width(registers); // refuses what is neither 0 nor 1
    Optional<TraceMatrix> made =
        hasher.whereTheyLie(
            batch ->
                batch instanceof DeviceInputs onDevice
                    ? onDevice.trace(this, registers)
                    : Optional.empty());
    return made.orElseGet(() -> DevicePoseidon2.trace(this, hasher.inputs(), registers));
  }

  @Override
  public TraceMatrix rangeCheckerTrace(VariableRangeChecker rangeChecker) {
    return host.rangeCheckerTrace(rangeChecker);
  }

  @Override
  public long fingerprint(TraceMatrix trace, long seed) {
    if (trace instanceof DeviceTraceMatrix onDevice && onDevice.open().device().equals(device)) {
      return fingerprints.of(onDevice.open(), onDevice.byteSize() / 4, seed);
    }
    return host.fingerprint(trace, seed);
  }

  @Override
  public BackendLimits measureLimits() {
    return DeviceLimits.measure(device, pool());
  }

  @Override
  public long takePeakDeviceBytes() {
    return device.takePeakBytes();
  }

  @Override
  public void close() {
    List<Runnable> steps = new ArrayList<>();
    inputs.forEach(onDevice -> steps.add(onDevice::leaveDevice));
    steps.addAll(
        List.of(inputs::clear, host::close, fingerprints::close, transfer::close, device::close));
    Closing.all(steps);
  }
}
