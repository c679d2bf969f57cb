// SPDX-License-Identifier: Apache-2.0
#include "tape.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "memory.h"

namespace memtrace::emulator {

std::unique_ptr<Tape> Tape::create(const char* file) {
  auto tape = std::make_unique<Tape>();
  tape->file_.reset(std::fopen(file, "wb"));
  if (tape->file_ == nullptr) {
    return nullptr;
  }
  tape->write(TAPE_MAGIC, sizeof(TAPE_MAGIC) - 1);
  return tape;
}

void Tape::write(const void* data, std::uint64_t bytes) { good_ = good_ && std::fwrite(data, 1, bytes, file_.get()) == bytes; }

namespace {

constexpr std::uint64_t PAGE_BYTES = 4096;

// Whether all bytes are 0, or all are those of fresh memory.
bool is_blank(const unsigned char* page, std::uint64_t bytes) {
  return (page[0] == 0 || page[0] == FRESH_MEMORY) && std::memcmp(page, page + 1, bytes - 1) == 0;
}

}  // namespace

void Tape::write_pieces(const unsigned char* memory, std::uint64_t bytes) {
  auto blank_at = [=](std::uint64_t at) { return is_blank(memory + at, std::min(PAGE_BYTES, bytes - at)); };
  for (std::uint64_t from = 0; from < bytes; from += PAGE_BYTES) {
    if (blank_at(from)) {
      continue;
    }
    std::uint64_t to = from;
    while (to < bytes && !blank_at(to)) {
      to = std::min(bytes, to + PAGE_BYTES);
    }
    write_word(to - from);
    write_word(from);
    write(memory + from, to - from);
    from = to;  // blank, or the end
  }
  write_word(0);
}

void Tape::add(const std::string& kernel, std::uint64_t blocks, std::uint64_t block_threads, const std::vector<std::uint64_t>& arguments,
               const DeviceMemory& memory) {
  std::map<std::uint64_t, const Allocation*> ranges;
  for (std::uint64_t word : arguments) {
    if (const Allocation* allocation = memory.live_at(word)) {
      ranges.emplace(allocation->address(), allocation);
    }
  }
  write_word(kernel.size());
  write(kernel.data(), kernel.size());
  write_word(blocks);
  write_word(block_threads);
  write_word(arguments.size());
  write(arguments.data(), arguments.size() * sizeof(std::uint64_t));
  write_word(ranges.size());
  for (const auto& range : ranges) {
    write_word(range.first);
    write_word(range.second->bytes);
    write_pieces(static_cast<const unsigned char*>(range.second->memory), range.second->bytes);
  }
}

bool Tape::finish() {
  bool closed = std::fclose(file_.release()) == 0;
  return good_ && closed;
}

}  // namespace memtrace::emulator
