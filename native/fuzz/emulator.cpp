// SPDX-License-Identifier: Apache-2.0
// The emulated driver: any sequence of calls, with handles, ranges, grids and images that do not exist among them, is refused as a driver would,
// changes nothing then, and copies and fills what a model of the memory says.
#include <algorithm>
#include <map>
#include <string>

#include "driver.h"

using namespace memtrace::fuzz;

namespace {

constexpr std::size_t MOST_CALLS = 64;
constexpr unsigned BLOCK_THREADS = 256;

struct Buffer {
  CUdeviceptr pointer;
  std::vector<std::uint8_t> content;
};

// A place in device memory that the input chose, and whether it exists.
struct Range {
  CUdeviceptr pointer;
  std::uint64_t bytes;
  Buffer* buffer;
  std::uint64_t offset;

  bool legal() const { return buffer != nullptr && offset <= buffer->content.size() && bytes <= buffer->content.size() - offset; }
  std::uint8_t* content() const { return buffer->content.data() + offset; }
};

class Calls {
 public:
  explicit Calls(Input& input) : input_(input) {
    memtrace_emulator_set("defer", input.below(3));
    memtrace_emulator_set("order", input.below(3));
    memtrace_emulator_set("memory", 1 << 20);
  }

  void run() {
    for (std::size_t i = 0; i < MOST_CALLS && !input_.empty(); i++) {
      call();
    }
    for (Buffer& buffer : buffers_) {
      check(buffer);
    }
  }

 private:
  void call() {
    switch (input_.below(14)) {
      case 0:
      case 1:
        return allocate();
      case 2:
        return free();
      case 3:
        return to_device();
      case 4:
        return to_host();
      case 5:
        return on_device();
      case 6:
        return fill_bytes();
      case 7:
        return fill_words();
      case 8:
        return load();
      case 9:
      case 10:
        return launch();
      case 11:
        return streams();
      case 12:
        return events();
      default:
        return pinned();
    }
  }

  // ---------------------------------------------------------------- choices

  // One chance in four that it does not exist.
  Buffer* buffer() {
    unsigned chosen = input_.below(64);
    return chosen < 16 || buffers_.empty() ? nullptr : &buffers_[chosen % buffers_.size()];
  }

  Range range() {
    Buffer* chosen = buffer();
    std::uint64_t offset = input_.take(1);
    std::uint64_t bytes = input_.below(4) == 0 ? input_.take(8) : input_.take(1);
    if (chosen == nullptr) {
      // Null, the end of the address space, a buffer that was freed.
      CUdeviceptr pointers[] = {0, UINT64_MAX - 3, freed_ == 0 ? 8 : freed_};
      return {pointers[offset % 3], std::max<std::uint64_t>(bytes, 1), nullptr, 0};
    }
    std::uint64_t in_buffer = offset % (chosen->content.size() + 2);
    if (in_buffer == chosen->content.size() + 1) {
      return {chosen->pointer - 1, std::max<std::uint64_t>(bytes, 1), nullptr, 0};  // one byte too early
    }
    return {chosen->pointer + in_buffer, bytes, chosen, in_buffer};
  }

  std::vector<std::uint8_t> bytes(std::uint64_t n) {
    std::vector<std::uint8_t> drawn(n);
    auto first = static_cast<std::uint8_t>(input_.take());
    for (std::uint8_t& byte : drawn) {
      byte = first++;
    }
    return drawn;
  }

  static void expect(CUresult result, bool legal) { REQUIRE_EQUAL(result, legal ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE); }

  // ---------------------------------------------------------------- memory

  void allocate() {
    bool large = input_.below(16) == 0;
    std::uint64_t size = large ? input_.take(8) : input_.take(2) % 600;
    bool in_order = input_.below(2) == 0;
    CUdeviceptr pointer = 0;
    CUresult result = in_order ? cuMemAllocAsync(&pointer, size, nullptr) : cuMemAlloc_v2(&pointer, size);
    std::uint64_t used = 0;
    for (const Buffer& buffer : buffers_) {
      used += buffer.content.size();
    }
    if (size == 0) {
      REQUIRE_EQUAL(result, CUDA_ERROR_INVALID_VALUE);
    } else if (size > (1 << 20) - used) {
      REQUIRE_EQUAL(result, CUDA_ERROR_OUT_OF_MEMORY);
    } else {
      REQUIRE_EQUAL(result, CUDA_SUCCESS);
      freed_ = pointer == freed_ ? 0 : freed_;
      buffers_.push_back({pointer, std::vector<std::uint8_t>(size, 0xA5)});
      CUdeviceptr base = 0;
      std::size_t found = 0;
      REQUIRE_EQUAL(cuMemGetAddressRange_v2(&base, &found, pointer + size - 1), CUDA_SUCCESS);
      REQUIRE(base == pointer && found == size);
    }
  }

  void free() {
    Range chosen = range();
    bool legal = chosen.buffer != nullptr && chosen.offset == 0;
    if (legal) {
      check(*chosen.buffer);  // work in flight that still uses the memory would fail
    }
    expect(cuMemFree_v2(chosen.pointer), legal);
    if (legal) {
      freed_ = chosen.pointer;
      buffers_.erase(buffers_.begin() + (chosen.buffer - buffers_.data()));
    }
  }

  static void check(Buffer& buffer) {
    REQUIRE(download<std::uint8_t>(buffer.pointer, buffer.content.size()) == buffer.content);
  }

  void to_device() {
    Range target = range();
    bool legal = target.bytes == 0 || target.legal();
    std::vector<std::uint8_t> source = bytes(legal ? target.bytes : 1);
    bool null = legal && target.bytes != 0 && input_.below(8) == 0;
    const void* given = null ? nullptr : source.data();
    bool waits = input_.below(2) == 0;
    expect(waits ? cuMemcpyHtoD_v2(target.pointer, given, target.bytes) : cuMemcpyHtoDAsync_v2(target.pointer, given, target.bytes, nullptr),
           legal && !null);
    if (legal && !null && target.bytes != 0) {
      std::copy(source.begin(), source.end(), target.content());
    }
  }

  void to_host() {
    Range source = range();
    bool legal = source.bytes == 0 || source.legal();
    std::vector<std::uint8_t> target(legal ? source.bytes : 1, 7);
    expect(cuMemcpyDtoH_v2(target.data(), source.pointer, source.bytes), legal);
    if (legal && source.bytes != 0) {
      REQUIRE(std::equal(target.begin(), target.end(), source.content()));
    } else {
      REQUIRE(target.empty() || target[0] == 7);
    }
  }

  void on_device() {
    Range target = range();
    Range source = range();
    std::uint64_t n = source.bytes;
    target.bytes = n;
    bool overlap = target.buffer == source.buffer && target.offset < source.offset + n && source.offset < target.offset + n;
    bool legal = n == 0 || (target.legal() && source.legal() && !overlap);
    expect(cuMemcpyDtoD_v2(target.pointer, source.pointer, n), legal);
    if (legal && n != 0) {
      std::copy_n(source.content(), n, target.content());
    }
  }

  void fill_bytes() {
    Range target = range();
    auto value = static_cast<std::uint8_t>(input_.take());
    bool legal = target.bytes == 0 || target.legal();
    expect(cuMemsetD8_v2(target.pointer, value, target.bytes), legal);
    if (legal && target.bytes != 0) {
      std::fill_n(target.content(), target.bytes, value);
    }
  }

  void fill_words() {
    Range target = range();
    auto value = static_cast<std::uint32_t>(input_.take(4));
    std::uint64_t n = target.bytes;
    target.bytes = n * 4;
    bool legal = n == 0 || (n <= UINT64_MAX / 4 && target.legal() && target.pointer % 4 == 0);
    expect(cuMemsetD32_v2(target.pointer, value, n), legal);
    for (std::uint64_t i = 0; legal && i < n; i++) {
      std::memcpy(target.content() + 4 * i, &value, 4);
    }
  }

  void pinned() {
    void* memory = nullptr;
    std::uint64_t size = input_.below(100);
    CUresult result = cuMemHostAlloc(&memory, size, input_.below(10));
    if (result != CUDA_SUCCESS) {
      REQUIRE_EQUAL(result, CUDA_ERROR_INVALID_VALUE);
      return;
    }
    REQUIRE(size != 0);
    std::vector<std::uint8_t> content = bytes(size);
    std::copy(content.begin(), content.end(), static_cast<std::uint8_t*>(memory));
    Range target = range();
    bool legal = target.bytes == 0 || (target.legal() && target.bytes <= size);
    expect(cuMemcpyHtoDAsync_v2(target.pointer, memory, target.bytes, nullptr), legal);
    REQUIRE_EQUAL(cuCtxSynchronize(), CUDA_SUCCESS);
    if (legal && target.bytes != 0) {
      std::copy_n(content.begin(), target.bytes, target.content());
    }
    REQUIRE_EQUAL(cuMemFreeHost(static_cast<char*>(memory) + 1), CUDA_ERROR_INVALID_VALUE);
    REQUIRE_EQUAL(cuMemFreeHost(memory), CUDA_SUCCESS);
    REQUIRE_EQUAL(cuMemFreeHost(memory), CUDA_ERROR_INVALID_VALUE);
  }

  // ---------------------------------------------------------------- kernels

  void load() {
    std::string image = input_.below(2) == 0 ? "memtrace-emulated-kernels" : "";
    for (unsigned n = input_.below(32); n > 0; n--) {
      image.push_back(static_cast<char>(input_.take()));
    }
    bool ours = std::strncmp(image.c_str(), "memtrace-emulated-kernels", 25) == 0;
    CUmodule module = nullptr;
    REQUIRE_EQUAL(cuModuleLoadData(&module, image.c_str()), ours ? CUDA_SUCCESS : CUDA_ERROR_NO_BINARY_FOR_GPU);
    REQUIRE_EQUAL(cuModuleLoadData(nullptr, image.c_str()), CUDA_ERROR_INVALID_VALUE);
    if (ours && function_ == nullptr) {
      REQUIRE_EQUAL(cuModuleGetFunction(&function_, module, "memtrace_fill"), CUDA_SUCCESS);
      module_ = module;
    } else if (ours) {
      CUfunction none = nullptr;
      REQUIRE_EQUAL(cuModuleGetFunction(&none, module, image.c_str()), CUDA_ERROR_NOT_FOUND);
      REQUIRE_EQUAL(cuModuleUnload(module), CUDA_SUCCESS);
      REQUIRE_EQUAL(cuModuleUnload(module), CUDA_ERROR_INVALID_HANDLE);
      REQUIRE_EQUAL(cuModuleGetFunction(&none, module, "memtrace_fill"), CUDA_ERROR_INVALID_HANDLE);
    }
  }

  void launch() {
    Buffer* target = buffer();
    std::uint64_t words = target == nullptr ? 0 : target->content.size() / 4;
    std::uint64_t items = words == 0 ? 0 : input_.take(1) % (words + 1);
    auto value = static_cast<std::uint32_t>(input_.take(2));
    struct {
      std::uint64_t items;
      CUdeviceptr out;
      std::uint64_t value;
    } arguments = {items, target == nullptr ? 0 : target->pointer, value};
    unsigned grid[3];
    unsigned block[3];
    for (int i = 0; i < 3; i++) {
      grid[i] = i == 0 ? input_.below(6) : 1 + (input_.below(16) == 0);
      block[i] = i == 0 ? static_cast<unsigned>(input_.take(2) % 300) : 1 + (input_.below(16) == 0);
    }
    unsigned shared = input_.below(16) == 0 ? static_cast<unsigned>(input_.take(4)) : 0;
    void* parameters[] = {&arguments};
    std::size_t size = input_.below(8) == 0 ? input_.below(32) : sizeof(arguments);
    void* extra[] = {reinterpret_cast<void*>(CU_LAUNCH_PARAM_BUFFER_POINTER), &arguments,
                     reinterpret_cast<void*>(CU_LAUNCH_PARAM_BUFFER_SIZE), &size, reinterpret_cast<void*>(CU_LAUNCH_PARAM_END)};
    bool in_extra = input_.below(2) == 0;
    bool both = input_.below(8) == 0;
    CUresult result = cuLaunchKernel(function_, grid[0], grid[1], grid[2], block[0], block[1], block[2], shared, nullptr,
                                     in_extra && !both ? nullptr : parameters, in_extra ? extra : nullptr);
    bool shaped = grid[0] != 0 && block[0] != 0 && grid[1] == 1 && grid[2] == 1 && block[1] == 1 && block[2] == 1 && shared <= 49152;
    bool passed = !in_extra || (!both && size == sizeof(arguments));
    CUresult expected = function_ == nullptr     ? CUDA_ERROR_INVALID_HANDLE
                        : !shaped || !passed     ? CUDA_ERROR_INVALID_VALUE
                        : block[0] > BLOCK_THREADS ? CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES
                                                 : CUDA_SUCCESS;
    REQUIRE_EQUAL(result, expected);
    for (unsigned b = 0; expected == CUDA_SUCCESS && b < grid[0]; b++) {
      for (unsigned t = 0; t < block[0]; t++) {
        std::uint64_t item = std::uint64_t{b} * BLOCK_THREADS + t;
        if (item < items) {
          std::memcpy(target->content.data() + 4 * item, &value, 4);
        }
      }
    }
  }

  // ---------------------------------------------------------------- streams and events

  void streams() {
    CUstream stream = nullptr;
    unsigned flags = input_.below(4);
    CUresult made = cuStreamCreate(&stream, flags);
    expect(made, flags <= CU_STREAM_NON_BLOCKING);
    if (made != CUDA_SUCCESS) {
      return;
    }
    Range target = range();
    auto value = static_cast<std::uint8_t>(input_.take());
    bool legal = target.bytes == 0 || target.legal();
    REQUIRE_EQUAL(cuCtxSynchronize(), CUDA_SUCCESS);  // nothing of the default stream is under way
    expect(cuMemsetD8Async(target.pointer, value, target.bytes, stream), legal);
    if (legal && target.bytes != 0) {
      std::fill_n(target.content(), target.bytes, value);
    }
    CUresult state = cuStreamQuery(stream);
    REQUIRE(state == CUDA_SUCCESS || state == CUDA_ERROR_NOT_READY);
    REQUIRE_EQUAL(cuStreamSynchronize(stream), CUDA_SUCCESS);
    REQUIRE_EQUAL(cuStreamDestroy_v2(stream), CUDA_SUCCESS);
    REQUIRE_EQUAL(cuStreamDestroy_v2(stream), CUDA_ERROR_INVALID_HANDLE);
    REQUIRE_EQUAL(cuStreamSynchronize(stream), CUDA_ERROR_INVALID_HANDLE);
  }

  void events() {
    CUevent event = nullptr;
    unsigned flags = input_.below(10);
    CUresult made = cuEventCreate(&event, flags);
    expect(made, flags <= 7);
    if (made != CUDA_SUCCESS) {
      return;
    }
    float elapsed = -1;
    REQUIRE_EQUAL(cuEventElapsedTime(&elapsed, event, event), CUDA_ERROR_INVALID_HANDLE);  // never recorded
    REQUIRE_EQUAL(cuEventQuery(event), CUDA_SUCCESS);
    REQUIRE_EQUAL(cuEventRecord(event, nullptr), CUDA_SUCCESS);
    REQUIRE_EQUAL(cuStreamWaitEvent(nullptr, event, 0), CUDA_SUCCESS);
    REQUIRE_EQUAL(cuEventSynchronize(event), CUDA_SUCCESS);
    bool timed = (flags & CU_EVENT_DISABLE_TIMING) == 0;
    REQUIRE_EQUAL(cuEventElapsedTime(&elapsed, event, event), timed ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE);
    REQUIRE_EQUAL(cuEventDestroy_v2(event), CUDA_SUCCESS);
    REQUIRE_EQUAL(cuEventRecord(event, nullptr), CUDA_ERROR_INVALID_HANDLE);
    REQUIRE_EQUAL(cuEventDestroy_v2(event), CUDA_ERROR_INVALID_HANDLE);
  }

  Input& input_;
  std::vector<Buffer> buffers_;
  CUdeviceptr freed_ = 0;
  CUmodule module_ = nullptr;
  CUfunction function_ = nullptr;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  Device device;
  Calls(input).run();
  return 0;
}
