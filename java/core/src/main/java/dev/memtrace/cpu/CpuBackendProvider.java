// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cpu;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceBackendProvider;
import dev.memtrace.backend.TraceBackends;

/** Makes the CPU backend, which works everywhere. */
public final class CpuBackendProvider implements TraceBackendProvider {
  /** For {@link java.util.ServiceLoader}. */
  public CpuBackendProvider() {}

  @Override
  public String name() {
    return TraceBackends.CPU;
  }

  @Override
  public int rank() {
    return 0;
  }

  @Override
  public TraceBackend create(BackendOptions options) {
    return new CpuBackend(options);
  }
}
