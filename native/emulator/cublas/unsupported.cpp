// SPDX-License-Identifier: Apache-2.0
// Every function that JCublas2 imports, as one that is not supported. The definitions are weak: those with real semantics replace theirs.
#define IMPORTED(name) \
  extern "C" __attribute__((weak)) int name() { return 15; }
#include "jcublas_imports.def"
