// SPDX-License-Identifier: Apache-2.0
// The device algorithms against plain loops, on random data of one seed.
#include <algorithm>
#include <random>

#include "memtrace/device_algorithms.h"
#include "test.h"

using namespace memtrace::test;

namespace {

constexpr std::uint64_t SIZES[] = {0, 1, 2, 255, 256, 257, 100000};

template <typename T>
T* device(CUdeviceptr pointer) {
  return reinterpret_cast<T*>(pointer);
}

// Asks an algorithm for its temporary bytes, allocates exactly those, and runs it; the work waits for the next copy.
void run(Driver& driver, const std::function<std::int32_t(void* temporary, std::uint64_t* bytes)>& algorithm) {
  std::uint64_t bytes = 0;
  OK(algorithm(nullptr, &bytes));
  EQUAL(bytes > 0, true);
  OK(algorithm(device<void>(driver.allocate(bytes)), &bytes));
}

// Words of a few different values, so that equal ones are frequent.
template <typename T>
std::vector<T> random_words(std::mt19937_64& random, std::uint64_t n, std::uint64_t values) {
  std::vector<T> words(n);
  for (T& word : words) {
    word = static_cast<T>(values == 0 ? random() : random() % values * 0x9E3779B97F4A7C15u);
  }
  return words;
}

struct Bits {
  int begin;
  int end;

  std::uint64_t of(std::uint64_t key) const {
    std::uint64_t value = 0;
    for (int bit = begin; bit < end; bit++) {
      value |= key & (std::uint64_t{1} << bit);
    }
    return value;
  }
};

constexpr Bits BITS[] = {{0, 64}, {0, 8}, {3, 17}, {32, 64}, {20, 20}, {63, 64}};

// Positions in stable order, by insertion in sorted runs: a merge sort from the bottom.
std::vector<std::uint32_t> stable_order(const std::vector<std::uint64_t>& keys, const Bits& bits) {
  std::vector<std::uint32_t> order(keys.size());
  for (std::uint32_t i = 0; i < order.size(); i++) {
    order[i] = i;
  }
  std::vector<std::uint32_t> other(order.size());
  for (std::size_t width = 1; width < order.size(); width *= 2) {
    for (std::size_t begin = 0; begin < order.size(); begin += 2 * width) {
      std::size_t middle = std::min(begin + width, order.size());
      std::size_t end = std::min(begin + 2 * width, order.size());
      std::size_t left = begin;
      std::size_t right = middle;
      for (std::size_t i = begin; i < end; i++) {
        bool take_left = right == end || (left < middle && bits.of(keys[order[left]]) <= bits.of(keys[order[right]]));
        other[i] = take_left ? order[left++] : order[right++];
      }
    }
    order.swap(other);
  }
  return order;
}

template <typename Body>
void for_all_sizes(Body body) {
  std::mt19937_64 random(42);
  for (std::uint64_t n : SIZES) {
    for (std::uint64_t values : {0, 1, 7}) {
      Driver driver;
      body(driver, random, n, values);
    }
  }
}

}  // namespace

TEST(sort_keys_is_stable_on_any_bits) {
  for_all_sizes([](Driver& driver, std::mt19937_64& random, std::uint64_t n, std::uint64_t values) {
    std::vector<std::uint64_t> keys = random_words<std::uint64_t>(random, n, values);
    for (const Bits& bits : BITS) {
      CUdeviceptr in = driver.upload(keys);
      CUdeviceptr out = driver.allocate(8 * n + 8);
      run(driver, [&](void* temporary, std::uint64_t* bytes) {
        return memtrace_sort_keys(temporary, bytes, device<std::uint64_t>(in), device<std::uint64_t>(out), n, bits.begin, bits.end,
                                  nullptr);
      });
      std::vector<std::uint64_t> expected;
      for (std::uint32_t position : stable_order(keys, bits)) {
        expected.push_back(keys[position]);
      }
      EQUAL(driver.download<std::uint64_t>(out, n), expected);
    }
  });
}

TEST(sort_pairs_is_stable_on_any_bits) {
  for_all_sizes([](Driver& driver, std::mt19937_64& random, std::uint64_t n, std::uint64_t values) {
    std::vector<std::uint64_t> keys = random_words<std::uint64_t>(random, n, values);
    std::vector<std::uint32_t> payload = random_words<std::uint32_t>(random, n, 0);
    for (const Bits& bits : BITS) {
      CUdeviceptr keys_in = driver.upload(keys);
      CUdeviceptr values_in = driver.upload(payload);
      CUdeviceptr keys_out = driver.allocate(8 * n + 8);
      CUdeviceptr values_out = driver.allocate(4 * n + 8);
      run(driver, [&](void* temporary, std::uint64_t* bytes) {
        return memtrace_sort_pairs(temporary, bytes, device<std::uint64_t>(keys_in), device<std::uint64_t>(keys_out),
                                   device<std::uint32_t>(values_in), device<std::uint32_t>(values_out), n, bits.begin, bits.end,
                                   nullptr);
      });
      std::vector<std::uint64_t> expected_keys;
      std::vector<std::uint32_t> expected_values;
      for (std::uint32_t position : stable_order(keys, bits)) {
        expected_keys.push_back(keys[position]);
        expected_values.push_back(payload[position]);
      }
      EQUAL(driver.download<std::uint64_t>(keys_out, n), expected_keys);
      EQUAL(driver.download<std::uint32_t>(values_out, n), expected_values);
    }
  });
}

TEST(sums_and_maxima) {
  for_all_sizes([](Driver& driver, std::mt19937_64& random, std::uint64_t n, std::uint64_t values) {
    std::vector<std::uint32_t> words = random_words<std::uint32_t>(random, n, values);
    std::vector<std::uint32_t> sums;
    std::vector<std::uint64_t> wide_sums;
    std::vector<std::uint32_t> maxima;
    std::uint64_t sum = 0;
    std::uint32_t maximum = 0;
    for (std::uint32_t word : words) {
      sums.push_back(static_cast<std::uint32_t>(sum));
      wide_sums.push_back(sum);
      sum += word;
      maximum = std::max(maximum, word);
      maxima.push_back(maximum);
    }

    CUdeviceptr in = driver.upload(words);
    CUdeviceptr wide = driver.allocate(8 * n + 8);
    CUdeviceptr total = driver.allocate(8);
    run(driver, [&](void* temporary, std::uint64_t* bytes) {
      return memtrace_exclusive_sum_u64(temporary, bytes, device<std::uint32_t>(in), device<std::uint64_t>(wide), n, nullptr);
    });
    run(driver, [&](void* temporary, std::uint64_t* bytes) {
      return memtrace_reduce_sum_u32(temporary, bytes, device<std::uint32_t>(in), device<std::uint64_t>(total), n, nullptr);
    });
    EQUAL(driver.download<std::uint64_t>(wide, n), wide_sums);
    EQUAL(driver.download<std::uint64_t>(total, 1)[0], sum);

    for (bool in_place : {false, true}) {
      CUdeviceptr source = driver.upload(words);
      CUdeviceptr target = in_place ? source : driver.allocate(4 * n + 8);
      run(driver, [&](void* temporary, std::uint64_t* bytes) {
        return memtrace_exclusive_sum_u32(temporary, bytes, device<std::uint32_t>(source), device<std::uint32_t>(target), n, nullptr);
      });
      EQUAL(driver.download<std::uint32_t>(target, n), sums);
      source = driver.upload(words);
      target = in_place ? source : target;
      run(driver, [&](void* temporary, std::uint64_t* bytes) {
        return memtrace_inclusive_max_u32(temporary, bytes, device<std::uint32_t>(source), device<std::uint32_t>(target), n, nullptr);
      });
      EQUAL(driver.download<std::uint32_t>(target, n), maxima);
    }
  });
}

TEST(select_flagged_lists_positions) {
  for_all_sizes([](Driver& driver, std::mt19937_64& random, std::uint64_t n, std::uint64_t values) {
    std::vector<std::uint8_t> flags(n);
    std::vector<std::uint32_t> expected;
    for (std::uint32_t i = 0; i < n; i++) {
      flags[i] = static_cast<std::uint8_t>(values == 1 ? 0 : values == 7 ? random() % 7 == 0 : random() % 3);
      if (flags[i] != 0) {
        expected.push_back(i);
      }
    }
    CUdeviceptr in = driver.upload(flags);
    CUdeviceptr out = driver.allocate(4 * n + 8);
    CUdeviceptr count = driver.allocate(8);
    run(driver, [&](void* temporary, std::uint64_t* bytes) {
      return memtrace_select_flagged(temporary, bytes, device<std::uint8_t>(in), device<std::uint32_t>(out),
                                     device<std::uint64_t>(count), n, nullptr);
    });
    EQUAL(driver.download<std::uint64_t>(count, 1)[0], expected.size());
    EQUAL(driver.download<std::uint32_t>(out, expected.size()), expected);
  });
}

TEST(select_flagged_needs_room_for_what_it_selects) {
  for (std::uint64_t room : {2, 1}) {
    Driver driver;
    CUdeviceptr in = driver.upload(std::vector<std::uint8_t>{0, 1, 0, 0, 3});
    CUdeviceptr out = driver.allocate(4 * room);
    CUdeviceptr count = driver.allocate(8);
    CUdeviceptr temporary = driver.allocate(64);
    std::uint64_t bytes = 64;
    EQUAL(memtrace_select_flagged(device<void>(temporary), &bytes, device<std::uint8_t>(in), device<std::uint32_t>(out),
                                  device<std::uint64_t>(count), 5, nullptr),
          0);
    EQUAL(cuCtxSynchronize(), room == 2 ? CUDA_SUCCESS : CUDA_ERROR_ILLEGAL_ADDRESS);
  }
}

TEST(run_length_finds_runs) {
  for_all_sizes([](Driver& driver, std::mt19937_64& random, std::uint64_t n, std::uint64_t values) {
    std::vector<std::uint64_t> keys = random_words<std::uint64_t>(random, n, values == 7 ? 2 : values);
    std::vector<std::uint64_t> expected_keys;
    std::vector<std::uint32_t> expected_lengths;
    for (std::uint64_t key : keys) {
      if (expected_keys.empty() || expected_keys.back() != key) {
        expected_keys.push_back(key);
        expected_lengths.push_back(0);
      }
      expected_lengths.back()++;
    }
    CUdeviceptr in = driver.upload(keys);
    CUdeviceptr keys_out = driver.allocate(8 * n + 8);
    CUdeviceptr lengths_out = driver.allocate(4 * n + 8);
    CUdeviceptr count = driver.allocate(8);
    run(driver, [&](void* temporary, std::uint64_t* bytes) {
      return memtrace_run_length(temporary, bytes, device<std::uint64_t>(in), device<std::uint64_t>(keys_out),
                                 device<std::uint32_t>(lengths_out), device<std::uint64_t>(count), n, nullptr);
    });
    EQUAL(driver.download<std::uint64_t>(count, 1)[0], expected_keys.size());
    EQUAL(driver.download<std::uint64_t>(keys_out, expected_keys.size()), expected_keys);
    EQUAL(driver.download<std::uint32_t>(lengths_out, expected_keys.size()), expected_lengths);
  });
}

TEST(algorithms_refuse_wrong_arguments) {
  Driver driver;
  CUdeviceptr words = driver.upload(std::vector<std::uint64_t>(8));
  auto* keys = device<std::uint64_t>(words);
  auto* out = device<std::uint64_t>(driver.allocate(64));
  std::uint64_t bytes = 0;
  EQUAL(memtrace_sort_keys(nullptr, nullptr, keys, out, 8, 0, 64, nullptr), CUDA_ERROR_INVALID_VALUE);
  EQUAL(memtrace_sort_keys(nullptr, &bytes, keys, out, 8, 0, 65, nullptr), CUDA_ERROR_INVALID_VALUE);
  EQUAL(memtrace_sort_keys(nullptr, &bytes, keys, out, 8, 5, 4, nullptr), CUDA_ERROR_INVALID_VALUE);
  OK(memtrace_sort_keys(nullptr, &bytes, keys, out, 8, 0, 64, nullptr));
  auto* temporary = device<void>(driver.allocate(bytes));
  std::uint64_t too_few = bytes - 1;
  EQUAL(memtrace_sort_keys(temporary, &too_few, keys, out, 8, 0, 64, nullptr), CUDA_ERROR_INVALID_VALUE);
  std::uint64_t too_many = bytes + 1;
  EQUAL(memtrace_sort_keys(temporary, &too_many, keys, out, 8, 0, 64, nullptr), CUDA_ERROR_INVALID_VALUE);
  EQUAL(memtrace_sort_keys(temporary, &bytes, keys, out, 9, 0, 64, nullptr), CUDA_ERROR_INVALID_VALUE);
  OK(memtrace_sort_keys(temporary, &bytes, keys, out, 8, 0, 64, nullptr));
  OK(cuCtxSynchronize());
  EQUAL(memtrace_algorithms_version(), std::uint32_t{MEMTRACE_ALGORITHMS_VERSION});
}
