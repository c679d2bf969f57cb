// SPDX-License-Identifier: Apache-2.0
// The C ABI of Poseidon2 for processors: every path computes what the specification says, touches nothing else, and refuses paths and forms
// that do not exist.
#include <sys/mman.h>

#include <algorithm>
#include <vector>

#include "input.h"
#include "memtrace/poseidon2.h"
#include "oracle.h"

using memtrace::fuzz::Input;
using memtrace::poseidon2::kDigest;
using memtrace::poseidon2::kPrime;
using memtrace::poseidon2::kWidth;
using memtrace::poseidon2::Oracle;
using memtrace::poseidon2::to_montgomery;

namespace {

constexpr std::size_t MOST_ITEMS = 40;
constexpr std::uint32_t UNTOUCHED = 0xA5A5A5A5;

const Oracle ORACLE;

// Words right before a page that nobody may touch: the paths are built without sanitizers, which take minutes for them.
class Guarded {
 public:
  explicit Guarded(std::size_t words) : words_(words) {
    memory_ = mmap(nullptr, ROOM + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory_ != MAP_FAILED && words * sizeof(std::uint32_t) <= ROOM);
    REQUIRE(mprotect(static_cast<char*>(memory_) + ROOM, PAGE, PROT_NONE) == 0);
    std::fill_n(static_cast<std::uint32_t*>(memory_), ROOM / sizeof(std::uint32_t), UNTOUCHED);
  }

  ~Guarded() { munmap(memory_, ROOM + PAGE); }

  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  std::uint32_t* begin() const { return static_cast<std::uint32_t*>(memory_) + ROOM / sizeof(std::uint32_t) - words_; }

  // Whether the words before the first one are as they were.
  bool untouched_before() const {
    const auto* all = static_cast<const std::uint32_t*>(memory_);
    return std::all_of(all, static_cast<const std::uint32_t*>(begin()), [](std::uint32_t value) { return value == UNTOUCHED; });
  }

 private:
  static constexpr std::size_t PAGE = 4096;
  static constexpr std::size_t ROOM = 4096;

  void* memory_;
  std::size_t words_;
};

std::uint32_t word(Input& input) {
  const std::uint32_t edges[] = {0, 1, 2, kPrime / 2, kPrime / 2 + 1, 1u << 27, kPrime - 2, kPrime - 1};
  std::uint64_t kind = input.take();
  return kind < 64 ? edges[kind % 8] : static_cast<std::uint32_t>(input.take(4));
}

// An item is judged if all its words are elements.
void judge(const std::vector<std::uint32_t>& in, const std::uint32_t* out, std::size_t item, std::size_t width, bool canonical) {
  std::uint32_t state[kWidth];
  for (int i = 0; i < kWidth; i++) {
    std::uint32_t given = in[item * kWidth + static_cast<std::size_t>(i)];
    if (given >= kPrime) {
      return;
    }
    // Montgomery form is 2^32 times the number; the inverse of 2^32 is 943718400.
    state[i] = canonical ? given : static_cast<std::uint32_t>(std::uint64_t{given} * 943718400 % kPrime);
  }
  std::uint32_t expected[kWidth];
  ORACLE.permute(state, expected);
  for (std::size_t i = 0; i < width; i++) {
    REQUIRE_EQUAL(out[item * width + i], canonical ? expected[i] : to_montgomery(expected[i]));
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  auto path = static_cast<std::int32_t>(input.below(8)) - 2;
  auto form = static_cast<std::int32_t>(input.below(4)) - 1;
  unsigned how = input.below(4);
  bool compress = (how & 1) != 0;
  bool in_place = !compress && (how & 2) != 0;
  std::size_t count = input.below(MOST_ITEMS + 1);
  std::size_t width = compress ? kDigest : kWidth;

  std::vector<std::uint32_t> in(count * kWidth);
  for (std::uint32_t& value : in) {
    value = word(input);
  }
  Guarded source(in.size());
  std::copy(in.begin(), in.end(), source.begin());
  Guarded separate(count * width);
  Guarded& target = in_place ? source : separate;

  bool known_path = path >= 0 && path <= memtrace_poseidon2_best_path();
  bool known_form = form == MEMTRACE_POSEIDON2_MONTGOMERY || form == MEMTRACE_POSEIDON2_CANONICAL;
  auto function = compress ? memtrace_poseidon2_compress : memtrace_poseidon2_permute;
  std::int32_t status = function(path, form, source.begin(), target.begin(), count);
  REQUIRE_EQUAL(status, !known_path   ? MEMTRACE_POSEIDON2_NO_SUCH_PATH
                        : !known_form ? MEMTRACE_POSEIDON2_NO_SUCH_FORM
                                      : MEMTRACE_POSEIDON2_OK);
  bool refused = status != MEMTRACE_POSEIDON2_OK;
  REQUIRE(source.untouched_before() && separate.untouched_before());
  REQUIRE((in_place && !refused) || std::equal(in.begin(), in.end(), source.begin()));
  for (std::size_t i = 0; i < count * width; i++) {
    REQUIRE(!(refused || in_place) || separate.begin()[i] == UNTOUCHED);
  }
  for (std::size_t item = 0; !refused && item < count; item++) {
    judge(in, target.begin(), item, width, form == MEMTRACE_POSEIDON2_CANONICAL);
  }
  return 0;
}
