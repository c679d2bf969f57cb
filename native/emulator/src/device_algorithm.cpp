// SPDX-License-Identifier: Apache-2.0
#include "device_algorithm.h"

#include <utility>

#include "state.h"

namespace memtrace::emulator {

CUresult enqueue_algorithm(const char* name, void* stream_handle, const std::vector<AddressRange>& ranges,
                           std::function<void()> work) noexcept {
  return context_call(name, [&](State& state, Context& context) {
    std::shared_ptr<Stream> stream = find_stream(context, static_cast<CUstream>(stream_handle));
    if (stream == nullptr) {
      return CUDA_ERROR_INVALID_HANDLE;
    }
    std::vector<DeviceRange> found;
    for (const AddressRange& range : ranges) {
      if (range.bytes == 0) {
        continue;
      }
      found.push_back(context.memory.find(reinterpret_cast<CUdeviceptr>(range.begin), range.bytes));
      if (!found.back()) {
        return CUDA_ERROR_INVALID_VALUE;
      }
    }
    enqueue_kernel(state, context, stream, name, [found = std::move(found), work = std::move(work)] {
      for (const DeviceRange& range : found) {
        if (!range.live()) {
          return CUDA_ERROR_ILLEGAL_ADDRESS;
        }
      }
      work();
      return CUDA_SUCCESS;
    });
    return CUDA_SUCCESS;
  });
}

}  // namespace memtrace::emulator
