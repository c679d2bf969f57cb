// SPDX-License-Identifier: Apache-2.0
// Driver, devices and their primary contexts.
#include <cstdio>
#include <cstring>

#include "state.h"

using namespace memtrace::emulator;

namespace {

constexpr char DEVICE_NAME[] = "memtrace emulated device";

template <typename Body>
CUresult device_call(const char* name, CUdevice device, Body body) {
  return driver_call(name, [&](State& state) {
    bool known = device >= 0 && static_cast<std::uint64_t>(device) < state.settings.devices;
    return known ? body(state, state.contexts[static_cast<std::size_t>(device)]) : CUDA_ERROR_INVALID_DEVICE;
  });
}

CUresult get_uuid(CUuuid* uuid, CUdevice device) {
  return device_call("cuDeviceGetUuid", device, [&](State&, Context&) {
    if (uuid == nullptr) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    std::memcpy(uuid->bytes, "memtrace-emu-000", sizeof(uuid->bytes));
    uuid->bytes[sizeof(uuid->bytes) - 1] = static_cast<char>('0' + device);
    return CUDA_SUCCESS;
  });
}

CUresult get_pool(const char* name, CUmemoryPool* pool, CUdevice device) {
  return device_call(name, device, [&](State&, Context& context) {
    if (pool == nullptr) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    *pool = &context.pool;
    return CUDA_SUCCESS;
  });
}

// CUdevice_attribute of cuda.h; those left out are 0, as for a feature that a device lacks.
int attribute_value(const Settings& settings, int attribute) {
  switch (attribute) {
    case 1:  // MAX_THREADS_PER_BLOCK
    case 2:  // MAX_BLOCK_DIM_X
    case 3:  // MAX_BLOCK_DIM_Y
      return 1024;
    case 4:  // MAX_BLOCK_DIM_Z
      return 64;
    case 5:  // MAX_GRID_DIM_X
      return 0x7FFFFFFF;
    case 6:  // MAX_GRID_DIM_Y
    case 7:  // MAX_GRID_DIM_Z
      return 65535;
    case 8:  // MAX_SHARED_MEMORY_PER_BLOCK
      return 48 * 1024;
    case 10:  // WARP_SIZE
      return 32;
    case 12:  // MAX_REGISTERS_PER_BLOCK
      return 65536;
    case 13:  // CLOCK_RATE
    case 36:  // MEMORY_CLOCK_RATE
      return 1000000;
    case 15:   // GPU_OVERLAP
    case 16:   // MULTIPROCESSOR_COUNT
    case 19:   // CAN_MAP_HOST_MEMORY
    case 31:   // CONCURRENT_KERNELS
    case 40:   // ASYNC_ENGINE_COUNT
    case 41:   // UNIFIED_ADDRESSING
    case 115:  // MEMORY_POOLS_SUPPORTED
      return 1;
    case 37:  // GLOBAL_MEMORY_BUS_WIDTH
      return 64;
    case 38:  // L2_CACHE_SIZE
      return 1 << 20;
    case 39:  // MAX_THREADS_PER_MULTIPROCESSOR
      return 2048;
    case 75:  // COMPUTE_CAPABILITY_MAJOR
      return static_cast<int>(settings.compute / 10);
    case 76:  // COMPUTE_CAPABILITY_MINOR
      return static_cast<int>(settings.compute % 10);
    default:
      return 0;
  }
}

constexpr int MAX_ATTRIBUTE = 150;

}  // namespace

CUresult cuInit(unsigned flags) {
  return early_call("cuInit", [&](State& state) {
    if (flags != 0) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    if (state.settings.devices == 0) {
      return CUDA_ERROR_NO_DEVICE;
    }
    state.initialised = true;
    return CUDA_SUCCESS;
  });
}

CUresult cuDriverGetVersion(int* version) {
  return early_call("cuDriverGetVersion", [&](State& state) {
    if (version == nullptr) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    *version = static_cast<int>(state.settings.driver);
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetCount(int* count) {
  return driver_call("cuDeviceGetCount", [&](State& state) {
    if (count == nullptr) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    *count = static_cast<int>(state.settings.devices);
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  return device_call("cuDeviceGet", ordinal, [&](State&, Context&) {
    if (device == nullptr) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    *device = ordinal;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
  return device_call("cuDeviceGetName", device, [&](State&, Context&) {
    if (name == nullptr || length <= 0) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    std::snprintf(name, static_cast<std::size_t>(length), "%s", DEVICE_NAME);
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetUuid(CUuuid* uuid, CUdevice device) { return get_uuid(uuid, device); }

CUresult cuDeviceGetUuid_v2(CUuuid* uuid, CUdevice device) { return get_uuid(uuid, device); }

CUresult cuDeviceGetPCIBusId(char* id, int length, CUdevice device) {
  return device_call("cuDeviceGetPCIBusId", device, [&](State&, Context&) {
    if (id == nullptr || length <= 0) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    std::snprintf(id, static_cast<std::size_t>(length), "0000:%02x:00.0", static_cast<unsigned>(device));
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceTotalMem_v2(std::size_t* bytes, CUdevice device) {
  return device_call("cuDeviceTotalMem", device, [&](State& state, Context&) {
    if (bytes == nullptr) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    *bytes = state.settings.memory;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetAttribute(int* value, int attribute, CUdevice device) {
  return device_call("cuDeviceGetAttribute", device, [&](State& state, Context&) {
    if (value == nullptr || attribute < 1 || attribute > MAX_ATTRIBUTE) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    *value = attribute_value(state.settings, attribute);
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceComputeCapability(int* major, int* minor, CUdevice device) {
  return device_call("cuDeviceComputeCapability", device, [&](State& state, Context&) {
    if (major == nullptr || minor == nullptr) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    *major = attribute_value(state.settings, 75);
    *minor = attribute_value(state.settings, 76);
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetDefaultMemPool(CUmemoryPool* pool, CUdevice device) {
  return get_pool("cuDeviceGetDefaultMemPool", pool, device);
}

CUresult cuDeviceGetMemPool(CUmemoryPool* pool, CUdevice device) { return get_pool("cuDeviceGetMemPool", pool, device); }

CUresult cuDevicePrimaryCtxRetain(CUcontext* handle, CUdevice device) {
  return device_call("cuDevicePrimaryCtxRetain", device, [&](State&, Context& context) {
    if (handle == nullptr) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    if (context.references == 0) {
      context.default_stream = std::make_shared<Stream>();
    }
    context.references++;
    *handle = &context;
    return CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  return device_call("cuDevicePrimaryCtxRelease", device, [&](State&, Context& context) {
    if (context.references == 0) {
      return CUDA_ERROR_INVALID_CONTEXT;
    }
    if (--context.references == 0) {
      destroy(context);
    }
    return CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned* flags, int* active) {
  return device_call("cuDevicePrimaryCtxGetState", device, [&](State&, Context& context) {
    if (flags == nullptr || active == nullptr) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    *flags = context.flags;
    *active = context.references > 0 ? 1 : 0;
    return CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned flags) {
  return device_call("cuDevicePrimaryCtxSetFlags", device, [&](State&, Context& context) {
    context.flags = flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSetCurrent(CUcontext handle) {
  return driver_call("cuCtxSetCurrent", [&](State& state) {
    for (Context& context : state.contexts) {
      if (&context == handle && context.references > 0) {
        current_context = handle;
        return CUDA_SUCCESS;
      }
    }
    if (handle != nullptr) {
      return CUDA_ERROR_INVALID_CONTEXT;
    }
    current_context = nullptr;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetCurrent(CUcontext* handle) {
  return driver_call("cuCtxGetCurrent", [&](State&) {
    if (handle == nullptr) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    *handle = current_context;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetDevice(CUdevice* device) {
  return context_call("cuCtxGetDevice", [&](State&, Context& context) {
    if (device == nullptr) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    *device = context.device;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSynchronize() {
  return context_call("cuCtxSynchronize", [&](State& state, Context& context) {
    count_and_fail(state, "synchronisation");
    run_all(context);
    return take_error(context);
  });
}
