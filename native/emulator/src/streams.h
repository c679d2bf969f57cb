// SPDX-License-Identifier: Apache-2.0
// Work in stream order. An operation waits in its stream's queue until something synchronises with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "driver_api.h"

namespace memtrace::emulator {

struct Stream;
struct State;

// Everything in a stream up to an operation.
struct Point {
  std::shared_ptr<Stream> stream;
  std::uint64_t sequence = 0;

  bool reached() const;
};

struct Operation {
  std::function<CUresult()> work;
  std::function<void()> abandon;  // runs instead of the work when the context is lost; may be empty
  std::vector<Point> after;       // other streams' points that come first
  std::uint64_t sequence = 0;     // grows over all streams; every point in `after` has a smaller one, so that no cycle exists
};

struct Stream {
  bool blocking = true;  // ordered with the default stream
  unsigned flags = 0;
  bool destroyed = false;
  std::deque<Operation> queue;
  std::uint64_t last = 0;  // sequence of the operation enqueued last
};

struct Event {
  bool timed = true;
  Point recorded;  // without a stream: never recorded
  std::chrono::steady_clock::time_point time;
};

// The stream of a handle, null if there is none.
std::shared_ptr<Stream> find_stream(Context& context, CUstream handle);
std::shared_ptr<Event> find_event(Context& context, CUevent handle);

Point enqueue(State& state, Context& context, const std::shared_ptr<Stream>& stream, Operation operation);

// Runs what must run to get there.
void run_until(Context& context, const Point& point);
void run_all(Context& context);

// Runs at most one operation on the way there.
void run_step(Context& context, const Point& point);

// Drops all queued work.
void abandon_work(Context& context);

// Waits as a synchronising function does, and tells what went wrong.
CUresult synchronise(State& state, Context& context, const Point& point);

// Enqueues a kernel or a device algorithm: counts it as "kernel:NAME" and lets it fail where a test asked for that.
void enqueue_kernel(State& state, Context& context, const std::shared_ptr<Stream>& stream, const std::string& name,
                    std::function<CUresult()> work);

}  // namespace memtrace::emulator
