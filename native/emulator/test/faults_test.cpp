// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "memtrace/device_algorithms.h"

using namespace memtrace::test;

extern "C" CUresult cuArrayDestroy();

TEST(the_nth_call_fails_and_does_nothing) {
  Driver driver;
  memtrace_emulator_fail("cuMemAlloc", 2, CUDA_ERROR_OUT_OF_MEMORY);
  CUdeviceptr pointer = 0;
  OK(cuMemAlloc_v2(&pointer, 8));
  pointer = 0;
  EQUAL(cuMemAlloc_v2(&pointer, 8), CUDA_ERROR_OUT_OF_MEMORY);
  EQUAL(pointer, 0u);
  EQUAL(memtrace_emulator_live("device_allocations"), 1u);
  OK(cuMemAlloc_v2(&pointer, 8));
}

TEST(allocations_of_every_kind_count_together) {
  Driver driver;
  CUstream stream = driver.stream();
  memtrace_emulator_fail("allocation", 3, CUDA_ERROR_OUT_OF_MEMORY);
  CUdeviceptr pointer = 0;
  OK(cuMemAlloc_v2(&pointer, 8));
  OK(cuMemAllocAsync(&pointer, 8, stream));
  void* host = nullptr;
  OK(cuMemHostAlloc(&host, 8, 0));
  EQUAL(cuMemAllocAsync(&pointer, 8, stream), CUDA_ERROR_OUT_OF_MEMORY);
  OK(cuMemAllocAsync(&pointer, 8, stream));
  EQUAL(memtrace_emulator_count("allocation"), 4u);
}

TEST(every_call_can_be_made_to_fail) {
  Driver driver;
  memtrace_emulator_fail("call", 3, 999);
  OK(cuCtxSynchronize());
  CUstream stream = driver.stream();
  EQUAL(cuStreamSynchronize(stream), 999);
  OK(cuStreamSynchronize(stream));
}

TEST(several_faults_may_be_pending) {
  Driver driver;
  memtrace_emulator_fail("cuCtxSynchronize", 1, 999);
  memtrace_emulator_fail("cuCtxSynchronize", 2, CUDA_ERROR_OUT_OF_MEMORY);
  memtrace_emulator_fail("cuCtxSynchronize", 0, 1);
  memtrace_emulator_fail("cuCtxSynchronize", 1, 0);
  EQUAL(cuCtxSynchronize(), 999);
  EQUAL(cuCtxSynchronize(), CUDA_ERROR_OUT_OF_MEMORY);
  OK(cuCtxSynchronize());
}

TEST(a_failing_kernel_shows_at_the_next_synchronisation) {
  Driver driver;
  CUstream stream = driver.stream();
  CUdeviceptr sum = driver.upload(std::vector<std::uint64_t>{0});
  memtrace_emulator_fail("kernel:memtrace_add", 2, CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
  for (int i = 0; i < 3; i++) {
    OK(driver.launch("memtrace_add", {1, sum, 1}, stream));
  }
  EQUAL(cuStreamSynchronize(stream), CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
  OK(cuStreamSynchronize(stream));
  EQUAL(driver.download<std::uint64_t>(sum, 1)[0], 2u);
  memtrace_emulator_fail("kernel:", 1, CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
  OK(driver.launch("memtrace_add", {1, sum, 1}, stream));
  EQUAL(cuCtxSynchronize(), CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
}

TEST(a_lost_context_stays_lost) {
  for (CUresult code : {700, 702, 715, 716, 717, 718, 719}) {
    Driver driver;
    CUstream stream = driver.stream();
    CUdeviceptr sum = driver.upload(std::vector<std::uint64_t>{0});
    memtrace_emulator_fail("kernel:memtrace_add", 1, code);
    OK(driver.launch("memtrace_add", {1, sum, 1}, stream));
    OK(driver.launch("memtrace_add", {1, sum, 1}, stream));
    EQUAL(cuStreamSynchronize(stream), code);
    std::uint64_t value = 0;
    CUdeviceptr pointer = 0;
    EQUAL(cuStreamSynchronize(stream), code);
    EQUAL(cuMemcpyDtoH_v2(&value, sum, 8), code);
    EQUAL(cuMemAlloc_v2(&pointer, 8), code);
    EQUAL(cuStreamQuery(stream), code);
    memtrace_emulator_reset();
    OK(cuMemcpyDtoH_v2(&value, sum, 8));
    EQUAL(value, 0u);
    OK(driver.launch("memtrace_add", {1, sum, 1}, stream));
    OK(cuStreamSynchronize(stream));
  }
}

TEST(a_call_can_lose_the_context_too) {
  Driver driver;
  memtrace_emulator_fail("cuMemGetInfo", 1, CUDA_ERROR_LAUNCH_FAILED);
  std::size_t free = 0;
  EQUAL(cuMemGetInfo_v2(&free, &free), CUDA_ERROR_LAUNCH_FAILED);
  EQUAL(cuCtxSynchronize(), CUDA_ERROR_LAUNCH_FAILED);
}

TEST(a_lost_context_still_frees) {
  Driver driver;
  CUstream stream = driver.stream();
  CUevent event = driver.event();
  CUdeviceptr plain = driver.allocate(8);
  auto* pinned = driver.pinned<char>(8);
  CUdeviceptr ordered = 0;
  CUdeviceptr waiting = 0;
  OK(cuMemAllocAsync(&ordered, 8, stream));
  OK(cuMemAllocAsync(&waiting, 8, stream));
  OK(cuMemFreeAsync(waiting, stream));
  memtrace_emulator_fail("cuCtxSynchronize", 1, CUDA_ERROR_ILLEGAL_ADDRESS);
  EQUAL(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
  EQUAL(memtrace_emulator_live("device_allocations"), 2u);
  EQUAL(cuMemFreeAsync(ordered, stream), CUDA_ERROR_ILLEGAL_ADDRESS);
  EQUAL(cuMemFree_v2(plain), CUDA_ERROR_ILLEGAL_ADDRESS);
  EQUAL(cuMemFreeHost(pinned), CUDA_ERROR_ILLEGAL_ADDRESS);
  EQUAL(cuEventDestroy_v2(event), CUDA_ERROR_ILLEGAL_ADDRESS);
  EQUAL(cuStreamDestroy_v2(stream), CUDA_ERROR_ILLEGAL_ADDRESS);
  for (const char* key : {"device_allocations", "pinned_allocations", "events", "streams"}) {
    EQUAL(memtrace_emulator_live(key), 0u);
  }
}

TEST(algorithms_fail_like_calls_and_like_kernels) {
  Driver driver;
  CUdeviceptr words = driver.upload(std::vector<std::uint32_t>(4, 1));
  auto* in = reinterpret_cast<std::uint32_t*>(words);
  std::uint64_t bytes = 0;
  OK(memtrace_exclusive_sum_u32(nullptr, &bytes, in, in, 4, nullptr));
  auto* temporary = reinterpret_cast<void*>(driver.allocate(bytes));
  memtrace_emulator_fail("memtrace_exclusive_sum_u32", 1, CUDA_ERROR_OUT_OF_MEMORY);
  EQUAL(memtrace_exclusive_sum_u32(temporary, &bytes, in, in, 4, nullptr), CUDA_ERROR_OUT_OF_MEMORY);
  memtrace_emulator_fail("kernel:memtrace_exclusive_sum_u32", 1, CUDA_ERROR_LAUNCH_FAILED);
  OK(memtrace_exclusive_sum_u32(temporary, &bytes, in, in, 4, nullptr));
  EQUAL(cuCtxSynchronize(), CUDA_ERROR_LAUNCH_FAILED);
}

TEST(counters_count) {
  Driver driver;
  CUstream stream = driver.stream();
  memtrace_emulator_reset();
  CUdeviceptr sum = driver.upload(std::vector<std::uint64_t>{0});  // an allocation and a copy that waits
  auto* pinned = driver.pinned<std::uint64_t>(1);
  OK(driver.launch("memtrace_add", {1, sum, 1}, stream));
  OK(cuMemcpyDtoHAsync_v2(pinned, sum, 8, stream));
  EQUAL(memtrace_emulator_count("synchronisation"), 1u);
  OK(cuStreamSynchronize(stream));
  EQUAL(memtrace_emulator_count("synchronisation"), 2u);
  EQUAL(memtrace_emulator_count("kernel:memtrace_add"), 1u);
  EQUAL(memtrace_emulator_count("kernel:"), 1u);
  EQUAL(memtrace_emulator_count("cuLaunchKernel"), 1u);
  EQUAL(memtrace_emulator_count("cuMemAlloc"), 1u);
  EQUAL(memtrace_emulator_count("bytes_to_device"), 8u);
  EQUAL(memtrace_emulator_count("bytes_to_host"), 8u);
  EQUAL(memtrace_emulator_count("call"), 7u);
  EQUAL(cuArrayDestroy(), CUDA_ERROR_NOT_SUPPORTED);
  EQUAL(memtrace_emulator_count("cuArrayDestroy"), 1u);
  EQUAL(memtrace_emulator_live("nothing"), UINT64_MAX);
  memtrace_emulator_reset();
  EQUAL(memtrace_emulator_count("call"), 0u);
}
