// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import com.sun.management.HotSpotDiagnosticMXBean;
import dev.memtrace.backend.BackendFact;
import dev.memtrace.backend.BackendUnavailableException;
import dev.memtrace.backend.DeviceLostException;
import dev.memtrace.backend.DeviceMemoryException;
import dev.memtrace.natives.NativeFiles;
import dev.memtrace.natives.NativeFilesException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the CUDA backend needs from the machine and from its jars.
 *
 * @param settings what the user has set
 * @param jar what the jars hold
 */
record CudaInstallation(Settings settings, JarContent jar) {
  private static final Path LIMITS = Path.of("/proc/self/limits");
  private static final String LOCKED_MEMORY = "Max locked memory";

  /** The installation that this process sees. */
  static CudaInstallation ofProcess() {
    return new CudaInstallation(Settings.ofProcess(), JarContent.ofProcess());
  }

  /**
   * Opens the first device that the kernels fit, or the emulated one.
   *
   * @param automatic whether nobody asked for this backend by name; then the emulator is never used
   * @throws BackendUnavailableException with everything that is missing
   */
  CudaDevice open(boolean automatic) throws BackendUnavailableException {
    String unsupported = whyUnsupported();
    if (unsupported != null) {
      throw new BackendUnavailableException(CudaBackendProvider.NAME, List.of(unsupported));
    }
    boolean emulated = settings.emulates() && !automatic;
    CudaDriverProbe probe = probe(emulated);
    if (automatic && probe.driver() == null) {
      // On a machine without a GPU nobody cares what else is missing.
      throw new BackendUnavailableException(
          CudaBackendProvider.NAME, List.of(probe.reasons().getFirst()));
    }
    AlgorithmsLibrary algorithms = CudaLibraries.load(probe, this, emulated);
    List<String> reasons = probe.reasons();
    if (!reasons.isEmpty()) {
      throw new BackendUnavailableException(CudaBackendProvider.NAME, reasons);
    }
    try {
      return CudaDevice.open(
          Objects.requireNonNull(probe.driver()),
          Objects.requireNonNull(probe.device()),
          Objects.requireNonNull(probe.kernels()).image(),
          Objects.requireNonNull(algorithms),
          pinnedLimit());
    } catch (CudaException | DeviceMemoryException | DeviceLostException e) {
      throw new BackendUnavailableException(
          CudaBackendProvider.NAME, List.of("the device cannot be opened: " + e.getMessage()));
    }
  }

  private CudaDriverProbe probe(boolean emulated) {
    return emulated
        ? CudaDriverProbe.run(() -> LoadedDriver.emulator(settings), KernelImage::emulated)
        : CudaDriverProbe.run(LoadedDriver::nvidia, jar::kernels);
  }

  /** The folder for libraries from jars. */
  NativeFiles nativeFiles() throws ReasonException {
    try {
      return NativeFiles.open(settings.environment(), settings.properties());
    } catch (NativeFilesException e) {
      throw new ReasonException(e.reason(), e);
    }
  }

  /** Why no CUDA backend can be had on this kind of machine at all; null if it can. */
  private @Nullable String whyUnsupported() {
    String system = settings.properties().apply("os.name");
    String processor = settings.properties().apply("os.arch");
    return "Linux".equals(system) && "amd64".equals(processor)
        ? null
        : "CUDA is supported on Linux x86-64 only, this is " + system + " " + processor;
  }

  /** As much page-locked memory as the JVM may have of ordinary native memory. */
  private static long pinnedLimit() {
    HotSpotDiagnosticMXBean virtualMachine =
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
    long limit =
        virtualMachine == null
            ? 0
            : Long.parseLong(virtualMachine.getVMOption("MaxDirectMemorySize").getValue());
    return limit > 0 ? limit : Runtime.getRuntime().maxMemory();
  }

  /** Describes all of it for people; the emulator is named, but not loaded. */
  List<BackendFact> describe() {
    List<BackendFact> facts = new ArrayList<>();
    String unsupported = whyUnsupported();
    if (unsupported != null) {
      return List.of(new BackendFact("CUDA", unsupported));
    }
    CudaDriverProbe probe = probe(false);
    DriverLibrary driver = probe.driver();
    facts.add(new BackendFact("CUDA driver", driver == null ? "none" : probe.release()));
    for (DriverLibrary.Device device : probe.devices()) {
      facts.add(
          new BackendFact(
              "CUDA device " + device.ordinal(),
              "%s, sm_%d, %s"
                  .formatted(device.name(), device.computeCapability(), size(device.memory()))));
    }
    KernelImage kernels = probe.kernels();
    facts.add(
        new BackendFact(
            "CUDA kernels",
            kernels == null ? "none in this jar" : String.join(" ", kernels.targets())));
    facts.add(new BackendFact("libcublas", cublas()));
    facts.add(new BackendFact("native files", folder()));
    facts.add(
        new BackendFact(
            "pinned memory", size(pinnedLimit()) + " at most; ulimit -l: " + lockedMemory()));
    if (settings.emulates()) {
      facts.add(new BackendFact("CUDA emulator", emulator()));
    }
    return List.copyOf(facts);
  }

  private static String cublas() {
    return DynamicLibrary.canLoad(CublasLibrary.NAME)
        ? CublasLibrary.NAME + " makes fingerprints of traces"
        : CublasLibrary.NAME + " cannot be loaded; a kernel makes fingerprints of traces";
  }

  private String folder() {
    try {
      return nativeFiles().folder().toString();
    } catch (ReasonException e) {
      return e.reason();
    }
  }

  private String emulator() {
    Path file = settings.path(Settings.EMULATOR);
    return "%s=1 lets --backend cuda run on %s; auto ignores it"
        .formatted(
            Settings.EMULATE, file == null ? "the one of -D" + Settings.EMULATOR + "=FILE" : file);
  }

  /** The limit of ulimit -l as Linux writes it. */
  private static String lockedMemory() {
    try {
      for (String line : Files.readAllLines(LIMITS)) {
        if (line.startsWith(LOCKED_MEMORY)) {
          String soft = line.substring(LOCKED_MEMORY.length()).strip().split("\\s+", 2)[0];
          return soft.equals("unlimited") ? soft : size(Long.parseLong(soft));
        }
      }
    } catch (IOException e) {
      // said below
    }
    return "unknown";
  }

  private static String size(long bytes) {
    return bytes < 1L << 30
        ? String.format(Locale.ROOT, "%d MiB", bytes >> 20)
        : String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30));
  }
}
