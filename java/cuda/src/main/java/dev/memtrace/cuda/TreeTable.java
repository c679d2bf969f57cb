// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.security.SecureRandom;

/**
 * The nodes of a memory tree on the device, as an open-addressing hash table of which at most half
 * is taken: {@code memtrace::ResidentTree}. A node that is absent is a zero subtree.
 */
final class TreeTable implements AutoCloseable {
  static final long DIGEST_BYTES = 32;

  /** Key and digest. */
  private static final long SLOT_BYTES = 8 + DIGEST_BYTES;

  private static final SecureRandom SEEDS = new SecureRandom();

  private final DeviceScope scope;
  private final DeviceBuffer keys;
  private final DeviceBuffer digests;
  private final DeviceBuffer count;
  private final int slotBits;
  private final long seed = SEEDS.nextLong();

  /** Taken slots, as far as the host knows. */
  private long nodes;

  /**
   * Makes an empty table.
   *
   * @param stream on which its memory is allocated and cleared
   * @param room nodes that it can take
   */
  TreeTable(CudaStream stream, long room) {
    this.scope = new DeviceScope(stream);
    this.slotBits = slotBits(room);
    try {
      this.keys = scope.allocateZeroed(8L << slotBits, "keys of the memory tree");
      this.digests = scope.allocate(DIGEST_BYTES << slotBits, "digests of the memory tree");
      this.count = scope.allocateZeroed(8, "number of nodes of the memory tree");
    } catch (RuntimeException | Error e) {
      Closing.after(e, scope::close);
      throw e;
    }
  }

  private static int slotBits(long room) {
    return Math.max(1, Long.SIZE - Long.numberOfLeadingZeros(2 * room - 1));
  }

  /** Device memory of a table. */
  static long bytes(long room) {
    return SLOT_BYTES << slotBits(room);
  }

  Arguments.ResidentTree arguments() {
    return new Arguments.ResidentTree(keys, digests, slotBits, seed, count);
  }

  long slots() {
    return 1L << slotBits;
  }

  DeviceBuffer keys() {
    return keys;
  }

  DeviceBuffer digests() {
    return digests;
  }

  /** One word: how many slots are taken. */
  DeviceBuffer count() {
    return count;
  }

  /** Taken slots. */
  long nodes() {
    return nodes;
  }

  /** Takes note of the number of taken slots, once it was read. */
  void setNodes(long read) {
    nodes = read;
  }

  boolean hasRoomFor(long more) {
    return 2 * (nodes + more) <= slots();
  }

  @Override
  public void close() {
    scope.close();
  }
}
