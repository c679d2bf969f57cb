// SPDX-License-Identifier: Apache-2.0
// Everything the emulator knows, and the way into it that every driver function takes.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "driver_api.h"
#include "memory.h"
#include "modules.h"
#include "streams.h"
#include "tape.h"

namespace memtrace::emulator {

constexpr std::uint64_t MAX_DEVICES = 8;

struct Settings {
  std::uint64_t devices = 1;
  std::uint64_t driver = 13000;
  std::uint64_t compute = 90;
  std::uint64_t memory = std::uint64_t{8} << 30;
  std::uint64_t pinned = std::uint64_t{8} << 30;
  std::uint64_t order = 0;
  std::uint64_t seed = 1;
  std::uint64_t defer = 1;
};

// The nth call of `what` from now on returns `result`.
struct Fault {
  std::string what;
  std::uint64_t nth;
  CUresult result;
};

struct MemoryPool {
  std::uint64_t release_threshold = 0;
};

// The primary context of one device. No other kind exists here.
struct Context {
  CUdevice device = 0;
  std::uint64_t references = 0;
  unsigned flags = 0;
  CUresult lost = CUDA_SUCCESS;    // the code that every call returns once an error has ended the context
  CUresult failed = CUDA_SUCCESS;  // of asynchronous work, not yet told; any other error
  MemoryPool pool;
  DeviceMemory memory;
  std::map<std::uint64_t, std::shared_ptr<Pinned>> pinned;  // by address
  std::shared_ptr<Stream> default_stream;
  std::vector<std::shared_ptr<Stream>> streams;  // in order of creation; destroyed ones stay until their work is done
  std::unordered_map<CUevent, std::shared_ptr<Event>> events;
  std::unordered_map<CUmodule, std::unique_ptr<Module>> modules;
};

struct State {
  std::mutex mutex;
  bool initialised = false;
  Settings settings;
  std::vector<Fault> faults;
  std::map<std::string, std::uint64_t, std::less<>> counts;
  std::array<Context, MAX_DEVICES> contexts;
  std::uint64_t last_sequence = 0;
  std::mt19937_64 random{1};
  std::uint64_t pinned_bytes = 0;
  std::uint64_t open_ranges = 0;  // of profilers, on all threads
  std::unique_ptr<Tape> tape;     // null unless launches are recorded
};

// Lives until the process ends, so that calls from exit handlers still find it.
State& state();

extern thread_local Context* current_context;
// True while this thread runs work of a stream: the driver refuses calls from there.
extern thread_local bool inside_work;

// Whether a result ends its context for good.
bool loses_context(CUresult result);

// Ends the context: drops its queued work, keeping the effect of the frees in it.
void lose(Context& context, CUresult result);

// What asynchronous work has to tell at a synchronisation.
CUresult take_error(Context& context);

// Frees every object of a context.
void destroy(Context& context);

// Counts an event and returns the result of the fault that is due, if any.
CUresult count_and_fail(State& state, std::string_view what);

// Counts a call; returns the injected result, or what the state of driver and context makes of it.
CUresult enter(State& state, const char* name);
CUresult enter_driver(State& state, const char* name);
CUresult enter_context(State& state, const char* name);

template <typename Enter, typename Body>
CUresult guarded(const char* name, Enter enter_function, Body body) noexcept {
  if (inside_work) {
    return CUDA_ERROR_NOT_PERMITTED;
  }
  State& all = state();
  std::lock_guard<std::mutex> lock(all.mutex);
  try {
    CUresult result = enter_function(all, name);
    return result != CUDA_SUCCESS ? result : body(all);
  } catch (const std::bad_alloc&) {
    return CUDA_ERROR_OUT_OF_MEMORY;
  }
}

// A function that works before cuInit: body(State&).
template <typename Body>
CUresult early_call(const char* name, Body body) noexcept {
  return guarded(name, enter, body);
}

// A function that needs cuInit only: body(State&).
template <typename Body>
CUresult driver_call(const char* name, Body body) noexcept {
  return guarded(name, enter_driver, body);
}

// A function that needs a current, working context: body(State&, Context&).
template <typename Body>
CUresult context_call(const char* name, Body body) noexcept {
  return guarded(name, enter_context, [&](State& all) { return body(all, *current_context); });
}

// A function that frees an object. On a lost context it frees it too, so that what stays alive is what nobody tried to free.
template <typename Body>
CUresult release_call(const char* name, Body body) noexcept {
  auto enter_release = [](State& all, const char* function) {
    CUresult result = enter_context(all, function);
    bool lost = current_context != nullptr && current_context->references > 0 && current_context->lost != CUDA_SUCCESS;
    return lost && result == current_context->lost ? CUDA_SUCCESS : result;
  };
  return guarded(name, enter_release, [&](State& all) {
    Context& context = *current_context;
    CUresult result = body(all, context);
    return context.lost != CUDA_SUCCESS ? context.lost : result;
  });
}

}  // namespace memtrace::emulator
