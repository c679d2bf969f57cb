// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.backend.BackendFact;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.BackendUnavailableException;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceBackendProvider;
import java.util.List;

/**
 * Makes the CUDA backend where there is an NVIDIA GPU that the kernels fit. With
 * MEMTRACE_EMULATE_CUDA=1 in the environment it makes one on the emulated driver instead, but only
 * for those who ask for the backend by name.
 */
public final class CudaBackendProvider implements TraceBackendProvider {
  static final String NAME = "cuda";
  private static final int RANK = 10;

  private final CudaInstallation installation;

  /** For {@link java.util.ServiceLoader}. */
  public CudaBackendProvider() {
    this(CudaInstallation.ofProcess());
  }

  CudaBackendProvider(CudaInstallation installation) {
    this.installation = installation;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public int rank() {
    return RANK;
  }

  @Override
  public TraceBackend create(BackendOptions options) throws BackendUnavailableException {
    CudaDevice device = installation.open(options.automatic());
    try {
      return new CudaBackend(device, options);
    } catch (RuntimeException | Error e) {
      device.close();
      throw e;
    }
  }

  @Override
  public List<BackendFact> diagnose() {
    return installation.describe();
  }
}
