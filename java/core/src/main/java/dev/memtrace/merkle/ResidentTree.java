// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.merkle;

import dev.memtrace.config.MemoryDimensions;
import dev.memtrace.field.BabyBear;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import dev.memtrace.parallel.Workers;
import dev.memtrace.poseidon2.Poseidon2;
import dev.memtrace.poseidon2.Poseidon2Batch;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;
import java.util.Arrays;

/**
 * The digests of a sparse memory tree, kept from segment to segment. A node that is absent is a
 * zero subtree; a node that is there may be one too. Looking a node up and replacing its digest
 * cost the same however large the tree is.
 *
 * <p>Nodes are records in one native buffer, found through an open-addressed hash table that holds
 * record numbers. Digests are in Montgomery form. Several threads may read while nobody writes.
 */
public final class ResidentTree implements StateTree {
  static final int DIGEST = 8;
  static final int ABSENT = -1;

  /** Nodes hashed in one call of the batch. */
  static final int BATCH = 256;

  private static final int CHUNK = DIGEST;
  private static final int PAIR = 2 * DIGEST;

  /** Words of a record: height and index in two words, then the digest. */
  private static final int RECORD = 2 + DIGEST;

  private static final long RECORD_BYTES = 4L * RECORD;
  private static final long DIGEST_AT = 8;
  private static final int HEIGHT_SHIFT = 58;
  private static final long INDEX_MASK = (1L << HEIGHT_SHIFT) - 1;
  private static final int MIN_SLOTS = 64;

  /** The most nodes of a tree on the host. */
  public static final int MAX_NODES = 1 << 29;

  /** Neighbouring nodes of a height stay neighbours in the table: a cache line holds 16 slots. */
  private static final int NEIGHBOUR_BITS = 3;

  private final BufferPool pool;
  private final MemoryDimensions dimensions;
  private final int[][] zeroDigests;

  /** Secret, so that the cells of a stranger cannot crowd one place of the table. */
  private final long multiplier = new SecureRandom().nextLong() | 1;

  private final IntBuffer64 records;

  /** Record number plus one, or 0; at most half of the slots are taken. */
  private MemorySegment slots = MemorySegment.NULL;

  private int slotCount;
  private int size;
  private boolean closed;

  /**
   * Creates the tree of an image of zeros.
   *
   * @param pool where memory comes from and returns to
   * @param dimensions shape of the tree
   */
  public ResidentTree(BufferPool pool, MemoryDimensions dimensions) {
    this.pool = pool;
    this.dimensions = dimensions;
    this.records = IntBuffer64.empty(pool);
    this.zeroDigests = new int[dimensions.overallHeight() + 1][DIGEST];
    for (int height = 0; height < zeroDigests.length; height++) {
      BabyBear.toMontgomery(Poseidon2.zeroSubtree(height), 0, zeroDigests[height], 0, DIGEST);
    }
  }

  /**
   * Hashes an image.
   *
   * @param workers threads that share the work
   * @param batch the hash
   * @param pool where memory comes from and returns to
   * @param image the cells
   * @return a new tree, owned by the caller
   */
  public static ResidentTree of(
      Workers workers, Poseidon2Batch batch, BufferPool pool, MemoryImage image) {
    ResidentTree tree = new ResidentTree(pool, image.config().dimensions());
    try {
      tree.build(workers, batch, image);
    } catch (RuntimeException | Error e) {
      tree.close();
      throw e;
    }
    return tree;
  }

  private void build(Workers workers, Poseidon2Batch batch, MemoryImage image) {
    long[] leaves = new long[1];
    image.forEachPage(
        (addressSpace, firstPointer, memory, offset, cells) -> {
          for (int c = 0; c < cells; c += CHUNK) {
            leaves[0] += isZero(memory, offset + 4L * c) ? 0 : 1;
          }
        });
    if (leaves[0] == 0) {
      return;
    }
    requireNodes(leaves[0]);
    ensureRecords(leaves[0]);
    image.forEachPage(
        (addressSpace, firstPointer, memory, offset, cells) -> {
          for (int c = 0; c < cells; c += CHUNK) {
            long at = offset + 4L * c;
            if (!isZero(memory, at)) {
              append(0, dimensions.leafIndex(addressSpace, (firstPointer + c) / CHUNK));
              MemorySegment.copy(memory, at, records.segment(), digestAt(size - 1), 4L * CHUNK);
            }
          }
        });
    hashLeaves(workers, batch);
    int first = 0;
    for (int height = 1; height < zeroDigests.length; height++) {
      int next = size;
      appendParents(height, first, next);
      hashParents(workers, batch, height, next);
      first = next;
    }
    ensureSlots(size);
  }

  private static boolean isZero(MemorySegment memory, long at) {
    long any = 0;
    for (int i = 0; i < 4 * CHUNK; i += 8) {
      any |= memory.get(IntBuffer64.PAIR, at + i);
    }
    return any == 0;
  }

  /** Replaces the cells of all leaves, which lie in place of their digests. */
  private void hashLeaves(Workers workers, Poseidon2Batch batch) {
    MemorySegment memory = records.segment();
    workers.forRange(
        size,
        BATCH,
        (from, to) -> {
          int count = (int) (to - from);
          int[] inputs = new int[count * PAIR];
          int[] digests = new int[count * DIGEST];
          for (int i = 0; i < count; i++) {
            loadDigest(memory, (int) from + i, inputs, i * PAIR);
            BabyBear.toMontgomery(inputs, i * PAIR, inputs, i * PAIR, CHUNK);
          }
          batch.compress(inputs, 0, digests, 0, count);
          for (int i = 0; i < count; i++) {
            storeDigest(memory, (int) from + i, digests, i * DIGEST);
          }
        });
  }

  /** Appends the parents of adjacent records; in place of the digest, the numbers of children. */
  private void appendParents(int height, int first, int end) {
    ensureRecords(size + (end - first));
    MemorySegment memory = records.segment();
    int child = first;
    while (child < end) {
      long index = index(key(memory, child));
      boolean isRight = (index & 1) != 0;
      boolean pair = !isRight && child + 1 < end && index(key(memory, child + 1)) == index + 1;
      append(height, index >>> 1);
      long at = digestAt(size - 1);
      memory.set(IntBuffer64.WORD, at, isRight ? ABSENT : child);
      memory.set(IntBuffer64.WORD, at + 4, pair ? child + 1 : isRight ? child : ABSENT);
      child += pair ? 2 : 1;
    }
  }

  private void hashParents(Workers workers, Poseidon2Batch batch, int height, int first) {
    MemorySegment memory = records.segment();
    int[] zero = zeroDigests[height - 1];
    workers.forRange(
        size - first,
        BATCH,
        (from, to) -> {
          int count = (int) (to - from);
          int[] inputs = new int[count * PAIR];
          int[] digests = new int[count * DIGEST];
          for (int i = 0; i < 2 * count; i++) {
            long at = digestAt(first + (int) from + i / 2) + 4L * (i & 1);
            int child = memory.get(IntBuffer64.WORD, at);
            if (child == ABSENT) {
              System.arraycopy(zero, 0, inputs, i * DIGEST, DIGEST);
            } else {
              loadDigest(memory, child, inputs, i * DIGEST);
            }
          }
          batch.compress(inputs, 0, digests, 0, count);
          for (int i = 0; i < count; i++) {
            storeDigest(memory, first + (int) from + i, digests, i * DIGEST);
          }
        });
  }

  // ------------------------------------------------------------------ records

  private static long key(int height, long index) {
    return ((long) height << HEIGHT_SHIFT) | index;
  }

  private static long index(long key) {
    return key & INDEX_MASK;
  }

  private static long key(MemorySegment memory, int node) {
    return memory.get(IntBuffer64.PAIR, RECORD_BYTES * node);
  }

  private static long digestAt(int node) {
    return RECORD_BYTES * node + DIGEST_AT;
  }

  private static void loadDigest(MemorySegment memory, int node, int[] out, int offset) {
    MemorySegment.copy(memory, IntBuffer64.WORD, digestAt(node), out, offset, DIGEST);
  }

  private static void storeDigest(MemorySegment memory, int node, int[] in, int offset) {
    MemorySegment.copy(in, offset, memory, IntBuffer64.WORD, digestAt(node), DIGEST);
  }

  private void ensureRecords(long count) {
    records.ensure(RECORD * count, (long) RECORD * size);
  }

  private void append(int height, long index) {
    records.segment().set(IntBuffer64.PAIR, RECORD_BYTES * size, key(height, index));
    size++;
  }

  // ------------------------------------------------------------------ table

  private int slot(long key) {
    long mixed = (key >>> NEIGHBOUR_BITS) * multiplier;
    int group = (int) (mixed >>> (Long.numberOfLeadingZeros(slotCount - 1L) + NEIGHBOUR_BITS));
    return (group << NEIGHBOUR_BITS) | ((int) key & ((1 << NEIGHBOUR_BITS) - 1));
  }

  /** Number of a node, or {@link #ABSENT}. */
  private int find(long key) {
    if (slotCount == 0) {
      return ABSENT;
    }
    for (int slot = slot(key); ; slot = (slot + 1) & (slotCount - 1)) {
      int node = slots.get(IntBuffer64.WORD, 4L * slot) - 1;
      if (node < 0 || key(records.segment(), node) == key) {
        return node;
      }
    }
  }

  private void insert(int node) {
    int slot = slot(key(records.segment(), node));
    while (slots.get(IntBuffer64.WORD, 4L * slot) != 0) {
      slot = (slot + 1) & (slotCount - 1);
    }
    slots.set(IntBuffer64.WORD, 4L * slot, node + 1);
  }

  private static void requireNodes(long nodes) {
    if (nodes > MAX_NODES) {
      throw new IllegalStateException(
          "the memory tree would have at least "
              + nodes
              + " nodes; the limit is "
              + MAX_NODES
              + ", use a smaller image");
    }
  }

  /** Makes room for nodes in the table. */
  private void ensureSlots(long nodes) {
    long wanted = Long.highestOneBit(Math.max(MIN_SLOTS / 2, nodes) - 1) << 2;
    if (wanted <= slotCount) {
      return;
    }
    requireNodes(nodes);
    MemorySegment bigger = pool.acquire(4 * wanted);
    releaseSlots();
    slots = bigger.fill((byte) 0);
    slotCount = (int) wanted;
    for (int node = 0; node < size; node++) {
      insert(node);
    }
  }

  private void releaseSlots() {
    if (slotCount > 0) {
      pool.release(slots);
    }
    slots = MemorySegment.NULL;
    slotCount = 0;
  }

  // ------------------------------------------------------------------ nodes

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this memory tree is closed");
    }
  }

  /**
   * Returns the shape of the tree.
   *
   * @return its dimensions
   */
  public MemoryDimensions dimensions() {
    return dimensions;
  }

  /**
   * Returns how many nodes are kept.
   *
   * @return nodes
   */
  public int size() {
    return size;
  }

  @Override
  public int[] root() {
    checkOpen();
    int[] root = new int[DIGEST];
    load(dimensions.overallHeight(), 0, root, 0);
    BabyBear.fromMontgomery(root, 0, root, 0, DIGEST);
    return root;
  }

  /** Copies the digest of a node in Montgomery form. */
  void load(int height, long index, int[] out, int offset) {
    int node = find(key(height, index));
    if (node == ABSENT) {
      System.arraycopy(zeroDigests[height], 0, out, offset, DIGEST);
    } else {
      loadDigest(records.segment(), node, out, offset);
    }
  }

  /** Whether a node is kept. */
  boolean has(int height, long index) {
    return find(key(height, index)) != ABSENT;
  }

  /** Makes room for more nodes, so that {@link #put} cannot fail. */
  void reserve(long more) {
    checkOpen();
    ensureSlots(size + more);
    ensureRecords(size + more);
  }

  /** Replaces or adds a digest in Montgomery form; room for it was reserved. */
  void put(int height, long index, int[] digest, int offset) {
    int node = find(key(height, index));
    if (node == ABSENT) {
      node = size;
      append(height, index);
      insert(node);
    }
    storeDigest(records.segment(), node, digest, offset);
  }

  /**
   * Copies all nodes as records of 10 words: {@code height << 58 | index} in two of them, the
   * digest in Montgomery form in eight. Their order is arbitrary.
   *
   * @return read-only memory, valid until the tree changes
   */
  public MemorySegment nodes() {
    checkOpen();
    return records.segment().asSlice(0, RECORD_BYTES * size).asReadOnly();
  }

  /**
   * Makes a tree of records as {@link #nodes()} gives them.
   *
   * @param pool where memory comes from and returns to
   * @param dimensions shape of the tree
   * @param nodes the records
   * @return a new tree, owned by the caller
   * @throws IllegalArgumentException at the first record that is no node of such a tree, or the
   *     second of a node, or has a digest that is not below p
   */
  public static ResidentTree ofNodes(
      BufferPool pool, MemoryDimensions dimensions, MemorySegment nodes) {
    ResidentTree tree = new ResidentTree(pool, dimensions);
    try {
      tree.addAll(nodes);
    } catch (RuntimeException | Error e) {
      tree.close();
      throw e;
    }
    return tree;
  }

  private void addAll(MemorySegment nodes) {
    long count = nodes.byteSize() / RECORD_BYTES;
    reserve(count);
    int[] digest = new int[DIGEST];
    for (int node = 0; node < count; node++) {
      long key = key(nodes, node);
      int height = (int) (key >>> HEIGHT_SHIFT);
      loadDigest(nodes, node, digest, 0);
      boolean legal =
          height <= dimensions.overallHeight()
              && index(key) >>> (dimensions.overallHeight() - height) == 0
              && find(key) == ABSENT
              && Arrays.stream(digest).allMatch(BabyBear::isCanonical);
      if (!legal) {
        throw new IllegalArgumentException(
            "node %d, of height %d and index %d, is not legal".formatted(node, height, index(key)));
      }
      put(height, index(key), digest, 0);
    }
  }

  /**
   * Says whether another tree has the same digests, wherever either keeps a node.
   *
   * @param other a tree of the same dimensions
   * @return true if no node differs
   */
  public boolean sameDigests(ResidentTree other) {
    return covers(other) && other.covers(this);
  }

  private boolean covers(ResidentTree other) {
    int[] here = new int[DIGEST];
    int[] there = new int[DIGEST];
    for (int node = 0; node < other.size; node++) {
      long key = key(other.records.segment(), node);
      load((int) (key >>> HEIGHT_SHIFT), index(key), here, 0);
      loadDigest(other.records.segment(), node, there, 0);
      if (!Arrays.equals(here, there)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public ResidentTree onHost() {
    return this;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      releaseSlots();
      records.release();
      size = 0;
    }
  }
}
