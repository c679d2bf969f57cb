// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.poseidon2;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/** Chooses a batch among those on the class path. */
public final class Poseidon2Batches {
  /** Items of the trial: a group of any implementation and a remainder. */
  private static final int TRIAL = 67;

  private Poseidon2Batches() {}

  /**
   * What was chosen.
   *
   * @param batch the batch
   * @param reasons why each one of higher rank was not taken
   */
  public record Choice(Poseidon2Batch batch, List<String> reasons) {
    /**
     * Creates a choice.
     *
     * @param batch the batch
     * @param reasons why each one of higher rank was not taken
     */
    public Choice {
      reasons = List.copyOf(reasons);
    }
  }

  /**
   * Returns the best batch that works here, chosen once per process.
   *
   * @return the batch of {@link Poseidon2Batch#best}, with reasons
   */
  public static Choice choice() {
    return Holder.CHOICE;
  }

  /** Takes the provider of the highest rank that works. */
  static Choice choose(Iterator<Poseidon2BatchProvider> found) {
    List<String> reasons = new ArrayList<>();
    List<Poseidon2BatchProvider> providers = new ArrayList<>();
    while (true) {
      try {
        if (!found.hasNext()) {
          break;
        }
        providers.add(found.next());
      } catch (ServiceConfigurationError | LinkageError e) {
        reasons.add("a Poseidon2 batch on the class path is broken: " + e.getMessage());
      }
    }
    providers.sort(
        Comparator.comparingInt(Poseidon2BatchProvider::rank)
            .reversed()
            .thenComparing(Poseidon2BatchProvider::name));
    for (Poseidon2BatchProvider provider : providers) {
      try {
        Poseidon2Batch batch = provider.create();
        if (isRight(batch)) {
          return new Choice(batch, reasons);
        }
        reasons.add(batch.name() + " computes wrong digests on this machine");
      } catch (Poseidon2UnavailableException e) {
        reasons.add(provider.name() + ": " + e.reason());
      } catch (LinkageError | RuntimeException e) {
        reasons.add(provider.name() + " cannot be loaded: " + e.getMessage());
      }
    }
    return new Choice(Poseidon2Batch.portable(), reasons);
  }

  /** Compares a batch with the permutation of single states. */
  private static boolean isRight(Poseidon2Batch batch) {
    int[] inputs = new int[TRIAL * Poseidon2Batch.INPUT_WORDS];
    int word = 1;
    for (int i = 0; i < inputs.length; i++) {
      word *= 0x9e3779b1;
      inputs[i] = word >>> 2;
    }
    int[] expected = new int[TRIAL * Poseidon2Batch.OUTPUT_WORDS];
    for (int i = 0; i < TRIAL; i++) {
      Poseidon2Scalar.permute(
          inputs,
          i * Poseidon2Batch.INPUT_WORDS,
          expected,
          i * Poseidon2Batch.OUTPUT_WORDS,
          Poseidon2Batch.OUTPUT_WORDS);
    }
    int[] outputs = new int[expected.length];
    batch.compress(inputs, 0, outputs, 0, TRIAL);
    return Arrays.equals(outputs, expected);
  }

  private static final class Holder {
    static final Choice CHOICE =
        choose(
            ServiceLoader.load(
                    Poseidon2BatchProvider.class, Poseidon2Batches.class.getClassLoader())
                .iterator());

    static {
      System.getLogger(Poseidon2Batches.class.getName())
          .log(
              System.Logger.Level.DEBUG,
              "hashing with {0}; {1}",
              CHOICE.batch().name(),
              CHOICE.reasons().isEmpty() ? "the best" : String.join("; ", CHOICE.reasons()));
    }
  }
}
