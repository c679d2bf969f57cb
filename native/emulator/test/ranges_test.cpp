// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include "memtrace/profiler_ranges.h"
#include "test.h"

using namespace memtrace::test;

TEST(ranges_are_counted_until_they_end) {
  memtrace_emulator_reset();
  EQUAL(memtrace_range_push("replay"), 0);
  EQUAL(memtrace_range_push("merkle"), 1);
  EQUAL(memtrace_emulator_live("ranges"), 2u);
  EQUAL(memtrace_range_pop(), 1);
  EQUAL(memtrace_range_push("merkle"), 1);
  EQUAL(memtrace_range_pop(), 1);
  EQUAL(memtrace_range_pop(), 0);
  EQUAL(memtrace_emulator_live("ranges"), 0u);
  EQUAL(memtrace_emulator_count("range:replay"), 1u);
  EQUAL(memtrace_emulator_count("range:merkle"), 2u);
  EQUAL(memtrace_emulator_count("range_without_push"), 0u);
}

TEST(a_range_ends_on_its_thread_only) {
  memtrace_emulator_reset();
  EQUAL(memtrace_range_push("replay"), 0);
  std::thread([] { EQUAL(memtrace_range_pop(), -1); }).join();
  EQUAL(memtrace_emulator_count("range_without_push"), 1u);
  EQUAL(memtrace_emulator_live("ranges"), 1u);
  EQUAL(memtrace_range_pop(), 0);
}
