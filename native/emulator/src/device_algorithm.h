// SPDX-License-Identifier: Apache-2.0
// How the device algorithms of the host enter a stream of the emulator.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace memtrace::emulator {

struct AddressRange {
  const void* begin;
  std::uint64_t bytes;
};

// Counts the call under the algorithm's name, checks that every range lies in a live allocation (CUDA_ERROR_INVALID_VALUE), and enqueues
// the work as a kernel of that name. Empty ranges may lie anywhere.
std::int32_t enqueue_algorithm(const char* name, void* stream, const std::vector<AddressRange>& ranges,
                               std::function<void()> work) noexcept;

}  // namespace memtrace::emulator
