// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.poseidon2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.Project;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Keeps the round constants of the kernels equal to those in Java. */
class Poseidon2HeaderTest {
  private static final int NUMBERS_OF_LINE = 4;

  @Test
  void theHeaderOfTheKernelsHoldsTheConstants() throws IOException {
    Path header = Project.root().resolve("cuda-kernels/include/memtrace/poseidon2_constants.cuh");
    if (Boolean.getBoolean("memtrace.update")) {
      Files.writeString(header, render());
    }
    assertThat(Files.readString(header))
        .as("%s; write it anew with -Dmemtrace.update=true", header)
        .isEqualTo(render());
  }

  private static String render() {
    return """
        // SPDX-License-Identifier: Apache-2.0
        // Round constants of Poseidon2 over BabyBear, width 16, as canonical integers: those of
        // dev.memtrace.poseidon2.Poseidon2Constants.
        #pragma once

        #include <cstdint>

        namespace memtrace::poseidon2::constants {

        """
        + "constexpr int WIDTH = %d;\n".formatted(Poseidon2Constants.WIDTH)
        + "constexpr int HALF_FULL_ROUNDS = %d;\n".formatted(Poseidon2Constants.HALF_FULL_ROUNDS)
        + "constexpr int PARTIAL_ROUNDS = %d;\n\n".formatted(Poseidon2Constants.PARTIAL_ROUNDS)
        + fullRounds("BEGINNING", Poseidon2Constants.beginningFullRounds())
        + "constexpr std::uint32_t PARTIAL[PARTIAL_ROUNDS] = {\n    "
        + numbers(Poseidon2Constants.partialRounds(), 4)
        + "};\n\n"
        + fullRounds("ENDING", Poseidon2Constants.endingFullRounds())
        + "}  // namespace memtrace::poseidon2::constants\n";
  }

  private static String fullRounds(String name, int[][] rounds) {
    StringBuilder out =
        new StringBuilder("constexpr std::uint32_t " + name + "[HALF_FULL_ROUNDS][WIDTH] = {\n");
    for (int[] constants : rounds) {
      out.append("    {").append(numbers(constants, 5)).append("},\n");
    }
    return out.append("};\n\n").toString();
  }

  private static String numbers(int[] constants, int indent) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < constants.length; i++) {
      if (i > 0) {
        out.append(i % NUMBERS_OF_LINE == 0 ? ",\n" + " ".repeat(indent) : ", ");
      }
      out.append(constants[i]);
    }
    return out.toString();
  }
}
