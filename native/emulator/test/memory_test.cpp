// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "test.h"

using namespace memtrace::test;

TEST(fresh_memory_is_not_zero) {
  Driver driver;
  std::vector<std::uint32_t> values = driver.download<std::uint32_t>(driver.allocate(40), 10);
  for (std::uint32_t value : values) {
    EQUAL(value, 0xA5A5A5A5u);
  }
}

TEST(copies_and_fills) {
  Driver driver;
  std::vector<std::uint32_t> values = {1, 2, 3, 4, 5, 6, 7, 8};
  CUdeviceptr source = driver.upload(values);
  CUdeviceptr target = driver.allocate(32);
  OK(cuMemcpyDtoD_v2(target, source, 32));
  EQUAL(driver.download<std::uint32_t>(target, 8), values);
  OK(cuMemsetD32_v2(target + 4, 9, 2));
  OK(cuMemsetD8_v2(target + 28, 1, 4));
  EQUAL(driver.download<std::uint32_t>(target, 8), (std::vector<std::uint32_t>{1, 9, 9, 4, 5, 6, 7, 0x01010101}));
}

TEST(ranges_outside_an_allocation_are_refused) {
  Driver driver;
  CUdeviceptr pointer = driver.allocate(16);
  std::vector<char> host(32);
  EQUAL(cuMemcpyHtoD_v2(pointer, host.data(), 17), CUDA_ERROR_INVALID_VALUE);
  EQUAL(cuMemcpyHtoD_v2(pointer + 1, host.data(), 16), CUDA_ERROR_INVALID_VALUE);
  EQUAL(cuMemcpyDtoH_v2(host.data(), pointer - 1, 2), CUDA_ERROR_INVALID_VALUE);
  EQUAL(cuMemcpyDtoH_v2(host.data(), pointer, SIZE_MAX), CUDA_ERROR_INVALID_VALUE);
  EQUAL(cuMemsetD8_v2(pointer, 0, 17), CUDA_ERROR_INVALID_VALUE);
  EQUAL(cuMemsetD32_v2(pointer, 0, SIZE_MAX / 2), CUDA_ERROR_INVALID_VALUE);
  EQUAL(cuMemsetD32_v2(pointer + 2, 0, 1), CUDA_ERROR_INVALID_VALUE);
  EQUAL(cuMemcpyDtoD_v2(pointer + 4, pointer, 8), CUDA_ERROR_INVALID_VALUE);
  EQUAL(cuMemcpyHtoD_v2(pointer, nullptr, 8), CUDA_ERROR_INVALID_VALUE);
  OK(cuMemcpyHtoD_v2(pointer, host.data(), 0));
  OK(cuMemcpyHtoD_v2(pointer, host.data(), 16));
}

TEST(memory_is_freed_once) {
  Driver driver;
  CUdeviceptr pointer = driver.allocate(16);
  EQUAL(cuMemFree_v2(pointer + 8), CUDA_ERROR_INVALID_VALUE);
  EQUAL(cuMemFreeAsync(pointer, nullptr), CUDA_ERROR_INVALID_VALUE);
  OK(cuMemFree_v2(pointer));
  EQUAL(cuMemFree_v2(pointer), CUDA_ERROR_INVALID_VALUE);
  EQUAL(cuMemsetD8_v2(pointer, 0, 1), CUDA_ERROR_INVALID_VALUE);

  CUstream stream = driver.stream();
  OK(cuMemAllocAsync(&pointer, 16, stream));
  OK(cuMemFreeAsync(pointer, stream));
  EQUAL(cuMemFreeAsync(pointer, stream), CUDA_ERROR_INVALID_VALUE);
  EQUAL(cuMemsetD8Async(pointer, 0, 1, stream), CUDA_ERROR_INVALID_VALUE);
  OK(cuCtxSynchronize());
}

TEST(empty_allocations_are_refused) {
  Driver driver;
  CUdeviceptr pointer = 0;
  void* host = nullptr;
  EQUAL(cuMemAlloc_v2(&pointer, 0), CUDA_ERROR_INVALID_VALUE);
  EQUAL(cuMemAllocAsync(&pointer, 0, nullptr), CUDA_ERROR_INVALID_VALUE);
  EQUAL(cuMemHostAlloc(&host, 0, 0), CUDA_ERROR_INVALID_VALUE);
}

TEST(device_memory_has_a_limit) {
  Driver driver;
  EQUAL(memtrace_emulator_set("memory", 1000), 0);
  CUstream stream = driver.stream();
  CUdeviceptr first = 0;
  CUdeviceptr second = 0;
  OK(cuMemAllocAsync(&first, 600, stream));
  EQUAL(cuMemAllocAsync(&second, 401, stream), CUDA_ERROR_OUT_OF_MEMORY);
  EQUAL(cuMemAlloc_v2(&second, 401), CUDA_ERROR_OUT_OF_MEMORY);
  std::size_t free = 0;
  std::size_t total = 0;
  OK(cuMemGetInfo_v2(&free, &total));
  EQUAL(free, 400u);
  EQUAL(total, 1000u);
  OK(cuMemFreeAsync(first, stream));
  OK(cuMemAllocAsync(&second, 1000, stream));
  EQUAL(memtrace_emulator_live("device_bytes"), 1000u);
  EQUAL(memtrace_emulator_live("peak_device_bytes"), 1000u);
  EQUAL(memtrace_emulator_live("device_allocations"), 1u);
  OK(cuMemFreeAsync(second, stream));
  EQUAL(memtrace_emulator_live("device_bytes"), 0u);
  OK(cuStreamSynchronize(stream));
}

TEST(pinned_memory_has_a_limit) {
  Driver driver;
  EQUAL(memtrace_emulator_set("pinned", 1000), 0);
  auto* first = driver.pinned<char>(600);
  void* second = nullptr;
  EQUAL(cuMemHostAlloc(&second, 401, 0), CUDA_ERROR_OUT_OF_MEMORY);
  EQUAL(memtrace_emulator_live("pinned_bytes"), 600u);
  OK(cuMemFreeHost(first));
  EQUAL(cuMemFreeHost(first), CUDA_ERROR_INVALID_VALUE);
  OK(cuMemHostAlloc(&second, 1000, 0));
  EQUAL(memtrace_emulator_live("pinned_allocations"), 1u);
}

TEST(copies_from_pinned_memory_wait_those_from_pageable_do_not) {
  Driver driver;
  CUstream stream = driver.stream();
  CUdeviceptr device = driver.allocate(8);
  auto* pinned = driver.pinned<std::uint32_t>(1);
  std::uint32_t pageable = 1;
  *pinned = 1;
  OK(cuMemcpyHtoDAsync_v2(device, pinned, 4, stream));
  OK(cuMemcpyHtoDAsync_v2(device + 4, &pageable, 4, stream));
  *pinned = 2;  // too early: the copy takes the new value
  pageable = 2;
  OK(cuStreamSynchronize(stream));
  EQUAL(driver.download<std::uint32_t>(device, 2), (std::vector<std::uint32_t>{2, 1}));
}

TEST(copies_to_pinned_memory_wait_those_to_pageable_do_not) {
  Driver driver;
  CUstream stream = driver.stream();
  CUdeviceptr device = driver.upload(std::vector<std::uint32_t>{7});
  auto* pinned = driver.pinned<std::uint32_t>(1);
  std::uint32_t pageable = 0;
  *pinned = 0;
  OK(cuMemcpyDtoHAsync_v2(pinned, device, 4, stream));
  EQUAL(*pinned, 0u);
  OK(cuMemcpyDtoHAsync_v2(&pageable, device, 4, stream));
  EQUAL(pageable, 7u);
  EQUAL(*pinned, 7u);
}

TEST(ranges_outside_a_pinned_buffer_are_refused) {
  Driver driver;
  CUdeviceptr device = driver.allocate(16);
  auto* pinned = driver.pinned<char>(8);
  EQUAL(cuMemcpyHtoDAsync_v2(device, pinned + 4, 5, nullptr), CUDA_ERROR_INVALID_VALUE);
  OK(cuMemcpyHtoDAsync_v2(device, pinned + 4, 4, nullptr));
  OK(cuCtxSynchronize());
}

TEST(a_pinned_buffer_freed_under_a_copy_is_found) {
  Driver driver;
  CUstream stream = driver.stream();
  CUdeviceptr device = driver.allocate(16);
  auto* pinned = driver.pinned<char>(16);
  OK(cuMemcpyHtoDAsync_v2(device, pinned, 16, stream));
  OK(cuMemFreeHost(pinned));
  EQUAL(cuStreamSynchronize(stream), CUDA_ERROR_ILLEGAL_ADDRESS);
}

TEST(device_memory_freed_under_a_copy_is_found) {
  Driver driver;
  CUstream stream = driver.stream();
  CUdeviceptr device = driver.allocate(16);
  OK(cuMemsetD8Async(device, 0, 16, stream));
  OK(cuMemFree_v2(device));
  EQUAL(cuStreamSynchronize(stream), CUDA_ERROR_ILLEGAL_ADDRESS);
}

TEST(stream_ordered_memory_is_found_unready_in_another_stream) {
  Driver driver;
  CUstream first = driver.stream();
  CUstream second = driver.stream();
  CUdeviceptr device = 0;
  OK(cuMemAllocAsync(&device, 16, first));
  OK(cuMemsetD8Async(device, 0, 16, second));
  EQUAL(cuStreamSynchronize(second), CUDA_ERROR_ILLEGAL_ADDRESS);
}

TEST(stream_ordered_memory_is_ready_after_an_event) {
  Driver driver;
  CUstream first = driver.stream();
  CUstream second = driver.stream();
  CUevent event = driver.event();
  CUdeviceptr device = 0;
  OK(cuMemAllocAsync(&device, 16, first));
  OK(cuEventRecord(event, first));
  OK(cuStreamWaitEvent(second, event, 0));
  OK(cuMemsetD8Async(device, 0, 16, second));
  OK(cuMemFreeAsync(device, second));
  OK(cuStreamSynchronize(second));
}

TEST(a_free_in_a_stream_that_did_not_wait_is_found) {
  Driver driver;
  CUdeviceptr device = 0;
  CUstream second = driver.stream();
  OK(cuMemAllocAsync(&device, 16, driver.stream()));
  OK(cuMemFreeAsync(device, second));
  EQUAL(cuStreamSynchronize(second), CUDA_ERROR_ILLEGAL_ADDRESS);
}

TEST(address_ranges_are_told) {
  Driver driver;
  CUdeviceptr device = driver.allocate(100);
  CUdeviceptr base = 0;
  std::size_t bytes = 0;
  OK(cuMemGetAddressRange_v2(&base, &bytes, device + 99));
  EQUAL(base, device);
  EQUAL(bytes, 100u);
  EQUAL(cuMemGetAddressRange_v2(&base, &bytes, device + 100), CUDA_ERROR_NOT_FOUND);
  EQUAL(device % 256, 0u);
}

TEST(the_pool_keeps_its_threshold) {
  Driver driver;
  CUmemoryPool pool = nullptr;
  OK(cuDeviceGetDefaultMemPool(&pool, 0));
  std::uint64_t threshold = UINT64_MAX;
  OK(cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &threshold));
  threshold = 0;
  OK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &threshold));
  EQUAL(threshold, UINT64_MAX);
  OK(cuMemPoolTrimTo(pool, 0));
  EQUAL(cuMemPoolGetAttribute(nullptr, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &threshold), CUDA_ERROR_INVALID_VALUE);
}
