// SPDX-License-Identifier: Apache-2.0
// The device algorithms over the C++ standard library, on streams of the emulated driver.
#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "device_algorithm.h"
#include "memtrace/device_algorithms.h"

using memtrace::emulator::AddressRange;
using memtrace::emulator::enqueue_algorithm;

namespace {

constexpr std::int32_t SUCCESS = 0;
constexpr std::int32_t INVALID_VALUE = 1;

// No algorithm here needs device memory of its own, but each fills the buffer, as those on a GPU do.
constexpr std::uint64_t TEMPORARY_BYTES = 64;
constexpr int GARBAGE = 0xEE;

// Calls `enqueue(ranges)` with the range of the temporary buffer once there is one.
template <typename Enqueue>
std::int32_t with_temporary(void* temporary, std::uint64_t* temporary_bytes, Enqueue enqueue) {
  if (temporary_bytes == nullptr) {
    return INVALID_VALUE;
  }
  if (temporary == nullptr) {
    *temporary_bytes = TEMPORARY_BYTES;
    return SUCCESS;
  }
  if (*temporary_bytes < TEMPORARY_BYTES) {
    return INVALID_VALUE;
  }
  return enqueue(AddressRange{temporary, *temporary_bytes});
}

template <typename T>
AddressRange range(const T* begin, std::uint64_t n) {
  bool too_large = n > UINT64_MAX / sizeof(T);
  return {begin, too_large ? UINT64_MAX : n * sizeof(T)};
}

void spoil(const AddressRange& spoilt) {
  if (spoilt.bytes != 0) {
    std::memset(const_cast<void*>(spoilt.begin), GARBAGE, spoilt.bytes);
  }
}

bool valid_bits(std::int32_t begin_bit, std::int32_t end_bit) { return 0 <= begin_bit && begin_bit <= end_bit && end_bit <= 64; }

// Compares the bits [begin, end) of keys.
class BitsLess {
 public:
  BitsLess(std::int32_t begin, std::int32_t end)
      : mask_(begin == end ? 0 : (UINT64_MAX >> (64 - (end - begin))) << begin) {}

  bool operator()(std::uint64_t left, std::uint64_t right) const { return (left & mask_) < (right & mask_); }

 private:
  std::uint64_t mask_;
};

struct Pair {
  std::uint64_t key;
  std::uint32_t value;
};

// scan(in, in + n, out) over 32-bit inputs.
template <typename Out, typename Scan>
std::int32_t scan_u32(const char* name, void* temporary, std::uint64_t* temporary_bytes, const std::uint32_t* in, Out* out,
                      std::uint64_t n, void* stream, Scan scan) {
  return with_temporary(temporary, temporary_bytes, [=](AddressRange buffer) {
    return enqueue_algorithm(name, stream, {buffer, range(in, n), range(out, n)}, [=] {
      scan(in, in + n, out);
      spoil(buffer);
    });
  });
}

}  // namespace

std::uint32_t memtrace_algorithms_version() { return MEMTRACE_ALGORITHMS_VERSION; }

std::int32_t memtrace_sort_keys(void* temporary, std::uint64_t* temporary_bytes, std::uint64_t* keys_in, std::uint64_t* keys_out,
                                std::uint64_t n, std::int32_t begin_bit, std::int32_t end_bit, void* stream) {
  if (!valid_bits(begin_bit, end_bit)) {
    return INVALID_VALUE;
  }
  return with_temporary(temporary, temporary_bytes, [=](AddressRange buffer) {
    return enqueue_algorithm("memtrace_sort_keys", stream, {buffer, range(keys_in, n), range(keys_out, n)}, [=] {
      std::copy(keys_in, keys_in + n, keys_out);
      std::stable_sort(keys_out, keys_out + n, BitsLess(begin_bit, end_bit));
      spoil(range(keys_in, n));
      spoil(buffer);
    });
  });
}

std::int32_t memtrace_sort_pairs(void* temporary, std::uint64_t* temporary_bytes, std::uint64_t* keys_in, std::uint64_t* keys_out,
                                 std::uint32_t* values_in, std::uint32_t* values_out, std::uint64_t n, std::int32_t begin_bit,
                                 std::int32_t end_bit, void* stream) {
  if (!valid_bits(begin_bit, end_bit)) {
    return INVALID_VALUE;
  }
  return with_temporary(temporary, temporary_bytes, [=](AddressRange buffer) {
    std::vector<AddressRange> ranges = {buffer, range(keys_in, n), range(keys_out, n), range(values_in, n), range(values_out, n)};
    return enqueue_algorithm("memtrace_sort_pairs", stream, ranges, [=] {
      std::vector<Pair> pairs(n);
      for (std::uint64_t i = 0; i < n; i++) {
        pairs[i] = {keys_in[i], values_in[i]};
      }
      BitsLess less(begin_bit, end_bit);
      std::stable_sort(pairs.begin(), pairs.end(), [&](const Pair& left, const Pair& right) { return less(left.key, right.key); });
      for (std::uint64_t i = 0; i < n; i++) {
        keys_out[i] = pairs[i].key;
        values_out[i] = pairs[i].value;
      }
      spoil(range(keys_in, n));
      spoil(range(values_in, n));
      spoil(buffer);
    });
  });
}

std::int32_t memtrace_exclusive_sum_u32(void* temporary, std::uint64_t* temporary_bytes, const std::uint32_t* in, std::uint32_t* out,
                                        std::uint64_t n, void* stream) {
  return scan_u32("memtrace_exclusive_sum_u32", temporary, temporary_bytes, in, out, n, stream,
                  [](const std::uint32_t* begin, const std::uint32_t* end, std::uint32_t* target) {
                    std::exclusive_scan(begin, end, target, std::uint32_t{0});
                  });
}

std::int32_t memtrace_exclusive_sum_u64(void* temporary, std::uint64_t* temporary_bytes, const std::uint32_t* in, std::uint64_t* out,
                                        std::uint64_t n, void* stream) {
  return scan_u32("memtrace_exclusive_sum_u64", temporary, temporary_bytes, in, out, n, stream,
                  [](const std::uint32_t* begin, const std::uint32_t* end, std::uint64_t* target) {
                    std::exclusive_scan(begin, end, target, std::uint64_t{0});
                  });
}

std::int32_t memtrace_inclusive_max_u32(void* temporary, std::uint64_t* temporary_bytes, const std::uint32_t* in, std::uint32_t* out,
                                        std::uint64_t n, void* stream) {
  return scan_u32("memtrace_inclusive_max_u32", temporary, temporary_bytes, in, out, n, stream,
                  [](const std::uint32_t* begin, const std::uint32_t* end, std::uint32_t* target) {
                    std::inclusive_scan(begin, end, target, [](std::uint32_t a, std::uint32_t b) { return std::max(a, b); });
                  });
}

std::int32_t memtrace_reduce_sum_u32(void* temporary, std::uint64_t* temporary_bytes, const std::uint32_t* in, std::uint64_t* out,
                                     std::uint64_t n, void* stream) {
  return with_temporary(temporary, temporary_bytes, [=](AddressRange buffer) {
    return enqueue_algorithm("memtrace_reduce_sum_u32", stream, {buffer, range(in, n), range(out, 1)}, [=] {
      *out = std::accumulate(in, in + n, std::uint64_t{0});
      spoil(buffer);
    });
  });
}

std::int32_t memtrace_select_flagged(void* temporary, std::uint64_t* temporary_bytes, const std::uint8_t* flags,
                                     std::uint32_t* indices_out, std::uint64_t* count_out, std::uint64_t n, void* stream) {
  if (n > UINT32_MAX) {
    return INVALID_VALUE;
  }
  return with_temporary(temporary, temporary_bytes, [=](AddressRange buffer) {
    AddressRange indices = range(indices_out, std::min<std::uint64_t>(n, 1));
    indices.needed = [=] { return sizeof(*indices_out) * (n - std::count(flags, flags + n, 0)); };
    return enqueue_algorithm("memtrace_select_flagged", stream,
                             {buffer, range(flags, n), indices, range(count_out, 1)}, [=] {
                               std::uint32_t* next = indices_out;
                               for (std::uint64_t i = 0; i < n; i++) {
                                 if (flags[i] != 0) {
                                   *next++ = static_cast<std::uint32_t>(i);
                                 }
                               }
                               *count_out = static_cast<std::uint64_t>(next - indices_out);
                               spoil(buffer);
                             });
  });
}

std::int32_t memtrace_run_length(void* temporary, std::uint64_t* temporary_bytes, const std::uint64_t* keys, std::uint64_t* keys_out,
                                 std::uint32_t* lengths_out, std::uint64_t* count_out, std::uint64_t n, void* stream) {
  if (n > UINT32_MAX) {
    return INVALID_VALUE;
  }
  return with_temporary(temporary, temporary_bytes, [=](AddressRange buffer) {
    std::vector<AddressRange> ranges = {buffer, range(keys, n), range(keys_out, n), range(lengths_out, n), range(count_out, 1)};
    return enqueue_algorithm("memtrace_run_length", stream, ranges, [=] {
      std::uint64_t runs = 0;
      const std::uint64_t* end = keys + n;
      for (const std::uint64_t* run = keys; run != end;) {
        const std::uint64_t* next = std::find_if(run, end, [run](std::uint64_t key) { return key != *run; });
        keys_out[runs] = *run;
        lengths_out[runs] = static_cast<std::uint32_t>(next - run);
        runs++;
        run = next;
      }
      *count_out = runs;
      spoil(buffer);
    });
  });
}
