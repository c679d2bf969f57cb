// SPDX-License-Identifier: Apache-2.0
// Modules hold the kernels that were compiled into this library.
#pragma once

#include <memory>
#include <vector>

#include "driver_api.h"
#include "memtrace/kernel.cuh"

namespace memtrace::emulator {

struct Function {
  const memtrace_kernel* kernel;
};

struct Module {
  std::vector<std::unique_ptr<Function>> functions;  // one a kernel
};

// Runs a kernel for every thread of a grid in the order of the settings.
void run_grid(const memtrace_kernel& kernel, const void* arguments, std::uint64_t blocks, std::uint64_t block_threads,
              std::uint64_t order, std::uint64_t seed);

}  // namespace memtrace::emulator
