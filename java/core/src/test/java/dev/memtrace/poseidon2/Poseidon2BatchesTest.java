// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.poseidon2;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.ServiceConfigurationError;
import org.junit.jupiter.api.Test;

class Poseidon2BatchesTest {
  private interface Maker {
    Poseidon2Batch make() throws Poseidon2UnavailableException;
  }

  private static Poseidon2BatchProvider provider(String name, int rank, Maker maker) {
    return new Poseidon2BatchProvider() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public int rank() {
        return rank;
      }

      @Override
      public Poseidon2Batch create() throws Poseidon2UnavailableException {
        return maker.make();
      }
    };
  }

  private static Poseidon2Batches.Choice choose(Poseidon2BatchProvider... providers) {
    return Poseidon2Batches.choose(List.of(providers).iterator());
  }

  @Test
  void aloneThePortableBatchIsTheBest() {
    assertThat(choose())
        .isEqualTo(new Poseidon2Batches.Choice(Poseidon2Batch.portable(), List.of()));
    assertThat(Poseidon2Batch.best()).isSameAs(Poseidon2Batches.choice().batch());
  }

  @Test
  void theHighestRankWins() {
    Poseidon2Batch low = new PortablePoseidon2Batch(false);
    Poseidon2Batch high = new PortablePoseidon2Batch(true);
    assertThat(choose(provider("a", 1, () -> low), provider("b", 2, () -> high)))
        .isEqualTo(new Poseidon2Batches.Choice(high, List.of()));
  }

  @Test
  void everyRefusalIsKept() {
    Poseidon2Batches.Choice choice =
        choose(
            provider(
                "a",
                1,
                () -> {
                  throw new Poseidon2UnavailableException("too old");
                }),
            provider(
                "b",
                2,
                () -> {
                  throw new NoClassDefFoundError("x/Y");
                }),
            provider(
                "c",
                3,
                () -> {
                  throw new IllegalStateException("no such folder");
                }));
    assertThat(choice.batch()).isSameAs(Poseidon2Batch.portable());
    assertThat(choice.reasons())
        .containsExactly(
            "c cannot be loaded: no such folder", "b cannot be loaded: x/Y", "a: too old");
  }

  @Test
  void aBatchThatIsWrongIsNotTaken() {
    Poseidon2Batch wrong =
        new Poseidon2Batch() {
          @Override
          public String name() {
            return "wrong";
          }

          @Override
          public void compress(int[] inputs, int from, int[] outputs, int to, int count) {
            Poseidon2Batch.portable().compress(inputs, from, outputs, to, count);
            outputs[to + 8 * count - 1] ^= 1;
          }
        };
    Poseidon2Batches.Choice choice = choose(provider("a", 1, () -> wrong));
    assertThat(choice.batch()).isSameAs(Poseidon2Batch.portable());
    assertThat(choice.reasons()).containsExactly("wrong computes wrong digests on this machine");
  }

  @Test
  void aBrokenProviderDoesNotHideTheOthers() {
    Poseidon2Batch good = new PortablePoseidon2Batch(true);
    Iterator<Poseidon2BatchProvider> found =
        new Iterator<>() {
          private int calls;

          @Override
          public boolean hasNext() {
            return calls < 2;
          }

          @Override
          public Poseidon2BatchProvider next() {
            calls++;
            if (calls == 1) {
              throw new ServiceConfigurationError("no such class");
            }
            if (calls > 2) {
              throw new NoSuchElementException();
            }
            return provider("good", 1, () -> good);
          }
        };
    Poseidon2Batches.Choice choice = Poseidon2Batches.choose(found);
    assertThat(choice.batch()).isSameAs(good);
    assertThat(choice.reasons())
        .containsExactly("a Poseidon2 batch on the class path is broken: no such class");
  }
}
