// SPDX-License-Identifier: Apache-2.0
// A test is a function that registers itself; a failed check ends the program with its place.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "driver_api.h"
#include "memtrace/emulator.h"

namespace memtrace::test {

struct Test {
  const char* name;
  void (*run)();
};

std::vector<Test>& tests();

struct Registered {
  Registered(const char* name, void (*run)()) { tests().push_back({name, run}); }
};

constexpr int CHECK_FAILED = 2;  // exit status; those of sanitizers are others

[[noreturn]] inline void fail(const char* file, int line, const std::string& text) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, text.c_str());
  std::exit(CHECK_FAILED);
}

template <typename Left, typename Right>
void check_equal(const Left& left, const Right& right, const char* text, const char* file, int line) {
  if (!(left == right)) {
    std::string values;
    if constexpr (std::is_arithmetic_v<Left> && std::is_arithmetic_v<Right>) {
      values = ": " + std::to_string(left) + ", " + std::to_string(right);
    }
    fail(file, line, text + values);
  }
}

// Whether this build has AddressSanitizer, which ends the process at an access outside an allocation.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool ADDRESS_SANITIZER = true;
#else
constexpr bool ADDRESS_SANITIZER = false;
#endif

// Runs the body in a child process and says whether a sanitizer ended that; a failed check fails the test.
bool dies(const std::function<void()>& body);

// A reset emulator with a current context; everything is released at the end of the test.
class Driver {
 public:
  Driver();
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  CUdeviceptr allocate(std::uint64_t bytes);
  CUstream stream(unsigned flags = CU_STREAM_NON_BLOCKING);
  CUevent event();

  template <typename T>
  T* pinned(std::uint64_t n) {
    return static_cast<T*>(pinned_bytes(n * sizeof(T)));
  }

  template <typename T>
  CUdeviceptr upload(const std::vector<T>& values) {
    CUdeviceptr pointer = allocate(values.size() * sizeof(T) + (values.empty() ? 8 : 0));
    copy_to(pointer, values.data(), values.size() * sizeof(T));
    return pointer;
  }

  template <typename T>
  std::vector<T> download(CUdeviceptr pointer, std::uint64_t n) {
    std::vector<T> values(n);
    copy_from(values.data(), pointer, n * sizeof(T));
    return values;
  }

  // Launches a kernel of kernels.cu over the items that its first argument counts.
  CUresult launch(const char* name, std::vector<std::uint64_t> arguments, CUstream stream);

 private:
  void* pinned_bytes(std::uint64_t bytes);
  void copy_to(CUdeviceptr pointer, const void* source, std::uint64_t bytes);
  void copy_from(void* target, CUdeviceptr pointer, std::uint64_t bytes);

  CUcontext context_ = nullptr;
  CUmodule module_ = nullptr;
};

}  // namespace memtrace::test

#define TEST(name)                                                             \
  static void name();                                                          \
  static const memtrace::test::Registered name##_registered(#name, name);      \
  static void name()

#define EQUAL(left, right) memtrace::test::check_equal(left, right, #left " == " #right, __FILE__, __LINE__)
#define OK(call) EQUAL(call, CUDA_SUCCESS)
