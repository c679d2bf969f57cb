/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collective algorithms on device memory: CUB for GPUs, the C++ standard library for the emulator.
 *
 * Every function that takes `temporary` follows CUB: called with temporary == NULL it only stores the bytes it needs in
 * *temporary_bytes, which is never 0 and may depend on every argument but the pointers; called with a device buffer of that size it
 * enqueues its work on the stream and returns. A smaller buffer is refused. No function synchronises or allocates. Pointers but
 * temporary_bytes are device addresses, aligned to 8 bytes; what is written does not overlap another argument unless a function says so.
 * n may be 0: sums and counts are stored all the same. The stream is a CUstream of the primary context, which must be current. The result
 * is a CUresult: 0, or the code of the error.
 */
#ifndef MEMTRACE_DEVICE_ALGORITHMS_H
#define MEMTRACE_DEVICE_ALGORITHMS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* Version of this interface and of profiler_ranges.h: changes when a signature does. */
#define MEMTRACE_ALGORITHMS_VERSION 2
uint32_t memtrace_algorithms_version(void);

/* Sorts keys stably by their bits [begin_bit, end_bit), 0 <= begin_bit <= end_bit <= 64. What the input holds afterwards is undefined. */
int32_t memtrace_sort_keys(void* temporary, uint64_t* temporary_bytes, uint64_t* keys_in, uint64_t* keys_out, uint64_t n,
                           int32_t begin_bit, int32_t end_bit, void* stream);

/* Sorts pairs stably by bits [begin_bit, end_bit) of the keys. What the inputs hold afterwards is undefined. */
int32_t memtrace_sort_pairs(void* temporary, uint64_t* temporary_bytes, uint64_t* keys_in, uint64_t* keys_out,
                            uint32_t* values_in, uint32_t* values_out, uint64_t n, int32_t begin_bit, int32_t end_bit,
                            void* stream);

/* out[i] = in[0] + ... + in[i-1] mod 2^32; in == out is allowed. */
int32_t memtrace_exclusive_sum_u32(void* temporary, uint64_t* temporary_bytes, const uint32_t* in, uint32_t* out, uint64_t n,
                                   void* stream);

/* out[i] = in[0] + ... + in[i-1] mod 2^64 of 32-bit inputs. */
int32_t memtrace_exclusive_sum_u64(void* temporary, uint64_t* temporary_bytes, const uint32_t* in, uint64_t* out, uint64_t n,
                                   void* stream);

/* out[i] = max(in[0], ..., in[i]); in == out is allowed. */
int32_t memtrace_inclusive_max_u32(void* temporary, uint64_t* temporary_bytes, const uint32_t* in, uint32_t* out, uint64_t n,
                                   void* stream);

/* *out = in[0] + ... + in[n-1] mod 2^64. */
int32_t memtrace_reduce_sum_u32(void* temporary, uint64_t* temporary_bytes, const uint32_t* in, uint64_t* out, uint64_t n,
                                void* stream);

/* Stores the indices i with flags[i] != 0 in ascending order, and their number. n < 2^32. No more than they are is stored. */
int32_t memtrace_select_flagged(void* temporary, uint64_t* temporary_bytes, const uint8_t* flags, uint32_t* indices_out,
                                uint64_t* count_out, uint64_t n, void* stream);

/* Runs of equal neighbours: the key and the length of each, and their number. n < 2^32. */
int32_t memtrace_run_length(void* temporary, uint64_t* temporary_bytes, const uint64_t* keys, uint64_t* keys_out,
                            uint32_t* lengths_out, uint64_t* count_out, uint64_t n, void* stream);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
