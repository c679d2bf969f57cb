// SPDX-License-Identifier: Apache-2.0
#include "device_algorithm.h"

#include <algorithm>
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
    struct Checked {
      DeviceRange range;
      std::function<std::uint64_t()> needed;
    };
    std::vector<Checked> found;
    for (const AddressRange& range : ranges) {
      if (range.bytes == 0) {
        continue;
      }
      found.push_back({context.memory.find(reinterpret_cast<CUdeviceptr>(range.begin), range.bytes), range.needed});
      if (!found.back().range) {
        return CUDA_ERROR_INVALID_VALUE;
      }
    }
    enqueue_kernel(state, context, stream, name, [found = std::move(found), work = std::move(work)] {
      bool live = std::all_of(found.begin(), found.end(), [](const Checked& checked) { return checked.range.live(); });
      bool fits = live && std::all_of(found.begin(), found.end(), [](const Checked& checked) {
        return checked.needed == nullptr || checked.needed() <= checked.range.allocation->bytes - checked.range.offset;
      });
      if (!fits) {
        return CUDA_ERROR_ILLEGAL_ADDRESS;
      }
      work();
      return CUDA_SUCCESS;
    });
    return CUDA_SUCCESS;
  });
}

}  // namespace memtrace::emulator
