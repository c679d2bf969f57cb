// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.memtrace.natives.NativeFiles;
import java.lang.foreign.Arena;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("unsanitized") // no native code of ours
class CudaArchitectureTest {
  private static final JavaClasses ALL =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.memtrace");

  private static boolean isHere(JavaClass type) {
    return type.getPackageName().equals("dev.memtrace.cuda");
  }

  @Test
  void onlyThisPackageSeesJcuda() {
    assertThat(ALL.stream().filter(CudaArchitectureTest::isHere)).isNotEmpty();
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.memtrace.cuda")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("jcuda..", "dev.memtrace.cuda..")
        .check(ALL);
  }

  /** A missing driver must be found before a class of JCuda is touched. */
  @Test
  void theProbeDoesWithoutJcuda() {
    noClasses()
        .that()
        .belongToAnyOf(
            CublasLibrary.class,
            CudaDriverProbe.class,
            CudaInstallation.class,
            DriverLibrary.class,
            DynamicLibrary.class,
            CudaLibraries.class,
            JarContent.class,
            JCudaLibrary.class,
            KernelImage.class,
            LoadedDriver.class,
            NativeFiles.class)
        .should()
        .dependOnClassesThat()
        .resideInAPackage("jcuda..")
        .check(ALL);
  }

  @Test
  void nobodyNeedsMoreThanTheProvider() {
    assertThat(
            ALL.stream()
                .filter(type -> isHere(type) && type.getModifiers().contains(JavaModifier.PUBLIC))
                .map(JavaClass::getSimpleName))
        .containsExactlyInAnyOrder("CudaBackendProvider", "CudaException");
  }

  /**
   * The arguments of launches and the names of ranges are used by any thread, and pinned memory is
   * pooled.
   */
  @Test
  void allOtherMemoryIsConfinedToAThread() {
    noClasses()
        .that(describe("are here", CudaArchitectureTest::isHere))
        .and()
        .doNotBelongToAnyOf(CudaStream.class, PinnedMemory.class, ProfilerRanges.class)
        .should()
        .callMethod(Arena.class, "ofAuto")
        .orShould()
        .callMethod(Arena.class, "ofShared")
        .orShould()
        .callMethod(Arena.class, "global")
        .check(ALL);
  }

  @Test
  void nothingIsPrinted() {
    NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS.check(ALL);
  }

  @Test
  void nothingUsesUnsafe() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .haveNameMatching("(sun\\.misc|jdk\\.internal\\.misc)\\.Unsafe(\\$.*)?")
        .check(ALL);
  }

  @Test
  void thePackageIsNullMarked() {
    assertThat(CudaDevice.class.getPackage().isAnnotationPresent(NullMarked.class)).isTrue();
  }
}
