// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The parameter of a kernel: 64-bit words in the order of the fields that {@code
 * memtrace/arguments.cuh} declares, groups of fields flattened in place.
 */
final class Arguments {
  private long[] words = new long[64];
  private int size;

  private Arguments() {}

  /** Begins the arguments of a kernel with how many items it runs over. */
  static Arguments items(long items) {
    return new Arguments().add(items);
  }

  Arguments add(long word) {
    if (size == words.length) {
      words = Arrays.copyOf(words, 2 * size);
    }
    words[size++] = word;
    return this;
  }

  /** Adds the address of a buffer, 0 for none. */
  Arguments add(@Nullable DeviceBuffer buffer) {
    return add(buffer == null ? 0 : buffer.address());
  }

  Arguments add(Group group) {
    group.addTo(this);
    return this;
  }

  long[] words() {
    return Arrays.copyOf(words, size);
  }

  /** Fields that several kernels have. */
  interface Group {
    void addTo(Arguments arguments);
  }

  /** Shape of memory and of its granules. */
  record Geometry(
      int firstSpace, int spaceBits, int pointerBits, DeviceBuffer granules, int slotBits)
      implements Group {
    @Override
    public void addTo(Arguments arguments) {
      arguments.add(firstSpace).add(spaceBits).add(pointerBits).add(granules).add(slotBits);
    }
  }

  /** The log, decoded. */
  record Log(
      DeviceBuffer headers,
      DeviceBuffer ticks,
      DeviceBuffer cellOffsets,
      DeviceBuffer eventOffsets,
      DeviceBuffer cells)
      implements Group {
    @Override
    public void addTo(Arguments arguments) {
      arguments.add(headers).add(ticks).add(cellOffsets).add(eventOffsets).add(cells);
    }
  }

  /** Events in sorted order; {@code count} is the address of their number. */
  record EventKeys(
      DeviceBuffer keys,
      @Nullable DeviceBuffer ordinals,
      int ordinalBits,
      long capacity,
      long count)
      implements Group {
    @Override
    public void addTo(Arguments arguments) {
      arguments.add(keys).add(ordinals).add(ordinalBits).add(capacity).add(count);
    }
  }

  /** All that the local recursion reads. */
  record History(
      Log log,
      Geometry geometry,
      EventKeys sorted,
      DeviceBuffer links,
      DeviceBuffer values,
      int blockCells)
      implements Group {
    @Override
    public void addTo(Arguments arguments) {
      arguments.add(log).add(geometry).add(sorted).add(links).add(values).add(blockCells);
    }
  }

  /** Memory before the first access. */
  record Image(@Nullable DeviceBuffer pages, @Nullable DeviceBuffer cells, long count)
      implements Group {
    @Override
    public void addTo(Arguments arguments) {
      arguments.add(pages).add(cells).add(count);
    }
  }

  /** A trace, column-major and in Montgomery form. */
  record TraceColumns(@Nullable DeviceBuffer cells, long height) implements Group {
    /** No trace. */
    static final TraceColumns NONE = new TraceColumns(null, 0);

    @Override
    public void addTo(Arguments arguments) {
      arguments.add(cells).add(height);
    }
  }

  /** Levels of a memory tree: all, and those inside an address space. */
  record TreeShape(int rootHeight, int addressHeight) implements Group {
    @Override
    public void addTo(Arguments arguments) {
      arguments.add(rootHeight).add(addressHeight);
    }
  }

  /** The table of a {@link TreeTable}. */
  record ResidentTree(
      DeviceBuffer keys, DeviceBuffer digests, int slotBits, long seed, DeviceBuffer count)
      implements Group {
    @Override
    public void addTo(Arguments arguments) {
      arguments.add(keys).add(digests).add(slotBits).add(seed).add(count);
    }
  }

  /** Nodes of one tree with digests before and after a segment. */
  record TreeNodes(
      DeviceBuffer nodes,
      long count,
      @Nullable DeviceBuffer children,
      @Nullable DeviceBuffer before,
      DeviceBuffer after)
      implements Group {
    @Override
    public void addTo(Arguments arguments) {
      arguments.add(nodes).add(count).add(children).add(before).add(after);
    }
  }

  /** One word for each possible adapter, 0 at first. */
  static final class PerAdapter implements Group {
    /** Sizes 2, 4, 8, 16, 32. */
    static final int ADAPTERS = 5;

    private final long[] words = new long[ADAPTERS];

    void set(int adapter, long word) {
      words[adapter] = word;
    }

    @Override
    public void addTo(Arguments arguments) {
      for (long word : words) {
        arguments.add(word);
      }
    }
  }

  /** Copies of the table of range counts. */
  record RangeTable(DeviceBuffer counts, int copies, int limbBits) implements Group {
    @Override
    public void addTo(Arguments arguments) {
      arguments.add(counts).add(copies).add(limbBits);
    }
  }
}
