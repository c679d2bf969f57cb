// SPDX-License-Identifier: Apache-2.0
#include "state.h"

#include <utility>

namespace memtrace::emulator {

thread_local Context* current_context = nullptr;
thread_local bool inside_work = false;

State& state() {
  static State* const instance = [] {
    auto* created = new State;
    for (std::size_t device = 0; device < created->contexts.size(); device++) {
      created->contexts[device].device = static_cast<CUdevice>(device);
    }
    return created;
  }();
  return *instance;
}

bool loses_context(CUresult result) {
  switch (result) {
    case CUDA_ERROR_ILLEGAL_ADDRESS:
    case CUDA_ERROR_LAUNCH_TIMEOUT:
    case CUDA_ERROR_ILLEGAL_INSTRUCTION:
    case CUDA_ERROR_MISALIGNED_ADDRESS:
    case CUDA_ERROR_INVALID_ADDRESS_SPACE:
    case CUDA_ERROR_INVALID_PC:
    case CUDA_ERROR_LAUNCH_FAILED:
      return true;
    default:
      return false;
  }
}

void lose(Context& context, CUresult result) {
  if (context.lost == CUDA_SUCCESS) {
    context.lost = result;
  }
  abandon_work(context);
}

CUresult take_error(Context& context) {
  return context.lost != CUDA_SUCCESS ? context.lost : std::exchange(context.failed, CUDA_SUCCESS);
}

void destroy(Context& context) {
  abandon_work(context);
  context.streams.clear();
  context.default_stream.reset();
  context.events.clear();
  context.modules.clear();
  context.memory.free_all();
  for (const auto& entry : context.pinned) {
    state().pinned_bytes -= entry.second->bytes;
    entry.second->free();
  }
  context.pinned.clear();
  context.failed = CUDA_SUCCESS;
}

CUresult count_and_fail(State& state, std::string_view what) {
  auto found = state.counts.find(what);
  if (found == state.counts.end()) {
    found = state.counts.emplace(what, 0).first;
  }
  found->second++;

  CUresult result = CUDA_SUCCESS;
  for (auto fault = state.faults.begin(); fault != state.faults.end();) {
    if (fault->what == what && --fault->nth == 0) {
      result = result == CUDA_SUCCESS ? fault->result : result;
      fault = state.faults.erase(fault);
    } else {
      ++fault;
    }
  }
  return result;
}

CUresult enter(State& state, const char* name) {
  CUresult of_all = count_and_fail(state, "call");
  CUresult of_name = count_and_fail(state, name);
  std::string_view view(name);
  CUresult of_allocations =
      view == "cuMemAlloc" || view == "cuMemAllocAsync" ? count_and_fail(state, "allocation") : CUDA_SUCCESS;
  CUresult result = of_name != CUDA_SUCCESS ? of_name : of_allocations != CUDA_SUCCESS ? of_allocations : of_all;
  if (loses_context(result) && current_context != nullptr && current_context->references > 0) {
    lose(*current_context, result);
  }
  return result;
}

CUresult enter_driver(State& state, const char* name) {
  CUresult result = enter(state, name);
  return result == CUDA_SUCCESS && !state.initialised ? CUDA_ERROR_NOT_INITIALIZED : result;
}

CUresult enter_context(State& state, const char* name) {
  CUresult result = enter_driver(state, name);
  if (result != CUDA_SUCCESS) {
    return result;
  }
  if (current_context == nullptr || current_context->references == 0) {
    return CUDA_ERROR_INVALID_CONTEXT;
  }
  return current_context->lost;
}

}  // namespace memtrace::emulator
