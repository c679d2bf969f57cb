// SPDX-License-Identifier: Apache-2.0
// The finished library has the name and every symbol that JCuda's driver library asks for.
#include <dlfcn.h>

#include <cstdio>

namespace {

constexpr const char* IMPORTS[] = {
#define IMPORTED(name) #name,
#include "jcuda_imports.def"
};

}  // namespace

int main(int argc, char** argv) {
  void* library = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : nullptr;
  if (library == nullptr) {
    std::fprintf(stderr, "%s\n", argc == 2 ? dlerror() : "usage: imports_test LIBRARY");
    return 1;
  }
  if (dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD) != library) {
    std::fprintf(stderr, "the library's name is not libcuda.so.1\n");
    return 1;
  }
  int missing = 0;
  for (const char* name : IMPORTS) {
    if (dlsym(library, name) == nullptr) {
      std::fprintf(stderr, "missing: %s\n", name);
      missing++;
    }
  }
  auto unsupported = reinterpret_cast<int (*)(int)>(dlsym(library, "cuGraphDestroy"));
  auto find_algorithm = dlsym(library, "memtrace_sort_keys");
  auto control = dlsym(library, "memtrace_emulator_reset");
  if (unsupported == nullptr || unsupported(0) != 801 || find_algorithm == nullptr || control == nullptr) {
    std::fprintf(stderr, "an unsupported function, an algorithm or the control interface does not answer\n");
    missing++;
  }
  std::printf("%zu imports, %d missing\n", sizeof(IMPORTS) / sizeof(IMPORTS[0]), missing);
  return missing == 0 ? 0 : 1;
}
