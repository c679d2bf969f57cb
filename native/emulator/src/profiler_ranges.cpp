// SPDX-License-Identifier: Apache-2.0
// Profiler ranges that are counted, so that tests see whether each one ends.
#include "memtrace/profiler_ranges.h"

#include <string>

#include "state.h"

using namespace memtrace::emulator;

namespace {

thread_local std::int32_t depth = 0;

}  // namespace

std::int32_t memtrace_range_push(const char* name) {
  State& all = state();
  std::lock_guard<std::mutex> lock(all.mutex);
  all.counts[std::string("range:") + name]++;
  all.open_ranges++;
  return depth++;
}

std::int32_t memtrace_range_pop() {
  State& all = state();
  std::lock_guard<std::mutex> lock(all.mutex);
  if (depth == 0) {
    all.counts["range_without_push"]++;
    return -1;
  }
  all.open_ranges--;
  return --depth;
}
