// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.backend.BackendFact;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceBackendProvider;
import dev.memtrace.cpu.CpuBackend;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/** A backend whose traces are wrong, as their fingerprints say. */
public final class WrongBackend {
  private WrongBackend() {}

  /**
   * Makes one of a good one.
   *
   * @param good does all the work
   * @param goodTraces how many fingerprints are right at first
   * @return the wrong one
   */
  public static TraceBackend of(TraceBackend good, int goodTraces) {
    AtomicInteger left = new AtomicInteger(goodTraces);
    return changed(
        good, "fingerprint", result -> left.getAndDecrement() <= 0 ? (Long) result + 1 : result);
  }

  /** Makes one that describes itself in other words. */
  static TraceBackend described(TraceBackend good, String description) {
    return changed(good, "description", _ -> description);
  }

  private static TraceBackend changed(
      TraceBackend good, String method, UnaryOperator<Object> change) {
    return (TraceBackend)
        Proxy.newProxyInstance(
            TraceBackend.class.getClassLoader(),
            new Class<?>[] {TraceBackend.class},
            (_, called, arguments) -> {
              try {
                Object result = called.invoke(good, arguments);
                return called.getName().equals(method) ? change.apply(result) : result;
              } catch (InvocationTargetException e) {
                throw e.getTargetException();
              }
            });
  }

  /** Puts it on a class path, under the name wrong. */
  public static final class Provider implements TraceBackendProvider {
    /** For {@link java.util.ServiceLoader}. */
    public Provider() {}

    @Override
    public String name() {
      return "wrong";
    }

    @Override
    public int rank() {
      return -1;
    }

    @Override
    public TraceBackend create(BackendOptions options) {
      return of(new CpuBackend(options), 0);
    }

    @Override
    public List<BackendFact> diagnose() {
      return List.of();
    }
  }
}
