// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The kernels as the driver loads them.
 *
 * @param image a fatbin, or what the emulator takes for its own kernels
 * @param cudaVersion the version of CUDA that made it, 1000 * major + 10 * minor
 * @param targets what it holds: machine code such as sm_90, portable code such as compute_120
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of bytes, never compared
record KernelImage(byte[] image, int cudaVersion, List<String> targets) {
  private static final String MACHINE_CODE = "sm_";
  private static final String PORTABLE_CODE = "compute_";
  private static final Pattern DESCRIPTION =
      Pattern.compile("cuda\\s+(\\d{1,4})\\.(\\d{1,2})((?:\\s+(?:sm|compute)_\\d{2,4})+)");
  private static final int VERSION_OF_EMULATED = 13_000;

  /** Stands for the kernels inside the emulator. */
  static KernelImage emulated() {
    return new KernelImage(
        "memtrace-emulated-kernels".getBytes(StandardCharsets.US_ASCII),
        VERSION_OF_EMULATED,
        List.of(PORTABLE_CODE + "75"));
  }

  /**
   * Reads the description that the build leaves beside the fatbin.
   *
   * @param image the fatbin
   * @param description words such as {@code cuda 13.0 sm_90 compute_90}
   * @throws IllegalArgumentException if that is not what it says
   */
  static KernelImage of(byte[] image, String description) {
    Matcher parts = DESCRIPTION.matcher(description.strip());
    if (!parts.matches()) {
      throw new IllegalArgumentException("not a description of kernels: " + description);
    }
    int cudaVersion =
        1000 * Integer.parseInt(parts.group(1)) + 10 * Integer.parseInt(parts.group(2));
    return new KernelImage(image, cudaVersion, List.of(parts.group(3).strip().split("\\s+")));
  }

  /**
   * The oldest driver that can load the kernels, as a version of CUDA: drivers load what any
   * version of the same major number made.
   */
  int oldestDriver() {
    return cudaVersion / 1000 * 1000;
  }

  /** Whether a device of a compute capability can run the kernels. */
  boolean fits(int computeCapability) {
    for (String target : targets) {
      if (target.startsWith(MACHINE_CODE)) {
        int made = number(target, MACHINE_CODE);
        if (made / 10 == computeCapability / 10 && made <= computeCapability) {
          return true;
        }
      } else if (target.startsWith(PORTABLE_CODE)
          && number(target, PORTABLE_CODE) <= computeCapability) {
        return true;
      }
    }
    return false;
  }

  private static int number(String target, String prefix) {
    return Integer.parseInt(target.substring(prefix.length()));
  }
}
