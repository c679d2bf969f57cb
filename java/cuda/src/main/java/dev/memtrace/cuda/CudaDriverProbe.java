// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What there is of a CUDA driver, of devices and of kernels for them, found without touching a
 * class of JCuda, which answers a missing driver with an error that cannot be shown to anybody.
 */
final class CudaDriverProbe {
  private static final Path RELEASE = Path.of("/proc/driver/nvidia/version");
  private static final Pattern RELEASE_NUMBER = Pattern.compile("\\s(\\d{3,}(?:\\.\\d+)+)\\s");
  private static final int CUDA_12 = 12_000;
  private static final int CUDA_13 = 13_000;

  private final List<String> reasons = new ArrayList<>();
  private final List<DriverLibrary.Device> devices = new ArrayList<>();
  private @Nullable DriverLibrary driver;
  private @Nullable KernelImage kernels;
  private DriverLibrary.@Nullable Device device;
  private int version;

  private CudaDriverProbe() {}

  /** Something that may be missing. */
  @FunctionalInterface
  interface Source<T> {
    T get() throws ReasonException;
  }

  /** Looks for everything; what is missing becomes a reason. */
  static CudaDriverProbe run(Source<DriverLibrary> driver, Source<KernelImage> kernels) {
    CudaDriverProbe probe = new CudaDriverProbe();
    probe.driver = probe.find(driver);
    probe.kernels = probe.find(kernels);
    probe.askDriver();
    probe.chooseDevice();
    return probe;
  }

  /** Returns something, or takes note why it is missing. */
  <T> @Nullable T find(Source<T> source) {
    try {
      return source.get();
    } catch (ReasonException e) {
      reasons.add(e.reason());
      return null;
    }
  }

  private void askDriver() {
    DriverLibrary found = driver;
    if (found == null) {
      return;
    }
    try {
      version = found.version();
      int oldest = kernels == null ? CUDA_13 : kernels.oldestDriver();
      if (version < oldest) {
        reasons.add("driver " + release() + ", needs " + releaseFor(oldest));
      }
      found.init();
      int count = found.deviceCount();
      for (int ordinal = 0; ordinal < count; ordinal++) {
        devices.add(found.device(ordinal));
      }
    } catch (CudaException e) {
      if (e.code() != CudaResult.NO_DEVICE) {
        reasons.add("the CUDA driver does not work: " + e.getMessage());
        return;
      }
    }
    if (devices.isEmpty()) {
      reasons.add("no device: the CUDA driver works, but shows no GPU to this process");
    }
  }

  private void chooseDevice() {
    if (kernels == null) {
      return;
    }
    for (DriverLibrary.Device candidate : devices) {
      if (kernels.fits(candidate.computeCapability())) {
        device = candidate;
        return;
      }
    }
    for (DriverLibrary.Device unfit : devices) {
      reasons.add(
          "device %d, %s, is sm_%d, which the kernels of this jar do not fit (%s)"
              .formatted(
                  unfit.ordinal(),
                  unfit.name(),
                  unfit.computeCapability(),
                  String.join(" ", kernels.targets())));
    }
  }

  /** Why the backend cannot work, one line each; empty if nothing is missing. */
  List<String> reasons() {
    return List.copyOf(reasons);
  }

  /** The driver; null if there is none. */
  @Nullable DriverLibrary driver() {
    return driver;
  }

  /** The kernels; null if there are none. */
  @Nullable KernelImage kernels() {
    return kernels;
  }

  /** The devices that the driver shows. */
  List<DriverLibrary.Device> devices() {
    return List.copyOf(devices);
  }

  /** The device that the kernels fit; null if there is none. */
  DriverLibrary.@Nullable Device device() {
    return device;
  }

  /** The driver's release, if it is known, and the version of CUDA that it supports. */
  String release() {
    String cuda = "CUDA " + cuda(version);
    if (driver != null && driver.emulated()) {
      return "emulated, " + cuda;
    }
    try {
      Matcher number = RELEASE_NUMBER.matcher(Files.readString(RELEASE));
      return number.find() ? number.group(1) + " (" + cuda + ")" : "for " + cuda;
    } catch (IOException e) {
      return "for " + cuda; // not everywhere has the driver a file
    }
  }

  private static String releaseFor(int oldest) {
    String cuda = "CUDA " + cuda(oldest);
    return switch (oldest) {
      case CUDA_12 -> "525 (" + cuda + ")";
      case CUDA_13 -> "580 (" + cuda + ")";
      default -> "one for " + cuda;
    };
  }

  private static String cuda(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }
}
