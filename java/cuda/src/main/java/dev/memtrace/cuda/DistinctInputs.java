// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.backend.DeviceMemoryException;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;
import java.util.function.LongSupplier;

/**
 * Finds the distinct inputs among those that the rows of a boundary and of a Merkle trace claim, on
 * the device: requests are grouped by a fingerprint under a secret seed, and each is compared with
 * the first of its group.
 */
final class DistinctInputs {
  /** Device code counts requests in 32 bits. */
  private static final long MOST_REQUESTS = 0xFFFF_FFFEL;

  /** A fingerprint has twice the bits that number the requests, and these. */
  private static final int SPARE_BITS = 8;

  /** An attempt fails with a probability below 1 to 2^{@link #SPARE_BITS}. */
  private static final int ATTEMPTS = 16;

  private static final long COUNT = 0;
  private static final long COLLISIONS = 8;

  private DistinctInputs() {}

  /**
   * The requests: the used rows of a boundary in order, then those of a Merkle trace.
   *
   * @param boundary persistent boundary
   * @param boundaryRows its used rows, two for each touched chunk
   * @param merkle Merkle trace
   * @param merkleRows its used rows
   */
  record Requests(
      Arguments.TraceColumns boundary,
      long boundaryRows,
      Arguments.TraceColumns merkle,
      long merkleRows)
      implements Arguments.Group {
    long count() {
      return boundaryRows + merkleRows;
    }

    @Override
    public void addTo(Arguments arguments) {
      arguments.add(boundary).add(boundaryRows).add(merkle);
    }
  }

  /**
   * How requests are grouped; a choice that never changes a result.
   *
   * @param mostBits the most bits of a fingerprint, 1 to 64
   * @param seeds gives a secret seed for each attempt
   */
  record Grouping(int mostBits, LongSupplier seeds) {
    private static final SecureRandom RANDOM = new SecureRandom();

    static Grouping defaults() {
      return new Grouping(Long.SIZE, RANDOM::nextLong);
    }

    int bits(long requests) {
      int indexBits = Long.SIZE - Long.numberOfLeadingZeros(requests);
      return Math.min(mostBits, 2 * indexBits + SPARE_BITS);
    }
  }

  /**
   * Finds the distinct inputs and waits for them.
   *
   * @param backend owns the result until it is closed
   * @param stream where the traces are made
   * @param requests where the inputs are claimed
   * @return the inputs with their multiplicities in the order of first request, closed by the
   *     caller
   * @throws DeviceMemoryException if the device's memory does not suffice; nothing is left behind
   */
  static DeviceInputs of(CudaBackend backend, CudaStream stream, Requests requests) {
    return of(backend, stream, requests, Grouping.defaults());
  }

  static DeviceInputs of(
      CudaBackend backend, CudaStream stream, Requests requests, Grouping grouping) {
    long items = requests.count();
    if (items > MOST_REQUESTS) {
      throw new DeviceMemoryException(
          "this segment makes "
              + items
              + " requests to the Poseidon2 periphery, and the device counts up to "
              + MOST_REQUESTS
              + "; use shorter segments or the CPU backend",
          items * DeviceInputs.ROW_BYTES,
          stream.device().freeMemory());
    }
    try (DeviceScope result = new DeviceScope(stream)) {
      DeviceBuffer inputs;
      try (DeviceScope temporary = new DeviceScope(stream)) {
        DeviceBuffer multiplicities =
            temporary.allocate(4 * items, "multiplicities of Poseidon2 inputs");
        DeviceBuffer order = temporary.allocate(4 * items, "order of Poseidon2 inputs");
        long distinct = group(backend, stream, requests, grouping, multiplicities, order);
        inputs = result.allocate(DeviceInputs.ROW_BYTES * distinct, "distinct Poseidon2 inputs");
        launch(
            stream,
            "distinct_inputs",
            Arguments.items(distinct).add(requests).add(order).add(multiplicities).add(inputs));
        stream.synchronize();
      }
      return DeviceInputs.of(backend, result.release(inputs), items);
    }
  }

  /** Groups the requests, with one seed after the other, and returns how many are distinct. */
  private static long group(
      CudaBackend backend,
      CudaStream stream,
      Requests requests,
      Grouping grouping,
      DeviceBuffer multiplicities,
      DeviceBuffer order) {
    if (requests.count() == 0) {
      return 0;
    }
    try (DeviceBuffer counts = stream.allocate(2 * Long.BYTES, "counts of Poseidon2 inputs")) {
      for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        stream.fill(counts, 0, counts.bytes(), (byte) 0);
        enqueue(stream, requests, grouping, counts, multiplicities, order);
        try (ReadBack read = new ReadBack(stream, backend.pool(), counts.bytes())) {
          read.add(counts, 0, counts.bytes());
          MemorySegment words = read.await();
          if (words.get(IntBuffer64.PAIR, COLLISIONS) == 0) {
            return words.get(IntBuffer64.PAIR, COUNT);
          }
        }
      }
      throw new IllegalStateException(
          "fingerprints of different Poseidon2 inputs were equal under "
              + ATTEMPTS
              + " random seeds; this is a bug of memtrace or of the device");
    }
  }

  /** Enqueues one attempt, up to the counts. */
  private static void enqueue(
      CudaStream stream,
      Requests requests,
      Grouping grouping,
      DeviceBuffer counts,
      DeviceBuffer multiplicities,
      DeviceBuffer order) {
    long items = requests.count();
    DeviceAlgorithms algorithms = stream.device().algorithms();
    try (DeviceScope scope = new DeviceScope(stream)) {
      DeviceBuffer fingerprints = scope.allocate(8 * items, "fingerprints of Poseidon2 inputs");
      DeviceBuffer ordinals = scope.allocate(4 * items, "requests by fingerprint");
      sort(stream, requests, grouping, fingerprints, ordinals);
      DeviceBuffer representatives = scope.allocate(4 * items, "first requests");
      DeviceBuffer firsts = scope.allocate(items, "flags of first requests");
      // The order of the inputs comes last, so its memory serves for the runs.
      launch(stream, "mark_runs", Arguments.items(items).add(fingerprints).add(order));
      algorithms.inclusiveMax(stream, order.address(), order.address(), items);
      launch(
          stream,
          "group_requests",
          Arguments.items(items)
              .add(fingerprints)
              .add(ordinals)
              .add(order)
              .add(representatives)
              .add(multiplicities)
              .add(firsts));
      algorithms.selectFlagged(
          stream, firsts.address(), order.address(), counts.address() + COUNT, items);
      launch(
          stream,
          "compare_requests",
          Arguments.items(items)
              .add(requests)
              .add(representatives)
              .add(counts.address() + COLLISIONS));
    }
  }

  private static void sort(
      CudaStream stream,
      Requests requests,
      Grouping grouping,
      DeviceBuffer fingerprints,
      DeviceBuffer ordinals) {
    long items = requests.count();
    int bits = grouping.bits(items);
    try (DeviceScope temporary = new DeviceScope(stream)) {
      DeviceBuffer unsorted = temporary.allocate(8 * items, "unsorted fingerprints");
      DeviceBuffer unsortedOrdinals = temporary.allocate(4 * items, "requests in order");
      launch(
          stream,
          "request_fingerprints",
          Arguments.items(items)
              .add(requests)
              .add(grouping.seeds().getAsLong())
              .add(bits)
              .add(unsorted)
              .add(unsortedOrdinals));
      stream
          .device()
          .algorithms()
          .sortPairs(
              stream,
              unsorted.address(),
              fingerprints.address(),
              unsortedOrdinals.address(),
              ordinals.address(),
              items,
              0,
              bits);
    }
  }

  private static void launch(CudaStream stream, String kernel, Arguments arguments) {
    stream.launch(stream.device().kernel(kernel), arguments.words());
  }
}
