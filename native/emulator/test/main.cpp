// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

namespace memtrace::test {

std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

bool dies(const std::function<void()>& body) {
  std::fflush(nullptr);
  pid_t child = fork();
  if (child == 0) {
    if (std::freopen("/dev/null", "w", stderr) == nullptr) {
      _exit(0);
    }
    body();
    _exit(0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) {
    fail(__FILE__, __LINE__, "no child process");
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == CHECK_FAILED) {
    fail(__FILE__, __LINE__, "a check failed in the child process");
  }
  return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

Driver::Driver() {
  memtrace_emulator_reset();
  OK(cuInit(0));
  OK(cuDevicePrimaryCtxRetain(&context_, 0));
  OK(cuCtxSetCurrent(context_));
  OK(cuModuleLoadData(&module_, "memtrace-emulated-kernels"));
}

Driver::~Driver() {
  memtrace_emulator_reset();
  OK(cuDevicePrimaryCtxRelease_v2(0));
  for (const char* key : {"device_bytes", "device_allocations", "pinned_bytes", "pinned_allocations", "streams", "events", "modules",
                          "contexts"}) {
    EQUAL(memtrace_emulator_live(key), 0u);
  }
}

CUdeviceptr Driver::allocate(std::uint64_t bytes) {
  CUdeviceptr pointer = 0;
  OK(cuMemAlloc_v2(&pointer, bytes));
  return pointer;
}

CUstream Driver::stream(unsigned flags) {
  CUstream stream = nullptr;
  OK(cuStreamCreate(&stream, flags));
  return stream;
}

CUevent Driver::event() {
  CUevent event = nullptr;
  OK(cuEventCreate(&event, 0));
  return event;
}

CUresult Driver::launch(const char* name, std::vector<std::uint64_t> arguments, CUstream stream) {
  CUfunction function = nullptr;
  OK(cuModuleGetFunction(&function, module_, name));
  void* parameters[] = {arguments.data()};
  auto blocks = static_cast<unsigned>((arguments[0] + 255) / 256);
  return cuLaunchKernel(function, blocks, 1, 1, 256, 1, 1, 0, stream, parameters, nullptr);
}

void* Driver::pinned_bytes(std::uint64_t bytes) {
  void* pointer = nullptr;
  OK(cuMemHostAlloc(&pointer, bytes, 0));
  return pointer;
}

void Driver::copy_to(CUdeviceptr pointer, const void* source, std::uint64_t bytes) { OK(cuMemcpyHtoD_v2(pointer, source, bytes)); }

void Driver::copy_from(void* target, CUdeviceptr pointer, std::uint64_t bytes) { OK(cuMemcpyDtoH_v2(target, pointer, bytes)); }

}  // namespace memtrace::test

// Runs every test, or those whose name contains the argument.
int main(int argc, char** argv) {
  int run = 0;
  for (const auto& test : memtrace::test::tests()) {
    if (argc < 2 || std::string(test.name).find(argv[1]) != std::string::npos) {
      std::printf("%s\n", test.name);
      std::fflush(stdout);
      test.run();
      run++;
    }
  }
  std::printf("%d tests passed\n", run);
  return run == 0 ? 1 : 0;
}
