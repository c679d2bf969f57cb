// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.backend.DeviceMemoryException;
import dev.memtrace.config.MemoryDimensions;
import dev.memtrace.field.BabyBear;
import dev.memtrace.merkle.ResidentTree;
import dev.memtrace.merkle.StateTree;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import dev.memtrace.poseidon2.Poseidon2;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The cells of persistent memory and its tree on one device, kept from segment to segment: nothing
 * is uploaded, copied or hashed again. Used by one thread at a time.
 *
 * <p>Its content is complete: whoever enqueues work on it waits for that work.
 */
final class ResidentMemory implements StateTree {
  private static final int DIGEST = 8;

  /** Words of a node of {@link ResidentTree#nodes()}: two for its key, then the digest. */
  private static final int NODE_WORDS = 2 + DIGEST;

  /** Where a key on the host has the height, and one on the device the depth. */
  private static final int LEVEL_SHIFT = 58;

  private static final long INDEX_MASK = (1L << LEVEL_SHIFT) - 1;

  /** Flags and indices of all chunks are counted in 32 bits. */
  private static final long MAX_PAGES = (1L << 23) - 1;

  private final CudaDevice device;
  private final DeviceTransfer transfer;
  private final BufferPool pool;
  private final MemoryDimensions dimensions;
  private DeviceImage image;
  private TreeTable tree;
  private int[] root;
  private boolean closed;

  private ResidentMemory(
      DeviceTransfer transfer,
      BufferPool pool,
      MemoryDimensions dimensions,
      DeviceImage image,
      TreeTable tree,
      int[] root) {
    this.device = tree.keys().device();
    this.transfer = transfer;
    this.pool = pool;
    this.dimensions = dimensions;
    this.image = image;
    this.tree = tree;
    this.root = root;
    image.uploaded();
  }

  /**
   * Hashes an image, and waits until that is done.
   *
   * @param stream where the work goes
   * @param transfer copies nodes to the host, should they be wanted there
   * @param pool where host memory comes from
   * @param dimensions shape of the tree
   * @param image the cells, enqueued on the same stream; owned by the result if this succeeds
   * @return a new memory, owned by the caller
   * @throws DeviceMemoryException if the device's memory does not suffice; nothing is left behind
   */
  static ResidentMemory hash(
      CudaStream stream,
      DeviceTransfer transfer,
      BufferPool pool,
      MemoryDimensions dimensions,
      DeviceImage image) {
    ResidentMemory made = null;
    try (DeviceScope temporary = new DeviceScope(stream)) {
      made =
          new ImageHash(stream, pool, dimensions, image.arguments(), temporary)
              .memory(transfer, image);
    } catch (RuntimeException | Error e) {
      if (made != null) {
        Closing.after(e, made.tree::close); // the image stays the caller's
      }
      throw e;
    }
    return made;
  }

  /** The passes that make the tree of an image. */
  private static final class ImageHash {
    /** Fault words, the number of leaves, and the counts of nodes. */
    private static final long LEAVES_AT = FaultWords.BYTES;

    private static final long COUNTS_AT = LEAVES_AT + 8;
    private static final long BYTES = COUNTS_AT + 8L * NodeCounts.WORDS;

    private final CudaStream stream;
    private final CudaDevice device;
    private final BufferPool pool;
    private final MemoryDimensions dimensions;
    private final Arguments.Image image;
    private final DeviceScope temporary;
    private final DeviceBuffer report;

    ImageHash(
        CudaStream stream,
        BufferPool pool,
        MemoryDimensions dimensions,
        Arguments.Image image,
        DeviceScope temporary) {
      this.stream = stream;
      this.device = stream.device();
      this.pool = pool;
      this.dimensions = dimensions;
      this.image = image;
      this.temporary = temporary;
      this.report = temporary.allocateZeroed(BYTES, "counts of the memory tree");
    }

    ResidentMemory memory(DeviceTransfer transfer, DeviceImage owned) {
      requireCountable();
      long chunks = DeviceImage.PAGE_CHUNKS * image.count();
      device.require(5 * chunks, "the memory tree of " + image.count() + " pages");
      DeviceBuffer nonZero = temporary.allocate(4 * chunks, "chunks of the image");
      NodeCounts counts = count(nonZero, chunks);
      if (counts.leaves() == 0) {
        TreeTable none = new TreeTable(stream, 1);
        return finish(none, () -> Poseidon2.zeroSubtree(counts.rootHeight()), transfer, owned);
      }
      DeviceTreeNodes.require(
          device,
          counts,
          TreeTable.bytes(counts.total())
              + TreeTable.DIGEST_BYTES * counts.total()
              + 8 * counts.leaves());
      TreeTable made = new TreeTable(stream, counts.total());
      return finish(made, () -> fill(made, counts, nonZero), transfer, owned);
    }

    private ResidentMemory finish(
        TreeTable made, RootSource root, DeviceTransfer transfer, DeviceImage owned) {
      try {
        int[] digest = root.root();
        stream.synchronize();
        return new ResidentMemory(transfer, pool, dimensions, owned, made, digest);
      } catch (RuntimeException | Error e) {
        Closing.after(e, made::close);
        throw e;
      }
    }

    private void requireCountable() {
      if (image.count() > MAX_PAGES) {
        long rest = device.freeMemory();
        throw new DeviceMemoryException(
            "the initial memory has "
                + image.count()
                + " pages, and the device takes "
                + MAX_PAGES
                + "; use the CPU backend",
            DeviceImage.bytes(image.count()),
            rest);
      }
    }

    /** Lists the chunks that are not zero and waits for the counts. */
    private NodeCounts count(DeviceBuffer nonZero, long chunks) {
      if (chunks > 0) {
        try (DeviceScope flagged = new DeviceScope(stream)) {
          DeviceBuffer flags = flagged.allocate(chunks, "flags of chunks");
          launch("image_chunk_flags", Arguments.items(chunks).add(image).add(flags));
          device
              .algorithms()
              .selectFlagged(
                  stream, flags.address(), nonZero.address(), report.address() + LEAVES_AT, chunks);
        }
        launch(
            "image_node_counts",
            Arguments.items(Math.min(chunks, DeviceReplay.COUNTING_THREADS))
                .add(image)
                .add(dimensions.addressHeight())
                .add(nonZero)
                .add(report.address() + LEAVES_AT)
                .add(report.address() + COUNTS_AT));
      }
      try (ReadBack read = new ReadBack(stream, pool, BYTES)) {
        read.add(report, 0, BYTES);
        MemorySegment words = read.await();
        long[] neighbours = new long[NodeCounts.WORDS];
        for (int i = 0; i < neighbours.length; i++) {
          neighbours[i] = words.get(IntBuffer64.PAIR, COUNTS_AT + 8L * i);
        }
        return new NodeCounts(
            words.get(IntBuffer64.PAIR, LEAVES_AT), neighbours, dimensions.overallHeight());
      }
    }

    /** Hashes the chunks and all nodes into a table, and returns the root. */
    private int[] fill(TreeTable made, NodeCounts counts, DeviceBuffer nonZero) {
      long fault = report.address();
      DeviceBuffer leaves = temporary.allocate(8 * counts.leaves(), "leaves of the image");
      launch(
          "image_leaves",
          Arguments.items(counts.leaves())
              .add(image)
              .add(dimensions.addressHeight())
              .add(nonZero)
              .add(leaves));
      DeviceTreeNodes nodes =
          new DeviceTreeNodes(
              stream, temporary, temporary, leaves, counts, dimensions.addressHeight(), fault);
      DeviceBuffer digests =
          temporary.allocate(TreeTable.DIGEST_BYTES * counts.total(), "digests of the image");
      Arguments.TreeNodes hashed = nodes.with(null, digests);
      launch(
          "hash_image_chunks",
          Arguments.items(counts.leaves()).add(hashed).add(image).add(nonZero));
      nodes.hash(hashed, made, Arguments.TraceColumns.NONE);
      update(stream, hashed, made, fault);
      try (ReadBack read =
          new ReadBack(stream, pool, FaultWords.BYTES + 8 + TreeTable.DIGEST_BYTES)) {
        long faultAt = read.add(report, 0, FaultWords.BYTES);
        long countAt = read.add(made.count(), 0, 8);
        long rootAt = read.add(digests, 0, TreeTable.DIGEST_BYTES);
        MemorySegment words = read.await();
        FaultWords.check(words, faultAt);
        made.setNodes(words.get(IntBuffer64.PAIR, countAt));
        return canonical(words, rootAt);
      }
    }

    private void launch(String kernel, Arguments arguments) {
      stream.launch(device.kernel(kernel), arguments.words());
    }
  }

  /** Work that ends with the root of a tree. */
  @FunctionalInterface
  private interface RootSource {
    int[] root();
  }

  /**
   * Takes the tree of an image from the host, and waits until that is done.
   *
   * @param stream where the work goes
   * @param transfer copies nodes to the host, should they be wanted there
   * @param pool where host memory comes from
   * @param host the tree of the image; it stays the caller's
   * @param image the cells, enqueued on the same stream; owned by the result if this succeeds
   * @return a new memory, owned by the caller
   * @throws DeviceMemoryException if the device's memory does not suffice; nothing is left behind
   */
  static ResidentMemory upload(
      CudaStream stream,
      DeviceTransfer transfer,
      BufferPool pool,
      ResidentTree host,
      DeviceImage image) {
    long count = host.size();
    long room = Math.max(1, count);
    stream
        .device()
        .require(TreeTable.bytes(room) + uploadBytes(host), "a memory tree of " + count + " nodes");
    TreeTable table = new TreeTable(stream, room);
    try (DeviceScope temporary = new DeviceScope(stream)) {
      if (count > 0) {
        uploadNodes(stream, pool, host, table, temporary);
      }
      stream.synchronize();
      return new ResidentMemory(transfer, pool, host.dimensions(), image, table, host.root());
    } catch (RuntimeException | Error e) {
      Closing.after(e, table::close);
      throw e;
    }
  }

  /** How many bytes {@link #upload} copies. */
  static long uploadBytes(ResidentTree host) {
    return (8 + TreeTable.DIGEST_BYTES) * host.size();
  }

  private static void uploadNodes(
      CudaStream stream,
      BufferPool pool,
      ResidentTree host,
      TreeTable table,
      DeviceScope temporary) {
    long count = host.size();
    DeviceBuffer keys = temporary.allocate(8 * count, "nodes of the memory tree");
    DeviceBuffer digests =
        temporary.allocate(TreeTable.DIGEST_BYTES * count, "digests of the memory tree");
    DeviceBuffer fault = temporary.allocateZeroed(FaultWords.BYTES, "faults");
    MemorySegment keysOnHost = pool.acquire(8 * count);
    MemorySegment digestsOnHost;
    try {
      digestsOnHost = pool.acquire(TreeTable.DIGEST_BYTES * count);
    } catch (RuntimeException | Error e) {
      pool.release(keysOnHost);
      throw e;
    }
    try {
      readNodes(host, keysOnHost, digestsOnHost);
      stream.copyToDevice(keysOnHost.asSlice(0, 8 * count), keys, 0);
      stream.copyToDevice(digestsOnHost.asSlice(0, TreeTable.DIGEST_BYTES * count), digests, 0);
      update(
          stream,
          new Arguments.TreeNodes(keys, count, null, null, digests),
          table,
          fault.address());
      try (ReadBack read = new ReadBack(stream, pool, FaultWords.BYTES + 8)) {
        read.add(fault, 0, FaultWords.BYTES);
        read.add(table.count(), 0, 8);
        MemorySegment words = read.await();
        FaultWords.check(words, 0);
        table.setNodes(words.get(IntBuffer64.PAIR, FaultWords.BYTES));
      }
    } catch (RuntimeException | Error e) {
      // If this fails, the memory does not go back: the device may still read it.
      Closing.after(
          e,
          () -> {
            stream.synchronize();
            pool.release(keysOnHost);
            pool.release(digestsOnHost);
          });
      throw e;
    }
    pool.release(keysOnHost);
    pool.release(digestsOnHost);
  }

  /** Takes the nodes of a tree on the host apart. */
  private static void readNodes(ResidentTree host, MemorySegment keys, MemorySegment digests) {
    MemorySegment from = host.nodes();
    int rootHeight = host.dimensions().overallHeight();
    for (long i = 0; i < host.size(); i++) {
      long at = 4L * NODE_WORDS * i;
      long key = from.get(IntBuffer64.PAIR, at);
      keys.set(IntBuffer64.PAIR, 8 * i, reversed(key, rootHeight));
      MemorySegment.copy(from, at + 8, digests, TreeTable.DIGEST_BYTES * i, TreeTable.DIGEST_BYTES);
    }
  }

  /** Puts the depth of a node in place of its height, or the other way round. */
  private static long reversed(long key, int rootHeight) {
    return (rootHeight - (key >>> LEVEL_SHIFT)) << LEVEL_SHIFT | (key & INDEX_MASK);
  }

  private static void update(
      CudaStream stream, Arguments.TreeNodes nodes, TreeTable table, long fault) {
    stream.launch(
        stream.device().kernel("tree_update"),
        Arguments.items(nodes.count()).add(nodes).add(table.arguments()).add(fault).words());
  }

  /** Reads a digest in canonical form. */
  static int[] canonical(MemorySegment words, long offset) {
    int[] digest = new int[DIGEST];
    MemorySegment.copy(words, IntBuffer64.WORD, offset, digest, 0, DIGEST);
    BabyBear.fromMontgomery(digest, 0, digest, 0, DIGEST);
    return digest;
  }

  /** Whether this lies on a device and was not closed. */
  boolean isOn(CudaDevice other) {
    return !closed && device.equals(other);
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this memory tree is closed");
    }
  }

  Arguments.Image image() {
    checkOpen();
    return image.arguments();
  }

  TreeTable tree() {
    checkOpen();
    return tree;
  }

  @Override
  public int[] root() {
    checkOpen();
    return root.clone();
  }

  /**
   * What a segment touched.
   *
   * @param nodes all touched nodes with their digests after it
   * @param leaves ascending leaf indices of the touched chunks
   * @param chunks number of touched chunks
   * @param boundary the boundary trace, of which the final values are read
   * @param finalRoot 8 canonical elements
   */
  @SuppressWarnings("ArrayRecordComponent") // a carrier, never compared
  record Touched(
      Arguments.TreeNodes nodes,
      DeviceBuffer leaves,
      long chunks,
      Arguments.TraceColumns boundary,
      int[] finalRoot) {}

  /**
   * Makes all room that memory needs after a segment. Memory stays as it is.
   *
   * @param stream where the work goes
   * @param touched what the segment touched
   * @return the step to after the segment, closed by the caller
   * @throws DeviceMemoryException if the device's memory does not suffice
   */
  Step prepare(CudaStream stream, Touched touched) {
    checkOpen();
    return new Step(stream, touched);
  }

  /** The step from before a segment to after it. */
  final class Step implements AutoCloseable {
    private final CudaStream stream;
    private final Touched touched;
    private final DeviceScope temporary;
    private final DeviceBuffer report;
    private @Nullable TreeTable nextTree;
    private @Nullable DeviceImage nextImage;

    private Step(CudaStream stream, Touched touched) {
      this.stream = stream;
      this.touched = touched;
      this.temporary = new DeviceScope(stream);
      try {
        report = temporary.allocateZeroed(FaultWords.BYTES + 8, "faults and missing pages");
        if (touched.chunks() > 0 && !tree.hasRoomFor(touched.nodes().count())) {
          growTree();
        }
        addPages();
      } catch (RuntimeException | Error e) {
        Closing.after(e, this::close);
        throw e;
      }
    }

    private void growTree() {
      long room = tree.nodes() + touched.nodes().count();
      device.require(TreeTable.bytes(room), "a memory tree of " + room + " nodes");
      TreeTable grown = new TreeTable(stream, room);
      nextTree = grown;
      launch(
          "tree_rehash",
          Arguments.items(tree.slots())
              .add(tree.arguments())
              .add(grown.arguments())
              .add(report.address()));
    }

    /** Adds the pages that the image lacks and that are not zero after the segment. */
    private void addPages() {
      long chunks = touched.chunks();
      DeviceBuffer missing = temporary.allocate(4 * chunks, "missing pages");
      try (DeviceScope flagged = new DeviceScope(stream)) {
        DeviceBuffer flags = flagged.allocate(chunks, "flags of chunks");
        launch(
            "missing_pages",
            Arguments.items(chunks)
                .add(image.arguments())
                .add(dimensions.addressHeight())
                .add(touched.leaves())
                .add(touched.boundary())
                .add(flags));
        if (chunks > 0) {
          device
              .algorithms()
              .selectFlagged(
                  stream,
                  flags.address(),
                  missing.address(),
                  report.address() + FaultWords.BYTES,
                  chunks);
        }
      }
      long pages;
      try (ReadBack read = new ReadBack(stream, pool, FaultWords.BYTES + 8)) {
        read.add(report, 0, FaultWords.BYTES + 8);
        MemorySegment words = read.await();
        FaultWords.check(words, 0);
        pages = words.get(IntBuffer64.PAIR, FaultWords.BYTES);
      }
      if (pages > 0) {
        long all = image.arguments().count() + pages;
        device.require(DeviceImage.bytes(all), "an image of " + all + " pages");
        nextImage =
            new DeviceImage(
                stream,
                image,
                pages,
                arguments ->
                    arguments.add(dimensions.addressHeight()).add(touched.leaves()).add(missing));
      }
    }

    /**
     * Changes memory, and waits until that is done; a segment without touched chunks changes
     * nothing. If this fails, memory is neither that before nor that after the segment, and can
     * only be closed.
     */
    void commit() {
      TreeTable targetTree = nextTree == null ? tree : nextTree;
      DeviceImage targetImage = nextImage == null ? image : nextImage;
      if (touched.chunks() > 0) {
        update(stream, touched.nodes(), targetTree, report.address());
        Arguments.Image cells = targetImage.arguments();
        launch(
            "image_update",
            Arguments.items(touched.chunks())
                .add(cells)
                .add(dimensions.addressHeight())
                .add(touched.leaves())
                .add(touched.boundary())
                .add(cells.cells())
                .add(report.address()));
      }
      try (ReadBack read = new ReadBack(stream, pool, FaultWords.BYTES + 8)) {
        read.add(report, 0, FaultWords.BYTES);
        read.add(targetTree.count(), 0, 8);
        MemorySegment words = read.await();
        FaultWords.check(words, 0);
        targetTree.setNodes(words.get(IntBuffer64.PAIR, FaultWords.BYTES));
      }
      // Both change places, so that close() frees what was replaced.
      if (nextTree != null) {
        nextTree = tree;
        tree = targetTree;
      }
      if (nextImage != null) {
        nextImage = image;
        image = targetImage;
      }
      root = touched.finalRoot().clone();
    }

    private void launch(String kernel, Arguments arguments) {
      stream.launch(device.kernel(kernel), arguments.words());
    }

    @Override
    public void close() {
      List<Runnable> steps = new ArrayList<>(List.of(temporary::close));
      if (nextTree != null) {
        steps.add(nextTree::close);
      }
      if (nextImage != null) {
        steps.add(nextImage::close);
      }
      nextTree = null;
      nextImage = null;
      Closing.all(steps);
    }
  }

  @Override
  public ResidentTree onHost() {
    checkOpen();
    long count = tree.nodes();
    MemorySegment keys = pool.acquire(8 * tree.slots());
    MemorySegment nodes = pool.acquire(4L * NODE_WORDS * count);
    ResidentTree host;
    try {
      download(keys, nodes);
      host =
          ResidentTree.ofNodes(
              BufferPool.shared(), dimensions, nodes.asSlice(0, 4L * NODE_WORDS * count));
    } finally {
      pool.release(keys);
      pool.release(nodes);
    }
    try {
      close();
    } catch (RuntimeException | Error e) {
      host.close();
      throw e;
    }
    return host;
  }

  /** Copies all taken slots, in the order of the table. */
  private void download(MemorySegment keys, MemorySegment nodes) {
    long[] at = {0};
    transfer.read(
        tree.keys(),
        0,
        8 * tree.slots(),
        part -> {
          MemorySegment.copy(part, 0, keys, at[0], part.byteSize());
          at[0] += part.byteSize();
        });
    int rootHeight = dimensions.overallHeight();
    long[] slot = {0};
    long[] node = {0};
    transfer.read(
        tree.digests(),
        0,
        TreeTable.DIGEST_BYTES * tree.slots(),
        part -> {
          for (long from = 0; from < part.byteSize(); from += TreeTable.DIGEST_BYTES) {
            long key = keys.get(IntBuffer64.PAIR, 8 * slot[0]++);
            if (key != 0) {
              long to = 4L * NODE_WORDS * node[0]++;
              nodes.set(IntBuffer64.PAIR, to, reversed(key - 1, rootHeight));
              MemorySegment.copy(part, from, nodes, to + 8, TreeTable.DIGEST_BYTES);
            }
          }
        });
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    // The buffers may be of a stream that is closed, and other streams may still read them.
    List<Runnable> steps = new ArrayList<>();
    if (!device.isClosed()) {
      steps.add(device::synchronizeToClose);
    }
    steps.add(tree::close);
    steps.add(image::close);
    Closing.all(steps);
  }
}
