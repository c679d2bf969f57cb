// SPDX-License-Identifier: Apache-2.0
// A tape of launches: each with its kernel, its grid, its arguments, and the device memory that they point to as it was before. What runs
// them again needs neither a driver nor the program that made them.
//
//     tape    MAGIC, then launches until the end of the file
//     launch  word bytes of the name, name, word blocks, word threads of a block, word n, n argument words, word m, m ranges
//     range   word address, word bytes, pieces, word 0
//     piece   word bytes, word offset, bytes
//
// Between the pieces a range is zero or fresh, as nothing has written to it since it was allocated. A word has 64 bits, in the order of this machine; nothing is padded. An argument word that lies in a range, or at its end, is an address.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace memtrace::emulator {

constexpr char TAPE_MAGIC[] = "memtrace-kernel-tape-1\n";

class DeviceMemory;

class Tape {
 public:
  // Null if the file cannot be created.
  static std::unique_ptr<Tape> create(const char* file);

  // Adds a launch that is about to run.
  void add(const std::string& kernel, std::uint64_t blocks, std::uint64_t block_threads, const std::vector<std::uint64_t>& arguments,
           const DeviceMemory& memory);

  // Whether everything is in the file; nothing can be added afterwards.
  bool finish();

 private:
  struct Closing {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  void write(const void* data, std::uint64_t bytes);
  void write_pieces(const unsigned char* memory, std::uint64_t bytes);
  void write_word(std::uint64_t word) { write(&word, sizeof(word)); }

  std::unique_ptr<std::FILE, Closing> file_;
  bool good_ = true;
};

}  // namespace memtrace::emulator
