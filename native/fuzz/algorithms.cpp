// SPDX-License-Identifier: Apache-2.0
// The C ABI of the device algorithms: what it computes is what loops here compute, and buffers that are too small, bit ranges and streams that
// do not exist are refused without an access.
#include <algorithm>

#include "driver.h"
#include "memtrace/device_algorithms.h"

using namespace memtrace::fuzz;

namespace {

constexpr unsigned MOST_ITEMS = 48;

enum Algorithm { SORT_KEYS, SORT_PAIRS, SUM_U32, SUM_U64, MAX_U32, REDUCE, SELECT, RUN_LENGTH, ALGORITHMS };

template <typename T>
std::vector<T> words(Input& input, std::size_t n, int bytes) {
  std::vector<T> values(n);
  for (T& value : values) {
    value = static_cast<T>(input.take(bytes));
  }
  return values;
}

template <typename T>
T* device(CUdeviceptr pointer) {
  return reinterpret_cast<T*>(pointer);
}

// A call with everything that the input chose for it.
class Call {
 public:
  explicit Call(Input& input)
      : algorithm_(static_cast<Algorithm>(input.below(ALGORITHMS))), n_(input.below(MOST_ITEMS)), flaw_(input.below(8)) {
    int width = 1 + static_cast<int>(input.below(8));  // narrow numbers repeat
    keys_ = words<std::uint64_t>(input, n_, width);
    values_ = words<std::uint32_t>(input, n_, std::min(width, 4));
    flags_ = words<std::uint8_t>(input, n_, 1);
    begin_bit_ = static_cast<std::int32_t>(input.below(68)) - 1;
    end_bit_ = static_cast<std::int32_t>(input.below(68)) - 1;
    claimed_ = flaw_ == CLAIM_MORE ? n_ + 1 + input.take(8) % (UINT64_MAX - MOST_ITEMS) : n_;
  }

  void run() {
    CUdeviceptr keys = upload(keys_);
    CUdeviceptr values = upload(values_);
    CUdeviceptr flags = upload(flags_);
    // Of what is selected only as much as there is needs room.
    bool short_output = flaw_ == SHORT_OUTPUT && n_ > 1 && algorithm_ != SELECT;
    CUdeviceptr out = upload(std::vector<std::uint64_t>(short_output ? n_ - 1 : n_));
    CUdeviceptr lengths = upload(std::vector<std::uint32_t>(short_output ? n_ - 1 : n_));
    CUdeviceptr total = upload(std::vector<std::uint64_t>(1));
    CUstream stream = nullptr;
    REQUIRE_EQUAL(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
    if (flaw_ == NO_STREAM) {
      REQUIRE_EQUAL(cuStreamDestroy_v2(stream), CUDA_SUCCESS);
    }
    std::uint64_t bytes = 0;
    auto call = [&](void* temporary, std::uint64_t* size) {
      return invoke(temporary, size, keys, values, flags, out, lengths, total, stream);
    };
    bool sorts = algorithm_ == SORT_KEYS || algorithm_ == SORT_PAIRS;
    bool legal_bits = !sorts || (begin_bit_ >= 0 && begin_bit_ <= end_bit_ && end_bit_ <= 64);
    bool legal_n = claimed_ <= UINT32_MAX || (algorithm_ != SELECT && algorithm_ != RUN_LENGTH);
    std::int32_t asked = call(nullptr, &bytes);
    REQUIRE_EQUAL(asked, legal_bits && legal_n ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE);
    REQUIRE_EQUAL(call(nullptr, nullptr), CUDA_ERROR_INVALID_VALUE);
    if (asked != CUDA_SUCCESS) {
      return;
    }
    REQUIRE(bytes != 0);
    std::vector<std::uint8_t> room(flaw_ == SMALL_BUFFER ? bytes - 1 : bytes);
    CUdeviceptr temporary = upload(room);
    std::uint64_t given = flaw_ == SMALL_BUFFER_HIDDEN ? bytes + 1 : room.size();
    std::int32_t result = call(device<void>(temporary), &given);
    bool refused = flaw_ == SMALL_BUFFER || flaw_ == SMALL_BUFFER_HIDDEN || flaw_ == CLAIM_MORE ||
                   (short_output && algorithm_ != REDUCE);
    REQUIRE_EQUAL(result, flaw_ == NO_STREAM ? CUDA_ERROR_INVALID_HANDLE : refused ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS);
    if (result == CUDA_SUCCESS) {
      REQUIRE_EQUAL(cuStreamSynchronize(stream), CUDA_SUCCESS);
      compare(out, lengths, total, short_output ? n_ - 1 : n_);
    }
    for (CUdeviceptr buffer : {keys, values, flags, out, lengths, total, temporary}) {
      REQUIRE_EQUAL(cuMemFree_v2(buffer), CUDA_SUCCESS);
    }
  }

 private:
  enum Flaw : unsigned { SMALL_BUFFER = 1, SMALL_BUFFER_HIDDEN, CLAIM_MORE, NO_STREAM, SHORT_OUTPUT };

  std::int32_t invoke(void* temporary, std::uint64_t* size, CUdeviceptr keys, CUdeviceptr values, CUdeviceptr flags, CUdeviceptr out,
                      CUdeviceptr lengths, CUdeviceptr total, CUstream stream) const {
    auto* keys_in = device<std::uint64_t>(keys);
    auto* values_in = device<std::uint32_t>(values);
    auto* wide = device<std::uint64_t>(out);
    auto* narrow = device<std::uint32_t>(lengths);
    auto* count = device<std::uint64_t>(total);
    switch (algorithm_) {
      case SORT_KEYS:
        return memtrace_sort_keys(temporary, size, keys_in, wide, claimed_, begin_bit_, end_bit_, stream);
      case SORT_PAIRS:
        return memtrace_sort_pairs(temporary, size, keys_in, wide, values_in, narrow, claimed_, begin_bit_, end_bit_, stream);
      case SUM_U32:
        return memtrace_exclusive_sum_u32(temporary, size, values_in, narrow, claimed_, stream);
      case SUM_U64:
        return memtrace_exclusive_sum_u64(temporary, size, values_in, wide, claimed_, stream);
      case MAX_U32:
        return memtrace_inclusive_max_u32(temporary, size, values_in, narrow, claimed_, stream);
      case REDUCE:
        return memtrace_reduce_sum_u32(temporary, size, values_in, count, claimed_, stream);
      case SELECT:
        return memtrace_select_flagged(temporary, size, device<std::uint8_t>(flags), narrow, count, claimed_, stream);
      default:
        return memtrace_run_length(temporary, size, keys_in, wide, narrow, count, claimed_, stream);
    }
  }

  std::uint64_t sorted_by(std::uint64_t key) const {
    std::uint64_t bits = 0;
    for (std::int32_t bit = begin_bit_; bit < end_bit_; bit++) {
      bits |= key & (std::uint64_t{1} << bit);
    }
    return bits;
  }

  void compare(CUdeviceptr out, CUdeviceptr lengths, CUdeviceptr total, std::size_t room) const {
    auto wide = download<std::uint64_t>(out, room);
    auto narrow = download<std::uint32_t>(lengths, room);
    std::uint64_t count = download<std::uint64_t>(total, 1)[0];
    if (algorithm_ == SORT_KEYS || algorithm_ == SORT_PAIRS) {
      compare_sorted(wide, narrow);
    } else if (algorithm_ == SELECT) {
      std::size_t found = 0;
      for (std::uint32_t i = 0; i < n_; i++) {
        if (flags_[i] != 0) {
          REQUIRE_EQUAL(narrow[found++], i);
        }
      }
      REQUIRE_EQUAL(count, found);
    } else if (algorithm_ == RUN_LENGTH) {
      std::size_t run = 0;
      for (std::size_t i = 0; i < n_; run++) {
        std::size_t begin = i;
        while (i < n_ && keys_[i] == keys_[begin]) {
          i++;
        }
        REQUIRE(wide[run] == keys_[begin] && narrow[run] == i - begin);
      }
      REQUIRE_EQUAL(count, run);
    } else {
      compare_sums(wide, narrow, count);
    }
  }

  // Insertion sort, which is stable.
  void compare_sorted(const std::vector<std::uint64_t>& keys, const std::vector<std::uint32_t>& values) const {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < n_; i++) {
      std::size_t place = order.size();
      while (place > 0 && sorted_by(keys_[order[place - 1]]) > sorted_by(keys_[i])) {
        place--;
      }
      order.insert(order.begin() + static_cast<std::ptrdiff_t>(place), i);
    }
    for (std::size_t i = 0; i < n_; i++) {
      REQUIRE(keys[i] == keys_[order[i]]);
      REQUIRE(algorithm_ == SORT_KEYS || values[i] == values_[order[i]]);
    }
  }

  void compare_sums(const std::vector<std::uint64_t>& wide, const std::vector<std::uint32_t>& narrow, std::uint64_t count) const {
    std::uint64_t sum = 0;
    std::uint32_t most = 0;
    for (std::size_t i = 0; i < n_; i++) {
      most = std::max(most, values_[i]);
      REQUIRE(algorithm_ != SUM_U32 || narrow[i] == static_cast<std::uint32_t>(sum));
      REQUIRE(algorithm_ != SUM_U64 || wide[i] == sum);
      REQUIRE(algorithm_ != MAX_U32 || narrow[i] == most);
      sum += values_[i];
    }
    REQUIRE(algorithm_ != REDUCE || count == sum);
  }

  Algorithm algorithm_;
  std::uint64_t n_;
  unsigned flaw_;
  std::uint64_t claimed_;
  std::vector<std::uint64_t> keys_;
  std::vector<std::uint32_t> values_;
  std::vector<std::uint8_t> flags_;
  std::int32_t begin_bit_;
  std::int32_t end_bit_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  Device device;
  for (int calls = 0; calls < 8 && !input.empty(); calls++) {
    Call(input).run();
  }
  return 0;
}
