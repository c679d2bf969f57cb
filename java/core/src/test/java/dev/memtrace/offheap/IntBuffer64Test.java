// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.offheap;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IntBuffer64Test {
  @TempDir private Path temp;

  @Test
  void wordsBehindTwoToThe31() {
    long last = (1L << 31) + 4;
    IntBuffer64 buffer = new IntBuffer64(SparseMemory.pool(temp), 8);
    buffer.set(7, 70);
    buffer.ensure(last + 1, 8);
    assertThat(buffer.capacity()).isGreaterThan(last);
    buffer.set(last, 5);
    buffer.set(last - (1L << 31), 6);
    assertThat(buffer.get(last)).isEqualTo(5);
    assertThat(buffer.get(4)).isEqualTo(6);
    assertThat(buffer.get(7)).isEqualTo(70);
    buffer.release();
  }
}
