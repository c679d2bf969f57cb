// SPDX-License-Identifier: Apache-2.0
// Runs a target on files and on the files of folders, and on each of them cut off, for compilers without libFuzzer.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "input.h"

namespace {

constexpr int CUTS = 16;

int run(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  for (int cut = 0; cut <= CUTS; cut++) {
    // A copy of exactly that size, so that a sanitizer sees reads behind it.
    std::vector<std::uint8_t> input(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() * cut / CUTS));
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  return CUTS + 1;
}

}  // namespace

int main(int argc, char** argv) {
  int inputs = 0;
  for (int i = 1; i < argc; i++) {
    if (std::filesystem::is_directory(argv[i])) {
      for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
        inputs += run(entry.path());
      }
    } else {
      inputs += run(argv[i]);
    }
  }
  std::printf("%d inputs\n", inputs);
  return inputs == 0 ? 1 : 0;
}
