// SPDX-License-Identifier: Apache-2.0
// Every function that JCuda imports, as one that is not supported. The definitions are weak: those with real semantics replace theirs.
namespace memtrace::emulator {
int refuse(const char* symbol);
}

// The caller's arguments are not looked at, which the calling conventions of Linux allow.
#define IMPORTED(name) \
  extern "C" __attribute__((weak, visibility("default"))) int name() { return memtrace::emulator::refuse(#name); }
#include "jcuda_imports.def"
