// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cpu;

import dev.memtrace.backend.BackendFact;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceBackendProvider;
import dev.memtrace.backend.TraceBackends;
import dev.memtrace.poseidon2.Poseidon2Batches;
import java.util.ArrayList;
import java.util.List;

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

  @Override
  public List<BackendFact> diagnose() {
    Poseidon2Batches.Choice choice = Poseidon2Batches.choice();
    List<BackendFact> facts = new ArrayList<>();
    facts.add(new BackendFact("Poseidon2 on the CPU", choice.batch().name()));
    choice.reasons().forEach(reason -> facts.add(new BackendFact("Poseidon2, not taken", reason)));
    return facts;
  }
}
