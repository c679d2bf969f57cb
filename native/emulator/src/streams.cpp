// SPDX-License-Identifier: Apache-2.0
#include "streams.h"

#include <algorithm>
#include <utility>

#include "state.h"

namespace memtrace::emulator {

bool Point::reached() const { return stream == nullptr || stream->queue.empty() || stream->queue.front().sequence > sequence; }

std::shared_ptr<Stream> find_stream(Context& context, CUstream handle) {
  const auto legacy_default = reinterpret_cast<CUstream>(std::uintptr_t{1});
  if (handle == nullptr || handle == legacy_default) {
    return context.default_stream;
  }
  for (const auto& stream : context.streams) {
    if (stream.get() == handle && !stream->destroyed) {
      return stream;
    }
  }
  return nullptr;
}

std::shared_ptr<Event> find_event(Context& context, CUevent handle) {
  auto found = context.events.find(handle);
  return found == context.events.end() ? nullptr : found->second;
}

namespace {

// The default stream waits for all blocking streams, and they wait for it.
void order_with_default_stream(Context& context, const std::shared_ptr<Stream>& stream, std::vector<Point>& after) {
  if (stream == context.default_stream) {
    for (const auto& other : context.streams) {
      if (other->blocking && !other->queue.empty()) {
        after.push_back({other, other->last});
      }
    }
  } else if (stream->blocking && !context.default_stream->queue.empty()) {
    after.push_back({context.default_stream, context.default_stream->last});
  }
}

CUresult run(const std::function<CUresult()>& work) {
  inside_work = true;
  CUresult result;
  try {
    result = work();
  } catch (const std::bad_alloc&) {
    result = CUDA_ERROR_OUT_OF_MEMORY;
  }
  inside_work = false;
  return result;
}

void forget_finished_streams(Context& context) {
  auto finished = [](const std::shared_ptr<Stream>& stream) { return stream->destroyed && stream->queue.empty(); };
  context.streams.erase(std::remove_if(context.streams.begin(), context.streams.end(), finished), context.streams.end());
}

void run_at_random(State& state, Context& context) {
  for (std::uint64_t steps = state.random() % 3; steps > 0; steps--) {
    std::uint64_t choice = state.random() % (context.streams.size() + 1);
    std::shared_ptr<Stream> stream = choice < context.streams.size() ? context.streams[choice] : context.default_stream;
    run_step(context, {stream, stream->last});
  }
}

}  // namespace

Point enqueue(State& state, Context& context, const std::shared_ptr<Stream>& stream, Operation operation) {
  order_with_default_stream(context, stream, operation.after);
  operation.sequence = ++state.last_sequence;
  Point point{stream, operation.sequence};
  stream->queue.push_back(std::move(operation));
  stream->last = point.sequence;
  if (state.settings.defer == 0) {
    run_until(context, point);
  } else if (state.settings.defer == 2) {
    run_at_random(state, context);
  }
  return point;
}

void run_step(Context& context, const Point& point) {
  if (point.reached()) {
    return;
  }
  std::shared_ptr<Stream> stream = point.stream;
  for (;;) {
    const std::vector<Point>& after = stream->queue.front().after;
    auto unmet = std::find_if(after.begin(), after.end(), [](const Point& other) { return !other.reached(); });
    if (unmet == after.end()) {
      break;
    }
    stream = std::shared_ptr<Stream>(unmet->stream);
  }
  Operation operation = std::move(stream->queue.front());
  stream->queue.pop_front();
  CUresult result = run(operation.work);
  if (loses_context(result)) {
    lose(context, result);
  } else if (context.failed == CUDA_SUCCESS) {
    context.failed = result;
  }
}

void run_until(Context& context, const Point& point) {
  while (!point.reached()) {
    run_step(context, point);
  }
}

void run_all(Context& context) {
  // The youngest stream first, so that an order that nothing enforces is unlikely to come about by itself.
  std::vector<std::shared_ptr<Stream>> streams(context.streams.rbegin(), context.streams.rend());
  streams.push_back(context.default_stream);
  for (const auto& stream : streams) {
    run_until(context, {stream, stream->last});
  }
  forget_finished_streams(context);
}

void abandon_work(Context& context) {
  std::vector<std::shared_ptr<Stream>> streams = context.streams;
  if (context.default_stream != nullptr) {
    streams.push_back(context.default_stream);
  }
  for (const auto& stream : streams) {
    std::deque<Operation> queue = std::exchange(stream->queue, {});
    for (const Operation& operation : queue) {
      if (operation.abandon) {
        operation.abandon();
      }
    }
  }
  forget_finished_streams(context);
}

CUresult synchronise(State& state, Context& context, const Point& point) {
  count_and_fail(state, "synchronisation");
  run_until(context, point);
  return take_error(context);
}

void enqueue_kernel(State& state, Context& context, const std::shared_ptr<Stream>& stream, const std::string& name,
                    std::function<CUresult()> work) {
  CUresult of_name = count_and_fail(state, "kernel:" + name);
  CUresult of_all = count_and_fail(state, "kernel:");
  CUresult fault = of_name != CUDA_SUCCESS ? of_name : of_all;
  Operation operation;
  operation.work = fault == CUDA_SUCCESS ? std::move(work) : [fault] { return fault; };
  enqueue(state, context, stream, std::move(operation));
}

}  // namespace memtrace::emulator

using namespace memtrace::emulator;

namespace {

CUresult create_stream(const char* name, CUstream* handle, unsigned flags) {
  return context_call(name, [&](State&, Context& context) {
    if (handle == nullptr || flags > CU_STREAM_NON_BLOCKING) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    auto stream = std::make_shared<Stream>();
    stream->flags = flags;
    stream->blocking = flags != CU_STREAM_NON_BLOCKING;
    context.streams.push_back(stream);
    *handle = stream.get();
    return CUDA_SUCCESS;
  });
}

// A query makes a polling loop end: each runs one operation.
CUresult query(Context& context, const Point& point) {
  if (!point.reached()) {
    run_step(context, point);
    return context.lost != CUDA_SUCCESS ? context.lost : CUDA_ERROR_NOT_READY;
  }
  return take_error(context);
}

}  // namespace

CUresult cuStreamCreate(CUstream* stream, unsigned flags) { return create_stream("cuStreamCreate", stream, flags); }

CUresult cuStreamCreateWithPriority(CUstream* stream, unsigned flags, int) {
  return create_stream("cuStreamCreateWithPriority", stream, flags);
}

CUresult cuStreamDestroy_v2(CUstream handle) {
  return release_call("cuStreamDestroy", [&](State&, Context& context) {
    std::shared_ptr<Stream> stream = find_stream(context, handle);
    if (stream == nullptr || stream == context.default_stream) {
      return CUDA_ERROR_INVALID_HANDLE;
    }
    stream->destroyed = true;
    forget_finished_streams(context);
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamSynchronize(CUstream handle) {
  return context_call("cuStreamSynchronize", [&](State& state, Context& context) {
    std::shared_ptr<Stream> stream = find_stream(context, handle);
    return stream == nullptr ? CUDA_ERROR_INVALID_HANDLE : synchronise(state, context, {stream, stream->last});
  });
}

CUresult cuStreamQuery(CUstream handle) {
  return context_call("cuStreamQuery", [&](State&, Context& context) {
    std::shared_ptr<Stream> stream = find_stream(context, handle);
    return stream == nullptr ? CUDA_ERROR_INVALID_HANDLE : query(context, {stream, stream->last});
  });
}

CUresult cuStreamWaitEvent(CUstream handle, CUevent event_handle, unsigned flags) {
  return context_call("cuStreamWaitEvent", [&](State& state, Context& context) {
    std::shared_ptr<Stream> stream = find_stream(context, handle);
    std::shared_ptr<Event> event = find_event(context, event_handle);
    if (stream == nullptr || event == nullptr) {
      return CUDA_ERROR_INVALID_HANDLE;
    }
    if (flags != 0) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    if (!event->recorded.reached()) {
      Operation wait;
      wait.work = [] { return CUDA_SUCCESS; };
      wait.after.push_back(event->recorded);
      enqueue(state, context, stream, std::move(wait));
    }
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetFlags(CUstream handle, unsigned* flags) {
  return context_call("cuStreamGetFlags", [&](State&, Context& context) {
    std::shared_ptr<Stream> stream = find_stream(context, handle);
    if (stream == nullptr || flags == nullptr) {
      return stream == nullptr ? CUDA_ERROR_INVALID_HANDLE : CUDA_ERROR_INVALID_VALUE;
    }
    *flags = stream->flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuEventCreate(CUevent* handle, unsigned flags) {
  return context_call("cuEventCreate", [&](State&, Context& context) {
    if (handle == nullptr || flags > 7) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    auto event = std::make_shared<Event>();
    event->timed = (flags & CU_EVENT_DISABLE_TIMING) == 0;
    *handle = event.get();
    context.events.emplace(event.get(), event);
    return CUDA_SUCCESS;
  });
}

CUresult cuEventDestroy_v2(CUevent handle) {
  return release_call("cuEventDestroy", [&](State&, Context& context) {
    return context.events.erase(handle) == 1 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
  });
}

CUresult cuEventRecord(CUevent handle, CUstream stream_handle) {
  return context_call("cuEventRecord", [&](State& state, Context& context) {
    std::shared_ptr<Stream> stream = find_stream(context, stream_handle);
    std::shared_ptr<Event> event = find_event(context, handle);
    if (stream == nullptr || event == nullptr) {
      return CUDA_ERROR_INVALID_HANDLE;
    }
    Operation record;
    record.work = [event] {
      event->time = std::chrono::steady_clock::now();
      return CUDA_SUCCESS;
    };
    event->recorded = enqueue(state, context, stream, std::move(record));
    return CUDA_SUCCESS;
  });
}

CUresult cuEventQuery(CUevent handle) {
  return context_call("cuEventQuery", [&](State&, Context& context) {
    std::shared_ptr<Event> event = find_event(context, handle);
    return event == nullptr ? CUDA_ERROR_INVALID_HANDLE : query(context, event->recorded);
  });
}

CUresult cuEventSynchronize(CUevent handle) {
  return context_call("cuEventSynchronize", [&](State& state, Context& context) {
    std::shared_ptr<Event> event = find_event(context, handle);
    return event == nullptr ? CUDA_ERROR_INVALID_HANDLE : synchronise(state, context, event->recorded);
  });
}

CUresult cuEventElapsedTime(float* milliseconds, CUevent start_handle, CUevent end_handle) {
  return context_call("cuEventElapsedTime", [&](State&, Context& context) {
    std::shared_ptr<Event> start = find_event(context, start_handle);
    std::shared_ptr<Event> end = find_event(context, end_handle);
    if (start == nullptr || end == nullptr || !start->timed || !end->timed || start->recorded.stream == nullptr ||
        end->recorded.stream == nullptr) {
      return CUDA_ERROR_INVALID_HANDLE;
    }
    if (milliseconds == nullptr) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    if (!start->recorded.reached() || !end->recorded.reached()) {
      return CUDA_ERROR_NOT_READY;
    }
    *milliseconds = std::chrono::duration<float, std::milli>(end->time - start->time).count();
    return CUDA_SUCCESS;
  });
}

CUresult cuLaunchHostFunc(CUstream handle, CUhostFn function, void* argument) {
  return context_call("cuLaunchHostFunc", [&](State& state, Context& context) {
    std::shared_ptr<Stream> stream = find_stream(context, handle);
    if (stream == nullptr || function == nullptr) {
      return stream == nullptr ? CUDA_ERROR_INVALID_HANDLE : CUDA_ERROR_INVALID_VALUE;
    }
    Operation call;
    call.work = [function, argument] {
      function(argument);
      return CUDA_SUCCESS;
    };
    enqueue(state, context, stream, std::move(call));
    return CUDA_SUCCESS;
  });
}
