// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The first byte of the input chooses the target, the rest is for it. One process for all of them
 * instruments each class once, which takes longer than a short run.
 */
final class AllTargets implements Target {
  private static final List<Targets> PARTS =
      Arrays.stream(Targets.values())
          .filter(part -> part != Targets.ALL && part.isAvailable())
          .toList();

  private final List<Target> targets = new ArrayList<>();

  AllTargets() throws IOException {
    for (Targets part : PARTS) {
      targets.add(part.make());
    }
  }

  private Target of(byte[] input) {
    return targets.get(new Choices(input).below(targets.size()));
  }

  @Override
  public void run(byte[] input) throws IOException {
    of(input).run(input.length == 0 ? input : Arrays.copyOfRange(input, 1, input.length));
  }

  @Override
  public List<byte[]> seeds() throws IOException {
    List<byte[]> seeds = new ArrayList<>();
    for (int i = 0; i < targets.size(); i++) {
      for (byte[] input : Corpus.of(PARTS.get(i), targets.get(i)).values()) {
        seeds.add(Words.join(new int[] {i}, input));
      }
    }
    return seeds;
  }

  @Override
  public long mostHeap(byte[] input) {
    return of(input).mostHeap(input);
  }

  @Override
  public long mostNative(byte[] input) {
    return of(input).mostNative(input);
  }

  @Override
  public int maxBytes() {
    return 1 + targets.stream().mapToInt(Target::maxBytes).max().orElse(0);
  }
}
