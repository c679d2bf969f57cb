// SPDX-License-Identifier: Apache-2.0
// Events: made in log order, linked and given their values in sorted order.
#include "memtrace/arguments.cuh"
#include "memtrace/events.cuh"
#include "memtrace/fault.cuh"
#include "memtrace/geometry.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/log_entry.cuh"

namespace memtrace {

MEMTRACE_KERNEL(event_keys, EventKeysArguments) {
  LogEntry entry{arguments.log.headers[item]};
  if (*arguments.count > arguments.capacity || !entry.touches()) {
    return;
  }
  Access access = access_of(arguments.geometry, entry);
  std::uint64_t slot = arguments.log.event_offsets[item];
  for (std::uint32_t cell = access.pointer; cell < access.end(); cell += 1u << access.bits_at(cell)) {
    std::uint64_t key = address(arguments.geometry, access.space, cell);
    if (arguments.ordinals == nullptr) {
      key = key << arguments.ordinal_bits | item;
    } else {
      arguments.ordinals[slot] = static_cast<std::uint32_t>(item);
    }
    arguments.keys[slot++] = key;
  }
}

MEMTRACE_KERNEL(positions, PositionsArguments) {
  const EventKeys& sorted = arguments.sorted;
  std::uint32_t j = static_cast<std::uint32_t>(item);
  std::uint32_t last_write = 0;
  std::uint32_t written = 0;
  if (j < event_count(sorted)) {
    std::uint64_t where = event_address(sorted, j);
    std::uint32_t entry = event_entry(sorted, j);
    std::uint32_t offset = 0;
    LogEntry header{0};
    if (entry < arguments.entries) {
      header = {arguments.log.headers[entry]};
      offset = pointer_at(arguments.geometry, where) - header.pointer();
    }
    if (!header.touches() || offset >= header.size()) {
      raise(arguments.fault, FaultKind::EVENT_MISMATCH, j, sorted.keys[j]);
    } else {
      Access access = access_of(arguments.geometry, header);
      std::uint64_t slot = std::uint64_t{arguments.log.event_offsets[entry]} + access.event_at(access.pointer + offset);
      bool is_first = j == 0 || event_address(sorted, j - 1) != where;
      Link{j, is_first ? 0 : event_entry(sorted, j - 1) + 1}.store(arguments.links, slot);
      if (header.is_write()) {
        last_write = j + 1;
        written = arguments.log.cell_offsets[entry] + offset + 1;
      }
    }
  }
  arguments.last_write[j] = last_write;
  arguments.written[j] = written;
}

MEMTRACE_KERNEL(value_sources, ValueSourcesArguments) {
  std::uint32_t j = static_cast<std::uint32_t>(item);
  std::uint32_t write = arguments.values[j];
  bool reaches = j < event_count(arguments.sorted) && write != 0 &&
                 event_address(arguments.sorted, write - 1) == event_address(arguments.sorted, j);
  arguments.values[j] = reaches ? arguments.written[write - 1] : 0;
}

}  // namespace memtrace
