/* SPDX-License-Identifier: Apache-2.0 */
/* How tests steer the emulated CUDA driver. Thread-safe; not to be called from a function given to cuLaunchHostFunc. */
#ifndef MEMTRACE_EMULATOR_H
#define MEMTRACE_EMULATOR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/*
 * Lets the nth call (1 = the next one) of a driver function, counted from now, return a result without doing anything. The name is that of
 * the documentation, without _v2; a function of device_algorithms.h counts as a driver function here. "kernel:NAME" lets the nth launch of
 * that kernel or device algorithm (NAME as given to cuModuleGetFunction, or memtrace_sort_keys) fail when it runs, "kernel:" any launch: the
 * kernel does not run and the result shows at the next synchronisation. "allocation" counts every kind of device allocation, "call" every
 * driver call. Several faults may be pending; nth = 0 and result = 0 are ignored.
 */
void memtrace_emulator_fail(const char* what, uint64_t nth, int32_t result);

/* Removes faults and counters, brings a lost context back, and sets all settings to their defaults. Live objects stay. */
void memtrace_emulator_reset(void);

/*
 * "devices" (1, at most 8), "driver" (13000), "compute" (90), "memory" bytes of device memory of each device (8 GiB), "pinned" bytes of
 * pinned memory (8 GiB), "order" of the threads of a grid (0 ascending, 1 descending, 2 shuffled), "seed" of everything random,
 * "defer" (1: work runs when something waits for it, 0: at once, 2: some of it earlier, at random).
 * Returns 0, or 1 for an unknown key or a value out of range.
 */
int32_t memtrace_emulator_set(const char* key, uint64_t value);

/*
 * Live objects or bytes: "device_bytes", "peak_device_bytes", "device_allocations", "pinned_bytes", "pinned_allocations", "streams",
 * "events", "modules", "contexts", "ranges" of profilers that have not ended. Memory counts from the call that allocates to the call that frees, whenever the stream gets there. A
 * reset lowers the peak to what is live. UINT64_MAX for an unknown key.
 */
uint64_t memtrace_emulator_live(const char* key);

/*
 * Calls of a driver function since the last reset, refused ones included; "kernel:NAME" and "kernel:" count launches, "call" all calls,
 * "range:NAME" begun ranges of that name, "range_without_push" ends of none, "allocation" device allocations, "synchronisation" every call that waited, "bytes_to_device" and "bytes_to_host" copied bytes.
 */
uint64_t memtrace_emulator_count(const char* what);

/*
 * Writes every launch that runs from now on to a file, with all device memory that its arguments point to, so that kernel_races can run it
 * again; null ends that. Returns 0, or 1 if the file cannot be made or the one before is not whole. A reset does not end it.
 */
int32_t memtrace_emulator_record(const char* file);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
