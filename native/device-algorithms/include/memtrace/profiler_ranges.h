/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named ranges of the calling thread for profilers: NVTX with a GPU, counters in the emulator. Ranges nest; each push has its pop on the
 * same thread. Without a profiler a call does next to nothing.
 */
#ifndef MEMTRACE_PROFILER_RANGES_H
#define MEMTRACE_PROFILER_RANGES_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* Begins a range; the name is read before the call returns. The result is the depth of the range, from 0, or negative if nobody looks. */
int32_t memtrace_range_push(const char* name);

/* Ends the innermost range. The result is its depth, or negative if there is none or nobody looks. */
int32_t memtrace_range_pop(void);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
