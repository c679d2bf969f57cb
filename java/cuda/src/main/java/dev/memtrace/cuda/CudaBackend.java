// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.TraceSession;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.image.AddressMap;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.VariableRangeChecker;
import java.util.List;

/**
 * Everything after the log on one CUDA device. Traces stay there, column-major and in Montgomery
 * form, until they are copied. Hashing runs on the CPU.
 */
final class CudaBackend implements TraceBackend {
  static final String NAME = "cuda";

  private final CudaDevice device;
  private final ReplayTuning tuning;
  private final BufferPool pool;
  private final DeviceTransfer transfer;

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
    this.transfer = new DeviceTransfer(device, pool);
    this.host = new CpuBackend(options, pool);
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

  DeviceTransfer transfer() {
    return transfer;
  }

  CpuBackend host() {
    return host;
  }

  @Override
  public TraceSession open(MemoryMode mode, AddressMap initial) {
    return new CudaSession(this, mode, initial);
  }

  @Override
  public TraceMatrix poseidon2Trace(Poseidon2Periphery hasher, int registers) {
    return host.poseidon2Trace(hasher, registers);
  }

  @Override
  public TraceMatrix rangeCheckerTrace(VariableRangeChecker rangeChecker) {
    return host.rangeCheckerTrace(rangeChecker);
  }

  @Override
  public void close() {
    Closing.all(List.of(host::close, transfer::close, device::close));
  }
}
