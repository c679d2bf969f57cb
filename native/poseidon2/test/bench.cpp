// SPDX-License-Identifier: Apache-2.0
// Prints nanoseconds per compression of each path of this processor, in batches of 256: the least, the median and the greatest of the runs.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "memtrace/poseidon2.h"

namespace {

constexpr int kItems = 256;
constexpr int kRepeats = 100;
constexpr int kRuns = 101;

double nanoseconds(int32_t path, int32_t form, const std::vector<uint32_t>& inputs, std::vector<uint32_t>& outputs) {
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kRepeats; i++) {
    memtrace_poseidon2_compress(path, form, inputs.data(), outputs.data(), kItems);
  }
  std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
  return taken.count() / (kRepeats * kItems);
}

}  // namespace

int main() {
  const char* paths[] = {"plain", "AVX2", "AVX-512"};
  const char* forms[] = {"Montgomery", "canonical"};
  std::vector<uint32_t> inputs(kItems * 16);
  std::vector<uint32_t> outputs(kItems * 8);
  for (size_t i = 0; i < inputs.size(); i++) {
    inputs[i] = static_cast<uint32_t>(i * 1234567 % 2013265921);
  }
  int32_t best = memtrace_poseidon2_best_path();
  std::vector<double> times[3][2];
  for (int run = 0; run < kRuns; run++) {
    for (int32_t path = 0; path <= best; path++) {
      for (int32_t form = 0; form < 2; form++) {
        times[path][form].push_back(nanoseconds(path, form, inputs, outputs));
      }
    }
  }
  std::printf("path     form        min median    max  ns per compression\n");
  for (int32_t path = 0; path <= best; path++) {
    for (int32_t form = 0; form < 2; form++) {
      std::vector<double>& sorted = times[path][form];
      std::sort(sorted.begin(), sorted.end());
      std::printf("%-8s %-10s %5.0f  %5.0f  %5.0f\n", paths[path], forms[form], sorted.front(), sorted[sorted.size() / 2], sorted.back());
    }
  }
}
