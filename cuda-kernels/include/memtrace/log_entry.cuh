// SPDX-License-Identifier: Apache-2.0
// Log entries, packed as by dev.memtrace.log.LogHeader: bits 0-30 pointer, immediate value or amount; 31-59 address
// space; 60-62 log2 of the cells; 63 write, with address space 0 clock increment.
#pragma once

#include "memtrace/arguments.cuh"
#include "memtrace/kernel.cuh"

namespace memtrace {

struct LogEntry {
  std::uint64_t header;

  // First cell, immediate value, or amount of an increment.
  MEMTRACE_DEVICE std::uint32_t pointer() const { return static_cast<std::uint32_t>(header) & 0x7FFFFFFFu; }

  MEMTRACE_DEVICE std::uint32_t space() const { return static_cast<std::uint32_t>(header >> 31) & 0x1FFFFFFFu; }

  MEMTRACE_DEVICE std::uint32_t size() const { return 1u << (static_cast<std::uint32_t>(header >> 60) & 7u); }

  MEMTRACE_DEVICE bool writes_or_increments() const { return header >> 63 != 0; }

  MEMTRACE_DEVICE bool is_increment() const { return writes_or_increments() && space() == 0; }

  MEMTRACE_DEVICE bool is_write() const { return writes_or_increments() && space() != 0; }

  // Whether it touches memory: neither an immediate nor an increment.
  MEMTRACE_DEVICE bool touches() const { return space() != 0; }

  // Whether two accesses have the same range.
  MEMTRACE_DEVICE bool same_range(LogEntry other) const { return (header ^ other.header) << 1 == 0; }

  // Words of its record: log index, timestamp, previous timestamp, length, data, and of a write the previous data.
  MEMTRACE_DEVICE std::uint32_t record_words() const {
    return is_increment() ? 0 : 4 + (writes_or_increments() ? 2 * size() : size());
  }
};

// Words of an access's auxiliary columns.
constexpr std::uint32_t AUX_WORDS = 5;

MEMTRACE_DEVICE std::uint32_t timestamp(const Log& log, std::uint64_t entry) { return 1 + log.ticks[entry]; }

}  // namespace memtrace
