// SPDX-License-Identifier: Apache-2.0
// The boundary of persistent memory: for each touched chunk its initial row, then its final row. The hash columns stay
// zero.
#include "memtrace/arguments.cuh"
#include "memtrace/columns.cuh"
#include "memtrace/events.cuh"
#include "memtrace/fault.cuh"
#include "memtrace/field.cuh"
#include "memtrace/geometry.cuh"
#include "memtrace/heads.cuh"
#include "memtrace/initial_image.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/trace.cuh"
#include "memtrace/unite.cuh"

namespace memtrace {

MEMTRACE_KERNEL(persistent_boundary_chunks, PersistentBoundaryChunksArguments) {
  using namespace columns::persistent_boundary;
  const History& history = arguments.history;
  const EventKeys& sorted = history.events.sorted;
  if (2 * item + 2 > arguments.height) {
    raise(arguments.fault, FaultKind::ROW_OUTSIDE_TRACE, WIDTH, 2 * item);
    return;
  }
  std::uint32_t from = arguments.heads[item];
  std::uint32_t to = head_end(arguments.heads, item, arguments.items, event_count(sorted));
  Window chunk;
  load_chunk(history, from, to, chunk);
  TraceRow before = {arguments.trace + 2 * item, arguments.height};
  TraceRow after = {before.first + 1, arguments.height};
  before.set_montgomery(EXPAND_DIRECTION, field::ONE);
  after.set(EXPAND_DIRECTION, field::P - 1);
  std::uint32_t space = space_number(history.geometry, chunk.space);
  before.set(SPACE, space);
  after.set(SPACE, space);
  before.set(LABEL, chunk.first / CHUNK_CELLS);
  after.set(LABEL, chunk.first / CHUNK_CELLS);
  const std::uint32_t* initial = initial_cells(arguments.image, history.geometry, chunk.space, chunk.first);
  std::uint32_t in_granule = low_bits(granule_bits(history.geometry, chunk.space, chunk.first));
  std::uint32_t latest = 0;
  for (std::uint32_t i = 0; i < CHUNK_CELLS; i++) {
    std::uint32_t old_value = initial == nullptr ? 0 : initial[i];
    std::uint32_t source = chunk.source[i];
    std::uint32_t written = source == 0 ? 0 : history.events.values[source - 1];
    before.set(VALUES + i, old_value);
    after.set(VALUES + i, written == 0 ? old_value : history.log.cells[written - 1 + (i & in_granule)]);
    latest = larger(latest, chunk.timestamp[i]);
  }
  after.set(TIMESTAMP, latest);
}

}  // namespace memtrace
