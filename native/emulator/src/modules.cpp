// SPDX-License-Identifier: Apache-2.0
#include "modules.h"

#include <cstring>
#include <utility>

#include "state.h"

// Kernels put themselves before it while the library is loaded.
const memtrace_kernel* memtrace_first_kernel = nullptr;

using namespace memtrace::emulator;

namespace {

constexpr char IMAGE_MAGIC[] = "memtrace-emulated-kernels";
constexpr unsigned BLOCK_THREADS = 256;  // the launch bound of every kernel
constexpr unsigned MAX_SHARED_BYTES = 48 * 1024;

CUresult load(const char* name, CUmodule* handle, const void* image) {
  return context_call(name, [&](State&, Context& context) {
    if (handle == nullptr || image == nullptr) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    if (std::strncmp(static_cast<const char*>(image), IMAGE_MAGIC, sizeof(IMAGE_MAGIC) - 1) != 0) {
      return CUDA_ERROR_NO_BINARY_FOR_GPU;
    }
    auto module = std::make_unique<Module>();
    for (const memtrace_kernel* kernel = memtrace_first_kernel; kernel != nullptr; kernel = kernel->next) {
      module->functions.push_back(std::make_unique<Function>(Function{kernel}));
    }
    *handle = module.get();
    context.modules.emplace(module.get(), std::move(module));
    return CUDA_SUCCESS;
  });
}

const memtrace_kernel* find_kernel(const Context& context, CUfunction handle) {
  for (const auto& module : context.modules) {
    for (const auto& function : module.second->functions) {
      if (function.get() == handle) {
        return function->kernel;
      }
    }
  }
  return nullptr;
}

// The arguments of a launch, from either form of passing them; null if they are not one struct of the kernel's size.
const void* find_arguments(std::size_t expected_bytes, void** parameters, void** extra) {
  if (extra == nullptr) {
    return parameters == nullptr ? nullptr : parameters[0];
  }
  const void* buffer = nullptr;
  std::size_t bytes = 0;
  for (; reinterpret_cast<std::uintptr_t>(*extra) != CU_LAUNCH_PARAM_END; extra += 2) {
    auto key = reinterpret_cast<std::uintptr_t>(extra[0]);
    if (key == CU_LAUNCH_PARAM_BUFFER_POINTER) {
      buffer = extra[1];
    } else if (key == CU_LAUNCH_PARAM_BUFFER_SIZE) {
      bytes = *static_cast<const std::size_t*>(extra[1]);
    } else {
      return nullptr;
    }
  }
  return parameters == nullptr && bytes == expected_bytes ? buffer : nullptr;
}

// A permutation of [0, n) without a table: a bijection of the next power of two, followed until it falls below n.
class Shuffle {
 public:
  Shuffle(std::uint64_t n, std::uint64_t seed) : n_(n), increment_(seed * 0x9E3779B97F4A7C15u + 1) {
    while (mask_ < n - 1) {
      mask_ = 2 * mask_ + 1;
      shift_++;
    }
    shift_ = (shift_ + 1) / 2;
  }

  std::uint64_t operator()(std::uint64_t value) const {
    do {
      for (int round = 0; round < 3; round++) {
        value = (value * 0xD1342543DE82EF95u + increment_) & mask_;
        value ^= value >> shift_;
      }
    } while (value >= n_);
    return value;
  }

 private:
  std::uint64_t n_;
  std::uint64_t increment_;
  std::uint64_t mask_ = 1;
  unsigned shift_ = 1;
};

}  // namespace

namespace memtrace::emulator {

void run_grid(const memtrace_kernel& kernel, const void* arguments, std::uint64_t blocks, std::uint64_t block_threads,
              std::uint64_t order, std::uint64_t seed) {
  std::uint64_t n = blocks * block_threads;
  Shuffle shuffle(n, seed);
  for (std::uint64_t i = 0; i < n; i++) {
    std::uint64_t thread = order == 0 ? i : order == 1 ? n - 1 - i : shuffle(i);
    // As in MEMTRACE_KERNEL: the item follows from the launch bound, not from the size of the block.
    kernel.run(arguments, thread / block_threads * BLOCK_THREADS + thread % block_threads);
  }
}

}  // namespace memtrace::emulator

CUresult cuModuleLoadData(CUmodule* module, const void* image) { return load("cuModuleLoadData", module, image); }

CUresult cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned, int*, void**) {
  return load("cuModuleLoadDataEx", module, image);
}

CUresult cuModuleUnload(CUmodule module) {
  return release_call("cuModuleUnload", [&](State&, Context& context) {
    return context.modules.erase(module) == 1 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
  });
}

CUresult cuModuleGetFunction(CUfunction* handle, CUmodule module, const char* name) {
  return context_call("cuModuleGetFunction", [&](State&, Context& context) {
    auto found = context.modules.find(module);
    if (found == context.modules.end()) {
      return CUDA_ERROR_INVALID_HANDLE;
    }
    if (handle == nullptr || name == nullptr) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    for (const auto& function : found->second->functions) {
      if (std::strcmp(function->kernel->name, name) == 0) {
        *handle = function.get();
        return CUDA_SUCCESS;
      }
    }
    return CUDA_ERROR_NOT_FOUND;
  });
}

CUresult cuFuncGetAttribute(int* value, int attribute, CUfunction function) {
  return context_call("cuFuncGetAttribute", [&](State& state, Context& context) {
    if (find_kernel(context, function) == nullptr) {
      return CUDA_ERROR_INVALID_HANDLE;
    }
    if (value == nullptr) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    switch (attribute) {
      case 0:  // CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK
        *value = BLOCK_THREADS;
        return CUDA_SUCCESS;
      case 1:  // shared, constant and local bytes
      case 2:
      case 3:
        *value = 0;
        return CUDA_SUCCESS;
      case 4:  // CU_FUNC_ATTRIBUTE_NUM_REGS
        *value = 32;
        return CUDA_SUCCESS;
      case 5:  // PTX and binary version
      case 6:
        *value = static_cast<int>(state.settings.compute);
        return CUDA_SUCCESS;
      default:
        return CUDA_ERROR_INVALID_VALUE;
    }
  });
}

CUresult cuFuncGetParamInfo(CUfunction function, std::size_t index, std::size_t* offset, std::size_t* bytes) {
  return context_call("cuFuncGetParamInfo", [&](State&, Context& context) {
    const memtrace_kernel* kernel = find_kernel(context, function);
    if (kernel == nullptr) {
      return CUDA_ERROR_INVALID_HANDLE;
    }
    if (index != 0 || offset == nullptr) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    *offset = 0;
    if (bytes != nullptr) {
      *bytes = kernel->argument_bytes;
    }
    return CUDA_SUCCESS;
  });
}

CUresult cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
                        unsigned block_z, unsigned shared_bytes, CUstream stream_handle, void** parameters, void** extra) {
  return context_call("cuLaunchKernel", [&](State& state, Context& context) {
    const memtrace_kernel* kernel = find_kernel(context, function);
    std::shared_ptr<Stream> stream = find_stream(context, stream_handle);
    if (kernel == nullptr || stream == nullptr) {
      return CUDA_ERROR_INVALID_HANDLE;
    }
    // Kernels look at the first dimension alone.
    bool one_dimension = grid_y == 1 && grid_z == 1 && block_y == 1 && block_z == 1;
    const void* source = find_arguments(kernel->argument_bytes, parameters, extra);
    if (!one_dimension || grid_x == 0 || grid_x > 0x7FFFFFFFu || block_x == 0 || shared_bytes > MAX_SHARED_BYTES ||
        source == nullptr) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    if (block_x > BLOCK_THREADS) {
      return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
    }
    std::vector<std::uint64_t> arguments(kernel->argument_bytes / sizeof(std::uint64_t));
    std::memcpy(arguments.data(), source, kernel->argument_bytes);
    std::uint64_t order = state.settings.order;
    std::uint64_t seed = state.random();
    enqueue_kernel(state, context, stream, kernel->name, [=, &state, &context, arguments = std::move(arguments)] {
      if (state.tape != nullptr) {
        state.tape->add(kernel->name, grid_x, block_x, arguments, context.memory);
      }
      run_grid(*kernel, arguments.data(), grid_x, block_x, order, seed);
      return CUDA_SUCCESS;
    });
    return CUDA_SUCCESS;
  });
}
