// SPDX-License-Identifier: Apache-2.0
// What all targets share: an input taken apart, and the end of the process where something is wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace memtrace::fuzz {

// Takes an input apart, byte by byte from the front, so that a change in one place changes one choice. At the end there are zeros.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  bool empty() const { return at_ >= size_; }
  std::size_t left() const { return size_ - at_; }

  // A number of so many little-endian bytes.
  std::uint64_t take(int bytes = 1) {
    std::uint64_t value = 0;
    for (int i = 0; i < bytes; i++) {
      value |= static_cast<std::uint64_t>(at_ < size_ ? data_[at_++] : 0) << (8 * i);
    }
    return value;
  }

  // A number below a bound of at most 256.
  unsigned below(unsigned bound) { return static_cast<unsigned>(take()) % bound; }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

}  // namespace memtrace::fuzz

#define REQUIRE(condition)                                                              \
  do {                                                                                  \
    if (!(condition)) {                                                                 \
      std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);      \
      std::abort();                                                                     \
    }                                                                                   \
  } while (false)

#define REQUIRE_EQUAL(left, right)                                                                                       \
  do {                                                                                                                   \
    auto left_value = static_cast<long long>(left);                                                                      \
    auto right_value = static_cast<long long>(right);                                                                    \
    if (left_value != right_value) {                                                                                     \
      std::fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #left, left_value, right_value);         \
      std::abort();                                                                                                      \
    }                                                                                                                    \
  } while (false)

// The target of an executable; returns 0. Ends the process if something is wrong.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
