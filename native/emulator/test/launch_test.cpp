// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <numeric>

#include "tape.h"
#include "test.h"

using namespace memtrace::test;

namespace {

// The items 0 to n-1 in the order in which they ran.
std::vector<std::uint32_t> list_items(std::uint64_t n, std::uint64_t order, std::uint64_t seed) {
  Driver driver;
  EQUAL(memtrace_emulator_set("order", order), 0);
  EQUAL(memtrace_emulator_set("seed", seed), 0);
  CUdeviceptr count = driver.upload(std::vector<std::uint64_t>{0});
  CUdeviceptr list = driver.allocate(4 * n);
  OK(driver.launch("memtrace_list", {n, count, list}, nullptr));
  EQUAL(driver.download<std::uint64_t>(count, 1)[0], n);
  return driver.download<std::uint32_t>(list, n);
}

CUfunction find(CUmodule* module, const char* name) {
  CUfunction function = nullptr;
  OK(cuModuleLoadData(module, "memtrace-emulated-kernels and more"));
  OK(cuModuleGetFunction(&function, *module, name));
  return function;
}

}  // namespace

TEST(a_grid_runs_every_item_once_in_every_order) {
  for (std::uint64_t n : {1, 2, 255, 256, 257, 1000, 5000}) {
    std::vector<std::uint32_t> expected(n);
    std::iota(expected.begin(), expected.end(), 0u);
    EQUAL(list_items(n, 0, 1), expected);
    std::vector<std::uint32_t> descending = list_items(n, 1, 1);
    std::reverse(descending.begin(), descending.end());
    EQUAL(descending, expected);
    for (std::uint64_t seed = 0; seed < 5; seed++) {
      std::vector<std::uint32_t> shuffled = list_items(n, 2, seed);
      EQUAL(n < 255 || shuffled != expected, true);
      std::sort(shuffled.begin(), shuffled.end());
      EQUAL(shuffled, expected);
    }
  }
  EQUAL(list_items(1000, 2, 1) != list_items(1000, 2, 2), true);
  EQUAL(list_items(1000, 2, 7), list_items(1000, 2, 7));
}

TEST(a_smaller_block_leaves_items_out_as_on_a_gpu) {
  Driver driver;
  CUmodule module = nullptr;
  CUfunction function = find(&module, "memtrace_fill");
  CUdeviceptr out = driver.upload(std::vector<std::uint32_t>(300));
  std::vector<std::uint64_t> arguments = {300, out, 1};
  void* parameters[] = {arguments.data()};
  OK(cuLaunchKernel(function, 2, 1, 1, 2, 1, 1, 0, nullptr, parameters, nullptr));
  std::vector<std::uint32_t> values = driver.download<std::uint32_t>(out, 300);
  EQUAL(std::accumulate(values.begin(), values.end(), 0u), 4u);
  EQUAL(values[1] + values[257], 2u);
}

TEST(arguments_are_read_at_the_launch) {
  Driver driver;
  CUmodule module = nullptr;
  CUfunction function = find(&module, "memtrace_fill");
  CUdeviceptr out = driver.allocate(4);
  std::vector<std::uint64_t> arguments = {1, out, 5};
  void* parameters[] = {arguments.data()};
  OK(cuLaunchKernel(function, 1, 1, 1, 256, 1, 1, 0, nullptr, parameters, nullptr));
  arguments[2] = 6;
  EQUAL(driver.download<std::uint32_t>(out, 1)[0], 5u);

  std::size_t bytes = 24;
  void* extra[] = {reinterpret_cast<void*>(CU_LAUNCH_PARAM_BUFFER_POINTER), arguments.data(),
                   reinterpret_cast<void*>(CU_LAUNCH_PARAM_BUFFER_SIZE), &bytes, reinterpret_cast<void*>(CU_LAUNCH_PARAM_END)};
  OK(cuLaunchKernel(function, 1, 1, 1, 256, 1, 1, 0, nullptr, nullptr, extra));
  EQUAL(driver.download<std::uint32_t>(out, 1)[0], 6u);
  bytes = 16;
  EQUAL(cuLaunchKernel(function, 1, 1, 1, 256, 1, 1, 0, nullptr, nullptr, extra), CUDA_ERROR_INVALID_VALUE);
}

TEST(impossible_launches_are_refused) {
  Driver driver;
  CUmodule module = nullptr;
  CUfunction function = find(&module, "memtrace_fill");
  CUdeviceptr out = driver.allocate(4);
  std::vector<std::uint64_t> arguments = {1, out, 5};
  void* parameters[] = {arguments.data()};
  auto launch = [&](unsigned grid_x, unsigned grid_y, unsigned block_x, unsigned block_y, unsigned shared, void** given) {
    return cuLaunchKernel(function, grid_x, grid_y, 1, block_x, block_y, 1, shared, nullptr, given, nullptr);
  };
  EQUAL(launch(0, 1, 256, 1, 0, parameters), CUDA_ERROR_INVALID_VALUE);
  EQUAL(launch(1, 2, 256, 1, 0, parameters), CUDA_ERROR_INVALID_VALUE);
  EQUAL(launch(1, 1, 128, 2, 0, parameters), CUDA_ERROR_INVALID_VALUE);
  EQUAL(launch(1, 1, 0, 1, 0, parameters), CUDA_ERROR_INVALID_VALUE);
  EQUAL(launch(0x80000000u, 1, 1, 1, 0, parameters), CUDA_ERROR_INVALID_VALUE);
  EQUAL(launch(1, 1, 256, 1, 49153, parameters), CUDA_ERROR_INVALID_VALUE);
  EQUAL(launch(1, 1, 256, 1, 0, nullptr), CUDA_ERROR_INVALID_VALUE);
  EQUAL(launch(1, 1, 257, 1, 0, parameters), CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
  OK(cuModuleUnload(module));
  EQUAL(launch(1, 1, 256, 1, 0, parameters), CUDA_ERROR_INVALID_HANDLE);
  EQUAL(cuModuleUnload(module), CUDA_ERROR_INVALID_HANDLE);
}

TEST(functions_tell_about_themselves) {
  Driver driver;
  CUmodule module = nullptr;
  CUfunction function = find(&module, "memtrace_fill");
  std::size_t offset = 1;
  std::size_t bytes = 0;
  OK(cuFuncGetParamInfo(function, 0, &offset, &bytes));
  EQUAL(offset, 0u);
  EQUAL(bytes, 24u);
  EQUAL(cuFuncGetParamInfo(function, 1, &offset, &bytes), CUDA_ERROR_INVALID_VALUE);
  int threads = 0;
  OK(cuFuncGetAttribute(&threads, 0, function));
  EQUAL(threads, 256);
  EQUAL(cuModuleGetFunction(&function, module, "memtrace_none"), CUDA_ERROR_NOT_FOUND);
}

TEST(launches_are_written_to_a_tape_with_their_memory) {
  Driver driver;
  EQUAL(memtrace_emulator_record("/nowhere/tape"), 1);
  std::FILE* tape = std::tmpfile();
  std::string name = "/proc/self/fd/" + std::to_string(fileno(tape));
  constexpr std::uint64_t N = 3 * 4096;
  std::vector<std::uint32_t> words(N / 4);
  words[1500] = 7;  // in the second of three pages, the others are blank
  CUdeviceptr out = driver.upload(words);
  EQUAL(memtrace_emulator_record(name.c_str()), 0);
  OK(driver.launch("memtrace_fill", {1, out + 4, 5}, nullptr));
  OK(cuCtxSynchronize());
  EQUAL(memtrace_emulator_record(nullptr), 0);
  OK(driver.launch("memtrace_fill", {1, out, 5}, nullptr));
  OK(cuCtxSynchronize());

  std::string bytes(100'000, ' ');
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), tape));
  std::fclose(tape);
  std::string magic = memtrace::emulator::TAPE_MAGIC;
  EQUAL(bytes.substr(0, magic.size()), magic);
  std::size_t at = magic.size();
  auto word = [&] {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof(value));
    at += sizeof(value);
    return value;
  };
  EQUAL(word(), 13u);
  EQUAL(bytes.substr(at, 13), std::string("memtrace_fill"));
  at += 13;
  for (std::uint64_t expected : {std::uint64_t{1}, std::uint64_t{256}, std::uint64_t{3}, std::uint64_t{1}, out + 4, std::uint64_t{5},
                                 std::uint64_t{1}, static_cast<std::uint64_t>(out), N, std::uint64_t{4096}, std::uint64_t{4096}}) {
    EQUAL(word(), expected);
  }
  EQUAL(bytes[at + 4 * 1500 - 4096], 7);
  at += 4096;
  EQUAL(word(), 0u);
  EQUAL(at, bytes.size());
}

TEST(foreign_images_are_refused) {
  Driver driver;
  CUmodule module = nullptr;
  EQUAL(cuModuleLoadData(&module, "memtrace-emulated-kernel"), CUDA_ERROR_NO_BINARY_FOR_GPU);
  EQUAL(cuModuleLoadData(&module, "\x7f" "ELF"), CUDA_ERROR_NO_BINARY_FOR_GPU);
  EQUAL(cuModuleLoadDataEx(&module, "", 0, nullptr, nullptr), CUDA_ERROR_NO_BINARY_FOR_GPU);
}

TEST(sanitizer_finds_kernels_outside_their_memory) {
  if (!ADDRESS_SANITIZER) {
    return;
  }
  Driver driver;
  CUstream stream = driver.stream();
  CUdeviceptr out = driver.allocate(40);
  CUdeviceptr ordered = 0;
  OK(cuMemAllocAsync(&ordered, 40, stream));
  auto run = [&](std::uint64_t items, CUdeviceptr target, CUstream where) {
    return dies([&] {
      OK(driver.launch("memtrace_fill", {items, target, 0}, where));
      OK(cuStreamSynchronize(where));
    });
  };
  EQUAL(run(10, out, stream), false);
  EQUAL(run(11, out, stream), true);
  EQUAL(run(1, out - 4, stream), true);
  EQUAL(run(10, ordered, stream), false);
  EQUAL(run(11, ordered, stream), true);
  EQUAL(run(1, ordered, driver.stream()), true);  // before the allocation
  OK(cuMemFreeAsync(ordered, stream));
  EQUAL(run(1, ordered, stream), true);  // after the free
  OK(cuMemFree_v2(out));
  EQUAL(run(1, out, stream), true);
  EQUAL(dies([&] {
          OK(driver.launch("memtrace_fill", {1, driver.allocate(8) + 1, 0}, stream));  // misaligned
          OK(cuStreamSynchronize(stream));
        }),
        true);
}

TEST(devices_and_driver_tell_about_themselves) {
  Driver driver;
  int version = 0;
  OK(cuDriverGetVersion(&version));
  EQUAL(version, 13000);
  EQUAL(memtrace_emulator_set("compute", 75), 0);
  EQUAL(memtrace_emulator_set("devices", 2), 0);
  EQUAL(memtrace_emulator_set("devices", 9), 1);
  EQUAL(memtrace_emulator_set("nothing", 1), 1);
  int count = 0;
  OK(cuDeviceGetCount(&count));
  EQUAL(count, 2);
  CUdevice device = -1;
  OK(cuDeviceGet(&device, 1));
  EQUAL(cuDeviceGet(&device, 2), CUDA_ERROR_INVALID_DEVICE);
  int major = 0;
  int minor = 0;
  OK(cuDeviceGetAttribute(&major, 75, 1));
  OK(cuDeviceGetAttribute(&minor, 76, 1));
  EQUAL(major * 10 + minor, 75);
  char name[64];
  OK(cuDeviceGetName(name, sizeof(name), 1));
  EQUAL(std::strstr(name, "emulated") != nullptr, true);
  std::size_t bytes = 0;
  OK(cuDeviceTotalMem_v2(&bytes, 1));
  EQUAL(bytes, std::size_t{8} << 30);
  const char* text = nullptr;
  OK(cuGetErrorName(700, &text));
  EQUAL(std::string(text), "CUDA_ERROR_ILLEGAL_ADDRESS");
  EQUAL(cuGetErrorName(12345, &text), CUDA_ERROR_INVALID_VALUE);
  EQUAL(memtrace_emulator_set("devices", 0), 0);
  EQUAL(cuInit(0), CUDA_ERROR_NO_DEVICE);
}

TEST(a_context_lives_as_long_as_it_is_retained) {
  Driver driver;
  CUcontext again = nullptr;
  OK(cuDevicePrimaryCtxRetain(&again, 0));
  OK(cuDevicePrimaryCtxRelease_v2(0));
  OK(cuCtxSynchronize());
  EQUAL(memtrace_emulator_live("contexts"), 1u);
  driver.allocate(8);
  OK(cuDevicePrimaryCtxRelease_v2(0));
  EQUAL(memtrace_emulator_live("device_allocations"), 0u);
  EQUAL(cuCtxSynchronize(), CUDA_ERROR_INVALID_CONTEXT);
  EQUAL(cuDevicePrimaryCtxRelease_v2(0), CUDA_ERROR_INVALID_CONTEXT);
  OK(cuDevicePrimaryCtxRetain(&again, 0));
}
