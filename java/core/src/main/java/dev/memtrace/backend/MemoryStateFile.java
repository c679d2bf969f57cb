// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryDimensions;
import dev.memtrace.durable.CompleteFile;
import dev.memtrace.durable.DurableFiles;
import dev.memtrace.image.AddressMap;
import dev.memtrace.merkle.ResidentTree;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * A memory state in a file. All numbers are little-endian.
 *
 * <ul>
 *   <li>Header of 76 bytes: {@code MTSTATE\n}, version; as_offset, as_height, pointer_max_bits;
 *       number of pages and of tree nodes in 64 bits each; root in eight canonical words; CRC-32C
 *       of the header so far.
 *   <li>Pages in ascending order: address space, first pointer, cells (4096, or all of a smaller
 *       address space). Pages of zeros are left out.
 *   <li>Nodes of the tree in any order: {@code height << 58 | index} in 64 bits, digest in eight
 *       words in Montgomery form.
 *   <li>SHA-256 of everything before.
 * </ul>
 */
final class MemoryStateFile {
  static final int VERSION = 1;

  private static final byte[] MAGIC = {'M', 'T', 'S', 'T', 'A', 'T', 'E', '\n'};
  private static final int VERSION_AT = MAGIC.length;
  private static final int HEADER_BYTES = 76;
  private static final int CHECKED_BYTES = HEADER_BYTES - 4;
  private static final int ROOT_WORDS = 8;
  private static final int NODE_BYTES = 40;
  private static final int SUM_BYTES = 32;
  private static final int PIECE_BYTES = 1 << 20;

  private MemoryStateFile() {}

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }

  private static int crc(byte[] header) {
    CRC32C crc = new CRC32C();
    crc.update(header, 0, CHECKED_BYTES);
    return (int) crc.getValue();
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Bytes of a page in the file. */
  private static int pageBytes(MemoryConfig config) {
    return 8 + 4 * Math.min(MemoryConfig.PAGE_SIZE, config.addressSpaceSize());
  }

  // ------------------------------------------------------------------ write

  static void write(Path file, AddressMap image, ResidentTree tree) {
    try (CompleteFile complete = CompleteFile.begin(file)) {
      write(new Sink(complete.channel()), image, tree);
      complete.commit(true);
    } catch (IOException e) {
      throw new MemoryStateException(
          file
              + ": cannot be written: "
              + DurableFiles.reason(e)
              + "; nothing was kept, choose another place",
          e);
    }
  }

  private static void write(Sink sink, AddressMap image, ResidentTree tree) throws IOException {
    MemoryConfig config = image.config();
    long[] pages = {0};
    byte[] page = new byte[pageBytes(config)];
    image.forEachPage(
        (_, _, memory, offset, cells) -> pages[0] += isZero(memory, offset, cells) ? 0 : 1);
    byte[] header = new byte[HEADER_BYTES];
    ByteBuffer out = little(header).put(MAGIC).putInt(VERSION);
    out.putInt(config.asOffset()).putInt(config.asHeight()).putInt(config.pointerMaxBits());
    out.putLong(pages[0]).putLong(tree.size());
    for (int word : tree.root()) {
      out.putInt(word);
    }
    out.putInt(crc(header));
    sink.write(header);
    IOException[] failure = new IOException[1];
    image.forEachPage(
        (addressSpace, firstPointer, memory, offset, cells) -> {
          if (failure[0] == null && !isZero(memory, offset, cells)) {
            little(page).putInt(addressSpace).putInt(firstPointer);
            MemorySegment.copy(memory, offset, MemorySegment.ofArray(page), 8, 4L * cells);
            try {
              sink.write(page);
            } catch (IOException e) {
              failure[0] = e;
            }
          }
        });
    if (failure[0] != null) {
      throw failure[0];
    }
    MemorySegment nodes = tree.nodes();
    byte[] piece = new byte[PIECE_BYTES];
    for (long at = 0; at < nodes.byteSize(); at += PIECE_BYTES) {
      int count = (int) Math.min(PIECE_BYTES, nodes.byteSize() - at);
      MemorySegment.copy(nodes, at, MemorySegment.ofArray(piece), 0, count);
      sink.write(count == PIECE_BYTES ? piece : Arrays.copyOf(piece, count));
    }
    sink.finish();
  }

  private static boolean isZero(MemorySegment memory, long offset, int cells) {
    int any = 0;
    for (int i = 0; i < cells; i++) {
      any |= memory.get(IntBuffer64.WORD, offset + 4L * i);
    }
    return any == 0;
  }

  /** Writes bytes and digests them. */
  private static final class Sink {
    private final FileChannel channel;
    private final MessageDigest sum = sha256();

    Sink(FileChannel channel) {
      this.channel = channel;
    }

    void write(byte[] bytes) throws IOException {
      sum.update(bytes);
      writeAll(bytes);
    }

    void finish() throws IOException {
      writeAll(sum.digest());
    }

    private void writeAll(byte[] bytes) throws IOException {
      ByteBuffer rest = ByteBuffer.wrap(bytes);
      while (rest.hasRemaining()) {
        channel.write(rest);
      }
    }
  }

  // ------------------------------------------------------------------ read

  static MemoryState read(Path file, MemoryConfig config, BufferPool pool) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return new Source(file, channel).read(config, pool);
    } catch (IOException e) {
      throw new MemoryStateException(file + ": cannot be read: " + DurableFiles.reason(e), e);
    }
  }

  /** Reads bytes and digests them. */
  private static final class Source {
    private final Path file;
    private final FileChannel channel;
    private final long bytes;
    private final MessageDigest sum = sha256();

    Source(Path file, FileChannel channel) throws IOException {
      this.file = file;
      this.channel = channel;
      this.bytes = channel.size();
    }

    private MemoryStateException wrong(String what) {
      return new MemoryStateException(file + ": " + what);
    }

    private MemoryStateException corrupt(String what) {
      return wrong("is corrupt, " + what + "; copy or save it again");
    }

    private void fill(byte[] target, int count) throws IOException {
      ByteBuffer rest = ByteBuffer.wrap(target, 0, count);
      while (rest.hasRemaining()) {
        if (channel.read(rest) < 0) {
          throw wrong("is truncated, it became shorter while it was read; copy it again");
        }
      }
    }

    MemoryState read(MemoryConfig config, BufferPool pool) throws IOException {
      byte[] header = new byte[HEADER_BYTES];
      fill(header, (int) Math.min(bytes, HEADER_BYTES));
      int begin = (int) Math.min(bytes, MAGIC.length);
      if (!Arrays.equals(header, 0, begin, MAGIC, 0, begin)) {
        throw wrong("is no memory state, it does not begin with MTSTATE");
      }
      ByteBuffer in = little(header).position(VERSION_AT);
      int version = in.getInt();
      if (bytes >= in.position() && version != VERSION) {
        throw wrong(
            "is of version %s; this program reads version %d, save the state with it again"
                .formatted(Integer.toUnsignedString(version), VERSION));
      }
      if (bytes < HEADER_BYTES) {
        throw wrong(
            "is truncated, it has %d bytes and the header alone %d; copy it again"
                .formatted(bytes, HEADER_BYTES));
      }
      if (little(header).getInt(CHECKED_BYTES) != crc(header)) {
        throw corrupt("its header does not have its CRC-32C");
      }
      sum.update(header);
      checkConfig(in.getInt(), in.getInt(), in.getInt(), config);
      long pages = in.getLong();
      long nodes = in.getLong();
      int[] root = new int[ROOT_WORDS];
      in.asIntBuffer().get(root);
      long content = bytes - HEADER_BYTES - SUM_BYTES;
      long pageBytes = pageBytes(config);
      if (pages < 0
          || nodes < 0
          || pages > Long.MAX_VALUE / 4 / pageBytes
          || nodes > Long.MAX_VALUE / 4 / NODE_BYTES
          || content != pages * pageBytes + nodes * NODE_BYTES) {
        throw wrong(
            "is truncated or too long, it has %d bytes and its header names %d pages and %d nodes, which take %d; copy it again"
                .formatted(
                    bytes,
                    pages,
                    nodes,
                    HEADER_BYTES + pages * pageBytes + nodes * NODE_BYTES + SUM_BYTES));
      }
      if (nodes > ResidentTree.MAX_NODES) {
        throw wrong(
            "has a memory tree of %d nodes; the limit is %d, use a smaller memory"
                .formatted(nodes, ResidentTree.MAX_NODES));
      }
      return readContent(config, pool, pages, nodes, root);
    }

    private void checkConfig(int asOffset, int asHeight, int pointerMaxBits, MemoryConfig config) {
      if (asOffset != config.asOffset()
          || asHeight != config.asHeight()
          || pointerMaxBits != config.pointerMaxBits()) {
        throw wrong(
            "is of another configuration: it has asOffset %d, asHeight %d and pointerMaxBits %d; wanted are %d, %d and %d"
                .formatted(
                    asOffset,
                    asHeight,
                    pointerMaxBits,
                    config.asOffset(),
                    config.asHeight(),
                    config.pointerMaxBits()));
      }
    }

    private MemoryState readContent(
        MemoryConfig config, BufferPool pool, long pages, long nodes, int[] root)
        throws IOException {
      AddressMap image = new AddressMap(config, pool);
      MemorySegment records = pool.acquire(NODE_BYTES * nodes);
      ResidentTree tree = null;
      boolean complete = false;
      try {
        readPages(image, pages);
        readNodes(records, NODE_BYTES * nodes);
        byte[] stored = new byte[SUM_BYTES];
        fill(stored, SUM_BYTES);
        if (!MessageDigest.isEqual(stored, sum.digest())) {
          throw corrupt("its content does not have its SHA-256");
        }
        tree = tree(config.dimensions(), pool, records.asSlice(0, NODE_BYTES * nodes));
        if (!Arrays.equals(tree.root(), root)) {
          throw corrupt("the root of its tree is not that of its header");
        }
        complete = true;
        return new MemoryState(pool, image, tree);
      } finally {
        pool.release(records);
        if (!complete) {
          image.release();
          if (tree != null) {
            tree.close();
          }
        }
      }
    }

    /** Damaged cells may be illegal as well; then it is the damage that is reported. */
    private void readPages(AddressMap image, long pages) throws IOException {
      byte[] page = new byte[pageBytes(image.config())];
      int[] cells = new int[(page.length - 8) / 4];
      long previous = -1;
      for (long i = 0; i < pages; i++) {
        fill(page, page.length);
        sum.update(page);
        ByteBuffer in = little(page);
        int addressSpace = in.getInt();
        int pointer = in.getInt();
        in.asIntBuffer().get(cells);
        long address = (long) addressSpace << 32 | Integer.toUnsignedLong(pointer);
        try {
          if (address <= previous || pointer % MemoryConfig.PAGE_SIZE != 0) {
            throw new IllegalArgumentException("pages are not in ascending order");
          }
          image.setPage(addressSpace, pointer, cells);
        } catch (IllegalArgumentException e) {
          throw corrupt("page %d is not legal: %s".formatted(i, e.getMessage()));
        }
        previous = address;
      }
    }

    private void readNodes(MemorySegment target, long count) throws IOException {
      byte[] piece = new byte[PIECE_BYTES];
      for (long at = 0; at < count; at += PIECE_BYTES) {
        int n = (int) Math.min(PIECE_BYTES, count - at);
        fill(piece, n);
        sum.update(piece, 0, n);
        MemorySegment.copy(MemorySegment.ofArray(piece), 0, target, at, n);
      }
    }

    private ResidentTree tree(MemoryDimensions dimensions, BufferPool pool, MemorySegment records) {
      try {
        return ResidentTree.ofNodes(pool, dimensions, records);
      } catch (IllegalArgumentException e) {
        throw corrupt(String.valueOf(e.getMessage()));
      }
    }
  }
}
