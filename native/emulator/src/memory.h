// SPDX-License-Identifier: Apache-2.0
// Device memory and pinned host memory. Both are ordinary host memory of exactly the size asked for, so that AddressSanitizer sees every
// access outside; fresh memory holds a pattern that no program expects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "driver_api.h"

namespace memtrace::emulator {

// Each byte of memory that nothing has written to: not zero, and as a word not a BabyBear element.
constexpr unsigned char FRESH_MEMORY = 0xA5;

// A device allocation. Two clocks run: the program has `released` it from the call that frees it on, the stream may get there later.
struct Allocation {
  enum class Stage { PENDING, LIVE, FREED };

  void* memory = nullptr;
  std::uint64_t bytes = 0;
  Stage stage = Stage::PENDING;
  bool released = false;
  bool stream_ordered = false;

  std::uint64_t address() const { return reinterpret_cast<std::uint64_t>(memory); }
  void open();  // the stream has reached the allocation: fills it with the pattern
};

// Part of one allocation.
struct DeviceRange {
  std::shared_ptr<Allocation> allocation;
  std::uint64_t offset = 0;

  unsigned char* data() const { return static_cast<unsigned char*>(allocation->memory) + offset; }
  bool live() const { return allocation->stage == Allocation::Stage::LIVE; }
  explicit operator bool() const { return allocation != nullptr; }
};

class DeviceMemory {
 public:
  // Null if the host has no memory.
  std::shared_ptr<Allocation> allocate(std::uint64_t bytes, bool stream_ordered);

  // The range if it lies in one allocation that the program has not released, else an empty one.
  DeviceRange find(CUdeviceptr pointer, std::uint64_t bytes) const;

  // The allocation that an address lies in, or ends, on the stream's clock; null if there is none.
  const Allocation* live_at(std::uint64_t address) const;

  void release(Allocation& allocation);                      // the program's clock
  void free(const std::shared_ptr<Allocation>& allocation);  // the stream's clock
  void free_all();

  std::uint64_t used() const { return used_; }    // bytes not released
  std::uint64_t held() const { return held_; }    // bytes not freed
  std::uint64_t count() const { return count_; }  // allocations not released
  std::uint64_t peak() const { return peak_; }
  void reset_peak() { peak_ = used_; }

 private:
  std::map<std::uint64_t, std::shared_ptr<Allocation>> allocations_;  // by address, until freed
  std::uint64_t used_ = 0;
  std::uint64_t held_ = 0;
  std::uint64_t count_ = 0;
  std::uint64_t peak_ = 0;
};

struct Pinned {
  void* memory = nullptr;
  std::uint64_t bytes = 0;
  bool freed = false;

  void free();
};

}  // namespace memtrace::emulator
