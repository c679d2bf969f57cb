// SPDX-License-Identifier: Apache-2.0
// The interface for tests, and the answer of unsupported functions.
#include "memtrace/emulator.h"

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "state.h"

using namespace memtrace::emulator;

namespace memtrace::emulator {

int refuse(const char* symbol) {
  std::string name(symbol);
  if (std::size_t suffix = name.rfind("_v"); suffix != std::string::npos) {
    name.resize(suffix);
  }
  return early_call(name.c_str(), [](State&) { return CUDA_ERROR_NOT_SUPPORTED; });
}

}  // namespace memtrace::emulator

namespace {

struct Setting {
  const char* key;
  std::uint64_t Settings::*field;
  std::uint64_t max;
};

constexpr Setting SETTINGS[] = {
    {"devices", &Settings::devices, MAX_DEVICES}, {"driver", &Settings::driver, INT32_MAX}, {"compute", &Settings::compute, 999},
    {"memory", &Settings::memory, UINT64_MAX},    {"pinned", &Settings::pinned, UINT64_MAX}, {"order", &Settings::order, 2},
    {"seed", &Settings::seed, UINT64_MAX},        {"defer", &Settings::defer, 2},
};

std::uint64_t live_streams(const Context& context) {
  std::uint64_t n = 0;
  for (const auto& stream : context.streams) {
    n += stream->destroyed ? 0 : 1;
  }
  return n;
}

// Of one context; UINT64_MAX for an unknown key.
std::uint64_t live(const Context& context, std::string_view key) {
  if (key == "device_bytes") {
    return context.memory.used();
  }
  if (key == "peak_device_bytes") {
    return context.memory.peak();
  }
  if (key == "device_allocations") {
    return context.memory.count();
  }
  if (key == "pinned_bytes") {
    std::uint64_t bytes = 0;
    for (const auto& entry : context.pinned) {
      bytes += entry.second->bytes;
    }
    return bytes;
  }
  if (key == "pinned_allocations") {
    return context.pinned.size();
  }
  if (key == "streams") {
    return live_streams(context);
  }
  if (key == "events") {
    return context.events.size();
  }
  if (key == "modules") {
    return context.modules.size();
  }
  if (key == "contexts") {
    return context.references > 0 ? 1 : 0;
  }
  return UINT64_MAX;
}

}  // namespace

void memtrace_emulator_fail(const char* what, uint64_t nth, int32_t result) {
  State& all = state();
  std::lock_guard<std::mutex> lock(all.mutex);
  if (nth != 0 && result != CUDA_SUCCESS) {
    all.faults.push_back({what, nth, result});
  }
}

void memtrace_emulator_reset(void) {
  State& all = state();
  std::lock_guard<std::mutex> lock(all.mutex);
  all.faults.clear();
  all.counts.clear();
  all.settings = Settings();
  all.random.seed(all.settings.seed);
  for (Context& context : all.contexts) {
    context.lost = CUDA_SUCCESS;
    context.failed = CUDA_SUCCESS;
    context.memory.reset_peak();
  }
}

int32_t memtrace_emulator_set(const char* key, uint64_t value) {
  State& all = state();
  std::lock_guard<std::mutex> lock(all.mutex);
  for (const Setting& setting : SETTINGS) {
    if (std::strcmp(setting.key, key) == 0 && value <= setting.max) {
      all.settings.*setting.field = value;
      if (setting.field == &Settings::seed) {
        all.random.seed(value);
      }
      return 0;
    }
  }
  return 1;
}

uint64_t memtrace_emulator_live(const char* key) {
  State& all = state();
  std::lock_guard<std::mutex> lock(all.mutex);
  if (std::strcmp(key, "ranges") == 0) {
    return all.open_ranges;
  }
  std::uint64_t sum = 0;
  for (const Context& context : all.contexts) {
    std::uint64_t value = live(context, key);
    if (value == UINT64_MAX) {
      return value;
    }
    sum += value;
  }
  return sum;
}

int32_t memtrace_emulator_record(const char* file) {
  State& all = state();
  std::lock_guard<std::mutex> lock(all.mutex);
  std::unique_ptr<Tape> finished = std::exchange(all.tape, file == nullptr ? nullptr : Tape::create(file));
  bool is_whole = finished == nullptr || finished->finish();
  return is_whole && (file != nullptr) == (all.tape != nullptr) ? 0 : 1;
}

uint64_t memtrace_emulator_count(const char* what) {
  State& all = state();
  std::lock_guard<std::mutex> lock(all.mutex);
  auto found = all.counts.find(std::string_view(what));
  return found == all.counts.end() ? 0 : found->second;
}
