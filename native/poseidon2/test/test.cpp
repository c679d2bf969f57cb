// SPDX-License-Identifier: Apache-2.0
// Compares every path of this processor with the test vectors and with the permutation as the specification writes it: full matrices and remainders.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "constants.h"
#include "memtrace/poseidon2.h"
#include "oracle.h"

namespace {

using memtrace::poseidon2::kDigest;
using memtrace::poseidon2::kPrime;
using memtrace::poseidon2::kWidth;
using memtrace::poseidon2::Oracle;
using memtrace::poseidon2::to_montgomery;

constexpr uint64_t kSeed = 20260611;
constexpr uint32_t kUntouched = 0xa5a5a5a5;
const char* const kPaths[] = {"plain", "AVX2", "AVX-512"};

#define CHECK(condition, ...)                            \
  do {                                                   \
    if (!(condition)) {                                  \
      std::fprintf(stderr, "%s:%d: ", __FILE__, __LINE__); \
      std::fprintf(stderr, __VA_ARGS__);                 \
      std::fprintf(stderr, "\n");                        \
      std::exit(1);                                      \
    }                                                    \
  } while (false)

const Oracle kOracle;

// A canonical element, one in four of them at an edge.
uint32_t element(std::mt19937_64& random) {
  const uint32_t edges[] = {0, 1, 2, kPrime / 2, kPrime / 2 + 1, 1u << 27, kPrime - 2, kPrime - 1};
  uint64_t word = random();
  return word % 4 == 0 ? edges[word / 4 % 8] : static_cast<uint32_t>((word >> 32) % kPrime);
}

using Function = int32_t (*)(int32_t, int32_t, const uint32_t*, uint32_t*, uint64_t);

// Runs on memory of its own, whose bounds a sanitizer checks, with room before and after the outputs that must stay as it was.
std::vector<uint32_t> run(Function function, int width, int32_t path, int32_t form, const std::vector<uint32_t>& words) {
  size_t count = words.size() / kWidth;
  std::unique_ptr<uint32_t[]> inputs(new uint32_t[words.size() + 1]);
  std::copy(words.begin(), words.end(), inputs.get() + 1);
  std::vector<uint32_t> outputs(count * width + 14, kUntouched);
  int32_t status = function(path, form, inputs.get() + 1, outputs.data() + 7, count);
  CHECK(status == MEMTRACE_POSEIDON2_OK, "%s: status %d", kPaths[path], status);
  CHECK(std::equal(words.begin(), words.end(), inputs.get() + 1), "%s: inputs changed", kPaths[path]);
  for (size_t i = 0; i < 7; i++) {
    CHECK(outputs[i] == kUntouched && outputs[outputs.size() - 1 - i] == kUntouched, "%s: %zu items: written outside", kPaths[path], count);
  }
  return std::vector<uint32_t>(outputs.begin() + 7, outputs.end() - 7);
}

void check(int32_t path, const std::vector<uint32_t>& canonical, const char* what) {
  std::vector<uint32_t> montgomery(canonical.size());
  std::transform(canonical.begin(), canonical.end(), montgomery.begin(), to_montgomery);
  size_t count = canonical.size() / kWidth;
  std::vector<uint32_t> permuted = run(memtrace_poseidon2_permute, kWidth, path, MEMTRACE_POSEIDON2_CANONICAL, canonical);
  std::vector<uint32_t> compressed = run(memtrace_poseidon2_compress, kDigest, path, MEMTRACE_POSEIDON2_CANONICAL, canonical);
  std::vector<uint32_t> permuted_form = run(memtrace_poseidon2_permute, kWidth, path, MEMTRACE_POSEIDON2_MONTGOMERY, montgomery);
  std::vector<uint32_t> compressed_form = run(memtrace_poseidon2_compress, kDigest, path, MEMTRACE_POSEIDON2_MONTGOMERY, montgomery);
  for (size_t item = 0; item < count; item++) {
    uint32_t expected[kWidth];
    kOracle.permute(&canonical[item * kWidth], expected);
    for (int i = 0; i < kWidth; i++) {
      bool equal = permuted[item * kWidth + i] == expected[i] && permuted_form[item * kWidth + i] == to_montgomery(expected[i]);
      if (i < kDigest) {
        equal = equal && compressed[item * kDigest + i] == expected[i] && compressed_form[item * kDigest + i] == to_montgomery(expected[i]);
      }
      CHECK(equal, "%s: %s, seed %llu, item %zu of %zu, word %d", kPaths[path], what, static_cast<unsigned long long>(kSeed), item, count, i);
    }
  }
}

// Section 6 of the specification.
void test_vectors(int32_t path) {
  std::vector<uint32_t> inputs(3 * kWidth);
  for (int i = 0; i < kWidth; i++) {
    inputs[kWidth + i] = i;
    inputs[2 * kWidth + i] = kPrime - 1;
  }
  const std::vector<uint32_t> expected = {
      1168947398, 128782440,  747404447,  883925857,  360581875,  1704698758, 1878363991, 1054281681, 682225194,  705839125,
      1218819873, 41544645,   1095344608, 174996601,  1678438226, 11259290,   1906786279, 1737026427, 1959749225, 700325316,
      1638050605, 1021608788, 1726691001, 1761127344, 1552405120, 417318995,  36799261,   1215172152, 614923223,  1300746575,
      957311597,  304856115,  1233564084, 138281517,  1431982993, 585402190,  417047365,  1462994434, 584596381,  883853858,
      1957702061, 1422117949, 1077349319, 355468137,  1629297269, 17043753,   1065643784, 679123220};
  CHECK(run(memtrace_poseidon2_permute, kWidth, path, MEMTRACE_POSEIDON2_CANONICAL, inputs) == expected, "%s: permutation vectors", kPaths[path]);
  inputs.resize(kWidth);
  for (int i = 0; i < kWidth; i++) {
    inputs[i] = i + 1;
  }
  const std::vector<uint32_t> digest = {1673702100, 1525859233, 120947562, 429360967, 1845930427, 111235020, 438992764, 1404408233};
  CHECK(run(memtrace_poseidon2_compress, kDigest, path, MEMTRACE_POSEIDON2_CANONICAL, inputs) == digest, "%s: compression vector", kPaths[path]);
}

void test_counts(int32_t path) {
  std::mt19937_64 random(kSeed);
  for (size_t count = 0; count <= 100; count++) {
    std::vector<uint32_t> inputs(count * kWidth);
    std::generate(inputs.begin(), inputs.end(), [&] { return element(random); });
    check(path, inputs, "every count");
  }
}

void test_random_states(int32_t path, size_t states) {
  std::mt19937_64 random(kSeed + path);
  for (size_t done = 0; done < states; done += 10'000) {
    std::vector<uint32_t> inputs(std::min<size_t>(10'000, states - done) * kWidth);
    std::generate(inputs.begin(), inputs.end(), [&] { return element(random); });
    check(path, inputs, "random states");
  }
}

// Words of 0 .. 2^32 - 1 in one item: its neighbours stay right.
void test_words_that_are_no_elements(int32_t path) {
  std::mt19937_64 random(kSeed);
  std::vector<uint32_t> inputs(48 * kWidth);
  std::generate(inputs.begin(), inputs.end(), [&] { return element(random); });
  for (uint32_t word : {kPrime, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
    std::vector<uint32_t> expected = run(memtrace_poseidon2_compress, kDigest, path, MEMTRACE_POSEIDON2_MONTGOMERY, inputs);
    std::vector<uint32_t> spoiled = inputs;
    std::fill_n(spoiled.begin() + 17 * kWidth, kWidth, word);
    std::vector<uint32_t> outputs = run(memtrace_poseidon2_compress, kDigest, path, MEMTRACE_POSEIDON2_MONTGOMERY, spoiled);
    std::copy_n(expected.begin() + 17 * kDigest, kDigest, outputs.begin() + 17 * kDigest);
    CHECK(outputs == expected, "%s: the word %u spoils other items", kPaths[path], word);
  }
}

void test_in_place(int32_t path) {
  std::mt19937_64 random(kSeed);
  std::vector<uint32_t> words(37 * kWidth);
  std::generate(words.begin(), words.end(), [&] { return element(random); });
  std::vector<uint32_t> expected = run(memtrace_poseidon2_permute, kWidth, path, MEMTRACE_POSEIDON2_CANONICAL, words);
  memtrace_poseidon2_permute(path, MEMTRACE_POSEIDON2_CANONICAL, words.data(), words.data(), 37);
  CHECK(words == expected, "%s: in place", kPaths[path]);
}

// Threads share nothing but inputs: each writes outputs of its own, beside those of its neighbours.
void test_threads(int32_t path) {
  constexpr size_t kThreads = 4;
  constexpr size_t kItems = 29;
  std::mt19937_64 random(kSeed);
  std::vector<uint32_t> words(kItems * kWidth);
  std::generate(words.begin(), words.end(), [&] { return element(random); });
  std::vector<uint32_t> expected = run(memtrace_poseidon2_compress, kDigest, path, MEMTRACE_POSEIDON2_CANONICAL, words);
  std::vector<uint32_t> outputs(kThreads * kItems * kDigest, kUntouched);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; i++) {
    threads.emplace_back([&, i] {
      memtrace_poseidon2_compress(path, MEMTRACE_POSEIDON2_CANONICAL, words.data(), outputs.data() + i * kItems * kDigest, kItems);
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (size_t i = 0; i < kThreads; i++) {
    CHECK(std::equal(expected.begin(), expected.end(), outputs.begin() + i * kItems * kDigest), "%s: thread %zu", kPaths[path], i);
  }
}

void test_refusals() {
  uint32_t in[kWidth] = {};
  uint32_t out[kWidth] = {kUntouched};
  for (Function function : {memtrace_poseidon2_permute, memtrace_poseidon2_compress}) {
    CHECK(function(-1, 0, in, out, 1) == MEMTRACE_POSEIDON2_NO_SUCH_PATH, "path -1");
    CHECK(function(memtrace_poseidon2_best_path() + 1, 0, in, out, 1) == MEMTRACE_POSEIDON2_NO_SUCH_PATH, "a path beyond the best");
    CHECK(function(0, -1, in, out, 1) == MEMTRACE_POSEIDON2_NO_SUCH_FORM, "form -1");
    CHECK(function(0, 2, in, out, 1) == MEMTRACE_POSEIDON2_NO_SUCH_FORM, "form 2");
  }
  CHECK(out[0] == kUntouched, "a refused call wrote");
}

}  // namespace

int main(int argc, char** argv) {
  size_t states = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  CHECK(memtrace_poseidon2_version() == MEMTRACE_POSEIDON2_VERSION, "version");
  test_refusals();
  for (int32_t path = MEMTRACE_POSEIDON2_PLAIN; path <= MEMTRACE_POSEIDON2_AVX512; path++) {
    if (path > memtrace_poseidon2_best_path()) {
      std::printf("%s: not on this processor, not tested\n", kPaths[path]);
      continue;
    }
    test_vectors(path);
    test_counts(path);
    test_in_place(path);
    test_threads(path);
    test_words_that_are_no_elements(path);
    test_random_states(path, states);
    std::printf("%s: %zu random states, seed %llu: passed\n", kPaths[path], states, static_cast<unsigned long long>(kSeed + path));
  }
}
