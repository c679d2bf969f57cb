// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include "test.h"

using namespace memtrace::test;

namespace {

void append(void* argument, char letter) { static_cast<std::string*>(argument)->push_back(letter); }
void append_a(void* argument) { append(argument, 'a'); }
void append_b(void* argument) { append(argument, 'b'); }
void append_c(void* argument) { append(argument, 'c'); }

}  // namespace

TEST(work_waits_for_a_synchronisation) {
  Driver driver;
  CUstream stream = driver.stream();
  std::string order;
  OK(cuLaunchHostFunc(stream, append_a, &order));
  OK(cuLaunchHostFunc(stream, append_b, &order));
  EQUAL(order, "");
  OK(cuStreamSynchronize(stream));
  EQUAL(order, "ab");
}

TEST(work_runs_at_once_where_asked) {
  Driver driver;
  EQUAL(memtrace_emulator_set("defer", 0), 0);
  std::string order;
  OK(cuLaunchHostFunc(driver.stream(), append_a, &order));
  EQUAL(order, "a");
}

TEST(random_early_work_keeps_the_order_of_a_stream) {
  for (std::uint64_t seed = 0; seed < 20; seed++) {
    Driver driver;
    EQUAL(memtrace_emulator_set("defer", 2), 0);
    EQUAL(memtrace_emulator_set("seed", seed), 0);
    CUstream stream = driver.stream();
    std::string order;
    std::string expected;
    for (int i = 0; i < 10; i++) {
      OK(cuLaunchHostFunc(stream, append_a, &order));
      OK(cuLaunchHostFunc(stream, append_b, &order));
      expected += "ab";
    }
    OK(cuStreamSynchronize(stream));
    EQUAL(order, expected);
  }
}

TEST(only_the_stream_waited_for_runs) {
  Driver driver;
  CUstream first = driver.stream();
  CUstream second = driver.stream();
  std::string order;
  OK(cuLaunchHostFunc(first, append_a, &order));
  OK(cuLaunchHostFunc(second, append_b, &order));
  OK(cuStreamSynchronize(second));
  EQUAL(order, "b");
  OK(cuCtxSynchronize());
  EQUAL(order, "ba");
}

TEST(events_order_streams) {
  Driver driver;
  CUstream first = driver.stream();
  CUstream second = driver.stream();
  CUevent event = driver.event();
  std::string order;
  OK(cuLaunchHostFunc(first, append_a, &order));
  OK(cuEventRecord(event, first));
  OK(cuLaunchHostFunc(first, append_b, &order));
  OK(cuStreamWaitEvent(second, event, 0));
  OK(cuLaunchHostFunc(second, append_c, &order));
  OK(cuStreamSynchronize(second));
  EQUAL(order, "ac");
  OK(cuStreamSynchronize(first));
  EQUAL(order, "acb");
}

TEST(a_wait_keeps_the_record_of_its_time) {
  Driver driver;
  CUstream first = driver.stream();
  CUstream second = driver.stream();
  CUevent event = driver.event();
  std::string order;
  OK(cuEventRecord(event, first));
  OK(cuStreamWaitEvent(second, event, 0));
  OK(cuLaunchHostFunc(first, append_a, &order));
  OK(cuEventRecord(event, first));
  OK(cuEventDestroy_v2(event));
  OK(cuLaunchHostFunc(second, append_b, &order));
  OK(cuStreamSynchronize(second));
  EQUAL(order, "b");
}

TEST(an_event_never_recorded_is_complete) {
  Driver driver;
  CUevent event = driver.event();
  OK(cuEventQuery(event));
  OK(cuEventSynchronize(event));
  OK(cuStreamWaitEvent(driver.stream(), event, 0));
}

TEST(queries_make_progress) {
  Driver driver;
  CUstream stream = driver.stream();
  CUevent event = driver.event();
  std::string order;
  OK(cuLaunchHostFunc(stream, append_a, &order));
  OK(cuEventRecord(event, stream));
  EQUAL(cuEventQuery(event), CUDA_ERROR_NOT_READY);
  EQUAL(order, "a");
  EQUAL(cuEventQuery(event), CUDA_ERROR_NOT_READY);
  OK(cuEventQuery(event));
  OK(cuStreamQuery(stream));
}

TEST(events_measure_time) {
  Driver driver;
  CUstream stream = driver.stream();
  CUevent start = driver.event();
  CUevent end = driver.event();
  CUevent untimed = nullptr;
  OK(cuEventCreate(&untimed, CU_EVENT_DISABLE_TIMING));
  float milliseconds = -1;
  OK(cuEventRecord(start, stream));
  EQUAL(cuEventElapsedTime(&milliseconds, start, end), CUDA_ERROR_INVALID_HANDLE);
  OK(cuEventRecord(end, stream));
  OK(cuEventRecord(untimed, stream));
  EQUAL(cuEventElapsedTime(&milliseconds, start, end), CUDA_ERROR_NOT_READY);
  OK(cuEventSynchronize(untimed));
  OK(cuEventElapsedTime(&milliseconds, start, end));
  EQUAL(milliseconds >= 0, true);
  EQUAL(cuEventElapsedTime(&milliseconds, start, untimed), CUDA_ERROR_INVALID_HANDLE);
}

TEST(the_default_stream_waits_for_blocking_streams_and_they_for_it) {
  Driver driver;
  CUstream blocking = driver.stream(0);
  CUstream free = driver.stream(CU_STREAM_NON_BLOCKING);
  std::string order;
  OK(cuLaunchHostFunc(free, append_c, &order));
  OK(cuLaunchHostFunc(blocking, append_a, &order));
  OK(cuLaunchHostFunc(nullptr, append_b, &order));
  OK(cuLaunchHostFunc(blocking, append_a, &order));
  OK(cuStreamSynchronize(blocking));
  EQUAL(order, "aba");
  OK(cuCtxSynchronize());
  EQUAL(order, "abac");
}

TEST(a_destroyed_stream_finishes_its_work) {
  Driver driver;
  CUstream stream = driver.stream();
  std::string order;
  OK(cuLaunchHostFunc(stream, append_a, &order));
  OK(cuStreamDestroy_v2(stream));
  EQUAL(memtrace_emulator_live("streams"), 0u);
  EQUAL(cuStreamDestroy_v2(stream), CUDA_ERROR_INVALID_HANDLE);
  EQUAL(cuStreamSynchronize(stream), CUDA_ERROR_INVALID_HANDLE);
  OK(cuCtxSynchronize());
  EQUAL(order, "a");
}

TEST(work_may_not_call_the_driver) {
  Driver driver;
  CUstream stream = driver.stream();
  CUresult result = CUDA_SUCCESS;
  OK(cuLaunchHostFunc(
      stream, [](void* argument) { *static_cast<CUresult*>(argument) = cuCtxSynchronize(); }, &result));
  OK(cuStreamSynchronize(stream));
  EQUAL(result, CUDA_ERROR_NOT_PERMITTED);
}

TEST(threads_use_streams_of_their_own) {
  Driver driver;
  CUcontext context = nullptr;
  OK(cuCtxGetCurrent(&context));
  CUdeviceptr sums = driver.upload(std::vector<std::uint64_t>(4));
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; i++) {
    threads.emplace_back([&, i] {
      std::size_t free = 0;
      EQUAL(cuMemGetInfo_v2(&free, &free), CUDA_ERROR_INVALID_CONTEXT);
      OK(cuCtxSetCurrent(context));
      CUstream stream = driver.stream();
      auto* result = driver.pinned<std::uint64_t>(1);
      for (int round = 0; round < 50; round++) {
        OK(driver.launch("memtrace_add", {100, sums + 8 * i, i}, stream));
        OK(cuMemcpyDtoHAsync_v2(result, sums + 8 * i, 8, stream));
        if (round % 10 == 0) {
          OK(cuStreamSynchronize(stream));
          EQUAL(*result, (round + 1) * 100u * i);
        }
        memtrace_emulator_live("streams");
      }
      OK(cuStreamSynchronize(stream));
      EQUAL(*result, 5000u * i);
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}
