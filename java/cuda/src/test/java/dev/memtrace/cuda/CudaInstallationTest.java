// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.memtrace.natives.NativeFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Opening in processes of its own, each with another libcuda.so.1: a process has only one driver.
 */
@Timeout(300)
class CudaInstallationTest {
  private static final String KERNELS = "cuda 13.0 sm_90 compute_90";

  @TempDir private Path temp;

  private Path emulator = Path.of("");
  private final Map<String, String> properties = new HashMap<>();
  private boolean emulates;

  @BeforeEach
  void findEmulator() throws IOException {
    emulator = Emulator.library();
    properties.put("test.algorithms", emulator.toString());
    properties.put("java.io.tmpdir", Files.createDirectory(temp.resolve("tmp")).toString());
    properties.put(NativeFiles.FOLDER_PROPERTY, temp.resolve("native").toString());
    Files.createDirectory(temp.resolve("driver"));
  }

  private Path driver() {
    return temp.resolve("driver").resolve(LoadedDriver.NAME);
  }

  private List<String> run(String... args) throws IOException, InterruptedException {
    Map<String, String> environment =
        Map.of(
            "LD_LIBRARY_PATH",
            temp.resolve("driver").toString(),
            Settings.EMULATE,
            emulates ? "1" : "0");
    JavaProcess.Result result =
        JavaProcess.run(OpeningProcess.class, temp, properties, environment, args);
    assertThat(result.code()).as(result.text()).isZero();
    return result.text().lines().toList();
  }

  /** Runs twice in one process, and returns what it says both times. */
  private List<String> runTwice(String... args) throws IOException, InterruptedException {
    List<String> lines = run(args);
    assertThat(lines.subList(lines.size() / 2, lines.size()))
        .isEqualTo(lines.subList(0, lines.size() / 2));
    return lines.subList(0, lines.size() / 2);
  }

  @Test
  void opensADevice() throws Exception {
    Files.copy(emulator, driver());
    assertThat(runTwice("auto", KERNELS)).containsExactly("device 90");
    try (Stream<Path> temporary = Files.list(temp.resolve("tmp"))) {
      assertThat(temporary).isEmpty(); // JCuda has unpacked nothing of its own
    }
  }

  @Test
  void theEmulatorIsForThoseWhoNameTheBackend() throws Exception {
    emulates = true;
    properties.put(Settings.EMULATOR, emulator.toString());
    assertThat(runTwice("named", "none")).containsExactly("emulated 90");
  }

  @Test
  void theAutomaticChoiceNeverEmulates() throws Exception {
    emulates = true;
    properties.put(Settings.EMULATOR, emulator.toString());
    Files.copy(emulator, driver()); // stands for a GPU here
    assertThat(runTwice("auto", KERNELS)).containsExactly("device 90");
  }

  @Test
  void anEmulatorThatIsNotThere() throws Exception {
    emulates = true;
    assertThat(runTwice("named", "none"))
        .containsExactly(
            "- MEMTRACE_EMULATE_CUDA=1, but no emulator is named: start ./memtrace, which builds"
                + " it, or set -Dmemtrace.emulator=FILE");
    Path absent = temp.resolve("absent.so");
    properties.put(Settings.EMULATOR, absent.toString());
    assertThat(runTwice("named", "none"))
        .containsExactly(
            "- the emulator " + absent + " does not exist: build it with native/build.sh");
    Files.writeString(absent, "not a library, but long enough to be looked at more closely");
    assertThat(runTwice("named", "none"))
        .singleElement()
        .asString()
        .startsWith("- the emulator cannot be loaded: " + absent + ": ");
  }

  @Test
  void nothingIsThere() throws Exception {
    List<String> lines = runTwice("named", "none");
    assumeTrue(lines.getFirst().contains("was not found"), "this machine has a driver");
    assertThat(lines)
        .containsExactly(
            "- libcuda.so.1 was not found: install the NVIDIA driver, 580 or later",
            "- this jar has no kernels: it was built without nvcc; build it where the CUDA toolkit"
                + " is installed",
            "- libmemtrace-device-algorithms.so is not in this jar: it was built without nvcc");
  }

  @Test
  void withoutADriverTheAutomaticChoiceNeedsNoFurtherReason() throws Exception {
    Files.writeString(driver(), "not a library, but long enough to be looked at more closely");
    assertThat(runTwice("auto", "none")).hasSize(1);
    assertThat(runTwice("named", "none")).hasSize(3);
  }

  @Test
  void aDriverThatCannotBeLoaded() throws Exception {
    Files.writeString(driver(), "not a library, but long enough to be looked at more closely");
    assertThat(runTwice("auto", KERNELS))
        .singleElement()
        .asString()
        .startsWith("- libcuda.so.1 cannot be loaded: ")
        .contains(driver().toString());
  }

  @Test
  void aDriverThatLacksFunctions() throws Exception {
    Path anyLibrary = Path.of(System.getProperty("java.home"), "lib", "libjimage.so");
    Files.copy(anyLibrary, driver());
    assertThat(runTwice("auto", KERNELS))
        .containsExactly(
            "- libcuda.so.1 has no function cuGetErrorName: it is too old; install the NVIDIA"
                + " driver, 580 or later");
  }

  @Test
  void aJarForOtherDevices() throws Exception {
    Files.copy(emulator, driver());
    assertThat(runTwice("auto", "cuda 14.0 sm_80"))
        .hasSize(2)
        .satisfiesExactly(
            line -> assertThat(line).isEqualTo("- driver for CUDA 13.0, needs one for CUDA 14.0"),
            line -> assertThat(line).contains("is sm_90", "do not fit (sm_80)"));
  }

  @Test
  void aFolderThatCannotBeUsed() throws Exception {
    Files.copy(emulator, driver());
    Files.writeString(temp.resolve("native"), "a file");
    assertThat(runTwice("auto", KERNELS))
        .singleElement()
        .asString()
        .startsWith("- " + temp.resolve("native") + " cannot be used");
  }

  @Test
  void algorithmsThatCannotBeLoaded() throws Exception {
    Files.copy(emulator, driver());
    Path broken = Files.writeString(temp.resolve("broken.so"), "x".repeat(1000));
    properties.put("test.algorithms", broken.toString());
    assertThat(runTwice("auto", KERNELS))
        .singleElement()
        .asString()
        .startsWith("- the device algorithms cannot be loaded: ");
  }

  @Test
  void theRealJar() throws Exception {
    Files.copy(emulator, driver());
    List<String> lines = runTwice("auto", "real");
    assumeTrue(!lines.getFirst().contains("has no kernels"), "the jar was built without nvcc");
    assertThat(lines) // everything is loaded, only that the emulator has no use for a fatbin
        .containsExactly(
            "- the device cannot be opened: cuModuleLoadData failed: CUDA_ERROR_NO_BINARY_FOR_GPU"
                + " (209)");
  }

  @Test
  void cublasOfTheMachine() throws Exception {
    Files.copy(emulator, driver());
    properties.put("test.jcublas", "true");
    Path cublas = temp.resolve("driver").resolve(CublasLibrary.NAME);
    Files.copy(CublasEmulator.library(), cublas);
    assertThat(runTwice("cublas", KERNELS)).containsExactly("device 90", "product 8");
    assertThat(run("facts", KERNELS))
        .contains("libcublas = libcublas.so.12 makes fingerprints of traces");
    Files.delete(cublas);
    Files.writeString(cublas, "not a library, but long enough to be looked at more closely");
    assertThat(runTwice("cublas", KERNELS))
        .hasSize(2)
        .last()
        .asString()
        .startsWith("- cuBLAS cannot be loaded: ")
        .contains(cublas.toString());
    assertThat(run("facts", KERNELS))
        .contains(
            "libcublas = libcublas.so.12 cannot be loaded; a kernel makes fingerprints of traces");
  }

  @Test
  void cublasOfAnotherVersion() throws Exception {
    Files.copy(emulator, driver());
    properties.put("test.jcublas", "true");
    Path anyLibrary = Path.of(System.getProperty("java.home"), "lib", "libjimage.so");
    Files.copy(anyLibrary, temp.resolve("driver").resolve(CublasLibrary.NAME));
    assertThat(runTwice("cublas", KERNELS))
        .hasSize(2)
        .last()
        .asString()
        .startsWith("- cuBLAS cannot be loaded: ")
        .contains("libcublas.so.12");
  }

  @Test
  void cublasOfTheEmulator() throws Exception {
    emulates = true;
    properties.put("test.jcublas", "true");
    properties.put(Settings.EMULATOR, emulator.toString());
    assertThat(runTwice("cublas", "none")).containsExactly("emulated 90", "product 8");
    Path lonely = Files.copy(emulator, temp.resolve("emulator.so"));
    properties.put(Settings.EMULATOR, lonely.toString());
    assertThat(runTwice("cublas", "none"))
        .hasSize(2)
        .last()
        .asString()
        .startsWith("- cuBLAS cannot be loaded: " + temp.resolve("libmemtrace-cublas"));
  }

  @Test
  void aClassPathWithoutJcublas() throws Exception {
    emulates = true;
    properties.put(Settings.EMULATOR, emulator.toString());
    assertThat(runTwice("cublas", "none"))
        .containsExactly(
            "emulated 90",
            "- libJCublas2-12.6.0-linux-x86_64.so is not on the class path: add the jar"
                + " jcublas-natives for linux-x86_64");
  }

  @Test
  void anotherPlatform() throws Exception {
    properties.put("os.arch", "aarch64");
    assertThat(runTwice("auto", KERNELS))
        .containsExactly("- CUDA is supported on Linux x86-64 only, this is Linux aarch64");
    assertThat(run("facts", KERNELS))
        .containsExactly("CUDA = CUDA is supported on Linux x86-64 only, this is Linux aarch64");
  }

  @Test
  void theFactsOfADevice() throws Exception {
    emulates = true;
    properties.put(Settings.EMULATOR, emulator.toString());
    Files.copy(emulator, driver());
    List<String> facts = run("facts", KERNELS);
    assertThat(facts.get(0)).isEqualTo("CUDA driver = for CUDA 13.0");
    assertThat(facts.get(1)).startsWith("CUDA device 0 = memtrace").endsWith("sm_90, 8.0 GiB");
    assertThat(facts.get(2)).isEqualTo("CUDA kernels = sm_90 compute_90");
    assertThat(facts.get(3)).startsWith("libcublas = ");
    assertThat(facts.get(4)).isEqualTo("native files = " + temp.resolve("native"));
    assertThat(facts.get(5)).startsWith("pinned memory = 512 MiB at most; ulimit -l: ");
    assertThat(facts.get(6)).contains(emulator.toString(), "auto ignores it");
    assertThat(facts).hasSize(7);
  }

  @Test
  void theFactsOfAMachineWithoutAnything() throws Exception {
    List<String> facts = run("facts", "none");
    assumeTrue(facts.getFirst().equals("CUDA driver = none"), "this machine has a driver");
    assertThat(facts.get(1)).isEqualTo("CUDA kernels = none in this jar");
    assertThat(facts).hasSize(5);
  }
}
