// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every seed and every input that was a finding once, and each of them cut off and damaged. */
class CorpusTest {
  private static final int CUTS = 8;

  @ParameterizedTest
  @EnumSource(names = "ALL", mode = EnumSource.Mode.EXCLUDE)
  @Timeout(value = 2, unit = TimeUnit.MINUTES)
  void everyInputEndsInTracesOrAClearError(Targets name) throws IOException {
    Assumptions.assumeTrue(name.isAvailable(), "the emulator was not built");
    Target target = name.make();
    Measured measured = new Measured(target);
    Map<String, byte[]> corpus = Corpus.of(name, target);
    assertThat(corpus).isNotEmpty();
    for (Map.Entry<String, byte[]> input : corpus.entrySet()) {
      byte[] bytes = input.getValue();
      assertThat(bytes.length).as(input.getKey()).isLessThanOrEqualTo(target.maxBytes());
      run(measured, name, input.getKey(), bytes);
      for (int i = 1; i < CUTS; i++) {
        int at = (int) ((long) bytes.length * i / CUTS);
        run(measured, name, input.getKey() + " cut at " + at, Arrays.copyOf(bytes, at));
        byte[] damaged = bytes.clone();
        damaged[at] ^= (byte) (1 << i);
        run(measured, name, input.getKey() + " with bit " + i + " flipped at " + at, damaged);
      }
    }
  }

  private static void run(Measured target, Targets name, String input, byte[] bytes) {
    try {
      target.run(bytes.clone());
    } catch (IOException | RuntimeException | Error e) {
      throw new AssertionError(name.label() + ", input " + input, e);
    }
  }
}
