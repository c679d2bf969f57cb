// SPDX-License-Identifier: Apache-2.0
// The emulated device of a target.
#pragma once

#include <cstring>
#include <vector>

#include "driver_api.h"
#include "input.h"
#include "memtrace/emulator.h"

namespace memtrace::fuzz {

// A current context of a driver in its first state. Whatever is live at the end is released with the context.
class Device {
 public:
  Device() {
    memtrace_emulator_reset();
    REQUIRE_EQUAL(cuInit(0), CUDA_SUCCESS);
    CUcontext context = nullptr;
    REQUIRE_EQUAL(cuDevicePrimaryCtxRetain(&context, 0), CUDA_SUCCESS);
    REQUIRE_EQUAL(cuCtxSetCurrent(context), CUDA_SUCCESS);
  }

  ~Device() {
    REQUIRE_EQUAL(cuDevicePrimaryCtxRelease_v2(0), CUDA_SUCCESS);
    for (const char* kind : {"device_allocations", "device_bytes", "pinned_allocations", "streams", "events", "modules", "contexts"}) {
      REQUIRE_EQUAL(memtrace_emulator_live(kind), 0);
    }
  }

  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
};

// Device memory of exactly so many words, and of one byte more than none.
template <typename T>
CUdeviceptr upload(const std::vector<T>& words) {
  CUdeviceptr pointer = 0;
  REQUIRE_EQUAL(cuMemAlloc_v2(&pointer, words.empty() ? 1 : words.size() * sizeof(T)), CUDA_SUCCESS);
  REQUIRE_EQUAL(cuMemcpyHtoD_v2(pointer, words.data(), words.size() * sizeof(T)), CUDA_SUCCESS);
  return pointer;
}

template <typename T>
std::vector<T> download(CUdeviceptr pointer, std::size_t n) {
  std::vector<T> words(n);
  REQUIRE_EQUAL(cuMemcpyDtoH_v2(words.data(), pointer, n * sizeof(T)), CUDA_SUCCESS);
  return words;
}

}  // namespace memtrace::fuzz
