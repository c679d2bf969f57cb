// SPDX-License-Identifier: Apache-2.0
// Marks that mean something to nvcc only.
#pragma once

#if defined(__CUDACC__)
// A table in constant memory.
#define MEMTRACE_CONSTANT static __constant__
// Before a loop over an array that must stay in registers.
#define MEMTRACE_UNROLL _Pragma("unroll")
#else
#define MEMTRACE_CONSTANT static
#define MEMTRACE_UNROLL
#endif
