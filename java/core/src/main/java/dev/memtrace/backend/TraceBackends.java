// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/** Chooses a backend among those on the class path. */
public final class TraceBackends {
  private static final System.Logger LOG = System.getLogger(TraceBackends.class.getName());

  /** The choice that takes the best backend that works. */
  public static final String AUTO = "auto";

  /** The backend that is always there. */
  public static final String CPU = "cpu";

  private TraceBackends() {}

  /**
   * Makes the backend of a name.
   *
   * @param name {@code auto} or the name of a backend
   * @param options its settings
   * @return a new backend, closed by the caller
   * @throws BackendUnavailableException if there is no such backend or it cannot work here
   */
  public static TraceBackend create(String name, BackendOptions options)
      throws BackendUnavailableException {
    List<TraceBackendProvider> providers = providers();
    if (name.equals(AUTO)) {
      return best(providers, options);
    }
    for (TraceBackendProvider provider : providers) {
      if (provider.name().equals(name)) {
        TraceBackend backend = provider.create(options);
        LOG.log(System.Logger.Level.DEBUG, "using backend {0} as asked for", backend.description());
        return backend;
      }
    }
    throw new BackendUnavailableException(
        name,
        List.of(
            "no backend of that name is on the class path; there "
                + (providers.size() == 1 ? "is " : "are ")
                + String.join(", ", names())));
  }

  private static TraceBackend best(List<TraceBackendProvider> providers, BackendOptions options)
      throws BackendUnavailableException {
    List<String> reasons = new ArrayList<>();
    for (TraceBackendProvider provider : providers) {
      try {
        TraceBackend backend = provider.create(options.chosenAutomatically());
        if (reasons.isEmpty()) {
          LOG.log(System.Logger.Level.DEBUG, "using backend {0}, the best", backend.name());
        } else {
          LOG.log(
              System.Logger.Level.INFO,
              "using backend {0}: {1}",
              backend.name(),
              String.join("; ", reasons));
        }
        return backend.name().equals(CPU)
            ? backend
            : new FallbackBackend(backend, () -> cpu(providers, options));
      } catch (BackendUnavailableException e) {
        reasons.addAll(e.reasons());
      } catch (LinkageError e) {
        reasons.add(provider.name() + " cannot be loaded: " + e.getMessage());
      }
    }
    throw new BackendUnavailableException(AUTO, reasons);
  }

  private static TraceBackend cpu(List<TraceBackendProvider> providers, BackendOptions options) {
    for (TraceBackendProvider provider : providers) {
      if (provider.name().equals(CPU)) {
        try {
          return provider.create(options);
        } catch (BackendUnavailableException e) {
          throw new IllegalStateException(e.getMessage(), e);
        }
      }
    }
    throw new IllegalStateException("the CPU backend is not on the class path");
  }

  /**
   * Says what the backends find on this machine, for people.
   *
   * @return the facts of all backends on the class path, best first
   */
  public static List<BackendFact> diagnose() {
    return providers().stream().flatMap(provider -> provider.diagnose().stream()).toList();
  }

  /**
   * Returns the names of the backends on the class path.
   *
   * @return names, best first
   */
  public static List<String> names() {
    return providers().stream().map(TraceBackendProvider::name).toList();
  }

  /**
   * Returns the backend that controllers use unless told otherwise: the automatic choice with
   * default settings, made once per process and never closed.
   *
   * @return the shared backend
   */
  public static TraceBackend shared() {
    return Shared.AUTO_BACKEND;
  }

  /**
   * Returns the CPU backend with default settings, made once per process and never closed.
   *
   * @return the shared CPU backend
   */
  public static TraceBackend sharedCpu() {
    return Shared.CPU_BACKEND;
  }

  private static List<TraceBackendProvider> providers() {
    List<TraceBackendProvider> providers = new ArrayList<>();
    ClassLoader own = TraceBackends.class.getClassLoader();
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    load(own, providers);
    if (context != null && !context.equals(own)) {
      load(context, providers);
    }
    providers.sort(
        Comparator.comparingInt(TraceBackendProvider::rank)
            .reversed()
            .thenComparing(TraceBackendProvider::name));
    return providers;
  }

  private static void load(@Nullable ClassLoader loader, List<TraceBackendProvider> providers) {
    Iterator<TraceBackendProvider> found =
        ServiceLoader.load(TraceBackendProvider.class, loader).iterator();
    while (true) {
      try {
        if (!found.hasNext()) {
          return;
        }
        TraceBackendProvider provider = found.next();
        if (providers.stream().noneMatch(known -> known.getClass() == provider.getClass())) {
          providers.add(provider);
        }
      } catch (ServiceConfigurationError | LinkageError e) {
        LOG.log(System.Logger.Level.WARNING, "a backend on the class path is broken", e);
      }
    }
  }

  private static final class Shared {
    static final TraceBackend AUTO_BACKEND = make(AUTO);
    static final TraceBackend CPU_BACKEND =
        AUTO_BACKEND.name().equals(CPU) ? AUTO_BACKEND : make(CPU);

    private static TraceBackend make(String name) {
      try {
        return create(name, BackendOptions.defaults());
      } catch (BackendUnavailableException e) {
        throw new IllegalStateException(e.getMessage(), e);
      }
    }
  }
}
