// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.offheap;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Assumptions;

/** Memory of any size, zero, that costs only the pages that a test touches: files with holes. */
public final class SparseMemory {
  private SparseMemory() {}

  /**
   * Makes a pool of such memory.
   *
   * @param folder where its files lie
   * @return a pool that keeps nothing
   */
  public static BufferPool pool(Path folder) {
    return new BufferPool(0, bytes -> allocate(folder, bytes));
  }

  /**
   * Makes such memory; the test is skipped where files have no holes.
   *
   * @param folder where its file lies
   * @param bytes its size
   * @return the memory
   */
  public static MemorySegment allocate(Path folder, long bytes) {
    try {
      Path file = Files.createTempFile(folder, "sparse", "");
      try (FileChannel channel =
          FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        return channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, Arena.ofAuto());
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      Assumptions.abort("no file of " + bytes + " bytes: " + e);
      throw new UncheckedIOException(e);
    }
  }
}
