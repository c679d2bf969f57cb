// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cpu;

import dev.memtrace.backend.WordStream;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Words in several buffers of the host. */
final class ChunkedWords implements WordStream {
  private final List<MemorySegment> chunks = new ArrayList<>();
  private final Runnable onClose;
  private long words;
  private boolean closed;

  /**
   * Takes over chunks.
   *
   * @param parts the words in order
   * @param onClose gives the memory back
   */
  ChunkedWords(List<MemorySegment> parts, Runnable onClose) {
    this.chunks.addAll(parts);
    this.onClose = onClose;
    for (MemorySegment part : parts) {
      words += part.byteSize() >>> 2;
    }
  }

  @Override
  public long words() {
    return words;
  }

  @Override
  public void forEachChunk(Consumer<MemorySegment> visitor) {
    if (closed) {
      throw new IllegalStateException("this product is closed");
    }
    for (MemorySegment chunk : chunks) {
      visitor.accept(chunk.asReadOnly());
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      onClose.run();
    }
  }
}
