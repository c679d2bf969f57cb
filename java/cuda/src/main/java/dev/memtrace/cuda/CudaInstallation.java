// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import com.sun.management.HotSpotDiagnosticMXBean;
import dev.memtrace.backend.BackendFact;
import dev.memtrace.backend.BackendUnavailableException;
import dev.memtrace.backend.DeviceLostException;
import dev.memtrace.backend.DeviceMemoryException;
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
  private static final List<String> CUBLAS = List.of("libcublas.so.13", "libcublas.so.12");
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
    byte[] jcuda = probe.find(jar::jcuda);
    byte[] algorithms = emulated ? new byte[0] : probe.find(jar::algorithms);
    NativeFiles files = probe.find(this::nativeFiles);
    stopAt(probe);
    DriverLibrary driver = Objects.requireNonNull(probe.driver());

    AlgorithmsLibrary bound =
        probe.find(
            () -> bind(driver, Objects.requireNonNull(files), Objects.requireNonNull(algorithms)));
    probe.find(
        () -> {
          Path file =
              Objects.requireNonNull(files)
                  .unpack(JCudaLibrary.FILE, Objects.requireNonNull(jcuda));
          JCudaLibrary.load(file);
          return file;
        });
    stopAt(probe);
    try {
      return CudaDevice.open(
          driver,
          Objects.requireNonNull(probe.device()),
          Objects.requireNonNull(probe.kernels()).image(),
          Objects.requireNonNull(bound),
          pinnedLimit());
    } catch (CudaException | DeviceMemoryException | DeviceLostException e) {
      throw new BackendUnavailableException(
          CudaBackendProvider.NAME, List.of("the device cannot be opened: " + e.getMessage()));
    }
  }

  private static void stopAt(CudaDriverProbe probe) throws BackendUnavailableException {
    List<String> reasons = probe.reasons();
    if (!reasons.isEmpty()) {
      throw new BackendUnavailableException(CudaBackendProvider.NAME, reasons);
    }
  }

  private CudaDriverProbe probe(boolean emulated) {
    return emulated
        ? CudaDriverProbe.run(() -> LoadedDriver.emulator(settings), KernelImage::emulated)
        : CudaDriverProbe.run(LoadedDriver::nvidia, jar::kernels);
  }

  private NativeFiles nativeFiles() throws ReasonException {
    return NativeFiles.open(settings, MountTable.ofProcess());
  }

  private static AlgorithmsLibrary bind(DriverLibrary driver, NativeFiles files, byte[] content)
      throws ReasonException {
    try {
      return AlgorithmsLibrary.bind(
          driver.emulated()
              ? driver.library()
              : DynamicLibrary.open(files.unpack(JarContent.ALGORITHMS, content).toString()));
    } catch (DynamicLibrary.LoadException e) {
      throw new ReasonException("the device algorithms cannot be loaded: " + e.getMessage(), e);
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
    for (String name : CUBLAS) {
      if (DynamicLibrary.canLoad(name)) {
        return name;
      }
    }
    return "none of " + String.join(", ", CUBLAS) + " can be loaded";
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
