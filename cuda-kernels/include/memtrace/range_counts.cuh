// SPDX-License-Identifier: Apache-2.0
// Requests to the range checker, counted by strips.
//
// Real logs hit a few keys millions of times. So a thread takes a strip of rows and adds to the table only when the key
// changes; and the table has several copies, chosen by strip. A strip is every 32nd row of a tile of 2048 rows:
// neighbouring threads read neighbouring rows.
//
// A count is below 2^32: five adapters of at most 2^27 rows request two keys a row, the volatile boundary five a row,
// and each of at most 2^29 accesses two.
#pragma once

#include "memtrace/arguments.cuh"
#include "memtrace/bits.cuh"
#include "memtrace/fault.cuh"
#include "memtrace/kernel.cuh"

namespace memtrace {

constexpr std::uint64_t STRIPS_OF_TILE = 32;
constexpr std::uint64_t ROWS_OF_STRIP = 64;

// Threads that count `rows` rows.
constexpr std::uint64_t range_count_items(std::uint64_t rows) {
  constexpr std::uint64_t tile = STRIPS_OF_TILE * ROWS_OF_STRIP;
  return (rows + tile - 1) / tile * STRIPS_OF_TILE;
}
static_assert(range_count_items(0) == 0 && range_count_items(2048) == 32 && range_count_items(2049) == 64);

// Calls body(row) for the rows of a strip.
template <class Body>
MEMTRACE_DEVICE void for_each_row(std::uint64_t strip, std::uint64_t rows, const Body& body) {
  std::uint64_t tile = strip / STRIPS_OF_TILE * (STRIPS_OF_TILE * ROWS_OF_STRIP);
  for (std::uint64_t i = 0; i < ROWS_OF_STRIP; i++) {
    std::uint64_t row = tile + i * STRIPS_OF_TILE + strip % STRIPS_OF_TILE;
    if (row < rows) {
      body(row);
    }
  }
}

// Counts a sequence of keys in one copy of the table.
class KeyCounter {
 public:
  MEMTRACE_DEVICE KeyCounter(const RangeTable& table, std::uint64_t strip, std::uint64_t* fault)
      : counts_(table.counts + (strip % table.copies << (table.limb_bits + 1))),
        limb_bits_(static_cast<std::uint32_t>(table.limb_bits)),
        fault_(fault) {}

  // Requests (value, bits).
  MEMTRACE_DEVICE void add(std::uint32_t value, std::uint32_t bits) {
    if (bits > limb_bits_ || value >> bits != 0) {
      raise(fault_, FaultKind::RANGE_KEY, bits, value);
      return;
    }
    std::uint32_t row = (1u << bits) + value;
    if (row != row_) {
      flush();
      row_ = row;
    }
    pending_++;
  }

  // Must be called at the end.
  MEMTRACE_DEVICE void flush() {
    if (pending_ != 0) {
      atomic_add(counts_ + row_, pending_);
      pending_ = 0;
    }
  }

 private:
  std::uint32_t* counts_;
  std::uint32_t limb_bits_;  // at most 26
  std::uint64_t* fault_;
  std::uint32_t row_ = 0;
  std::uint32_t pending_ = 0;
};

// Counts numbers of b bits in two limbs: the low one of min(b, limb_bits), the high one of the rest.
class LimbCounter {
 public:
  MEMTRACE_DEVICE LimbCounter(const RangeTable& table, std::uint64_t bits, std::uint64_t strip, std::uint64_t* fault)
      : low_(table, strip, fault),
        high_(table, strip, fault),
        low_bits_(static_cast<std::uint32_t>(bits < table.limb_bits ? bits : table.limb_bits)),
        high_bits_(static_cast<std::uint32_t>(bits) - low_bits_) {}

  MEMTRACE_DEVICE void add_limbs(std::uint32_t low, std::uint32_t high) {
    low_.add(low, low_bits_);
    high_.add(high, high_bits_);
  }

  MEMTRACE_DEVICE void add(std::uint32_t value) { add_limbs(value & low_bits(low_bits_), value >> low_bits_); }

  MEMTRACE_DEVICE void flush() {
    low_.flush();
    high_.flush();
  }

 private:
  KeyCounter low_;
  KeyCounter high_;
  std::uint32_t low_bits_;
  std::uint32_t high_bits_;
};

}  // namespace memtrace
