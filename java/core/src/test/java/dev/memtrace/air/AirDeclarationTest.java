// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.air.AirDeclaration.Constraint;
import dev.memtrace.air.AirDeclaration.Interaction;
import dev.memtrace.config.MemoryConfig;
import java.util.List;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AirDeclarationTest {
  private static AirDeclaration of(Air air) {
    return AirDeclaration.of(air, MemoryConfig.defaults());
  }

  /**
   * Spec/airs.md: constraints and interactions of an AIR, and the degree that a prover must take.
   */
  private static void assertShape(
      Air air, int constraints, int degree, int interactions, int busDegree) {
    AirDeclaration declaration = of(air);
    assertThat(declaration.constraints()).hasSize(constraints);
    assertThat(declaration.constraints()).extracting(Constraint::name).doesNotHaveDuplicates();
    assertThat(declaration.degree()).isEqualTo(degree);
    assertThat(declaration.interactions()).hasSize(interactions);
    assertThat(declaration.interactions()).extracting(Interaction::name).doesNotHaveDuplicates();
    assertThat(declaration.interactions())
        .allMatch(one -> one.messageDegree() <= busDegree && one.multiplicityDegree() <= busDegree);
  }

  @Test
  void volatileBoundary() {
    assertShape(new VolatileBoundaryAir(), 11, 3, 7, 1);
  }

  @Test
  void persistentBoundary() {
    assertShape(new PersistentBoundaryAir(), 2, 3, 3, 2);
  }

  @Test
  void merkle() {
    assertShape(new MerkleAir(), 33, 3, 4, 2);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 4, 8, 16, 32})
  void accessAdapter(int n) {
    assertShape(new AccessAdapterAir(n), 5, 2, 5, 2);
    assertThat(of(new AccessAdapterAir(n)).interactions())
        .extracting(one -> one.message().size())
        .containsExactly(2, 2, n + 3, n / 2 + 3, n / 2 + 3);
  }

  @ParameterizedTest
  @CsvSource({"1, 282, 3", "0, 141, 7"})
  void poseidon2(int registers, int constraints, int degree) {
    assertShape(new Poseidon2Air(registers), constraints, degree, 1, 1);
    assertThat(of(new Poseidon2Air(registers)).interactions())
        .singleElement()
        .matches(Interaction::isTable)
        .matches(one -> one.message().size() == 24);
  }

  @Test
  void rangeChecker() {
    assertShape(new RangeCheckerAir(), 0, 0, 1, 1);
    RangeCheckerAir air = new RangeCheckerAir();
    assertThat(List.of(air.preprocessed(0, 0), air.preprocessed(0, 1))).containsExactly(0, 0);
    for (int row = 1; row < RangeCheckerAir.height(6); row++) {
      int value = air.preprocessed(row, RangeCheckerAir.VALUE);
      int bits = air.preprocessed(row, RangeCheckerAir.BITS);
      assertThat(value).isBetween(0, (1 << bits) - 1);
      assertThat(RangeCheckerAir.row(value, bits)).isEqualTo(row);
    }
    assertThatThrownBy(() -> air.preprocessed(0, 2)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> new MerkleAir().preprocessed(0, 0))
        .hasMessage("Merkle has no preprocessed column 0");
  }

  @Test
  void limbsOfTheConfigurationAreChecked() {
    MemoryConfig config = MemoryConfig.defaults().withRangeMaxBits(15).withClkMaxBits(20);
    AirDeclaration adapter = AirDeclaration.of(new AccessAdapterAir(2), config);
    assertThat(adapter.interactions().subList(0, 2))
        .extracting(one -> adapter.nodes().get(one.message().get(1)).left())
        .containsExactly(15, 5);
  }

  private record Small(BiConsumer<AirBuilder, Expression> body) implements Air {
    @Override
    public String name() {
      return "Small";
    }

    @Override
    public List<String> columns() {
      return List.of("x");
    }

    @Override
    public void declare(MemoryConfig config, AirBuilder builder) {
      body.accept(builder, builder.column(0));
    }
  }

  @Test
  void equalPartsAreShared() {
    AirDeclaration declaration =
        of(
            new Small(
                (builder, x) -> {
                  builder.assertZero("a", x.times(x).plus(3));
                  builder.assertZero("b", builder.constant(3).plus(x.times(builder.column(0))));
                  builder.assertZero("c", x.plus(0).times(1).minus(0));
                }));
    assertThat(declaration.constraints().get(1).node())
        .isEqualTo(declaration.constraints().get(0).node());
    assertThat(declaration.constraints().get(2)).isEqualTo(new Constraint("c", 0, 1));
  }

  @Test
  void whatAnAirDoesNotHaveIsRefused() {
    assertThatThrownBy(() -> of(new Small((builder, x) -> builder.column(1))))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> of(new Small((builder, x) -> builder.next(-1))))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> of(new Small((builder, x) -> builder.publicValue(0))))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> of(new Small((builder, x) -> builder.preprocessed(0))))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void expressionsOfTwoBuildersDoNotMix() {
    Expression[] other = new Expression[1];
    of(new Small((builder, x) -> other[0] = x));
    assertThatThrownBy(() -> of(new Small((builder, x) -> x.plus(other[0]))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("make all with one AirBuilder");
    assertThatThrownBy(() -> of(new Small((builder, x) -> builder.assertZero("x", other[0]))))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
