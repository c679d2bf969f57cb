// SPDX-License-Identifier: Apache-2.0
// Runs the launches of a tape again, the items of each on several threads at once, for ThreadSanitizer to watch: whatever two items of a
// launch do to the same memory without atomics is a race of two threads of a GPU.
//
//     kernel_races TAPE
//
// Prints each kernel with the number of its launches, `never` for those that are not on the tape. Exit status: 0 no race, 66 a race, which ThreadSanitizer has
// described on standard error, 2 no whole tape.
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "memtrace/kernel.cuh"
#include "tape.h"

const memtrace_kernel* memtrace_first_kernel = nullptr;

namespace {

constexpr std::uint64_t THREADS = 4;
constexpr std::uint64_t BLOCK_THREADS = 256;
constexpr std::uint64_t LARGE_BYTES = 1 << 18;  // large memory is taken from the system, which knows that it is zero

[[noreturn]] void refuse(const std::string& why) {
  std::fprintf(stderr, "kernel_races: %s\n", why.c_str());
  std::exit(2);
}

class Reader {
 public:
  explicit Reader(const char* file) : in_(file, std::ios::binary) {
    if (!in_) {
      refuse(std::string(file) + " cannot be read");
    }
  }

  bool at_end() { return in_.peek() == std::ifstream::traits_type::eof(); }

  void read(void* target, std::uint64_t bytes) {
    if (!in_.read(static_cast<char*>(target), static_cast<std::streamsize>(bytes))) {
      refuse("the tape ends in the middle of a launch");
    }
  }

  std::uint64_t word() {
    std::uint64_t word = 0;
    read(&word, sizeof(word));
    return word;
  }

 private:
  std::ifstream in_;
};

struct Freeing {
  std::uint64_t bytes = 0;

  void operator()(void* memory) const {
    if (bytes < LARGE_BYTES) {
      std::free(memory);
    } else {
      munmap(memory, bytes);
    }
  }
};

// Memory of a launch, somewhere else than it was.
struct Range {
  std::uint64_t recorded;
  std::uint64_t bytes;
  std::unique_ptr<unsigned char, Freeing> memory;

  static Range read(Reader& tape) {
    Range range{tape.word(), tape.word(), nullptr};
    void* memory = range.bytes < LARGE_BYTES
                       ? std::calloc(1, range.bytes + 1)  // also of no bytes
                       : mmap(nullptr, range.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == nullptr || memory == MAP_FAILED) {
      refuse("no memory");
    }
    range.memory = {static_cast<unsigned char*>(memory), Freeing{range.bytes}};
    for (std::uint64_t piece = tape.word(); piece != 0; piece = tape.word()) {
      std::uint64_t offset = tape.word();
      if (offset > range.bytes || piece > range.bytes - offset) {
        refuse("a piece of memory lies outside of its range");
      }
      tape.read(range.memory.get() + offset, piece);
    }
    return range;
  }

  bool reaches(std::uint64_t address) const { return address >= recorded && address - recorded <= bytes; }
};

struct Launch {
  std::string kernel;
  std::uint64_t blocks = 0;
  std::uint64_t block_threads = 0;
  std::vector<std::uint64_t> arguments;
  std::vector<Range> ranges;  // by ascending address

  static Launch read(Reader& tape) {
    Launch launch;
    launch.kernel.resize(tape.word());
    tape.read(launch.kernel.data(), launch.kernel.size());
    launch.blocks = tape.word();
    launch.block_threads = tape.word();
    launch.arguments.resize(tape.word());
    tape.read(launch.arguments.data(), launch.arguments.size() * sizeof(std::uint64_t));
    for (std::uint64_t left = tape.word(); left > 0; left--) {
      launch.ranges.push_back(Range::read(tape));
    }
    for (std::uint64_t& word : launch.arguments) {
      word = launch.translate(word);
    }
    return launch;
  }

  // Of two ranges side by side an address between them belongs to the one that it begins.
  std::uint64_t translate(std::uint64_t word) const {
    for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
      if (range->reaches(word)) {
        return reinterpret_cast<std::uint64_t>(range->memory.get()) + (word - range->recorded);
      }
    }
    return word;
  }

  // Neighbours run on different threads; so do most others.
  void run(const memtrace_kernel& kernel_to_run) const {
    std::uint64_t n = blocks * block_threads;
    std::vector<std::thread> threads;
    for (std::uint64_t first = 0; first < std::min(n, THREADS); first++) {
      threads.emplace_back([this, &kernel_to_run, n, first] {
        for (std::uint64_t i = first; i < n; i += THREADS) {
          kernel_to_run.run(arguments.data(), i / block_threads * BLOCK_THREADS + i % block_threads);
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  }
};

const memtrace_kernel& find(const std::string& name) {
  for (const memtrace_kernel* kernel = memtrace_first_kernel; kernel != nullptr; kernel = kernel->next) {
    if (name == kernel->name) {
      return *kernel;
    }
  }
  refuse("no kernel " + name);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    refuse("usage: kernel_races TAPE");
  }
  Reader tape(argv[1]);
  std::string magic(sizeof(memtrace::emulator::TAPE_MAGIC) - 1, ' ');
  tape.read(magic.data(), magic.size());
  if (magic != memtrace::emulator::TAPE_MAGIC) {
    refuse(std::string(argv[1]) + " is no tape of kernels");
  }

  std::map<std::string, std::uint64_t> launches;
  for (const memtrace_kernel* kernel = memtrace_first_kernel; kernel != nullptr; kernel = kernel->next) {
    launches[kernel->name] = 0;
  }
  while (!tape.at_end()) {
    Launch launch = Launch::read(tape);
    const memtrace_kernel& kernel = find(launch.kernel);
    if (kernel.argument_bytes != launch.arguments.size() * sizeof(std::uint64_t)) {
      refuse(launch.kernel + " has other arguments here");
    }
    launch.run(kernel);
    launches[launch.kernel]++;
  }
  for (const auto& [name, count] : launches) {
    std::printf("%s %s\n", name.c_str(), count == 0 ? "never" : std::to_string(count).c_str());
  }
  return 0;
}
