// SPDX-License-Identifier: Apache-2.0
// What makes one kernel source compile for a GPU (nvcc) and for the emulator (g++).
//
// A kernel is written as
//
//     struct FillArguments { std::uint64_t items; std::uint32_t* out; };
//     MEMTRACE_KERNEL(fill, FillArguments) { arguments.out[item] = 7; }
//
// and runs once for every item below `arguments.items`. Every field of the arguments has 8 bytes, so that a host
// language passes them as an array of 64-bit words. No kernel synchronises threads or uses shared memory: items are
// independent but for atomics, and may run in any order.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__CUDACC__)

#define MEMTRACE_DEVICE __device__ __forceinline__

// Threads of a block; the host launches ceil(items / 256) blocks.
#define MEMTRACE_BLOCK_THREADS 256

// One block a multiprocessor is enough for ptxas: without the 1 it trades registers for spills.
#define MEMTRACE_KERNEL(name, Arguments)                                                                    \
  static_assert(sizeof(Arguments) % 8 == 0, "arguments are 64-bit words");                                  \
  static __device__ __forceinline__ void name##_item(const Arguments& arguments,                            \
                                                     [[maybe_unused]] std::uint64_t item);                  \
  extern "C" __global__ void __launch_bounds__(MEMTRACE_BLOCK_THREADS, 1)                                   \
      memtrace_##name(const __grid_constant__ Arguments arguments) {                                        \
    std::uint64_t item = static_cast<std::uint64_t>(blockIdx.x) * MEMTRACE_BLOCK_THREADS + threadIdx.x;     \
    if (item < arguments.items) {                                                                           \
      name##_item(arguments, item);                                                                         \
    }                                                                                                       \
  }                                                                                                         \
  static __device__ __forceinline__ void name##_item(const Arguments& arguments,                            \
                                                     [[maybe_unused]] std::uint64_t item)

namespace memtrace {

MEMTRACE_DEVICE void atomic_add(std::uint32_t* target, std::uint32_t value) { atomicAdd(target, value); }

MEMTRACE_DEVICE void atomic_add(std::uint64_t* target, std::uint64_t value) {
  atomicAdd(reinterpret_cast<unsigned long long*>(target), static_cast<unsigned long long>(value));
}

MEMTRACE_DEVICE void atomic_or(std::uint32_t* target, std::uint32_t value) { atomicOr(target, value); }

// May miss what other threads of the kernel have written.
MEMTRACE_DEVICE std::uint32_t load_relaxed(const std::uint32_t* source) { return __ldca(source); }

MEMTRACE_DEVICE std::uint64_t load_relaxed(const std::uint64_t* source) {
  return __ldca(reinterpret_cast<const unsigned long long*>(source));
}

// Returns the old value.
MEMTRACE_DEVICE std::uint64_t atomic_compare_and_swap(std::uint64_t* target, std::uint64_t expected,
                                                      std::uint64_t value) {
  return atomicCAS(reinterpret_cast<unsigned long long*>(target), static_cast<unsigned long long>(expected),
                   static_cast<unsigned long long>(value));
}

}  // namespace memtrace

#else

#define MEMTRACE_DEVICE inline

// A kernel of the emulator, in a list that begins at memtrace_first_kernel.
struct memtrace_kernel {
  const char* name;  // with the prefix memtrace_
  std::uint64_t argument_bytes;
  void (*run)(const void* arguments, std::uint64_t item);
  const memtrace_kernel* next;
};

extern const memtrace_kernel* memtrace_first_kernel;

#define MEMTRACE_KERNEL(name, Arguments)                                                                    \
  static_assert(sizeof(Arguments) % 8 == 0, "arguments are 64-bit words");                                  \
  static void name##_item(const Arguments& arguments, [[maybe_unused]] std::uint64_t item);                 \
  static memtrace_kernel name##_kernel = {"memtrace_" #name, sizeof(Arguments),                             \
                                          [](const void* arguments, std::uint64_t item) {                   \
                                            const auto& typed = *static_cast<const Arguments*>(arguments);  \
                                            if (item < typed.items) {                                       \
                                              name##_item(typed, item);                                     \
                                            }                                                               \
                                          },                                                                \
                                          nullptr};                                                         \
  [[maybe_unused]] static const bool name##_registered =                                                    \
      (name##_kernel.next = memtrace_first_kernel, memtrace_first_kernel = &name##_kernel, true);           \
  static void name##_item(const Arguments& arguments, [[maybe_unused]] std::uint64_t item)

namespace memtrace {

inline void atomic_add(std::uint32_t* target, std::uint32_t value) {
  __atomic_fetch_add(target, value, __ATOMIC_RELAXED);
}

inline void atomic_add(std::uint64_t* target, std::uint64_t value) {
  __atomic_fetch_add(target, value, __ATOMIC_RELAXED);
}

inline void atomic_or(std::uint32_t* target, std::uint32_t value) {
  __atomic_fetch_or(target, value, __ATOMIC_RELAXED);
}

inline std::uint32_t load_relaxed(const std::uint32_t* source) { return __atomic_load_n(source, __ATOMIC_RELAXED); }

inline std::uint64_t load_relaxed(const std::uint64_t* source) { return __atomic_load_n(source, __ATOMIC_RELAXED); }

inline std::uint64_t atomic_compare_and_swap(std::uint64_t* target, std::uint64_t expected, std::uint64_t value) {
  __atomic_compare_exchange_n(target, &expected, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  return expected;
}

}  // namespace memtrace

#endif
