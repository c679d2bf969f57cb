// SPDX-License-Identifier: Apache-2.0
// Records of accesses: log index, timestamp, previous timestamp, length, data, and of a write the previous data.
#include "memtrace/arguments.cuh"
#include "memtrace/cell_values.cuh"
#include "memtrace/events.cuh"
#include "memtrace/fault.cuh"
#include "memtrace/geometry.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/log_entry.cuh"
#include "memtrace/previous_timestamp.cuh"

namespace memtrace {

MEMTRACE_KERNEL(record_sizes, RecordSizesArguments) {
  arguments.words[item] = LogEntry{arguments.headers[arguments.first + item]}.record_words();
}

MEMTRACE_KERNEL(fill_records, FillRecordsArguments) {
  const History& history = arguments.history;
  std::uint64_t index = arguments.first + item;
  LogEntry entry{history.log.headers[index]};
  if (entry.is_increment()) {
    return;
  }
  std::uint64_t at = arguments.offsets[item] - arguments.base;
  if (at + entry.record_words() > arguments.room) {
    raise(arguments.fault, FaultKind::OUTSIDE_BUFFER, index, at);
    return;
  }
  std::uint32_t* out = arguments.out + at;
  *out++ = static_cast<std::uint32_t>(index);
  *out++ = timestamp(history.log, index);
  *out++ = previous_timestamp(history, index);
  *out++ = entry.size();
  if (!entry.touches()) {
    *out = entry.pointer();
    return;
  }
  if (entry.is_write()) {
    const std::uint32_t* data = history.log.cells + history.log.cell_offsets[index];
    for (std::uint32_t i = 0; i < entry.size(); i++) {
      *out++ = data[i];
    }
  }
  Access access = access_of(history.geometry, entry);
  std::uint64_t slot = history.log.event_offsets[index];
  for (std::uint32_t cell = access.pointer; cell < access.end(); slot++) {
    std::uint32_t bits = access.bits_at(cell);
    std::uint32_t source = Link::load(history.events.links, slot).source();
    const std::uint32_t* values = granule_values(history, arguments.image, source, access.space, cell, bits);
    for (std::uint32_t i = 0; i < 1u << bits; i++) {
      *out++ = values == nullptr ? 0 : values[i];
    }
    cell += 1u << bits;
  }
}

}  // namespace memtrace
