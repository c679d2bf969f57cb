// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.backend.WordStream;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A product that lies on the device as a sequence of words, copied to the host in parts. */
final class DeviceWords implements WordStream {
  private final DeviceTransfer transfer;
  private final long words;
  private @Nullable DeviceBuffer buffer;

  /** Takes over a buffer whose content is complete. */
  DeviceWords(DeviceTransfer transfer, DeviceBuffer buffer, long words) {
    this.transfer = transfer;
    this.buffer = buffer;
    this.words = words;
  }

  private DeviceBuffer open() {
    DeviceBuffer open = buffer;
    if (open == null) {
      throw new IllegalStateException("these words are closed");
    }
    return open;
  }

  @Override
  public long words() {
    open();
    return words;
  }

  @Override
  public void forEachChunk(Consumer<MemorySegment> visitor) {
    transfer.read(open(), 0, 4 * words, visitor);
  }

  @Override
  public void close() {
    DeviceBuffer open = buffer;
    buffer = null;
    if (open != null) {
      open.close();
    }
  }
}
