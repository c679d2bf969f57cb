// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.natives.NativeFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JCudaLibraryTest {
  @TempDir private Path temp;

  /** Uses the driver without its libraries, then with them. */
  static final class TooEarly {
    private TooEarly() {}

    public static void main(String[] args) throws ReasonException {
      DriverLibrary driver = LoadedDriver.emulator(CudaFixture.settings());
      try {
        new PrimaryContext(driver, 0).release();
        System.out.println("used too early");
      } catch (IllegalStateException e) {
        System.out.println(e.getMessage());
      }
      CudaFixture.open().close();
      new PrimaryContext(driver, 0).release();
      System.out.println("in use");
    }
  }

  @Test
  void isUsedFromItsPrivateFolderOnly() throws Exception {
    Path shared = Files.createDirectory(temp.resolve("shared"));
    Path own = temp.resolve("native");
    Map<String, String> properties =
        Map.of(
            Settings.EMULATOR,
            Emulator.library().toString(),
            NativeFiles.FOLDER_PROPERTY,
            own.toString(),
            "java.io.tmpdir",
            shared.toString());
    JavaProcess.Result result = JavaProcess.run(TooEarly.class, temp, properties, Map.of());
    assertThat(result.text()).isEqualTo("JCuda's library is not loaded\nin use\n");
    assertThat(result.code()).isZero();
    assertThat(shared).isEmptyDirectory();
    try (var files = Files.walk(own)) {
      assertThat(files).anyMatch(file -> file.endsWith(JCudaLibrary.FILE));
    }
  }
}
