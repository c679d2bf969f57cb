// SPDX-License-Identifier: Apache-2.0
// Profiler ranges by NVTX, in a domain of their own. NVTX has headers alone: a profiler brings the code. Toolkits without these headers give
// a library without ranges.
#include "memtrace/profiler_ranges.h"

#if __has_include(<nvtx3/nvToolsExt.h>)
#include <nvtx3/nvToolsExt.h>

namespace {

nvtxDomainHandle_t domain() {
  static const nvtxDomainHandle_t handle = nvtxDomainCreateA("memtrace");
  return handle;
}

}  // namespace

int32_t memtrace_range_push(const char* name) {
  nvtxEventAttributes_t range{};
  range.version = NVTX_VERSION;
  range.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
  range.messageType = NVTX_MESSAGE_TYPE_ASCII;
  range.message.ascii = name;
  return nvtxDomainRangePushEx(domain(), &range);
}

int32_t memtrace_range_pop() { return nvtxDomainRangePop(domain()); }

#else

int32_t memtrace_range_push(const char*) { return -1; }

int32_t memtrace_range_pop() { return -1; }

#endif
