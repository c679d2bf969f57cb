// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Set;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** The machine is a client like any other. */
class Rv32ArchitectureTest {
  private static final String HERE = "dev.memtrace.rv32";

  /** Cells and log, and the state that begins a chain: what a machine of one's own needs. */
  private static final Set<String> MAY_USE =
      Set.of(
          HERE,
          "dev.memtrace.backend",
          "dev.memtrace.config",
          "dev.memtrace.image",
          "dev.memtrace.log",
          "dev.memtrace.offheap");

  private static final JavaClasses ALL =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.memtrace");

  private static boolean isHere(JavaClass type) {
    return type.getPackageName().equals(HERE);
  }

  @Test
  void usesOnlyPublicTypesOfFewRooms() {
    assertThat(ALL.stream().filter(Rv32ArchitectureTest::isHere)).hasSizeGreaterThan(5);
    noClasses()
        .that(describe("are of the machine", Rv32ArchitectureTest::isHere))
        .should()
        .dependOnClassesThat(
            describe(
                "are outside of " + MAY_USE + " or not public",
                type ->
                    type.getPackageName().startsWith("dev.memtrace")
                        && !isHere(type)
                        && !(MAY_USE.contains(type.getPackageName())
                            && type.getModifiers().contains(JavaModifier.PUBLIC))))
        .check(ALL);
  }

  @Test
  void theLibraryDoesNotKnowIt() {
    noClasses()
        .that()
        .resideOutsideOfPackage(HERE)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(HERE)
        .check(ALL);
  }

  @Test
  void nothingIsPrinted() {
    NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS.check(
        ALL.that(describe("here", type -> isHere(type))));
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
    assertThat(Machine.class.getPackage().isAnnotationPresent(NullMarked.class)).isTrue();
  }
}
