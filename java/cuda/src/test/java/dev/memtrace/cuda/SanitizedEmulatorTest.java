// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.natives.NativeFiles;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** That the run with sanitizers would find something, if there were something. */
@EnabledIfSystemProperty(named = "memtrace.sanitized", matches = "true")
class SanitizedEmulatorTest {
  @TempDir private Path temp;

  /** Lets a kernel read one word beyond its buffer. */
  static final class OutOfBounds {
    private OutOfBounds() {}

    public static void main(String[] args) {
      try (CudaDevice device = CudaFixture.open();
          CudaStream stream = device.openStream();
          DeviceBuffer buffer = stream.allocateZeroed(12, "three words")) {
        stream.launch(device.kernel("sum_copies"), 2, buffer.address(), 2);
        stream.synchronize();
        System.out.println("nothing was found");
      }
    }
  }

  @Test
  void anAccessOutsideABufferEndsTheProcess() throws Exception {
    Map<String, String> properties =
        Map.of(
            Settings.EMULATOR,
            Emulator.library().toString(),
            NativeFiles.FOLDER_PROPERTY,
            temp.resolve("native").toString());
    JavaProcess.Result result = JavaProcess.run(OutOfBounds.class, temp, properties, Map.of());
    assertThat(result.code()).isNotZero();
    assertThat(result.text())
        .contains("AddressSanitizer: heap-buffer-overflow", "range_counts.cu")
        .doesNotContain("nothing was found");
  }
}
