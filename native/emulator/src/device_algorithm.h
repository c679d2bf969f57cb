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
  // For results whose size depends on the data: the bytes that the work is about to need, asked for when its inputs are there.
  std::function<std::uint64_t()> needed = nullptr;
};

// Counts the call under the algorithm's name, checks that every range lies in a live allocation (CUDA_ERROR_INVALID_VALUE), and enqueues
// the work as a kernel of that name, which ends in CUDA_ERROR_ILLEGAL_ADDRESS if a range has been freed or needs more bytes than
// its allocation has. Empty ranges may lie anywhere.
std::int32_t enqueue_algorithm(const char* name, void* stream, const std::vector<AddressRange>& ranges,
                               std::function<void()> work) noexcept;

}  // namespace memtrace::emulator
