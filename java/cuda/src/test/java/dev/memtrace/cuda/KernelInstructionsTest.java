// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Instructions of the compiled Poseidon2 kernels; skipped where there is no CUDA compiler. */
@Tag("unsanitized")
class KernelInstructionsTest {
  /** Made by the build of the kernels, for compute capability 9.0. */
  private static final Path CUBIN = Path.of("target", "kernels", "cuda-kernels", "poseidon2.cubin");

  /** Since compute capability 7.0; code is padded to 8 instructions. */
  private static final int INSTRUCTION_BYTES = 16;

  private static final String TEXT = ".text.memtrace_";

  @Test
  void aPermutationTakesNoMoreInstructionsThanItDid() throws IOException {
    assumeTrue(Files.exists(CUBIN), "the kernels were not compiled");
    Map<String, Long> instructions = instructions(Files.readAllBytes(CUBIN));
    assertThat(instructions)
        .containsOnlyKeys("poseidon2_permute", "poseidon2_compress", "zero_hashes");
    // 642 Montgomery products; a tenth of room for other versions of the compiler.
    assertThat(instructions.get("poseidon2_permute")).isBetween(4_000L, 6_000L);
    assertThat(instructions.get("poseidon2_compress")).isBetween(4_000L, 6_000L);
  }

  /** Instructions of each kernel: the size of its section in the ELF file. */
  private static Map<String, Long> instructions(byte[] elf) {
    ByteBuffer file = ByteBuffer.wrap(elf).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(file.getInt(0)).as("ELF").isEqualTo(0x464C457F);
    int headers = (int) file.getLong(0x28);
    int size = file.getShort(0x3A);
    int count = file.getShort(0x3C);
    int names = (int) file.getLong(headers + file.getShort(0x3E) * size + 0x18);
    Map<String, Long> found = new HashMap<>();
    for (int i = 0; i < count; i++) {
      int header = headers + i * size;
      String name = text(elf, names + file.getInt(header));
      if (name.startsWith(TEXT)) {
        found.put(name.substring(TEXT.length()), file.getLong(header + 0x20) / INSTRUCTION_BYTES);
      }
    }
    return found;
  }

  private static String text(byte[] bytes, int from) {
    int to = from;
    while (bytes[to] != 0) {
      to++;
    }
    return new String(bytes, from, to - from, StandardCharsets.US_ASCII);
  }
}
