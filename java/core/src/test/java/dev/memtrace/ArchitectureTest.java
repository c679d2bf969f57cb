// SPDX-License-Identifier: Apache-2.0
package dev.memtrace;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import dev.memtrace.offheap.BufferPool;
import java.lang.foreign.Arena;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Holds the rooms of the core apart. A room is a package {@code dev.memtrace.ROOM} with everything
 * below it; {@link #ROOMS} says which rooms it may use, closed under transitivity.
 */
class ArchitectureTest {
  private static final String ROOT = "dev.memtrace";

  /** Rooms without a part in the memory protocol, open to every other room. */
  private static final Set<String> FOUNDATIONS =
      Set.of("natives", "offheap", "parallel", "instrument");

  /** Each room and the rooms it may use, in the order in which data meets them. */
  private static final Map<String, List<String>> ROOMS = rooms();

  private static final JavaClasses CORE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_JARS)
          .importPackages(ROOT);

  private static Map<String, List<String>> rooms() {
    Map<String, List<String>> rooms = new LinkedHashMap<>();
    rooms.put("natives", List.of());
    rooms.put("offheap", List.of());
    rooms.put("parallel", List.of());
    rooms.put("instrument", List.of());
    rooms.put("field", List.of());
    rooms.put("config", List.of());
    rooms.put("image", List.of("config", "field"));
    rooms.put("log", List.of("config", "field"));
    rooms.put("workload", List.of("config", "log"));
    rooms.put("poseidon2", List.of("field"));
    rooms.put("merkle", List.of("image", "poseidon2"));
    rooms.put("air", List.of("field", "config"));
    rooms.put("periphery", List.of("air", "log"));
    rooms.put("durable", List.of("config", "log"));
    rooms.put("backend", List.of("log", "image", "merkle", "periphery", "durable"));
    rooms.put("replay", List.of("log", "image", "air"));
    rooms.put("trace", List.of("air", "replay", "merkle", "periphery", "backend"));
    rooms.put("cpu", List.of("backend", "replay", "trace"));
    rooms.put("check", List.of("air", "log", "image", "field", "config", "backend", "periphery"));
    rooms.put("controller", List.of("backend", "image", "log", "periphery", "check", "durable"));
    rooms.put("analysis", List.of("air", "log"));
    rooms.put(
        "bundle", List.of("config", "log", "image", "backend", "controller", "check", "durable"));
    return rooms;
  }

  static Collection<String> roomNames() {
    return ROOMS.keySet();
  }

  @ParameterizedTest
  @MethodSource("roomNames")
  void usesOnlyTheRoomsItMay(String room) {
    Set<String> allowed = new TreeSet<>();
    addWithEverythingItUses(room, allowed);
    if (!FOUNDATIONS.contains(room)) {
      allowed.addAll(FOUNDATIONS);
    }
    noClasses()
        .that(describe("are in " + room, type -> room.equals(roomOf(type))))
        .should()
        .dependOnClassesThat(
            describe(
                "are in a room other than " + allowed,
                type -> isOurs(type) && !allowed.contains(roomOf(type))))
        .allowEmptyShould(true)
        .check(CORE);
  }

  @Test
  void everyClassIsInOneOfTheRooms() {
    classes()
        .should(
            holding(
                "be in one of the rooms " + ROOMS.keySet(),
                type -> ROOMS.containsKey(roomOf(type))))
        .allowEmptyShould(true)
        .check(CORE);
  }

  @Test
  void everyPackageIsNullMarked() {
    classes()
        .should(
            holding(
                "be in a package whose package-info.java says @NullMarked",
                type -> type.getPackage().isAnnotatedWith(NullMarked.class)))
        .allowEmptyShould(true)
        .check(CORE);
  }

  @Test
  void theCheckerSharesNothingWithWhatItJudges() {
    Set<String> judged = Set.of("poseidon2", "merkle", "replay", "trace", "cpu", "controller");
    noClasses()
        .that(describe("are in check", type -> "check".equals(roomOf(type))))
        .should()
        .dependOnClassesThat(
            describe("are in " + judged, type -> isOurs(type) && judged.contains(roomOf(type))))
        .check(CORE);
  }

  @Test
  void nothingIsPrinted() {
    NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS.allowEmptyShould(true).check(CORE);
  }

  @Test
  void nothingIsLogged() {
    NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING.allowEmptyShould(true).check(CORE);
  }

  @Test
  void nothingUsesUnsafe() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .haveNameMatching("(sun\\.misc|jdk\\.internal\\.misc)\\.Unsafe(\\$.*)?")
        .allowEmptyShould(true)
        .check(CORE);
  }

  /** What is not pooled belongs to one call and its thread. */
  @Test
  void onlyThePoolHandsOutMemoryThatThreadsMayShare() {
    noClasses()
        .that()
        .doNotBelongToAnyOf(BufferPool.class)
        .should()
        .callMethod(Arena.class, "ofAuto")
        .orShould()
        .callMethod(Arena.class, "ofShared")
        .orShould()
        .callMethod(Arena.class, "global")
        .check(CORE);
  }

  @Test
  void onlyTheCudaModuleSeesJcuda() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + ".cuda..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("jcuda..")
        .allowEmptyShould(true)
        .check(CORE);
  }

  private static void addWithEverythingItUses(String room, Set<String> closure) {
    if (closure.add(room)) {
      ROOMS.get(room).forEach(used -> addWithEverythingItUses(used, closure));
    }
  }

  private static boolean isOurs(JavaClass type) {
    return type.getPackageName().equals(ROOT) || type.getPackageName().startsWith(ROOT + ".");
  }

  /** Returns the first package below the root, or an empty string for the root itself. */
  private static String roomOf(JavaClass type) {
    String below = type.getPackageName() + ".";
    return isOurs(type) ? below.substring(ROOT.length() + 1).split("\\.", 2)[0] : "";
  }

  private static ArchCondition<JavaClass> holding(
      String description, java.util.function.Predicate<JavaClass> predicate) {
    return new ArchCondition<>(description) {
      @Override
      public void check(JavaClass type, ConditionEvents events) {
        boolean holds = predicate.test(type);
        events.add(
            new SimpleConditionEvent(type, holds, type.getName() + " should " + description));
      }
    };
  }
}
