// SPDX-License-Identifier: Apache-2.0
#include "memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "state.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes) (static_cast<void>(address), static_cast<void>(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) (static_cast<void>(address), static_cast<void>(bytes))
#endif

namespace memtrace::emulator {

namespace {

constexpr std::size_t DEVICE_ALIGNMENT = 256;
constexpr std::size_t PINNED_ALIGNMENT = 4096;

void* allocate_aligned(std::size_t alignment, std::uint64_t bytes) {
  void* memory = nullptr;
  return posix_memalign(&memory, alignment, bytes) == 0 ? memory : nullptr;
}

}  // namespace

void Allocation::open() {
  if (stage == Stage::PENDING) {
    ASAN_UNPOISON_MEMORY_REGION(memory, bytes);
    std::memset(memory, FRESH_MEMORY, bytes);
    stage = Stage::LIVE;
  }
}

std::shared_ptr<Allocation> DeviceMemory::allocate(std::uint64_t bytes, bool stream_ordered) {
  auto allocation = std::make_shared<Allocation>();
  allocation->memory = allocate_aligned(DEVICE_ALIGNMENT, bytes);
  if (allocation->memory == nullptr) {
    return nullptr;
  }
  allocation->bytes = bytes;
  allocation->stream_ordered = stream_ordered;
  ASAN_POISON_MEMORY_REGION(allocation->memory, bytes);
  allocations_.emplace(allocation->address(), allocation);
  used_ += bytes;
  held_ += bytes;
  count_++;
  peak_ = std::max(peak_, used_);
  return allocation;
}

DeviceRange DeviceMemory::find(CUdeviceptr pointer, std::uint64_t bytes) const {
  auto after = allocations_.upper_bound(pointer);
  if (after == allocations_.begin()) {
    return {};
  }
  const std::shared_ptr<Allocation>& allocation = std::prev(after)->second;
  std::uint64_t offset = pointer - allocation->address();
  bool inside = offset <= allocation->bytes && bytes <= allocation->bytes - offset;
  return inside && !allocation->released ? DeviceRange{allocation, offset} : DeviceRange{};
}

const Allocation* DeviceMemory::live_at(std::uint64_t address) const {
  auto after = allocations_.upper_bound(address);
  if (after == allocations_.begin()) {
    return nullptr;
  }
  const Allocation& allocation = *std::prev(after)->second;
  bool reached = address - allocation.address() <= allocation.bytes;
  return reached && allocation.stage == Allocation::Stage::LIVE ? &allocation : nullptr;
}

void DeviceMemory::release(Allocation& allocation) {
  allocation.released = true;
  used_ -= allocation.bytes;
  count_--;
}

void DeviceMemory::free(const std::shared_ptr<Allocation>& allocation) {
  if (allocation->stage == Allocation::Stage::FREED) {
    return;
  }
  allocation->stage = Allocation::Stage::FREED;
  held_ -= allocation->bytes;
  ASAN_UNPOISON_MEMORY_REGION(allocation->memory, allocation->bytes);
  allocations_.erase(allocation->address());
  std::free(allocation->memory);
}

void DeviceMemory::free_all() {
  while (!allocations_.empty()) {
    std::shared_ptr<Allocation> allocation = allocations_.begin()->second;
    if (!allocation->released) {
      release(*allocation);
    }
    free(allocation);
  }
}

void Pinned::free() {
  freed = true;
  std::free(memory);
}

}  // namespace memtrace::emulator

using namespace memtrace::emulator;

namespace {

CUresult check_room(State& state, Context& context, std::uint64_t bytes) {
  if (bytes > state.settings.memory || context.memory.used() > state.settings.memory - bytes) {
    return CUDA_ERROR_OUT_OF_MEMORY;
  }
  if (context.memory.held() > state.settings.memory - bytes) {
    run_all(context);  // the driver too waits for frees on the way before it gives up
  }
  return context.lost;
}

CUresult allocate_pinned(const char* name, void** pointer, std::size_t bytes, unsigned flags) {
  return context_call(name, [&](State& state, Context& context) {
    if (pointer == nullptr || bytes == 0 || flags > 7) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    if (bytes > state.settings.pinned || state.pinned_bytes > state.settings.pinned - bytes) {
      return CUDA_ERROR_OUT_OF_MEMORY;
    }
    auto pinned = std::make_shared<Pinned>();
    pinned->memory = allocate_aligned(PINNED_ALIGNMENT, bytes);
    if (pinned->memory == nullptr) {
      return CUDA_ERROR_OUT_OF_MEMORY;
    }
    pinned->bytes = bytes;
    std::memset(pinned->memory, FRESH_MEMORY, bytes);
    context.pinned.emplace(reinterpret_cast<std::uint64_t>(pinned->memory), pinned);
    state.pinned_bytes += bytes;
    *pointer = pinned->memory;
    return CUDA_SUCCESS;
  });
}

}  // namespace

CUresult cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
  return context_call("cuMemGetInfo", [&](State& state, Context& context) {
    if (free == nullptr || total == nullptr) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    *total = state.settings.memory;
    *free = state.settings.memory - std::min(state.settings.memory, context.memory.used());
    return CUDA_SUCCESS;
  });
}

CUresult cuMemAlloc_v2(CUdeviceptr* pointer, std::size_t bytes) {
  return context_call("cuMemAlloc", [&](State& state, Context& context) {
    if (pointer == nullptr || bytes == 0) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    if (CUresult result = check_room(state, context, bytes); result != CUDA_SUCCESS) {
      return result;
    }
    std::shared_ptr<Allocation> allocation = context.memory.allocate(bytes, false);
    if (allocation == nullptr) {
      return CUDA_ERROR_OUT_OF_MEMORY;
    }
    allocation->open();
    *pointer = allocation->address();
    return CUDA_SUCCESS;
  });
}

// Does not wait: work in flight that still uses the memory fails, as the documentation allows it to.
CUresult cuMemFree_v2(CUdeviceptr pointer) {
  return release_call("cuMemFree", [&](State&, Context& context) {
    DeviceRange range = context.memory.find(pointer, 0);
    if (!range || range.offset != 0) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    context.memory.release(*range.allocation);
    context.memory.free(range.allocation);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemAllocAsync(CUdeviceptr* pointer, std::size_t bytes, CUstream stream_handle) {
  return context_call("cuMemAllocAsync", [&](State& state, Context& context) {
    std::shared_ptr<Stream> stream = find_stream(context, stream_handle);
    if (stream == nullptr) {
      return CUDA_ERROR_INVALID_HANDLE;
    }
    if (pointer == nullptr || bytes == 0) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    if (CUresult result = check_room(state, context, bytes); result != CUDA_SUCCESS) {
      return result;
    }
    std::shared_ptr<Allocation> allocation = context.memory.allocate(bytes, true);
    if (allocation == nullptr) {
      return CUDA_ERROR_OUT_OF_MEMORY;
    }
    Operation open;
    open.work = [allocation] {
      allocation->open();
      return CUDA_SUCCESS;
    };
    enqueue(state, context, stream, std::move(open));
    *pointer = allocation->address();
    return CUDA_SUCCESS;
  });
}

CUresult cuMemFreeAsync(CUdeviceptr pointer, CUstream stream_handle) {
  return release_call("cuMemFreeAsync", [&](State& state, Context& context) {
    std::shared_ptr<Stream> stream = find_stream(context, stream_handle);
    if (stream == nullptr) {
      return CUDA_ERROR_INVALID_HANDLE;
    }
    DeviceRange range = context.memory.find(pointer, 0);
    if (!range || range.offset != 0 || !range.allocation->stream_ordered) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    std::shared_ptr<Allocation> allocation = range.allocation;
    context.memory.release(*allocation);
    if (context.lost != CUDA_SUCCESS) {
      context.memory.free(allocation);
      return CUDA_SUCCESS;
    }
    Operation free;
    free.abandon = [&context, allocation] { context.memory.free(allocation); };
    free.work = [&context, allocation] {
      bool opened = allocation->stage != Allocation::Stage::PENDING;
      context.memory.free(allocation);
      return opened ? CUDA_SUCCESS : CUDA_ERROR_ILLEGAL_ADDRESS;  // freed in a stream that did not wait for the allocation
    };
    enqueue(state, context, stream, std::move(free));
    return CUDA_SUCCESS;
  });
}

CUresult cuMemGetAddressRange_v2(CUdeviceptr* base, std::size_t* bytes, CUdeviceptr pointer) {
  return context_call("cuMemGetAddressRange", [&](State&, Context& context) {
    DeviceRange range = context.memory.find(pointer, 1);
    if (!range) {
      return CUDA_ERROR_NOT_FOUND;
    }
    if (base != nullptr) {
      *base = range.allocation->address();
    }
    if (bytes != nullptr) {
      *bytes = range.allocation->bytes;
    }
    return CUDA_SUCCESS;
  });
}

CUresult cuMemHostAlloc(void** pointer, std::size_t bytes, unsigned flags) {
  return allocate_pinned("cuMemHostAlloc", pointer, bytes, flags);
}

CUresult cuMemAllocHost_v2(void** pointer, std::size_t bytes) { return allocate_pinned("cuMemAllocHost", pointer, bytes, 0); }

// Does not wait, as cuMemFree does not.
CUresult cuMemFreeHost(void* pointer) {
  return release_call("cuMemFreeHost", [&](State& state, Context& context) {
    auto found = context.pinned.find(reinterpret_cast<std::uint64_t>(pointer));
    if (found == context.pinned.end()) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    found->second->free();
    state.pinned_bytes -= found->second->bytes;
    context.pinned.erase(found);
    return CUDA_SUCCESS;
  });
}

namespace {

CUresult pool_call(const char* name, CUmemoryPool pool, int attribute, const void* value,
                   const std::function<void(MemoryPool&)>& body) {
  return driver_call(name, [&](State& state) {
    for (Context& context : state.contexts) {
      if (&context.pool == pool) {
        if (attribute != CU_MEMPOOL_ATTR_RELEASE_THRESHOLD) {
          return CUDA_ERROR_NOT_SUPPORTED;
        }
        if (value == nullptr) {
          return CUDA_ERROR_INVALID_VALUE;
        }
        body(context.pool);
        return CUDA_SUCCESS;
      }
    }
    return CUDA_ERROR_INVALID_VALUE;
  });
}

}  // namespace

CUresult cuMemPoolSetAttribute(CUmemoryPool pool, int attribute, void* value) {
  return pool_call("cuMemPoolSetAttribute", pool, attribute, value,
                   [&](MemoryPool& found) { found.release_threshold = *static_cast<std::uint64_t*>(value); });
}

CUresult cuMemPoolGetAttribute(CUmemoryPool pool, int attribute, void* value) {
  return pool_call("cuMemPoolGetAttribute", pool, attribute, value,
                   [&](MemoryPool& found) { *static_cast<std::uint64_t*>(value) = found.release_threshold; });
}

CUresult cuMemPoolTrimTo(CUmemoryPool pool, std::size_t) {
  return pool_call("cuMemPoolTrimTo", pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, pool, [](MemoryPool&) {});
}
