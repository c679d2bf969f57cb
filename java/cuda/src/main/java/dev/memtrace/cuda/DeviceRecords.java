// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.log.LogSegment;
import dev.memtrace.periphery.MemoryReadOrImmediateAuxCols;

/** Makes records and auxiliary columns of a replayed log on the device. */
final class DeviceRecords {
  private final CudaStream stream;
  private final MemoryConfig config;
  private final DeviceReplay replay;
  private final Arguments.Image image;

  DeviceRecords(
      CudaStream stream, MemoryConfig config, DeviceReplay replay, Arguments.Image image) {
    this.stream = stream;
    this.config = config;
    this.replay = replay;
    this.image = image;
  }

  /**
   * Makes the records of one log segment.
   *
   * @param owner owns the result
   * @param segment the segment
   * @return {@link LogSegment#recordWords()} words
   */
  DeviceBuffer records(DeviceScope owner, LogSegment segment) {
    long entries = segment.entries();
    DeviceBuffer out = owner.allocate(4 * segment.recordWords(), "records");
    if (entries == 0) {
      return out;
    }
    try (DeviceScope temporary = new DeviceScope(stream)) {
      DeviceBuffer words = temporary.allocate(4 * entries, "sizes of records");
      DeviceBuffer offsets = temporary.allocate(8 * entries, "offsets of records");
      launch(
          "record_sizes",
          Arguments.items(entries)
              .add(segment.firstEntry())
              .add(replay.history().log().headers())
              .add(words));
      stream
          .device()
          .algorithms()
          .exclusiveSumLong(stream, words.address(), offsets.address(), entries);
      launch(
          "fill_records",
          Arguments.items(entries)
              .add(segment.firstEntry())
              .add(replay.history())
              .add(image)
              .add(offsets)
              .add(0)
              .add(out)
              .add(segment.recordWords())
              .add(replay.faultAddress()));
    }
    return out;
  }

  /**
   * Makes the auxiliary columns of all accesses.
   *
   * @param owner owns the result
   * @param entries entries of the log
   * @param accesses how many of them are accesses
   * @return five words an access
   */
  DeviceBuffer auxColumns(DeviceScope owner, long entries, long accesses) {
    long words = MemoryReadOrImmediateAuxCols.WIDTH * accesses;
    DeviceBuffer out = owner.allocate(4 * words, "auxiliary columns");
    DeviceBuffer headers = replay.history().log().headers();
    try (DeviceScope temporary = new DeviceScope(stream)) {
      DeviceBuffer ranks = temporary.allocate(4 * entries, "ranks of accesses");
      launch("access_flags", Arguments.items(entries).add(0).add(headers).add(ranks));
      stream.device().algorithms().exclusiveSum(stream, ranks.address(), ranks.address(), entries);
      launch(
          "fill_aux",
          Arguments.items(entries)
              .add(0)
              .add(replay.history())
              .add(ranks)
              .add(0)
              .add(out)
              .add(words)
              .add(config.rangeMaxBits())
              .add(replay.faultAddress()));
    }
    return out;
  }

  /** Counts the range checks of the auxiliary columns of all accesses. */
  void countAux(long entries, DeviceRangeCounts counts) {
    launch(
        "count_aux_ranges",
        Arguments.items(DeviceRangeCounts.items(entries))
            .add(entries)
            .add(0)
            .add(replay.history())
            .add(config.clkMaxBits())
            .add(counts.table())
            .add(replay.faultAddress()));
  }

  private void launch(String kernel, Arguments arguments) {
    stream.launch(stream.device().kernel(kernel), arguments.words());
  }
}
