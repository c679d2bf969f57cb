// SPDX-License-Identifier: Apache-2.0
// Auxiliary columns of accesses: previous timestamp, the limbs of timestamp - previous timestamp - 1, is_immediate,
// is_zero_aux.
#include "memtrace/arguments.cuh"
#include "memtrace/bits.cuh"
#include "memtrace/fault.cuh"
#include "memtrace/field.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/log_entry.cuh"
#include "memtrace/previous_timestamp.cuh"

namespace memtrace {

MEMTRACE_KERNEL(access_flags, AccessFlagsArguments) {
  arguments.flags[item] = LogEntry{arguments.headers[arguments.first + item]}.is_increment() ? 0 : 1;
}

MEMTRACE_KERNEL(fill_aux, FillAuxArguments) {
  std::uint64_t index = arguments.first + item;
  const History& history = arguments.history;
  LogEntry entry{history.log.headers[index]};
  if (entry.is_increment()) {
    return;
  }
  std::uint64_t at = AUX_WORDS * (arguments.ranks[item] - arguments.base);
  if (at + AUX_WORDS > arguments.room) {
    raise(arguments.fault, FaultKind::OUTSIDE_BUFFER, index, at);
    return;
  }
  std::uint32_t previous = previous_timestamp(history, index);
  std::uint32_t difference = history.log.ticks[index] - previous;  // a timestamp is one more than its ticks
  std::uint32_t limb_bits = static_cast<std::uint32_t>(arguments.limb_bits);
  std::uint32_t space = entry.space();
  std::uint32_t* out = arguments.out + at;
  out[0] = previous;
  out[1] = difference & low_bits(limb_bits);
  out[2] = difference >> limb_bits;
  out[3] = space == 0 ? 1 : 0;
  out[4] = space <= 1 ? space : field::to_canonical(field::inverse(field::to_montgomery(space)));
}

}  // namespace memtrace
