// SPDX-License-Identifier: Apache-2.0
// Kernels for the tests of the emulator alone.
#include "memtrace/kernel.cuh"

struct FillArguments {
  std::uint64_t items;
  std::uint32_t* out;
  std::uint64_t value;
};

MEMTRACE_KERNEL(fill, FillArguments) { arguments.out[item] = static_cast<std::uint32_t>(arguments.value); }

struct AddArguments {
  std::uint64_t items;
  std::uint64_t* sum;
  std::uint64_t value;
};

MEMTRACE_KERNEL(add, AddArguments) { memtrace::atomic_add(arguments.sum, arguments.value); }

// Lists the items in the order in which they run, which no kernel of a GPU could.
struct ListArguments {
  std::uint64_t items;
  std::uint64_t* count;
  std::uint32_t* list;
};

MEMTRACE_KERNEL(list, ListArguments) { arguments.list[(*arguments.count)++] = static_cast<std::uint32_t>(item); }
