// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.backend.DeviceMemoryException;
import dev.memtrace.log.LogSegment;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The access log on the device: packed headers, and the written cells in the order of the log.
 * Segments are copied while the program still runs.
 */
final class DeviceLog implements AutoCloseable {
  private final Column headers;
  private final Column cells;
  private long accesses;

  DeviceLog(CudaStream stream) {
    this.headers = new Column(stream, 8, "log headers");
    this.cells = new Column(stream, 4, "written cells");
  }

  /**
   * Enqueues the copy of a segment, whose memory stays as it is; if that fails, the log does not
   * change.
   */
  void append(LogSegment segment) {
    headers.makeRoom(segment.entries());
    cells.makeRoom(segment.valueWords());
    headers.copy(segment.headers(), segment.entries());
    cells.copy(segment.values(), segment.valueWords());
    headers.add(segment.entries());
    cells.add(segment.valueWords());
    accesses += segment.accesses();
  }

  long entries() {
    return headers.items;
  }

  /** Entries that are not clock increments. */
  long accesses() {
    return accesses;
  }

  long writtenCells() {
    return cells.items;
  }

  /** Packed headers; there are some once a segment was appended. */
  DeviceBuffer headers() {
    return headers.whole();
  }

  DeviceBuffer cells() {
    return cells.whole();
  }

  @Override
  public void close() {
    Closing.all(List.of(headers::close, cells::close));
  }

  /**
   * An array that grows by chunks, which are joined when somebody wants the whole: so while it
   * grows nothing is copied again, at most a quarter more than needed is taken, and nothing more is
   * kept once the log is complete. For a moment it lies there twice, when there is nothing else:
   * the replay that follows takes more.
   */
  private static final class Column {
    /** Device code counts entries, events and written cells in 32 bits. */
    private static final long MAX_ITEMS = 0xFFFF_FFFEL;

    private static final long FIRST_ITEMS = 1 << 16;
    private static final long MOST_ITEMS = 1 << 22;

    private final CudaStream stream;
    private final int itemBytes;
    private final String owner;
    private final List<Chunk> chunks = new ArrayList<>();
    private long items;

    Column(CudaStream stream, int itemBytes, String owner) {
      this.stream = stream;
      this.itemBytes = itemBytes;
      this.owner = owner;
    }

    /** Makes room for more items in the last chunk. */
    void makeRoom(long more) {
      if (!chunks.isEmpty() && chunks.getLast().bytes(more, itemBytes) <= chunks.getLast().size()) {
        return;
      }
      if (items + more > MAX_ITEMS) {
        throw new DeviceMemoryException(
            "a log on the device has at most "
                + MAX_ITEMS
                + " entries and as many written cells, this one has "
                + (items + more)
                + " "
                + owner
                + "; use shorter segments or the CPU backend",
            (items + more) * itemBytes,
            stream.device().freeMemory());
      }
      long room = Math.max(more, Math.clamp(items / 4, FIRST_ITEMS, MOST_ITEMS));
      chunks.add(new Chunk(stream.allocate(room * itemBytes, owner)));
    }

    /** Copies items behind the others, where there is room for them. */
    void copy(MemorySegment from, long more) {
      if (more > 0) {
        Chunk last = chunks.getLast();
        stream.copyToDevice(
            from.asSlice(0, more * itemBytes), last.buffer, last.bytes(0, itemBytes));
      }
    }

    /** Counts the items that were copied. */
    void add(long more) {
      chunks.getLast().items += more;
      items += more;
    }

    /** All items in one buffer. */
    DeviceBuffer whole() {
      if (chunks.isEmpty()) {
        throw new IllegalStateException("no log segment was appended");
      }
      if (chunks.size() > 1) {
        Chunk all = new Chunk(stream.allocate(items * itemBytes, owner));
        try {
          for (Chunk chunk : chunks) {
            stream.copy(
                chunk.buffer, 0, all.buffer, all.bytes(0, itemBytes), chunk.bytes(0, itemBytes));
            all.items += chunk.items;
          }
        } catch (RuntimeException | Error e) {
          Closing.after(e, all.buffer::close);
          throw e;
        }
        List<Chunk> joined = List.copyOf(chunks);
        chunks.clear();
        chunks.add(all);
        closeAll(joined);
      }
      return chunks.getFirst().buffer;
    }

    void close() {
      List<Chunk> all = List.copyOf(chunks);
      chunks.clear();
      closeAll(all);
    }

    private static void closeAll(List<Chunk> chunks) {
      Closing.all(chunks.stream().map(chunk -> (Runnable) chunk.buffer::close).toList());
    }
  }

  /** A buffer and how many items it holds. */
  private static final class Chunk {
    private final DeviceBuffer buffer;
    private long items;

    Chunk(DeviceBuffer buffer) {
      this.buffer = buffer;
    }

    long size() {
      return buffer.bytes();
    }

    /** Bytes of its items and some more. */
    long bytes(long more, int itemBytes) {
      return (items + more) * itemBytes;
    }
  }
}
