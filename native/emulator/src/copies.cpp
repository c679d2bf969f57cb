// SPDX-License-Identifier: Apache-2.0
// Copies and fills. Ranges are checked twice: when the program calls, and when the stream gets there.
#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>
#include <vector>

#include "state.h"

using namespace memtrace::emulator;

namespace {

// The host's side of a copy: in pinned memory the device reaches it later, elsewhere the driver stages it at the call.
struct HostRange {
  std::shared_ptr<Pinned> pinned;  // null: pageable
  bool valid = false;
};

HostRange find_host_range(Context& context, const void* pointer, std::uint64_t bytes) {
  auto address = reinterpret_cast<std::uint64_t>(pointer);
  auto after = context.pinned.upper_bound(address);
  if (after != context.pinned.begin()) {
    const std::shared_ptr<Pinned>& pinned = std::prev(after)->second;
    std::uint64_t offset = address - std::prev(after)->first;
    if (offset < pinned->bytes) {
      return {pinned, bytes <= pinned->bytes - offset};
    }
  }
  return {nullptr, pointer != nullptr};
}

void copy_to_device(State& state, Context& context, const std::shared_ptr<Stream>& stream, DeviceRange target, const void* source,
                    std::size_t bytes, const std::shared_ptr<Pinned>& pinned) {
  std::vector<unsigned char> staged;
  if (pinned == nullptr) {
    const auto* begin = static_cast<const unsigned char*>(source);
    staged.assign(begin, begin + bytes);
  }
  Operation copy;
  copy.work = [target, source, bytes, pinned, staged = std::move(staged)] {
    if (!target.live() || (pinned != nullptr && pinned->freed)) {
      return CUDA_ERROR_ILLEGAL_ADDRESS;
    }
    std::memcpy(target.data(), pinned != nullptr ? source : staged.data(), bytes);
    return CUDA_SUCCESS;
  };
  enqueue(state, context, stream, std::move(copy));
  state.counts["bytes_to_device"] += bytes;
}

Point copy_to_host(State& state, Context& context, const std::shared_ptr<Stream>& stream, void* target, DeviceRange source,
                   std::size_t bytes, const std::shared_ptr<Pinned>& pinned) {
  Operation copy;
  copy.work = [target, source, bytes, pinned] {
    if (!source.live() || (pinned != nullptr && pinned->freed)) {
      return CUDA_ERROR_ILLEGAL_ADDRESS;
    }
    std::memcpy(target, source.data(), bytes);
    return CUDA_SUCCESS;
  };
  state.counts["bytes_to_host"] += bytes;
  return enqueue(state, context, stream, std::move(copy));
}

CUresult call_to_device(const char* name, CUdeviceptr target, const void* source, std::size_t bytes, CUstream stream_handle,
                        bool asynchronous) {
  return context_call(name, [&](State& state, Context& context) {
    std::shared_ptr<Stream> stream = find_stream(context, stream_handle);
    if (stream == nullptr) {
      return CUDA_ERROR_INVALID_HANDLE;
    }
    if (bytes == 0) {
      return CUDA_SUCCESS;
    }
    DeviceRange range = context.memory.find(target, bytes);
    HostRange host = find_host_range(context, source, bytes);
    if (!range || !host.valid) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    copy_to_device(state, context, stream, range, source, bytes, host.pinned);
    return asynchronous ? CUDA_SUCCESS : synchronise(state, context, {stream, stream->last});
  });
}

CUresult call_to_host(const char* name, void* target, CUdeviceptr source, std::size_t bytes, CUstream stream_handle,
                      bool asynchronous) {
  return context_call(name, [&](State& state, Context& context) {
    std::shared_ptr<Stream> stream = find_stream(context, stream_handle);
    if (stream == nullptr) {
      return CUDA_ERROR_INVALID_HANDLE;
    }
    if (bytes == 0) {
      return CUDA_SUCCESS;
    }
    DeviceRange range = context.memory.find(source, bytes);
    HostRange host = find_host_range(context, target, bytes);
    if (!range || !host.valid) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    Point end = copy_to_host(state, context, stream, target, range, bytes, host.pinned);
    return asynchronous && host.pinned != nullptr ? CUDA_SUCCESS : synchronise(state, context, end);
  });
}

CUresult call_on_device(const char* name, CUdeviceptr target, CUdeviceptr source, std::size_t bytes, CUstream stream_handle) {
  return context_call(name, [&](State& state, Context& context) {
    std::shared_ptr<Stream> stream = find_stream(context, stream_handle);
    if (stream == nullptr) {
      return CUDA_ERROR_INVALID_HANDLE;
    }
    if (bytes == 0) {
      return CUDA_SUCCESS;
    }
    DeviceRange to = context.memory.find(target, bytes);
    DeviceRange from = context.memory.find(source, bytes);
    bool overlap = target < source + bytes && source < target + bytes;
    if (!to || !from || overlap) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    Operation copy;
    copy.work = [to, from, bytes] {
      if (!to.live() || !from.live()) {
        return CUDA_ERROR_ILLEGAL_ADDRESS;
      }
      std::memcpy(to.data(), from.data(), bytes);
      return CUDA_SUCCESS;
    };
    enqueue(state, context, stream, std::move(copy));
    return CUDA_SUCCESS;
  });
}

template <typename Word>
CUresult call_fill(const char* name, CUdeviceptr target, Word value, std::size_t n, CUstream stream_handle) {
  return context_call(name, [&](State& state, Context& context) {
    std::shared_ptr<Stream> stream = find_stream(context, stream_handle);
    if (stream == nullptr) {
      return CUDA_ERROR_INVALID_HANDLE;
    }
    if (n == 0) {
      return CUDA_SUCCESS;
    }
    DeviceRange range = n > SIZE_MAX / sizeof(Word) ? DeviceRange{} : context.memory.find(target, n * sizeof(Word));
    if (!range || target % sizeof(Word) != 0) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    Operation fill;
    fill.work = [range, value, n] {
      if (!range.live()) {
        return CUDA_ERROR_ILLEGAL_ADDRESS;
      }
      std::fill_n(reinterpret_cast<Word*>(range.data()), n, value);
      return CUDA_SUCCESS;
    };
    enqueue(state, context, stream, std::move(fill));
    return CUDA_SUCCESS;
  });
}

}  // namespace

CUresult cuMemcpyHtoD_v2(CUdeviceptr target, const void* source, std::size_t bytes) {
  return call_to_device("cuMemcpyHtoD", target, source, bytes, nullptr, false);
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr target, const void* source, std::size_t bytes, CUstream stream) {
  return call_to_device("cuMemcpyHtoDAsync", target, source, bytes, stream, true);
}

CUresult cuMemcpyDtoH_v2(void* target, CUdeviceptr source, std::size_t bytes) {
  return call_to_host("cuMemcpyDtoH", target, source, bytes, nullptr, false);
}

CUresult cuMemcpyDtoHAsync_v2(void* target, CUdeviceptr source, std::size_t bytes, CUstream stream) {
  return call_to_host("cuMemcpyDtoHAsync", target, source, bytes, stream, true);
}

CUresult cuMemcpyDtoD_v2(CUdeviceptr target, CUdeviceptr source, std::size_t bytes) {
  return call_on_device("cuMemcpyDtoD", target, source, bytes, nullptr);
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr target, CUdeviceptr source, std::size_t bytes, CUstream stream) {
  return call_on_device("cuMemcpyDtoDAsync", target, source, bytes, stream);
}

CUresult cuMemsetD8_v2(CUdeviceptr target, unsigned char value, std::size_t n) {
  return call_fill<std::uint8_t>("cuMemsetD8", target, value, n, nullptr);
}

CUresult cuMemsetD32_v2(CUdeviceptr target, unsigned value, std::size_t n) {
  return call_fill<std::uint32_t>("cuMemsetD32", target, value, n, nullptr);
}

CUresult cuMemsetD8Async(CUdeviceptr target, unsigned char value, std::size_t n, CUstream stream) {
  return call_fill<std::uint8_t>("cuMemsetD8Async", target, value, n, stream);
}

CUresult cuMemsetD32Async(CUdeviceptr target, unsigned value, std::size_t n, CUstream stream) {
  return call_fill<std::uint32_t>("cuMemsetD32Async", target, value, n, stream);
}
