// SPDX-License-Identifier: Apache-2.0
// What the host passes to each kernel: the interface between the orchestration and the device code.
//
// A structure is one by-value kernel parameter of 64-bit words in field order; nested groups are flattened in place.
// Counts and indices are in items, never in bytes. All buffers are device memory; unless a comment says otherwise, a
// kernel writes every item of its outputs, so that no memset is needed.
//
//   N  log entries, below 2^32 - 1
//   W  written cells, below 2^32 - 1
//   E  events, known to the device only
//   C  room for events, below 2^32 - 1
//   M  slow accesses: those that may add adapter rows
//   H  heads: touched chunks (persistent) or touched granules (volatile)
//   U  touched cells (volatile)
//   P  pages of the initial image
//
// If E > C, every kernel that reads events does nothing but write neutral outputs; the host then sees E in the summary
// and begins again with more room.
#pragma once

#include <cstddef>
#include <cstdint>

namespace memtrace {

// Access adapters have the sizes 2, 4, 8, 16, 32; the adapter of size n has index log2(n) - 1.
constexpr int ADAPTERS = 5;

// Cells of a page, of the initial image and of the granule table alike.
constexpr int PAGE_BITS = 12;

// What the host reads back, in 64-bit words. The host zeroes it before the first kernel.
struct Summary {
  std::uint64_t events;                // 0: E, by memtrace_reduce_sum_u32 over the output `events` of entry_sizes
  std::uint64_t slow;                  // 1: M, by memtrace_select_flagged
  std::uint64_t heads;                 // 2: H, by memtrace_select_flagged
  std::uint64_t boundary_cells;        // 3: U; 0 in persistent mode, which has 2 H boundary rows
  std::uint64_t log_rows[ADAPTERS];    // 4-8: adapter rows made by the log
  std::uint64_t final_rows[ADAPTERS];  // 9-13: adapter rows made by the finalisation pass
  std::uint64_t end_timestamp;         // 14
  std::uint64_t written_cells;         // 15: W
  std::uint64_t fault[3];              // 16-18: see fault.cuh; may be raised later too
};
static_assert(sizeof(Summary) == 19 * 8);

// Shape of memory and of its granules.
struct Geometry {
  std::uint64_t first_space;   // as_offset
  std::uint64_t space_bits;    // as_height, 0 to 28
  std::uint64_t pointer_bits;  // pointer_max_bits, 2 to 29
  std::uint32_t* granules;     // 4 bits a slot: max(4, 2^(slot_bits - 1)) bytes, zeroed by the host at the start
  std::uint64_t slot_bits;     // log2 of the slots, 0 to 32. Any number is correct: pages of one slot share a granule
};

// The log. `ticks`, `cell_offsets`, `event_offsets` are the outputs of entry_sizes after an exclusive sum in place.
struct Log {
  const std::uint64_t* headers;        // N, packed as dev.memtrace.log.LogHeader
  const std::uint32_t* ticks;          // N + 1: timestamp - 1 of each entry
  const std::uint32_t* cell_offsets;   // N + 1: where the written cells of an entry begin in `cells`
  const std::uint32_t* event_offsets;  // N + 1: where the events of an entry begin in log order
  const std::uint32_t* cells;          // W written cells, canonical, in log order
};

// Events, sorted by address, then by log index.
struct EventKeys {
  const std::uint64_t* keys;      // C: address << ordinal_bits | log index; with ordinals: the address
  const std::uint32_t* ordinals;  // C: log index, or null for keys that hold it
  std::uint64_t ordinal_bits;     // bit length of N - 1 (0 to 32); 0 with ordinals
  std::uint64_t capacity;         // C
  const std::uint64_t* count;     // E: &Summary::events
};

struct Events {
  EventKeys sorted;
  const std::uint64_t* links;   // C, in log order, of positions
  const std::uint32_t* values;  // C, in sorted order, of value_sources
};

// All that the local recursion reads.
struct History {
  Log log;
  Geometry geometry;
  Events events;
  std::uint64_t block_cells;  // initial block: 1 (volatile) or 8 (persistent)
};

// Initial memory. A cell of a missing page is zero. The number of a page is
// (space - first_space) << max(0, pointer_bits - 12) | pointer >> 12.
struct Image {
  const std::uint64_t* pages;  // P page numbers, ascending
  const std::uint32_t* cells;  // 4096 canonical cells a page; those beyond the end of a smaller space are not read
  std::uint64_t count;         // P; 0 in volatile mode
};

// Column-major Montgomery traces of the adapters, zeroed by the host for the padding. Null and 0 where there is none.
struct AdapterTraces {
  std::uint32_t* trace[ADAPTERS];  // (n + 9) * height words
  std::uint64_t height[ADAPTERS];  // rows, padding included
};

// Where the rows of an item (slow access or head) go.
struct RowOffsets {
  const std::uint32_t* offsets[ADAPTERS];  // a row for each item: exclusive sum of unpack_counts; null if missing
  std::uint64_t first[ADAPTERS];           // added to it: 0 for the log, Summary::log_rows for the finalisation
};

// Limbs of comparisons.
struct Limbs {
  std::uint64_t clock_bits;  // clk_max_bits
  std::uint64_t limb_bits;   // range_max_bits
};

// Range checker counts: `copies` tables of 2^(limb_bits + 1) words, zeroed by the host before the first count.
struct RangeTable {
  std::uint32_t* counts;
  std::uint64_t copies;  // at least 1
  std::uint64_t limb_bits;
};

// --- 1. Log ----------------------------------------------------------------------------------------------------------

// Collects the alignment of every access in the granule table.
struct PageAlignmentArguments {
  std::uint64_t items;  // N
  const std::uint64_t* headers;
  Geometry geometry;
};

// Ticks, written cells and events of each entry, to be summed.
struct EntrySizesArguments {
  std::uint64_t items;  // N + 1; the last element of each output is 0
  const std::uint64_t* headers;
  Geometry geometry;
  std::uint32_t* ticks;   // N + 1
  std::uint32_t* cells;   // N + 1
  std::uint32_t* events;  // N + 1; each at most 32
};

// --- 2. Events -------------------------------------------------------------------------------------------------------

// Events in log order. The host sets all bits of `keys` (and `ordinals`) before, so that unused room sorts last. Then
// memtrace_sort_keys or memtrace_sort_pairs by the address, which are bits [ordinal_bits, ordinal_bits + space_bits +
// pointer_bits) of the key.
struct EventKeysArguments {
  std::uint64_t items;  // N
  Log log;
  Geometry geometry;
  std::uint64_t* keys;         // C
  std::uint32_t* ordinals;     // C, or null: then ordinal_bits + space_bits + pointer_bits <= 64
  std::uint64_t ordinal_bits;  // see EventKeys
  std::uint64_t capacity;      // C
  const std::uint64_t* count;  // E
};

// Links log order and sorted order.
struct PositionsArguments {
  std::uint64_t items;    // C
  std::uint64_t entries;  // N
  Log log;
  Geometry geometry;
  EventKeys sorted;
  std::uint64_t* links;       // C, in log order, E written: previous toucher + 1 (0: none) << 32 | sorted position
  std::uint32_t* last_write;  // C: j + 1 if event j is of a write, else 0. Then memtrace_inclusive_max_u32 in place
  std::uint32_t* written;     // C: 1 + index in Log::cells of the granule's first cell; 0 if event j is not of a write
  std::uint64_t* fault;       // Summary::fault
};

// Replaces the last write by where its cells lie.
struct ValueSourcesArguments {
  std::uint64_t items;  // C
  EventKeys sorted;
  const std::uint32_t* written;  // C, of positions; not needed afterwards
  std::uint32_t* values;         // C: last_write after the scan. Becomes 1 + index in Log::cells of the granule's first
                                 // cell as it is after event j; 0 if that is initial memory
};

// --- 3. Counting -----------------------------------------------------------------------------------------------------

// Finds the slow accesses. Then memtrace_select_flagged over N.
struct ClassifyArguments {
  std::uint64_t items;  // N
  History history;
  std::uint8_t* slow;  // N: 0 if the block at the start is certainly the range, so that no row is added
};

// Counts adapter rows of the slow accesses.
struct CountLogRowsArguments {
  std::uint64_t items;  // threads, at least 1; each takes every items-th access
  History history;
  const std::uint32_t* slow;        // M log indices, ascending
  const std::uint64_t* slow_count;  // &Summary::slow
  std::uint32_t* counts;            // M (room: C): 6 bits an adapter, size 2 lowest
  std::uint64_t* totals;            // &Summary::log_rows, added to
  std::uint64_t* fault;
};

// Marks the heads: the first event of each. Then memtrace_select_flagged over C.
struct BlockHeadsArguments {
  std::uint64_t items;  // C
  EventKeys sorted;
  std::uint64_t block_cells;  // 1 or 8
  std::uint8_t* heads;        // C
};

// Counts rows of the finalisation pass.
struct CountFinalRowsArguments {
  std::uint64_t items;  // threads, at least 1; each takes every items-th head
  History history;
  const std::uint32_t* heads;       // H sorted positions, ascending
  const std::uint64_t* head_count;  // &Summary::heads
  std::uint32_t* counts;            // H (room: C): packed as those of the log
  std::uint32_t* cells;             // volatile: H (room: C) cells of each granule; persistent: null
  std::uint64_t* totals;            // &Summary::final_rows, added to
  std::uint64_t* total_cells;       // &Summary::boundary_cells, added to in volatile mode
  std::uint64_t* fault;
};

// Completes the summary.
struct SummariseArguments {
  std::uint64_t items;    // 1
  std::uint64_t entries;  // N
  const std::uint32_t* ticks;
  const std::uint32_t* cell_offsets;
  Summary* summary;
};

// --- 4. Adapter rows -------------------------------------------------------------------------------------------------

// Counts of one adapter; then memtrace_exclusive_sum_u32 in place.
struct UnpackCountsArguments {
  std::uint64_t items;          // M or H
  const std::uint32_t* counts;  // packed
  std::uint64_t adapter;        // 0 to 4
  std::uint32_t* rows;          // M or H
};

// Writes adapter rows in log order.
struct FillLogRowsArguments {
  std::uint64_t items;  // M
  History history;
  Image image;
  const std::uint32_t* slow;  // M
  RowOffsets rows;
  AdapterTraces traces;
  Limbs limbs;
  std::uint64_t* fault;
};

// Writes adapter rows of the finalisation pass, ascending by address.
struct FillFinalRowsArguments {
  std::uint64_t items;  // H
  History history;
  Image image;
  const std::uint32_t* heads;  // H
  RowOffsets rows;
  AdapterTraces traces;
  Limbs limbs;
  std::uint64_t* fault;
};

// --- 5. Boundary -----------------------------------------------------------------------------------------------------

// Columns 0 to 6 of the volatile boundary.
struct VolatileBoundaryCellsArguments {
  std::uint64_t items;  // H
  History history;
  const std::uint32_t* heads;        // H
  const std::uint32_t* row_offsets;  // H: exclusive sum of CountFinalRowsArguments::cells
  std::uint32_t* trace;              // 12 * height words, column-major Montgomery, zeroed by the host
  std::uint64_t height;              // at least max(1, U)
  std::uint64_t limb_bits;
  std::uint64_t* fault;
};

// Columns 7 to 11 of the volatile boundary, after its cells.
struct VolatileBoundaryCompareArguments {
  std::uint64_t items;  // U
  std::uint32_t* trace;
  std::uint64_t height;
  std::uint64_t address_bits;  // max(as_bits, pointer_max_bits)
  std::uint64_t limb_bits;
};

// The persistent boundary but for its hash columns, which stay zero.
struct PersistentBoundaryChunksArguments {
  std::uint64_t items;  // H
  History history;
  Image image;
  const std::uint32_t* heads;  // H
  std::uint32_t* trace;        // 20 * height words, column-major Montgomery, zeroed by the host
  std::uint64_t height;        // at least max(1, 2 H)
  std::uint64_t* fault;
};

// --- 6. Records and auxiliary columns, for the entries [first, first + items) ----------------------------------------

// Words of each record; then memtrace_exclusive_sum_u64.
struct RecordSizesArguments {
  std::uint64_t items;
  std::uint64_t first;
  const std::uint64_t* headers;  // N
  std::uint32_t* words;          // items: 0 to 68
};

// Records, row-major and canonical: the record of entry first + i begins at out[offsets[i] - base].
struct FillRecordsArguments {
  std::uint64_t items;
  std::uint64_t first;
  History history;
  Image image;
  const std::uint64_t* offsets;  // items
  std::uint64_t base;
  std::uint32_t* out;
  std::uint64_t room;  // words of out
  std::uint64_t* fault;
};

// 1 for each access, 0 for each increment; then memtrace_exclusive_sum_u32.
struct AccessFlagsArguments {
  std::uint64_t items;
  std::uint64_t first;
  const std::uint64_t* headers;  // N
  std::uint32_t* flags;          // items
};

// Five canonical words an access: those of entry first + i begin at out[5 * (ranks[i] - base)].
struct FillAuxArguments {
  std::uint64_t items;
  std::uint64_t first;
  History history;
  const std::uint32_t* ranks;  // items
  std::uint64_t base;
  std::uint32_t* out;
  std::uint64_t room;  // words of out
  std::uint64_t limb_bits;
  std::uint64_t* fault;
};

// --- 7. Range counts: `items` is range_count_items(rows) of range_counts.cuh, ceil(rows / 2048) * 32 -----------------

struct CountAdapterRangesArguments {
  std::uint64_t items;
  std::uint64_t rows;         // used rows of the adapter
  const std::uint32_t* low;   // column lt0 of its trace, Montgomery: trace + (n + 7) * height
  const std::uint32_t* high;  // column lt1
  std::uint64_t clock_bits;
  RangeTable table;
  std::uint64_t* fault;
};

struct CountVolatileBoundaryRangesArguments {
  std::uint64_t items;
  std::uint64_t rows;          // U
  const std::uint32_t* trace;  // after volatile_boundary_compare
  std::uint64_t height;
  std::uint64_t space_bits;    // as_bits = ceil(log2(as_offset + 2^as_height)), not as_height
  std::uint64_t pointer_bits;  // pointer_max_bits
  std::uint64_t address_bits;  // max of both
  RangeTable table;
  std::uint64_t* fault;
};

struct CountAuxRangesArguments {
  std::uint64_t items;
  std::uint64_t rows;   // entries, increments included
  std::uint64_t first;  // first entry
  History history;
  std::uint64_t clock_bits;
  RangeTable table;
  std::uint64_t* fault;
};

// Adds all copies of the table to the first one.
struct SumCopiesArguments {
  std::uint64_t items;  // 2^(limb_bits + 1)
  std::uint32_t* counts;
  std::uint64_t copies;
};

// --- 8. Layout -------------------------------------------------------------------------------------------------------

// Copies cells of a matrix into another order and encoding: the cells [first, first + items) of the target's order.
struct ConvertArguments {
  std::uint64_t items;
  std::uint64_t first;
  const std::uint32_t* source;        // the whole matrix
  std::uint32_t* target;              // receives cell `first` of the target at target[0]
  std::uint64_t height;               // at least 1
  std::uint64_t width;                // at least 1
  std::uint64_t source_column_major;  // 0 or 1
  std::uint64_t target_column_major;  // 0 or 1
  std::uint64_t source_montgomery;    // 0 or 1
  std::uint64_t target_montgomery;    // 0 or 1
};

}  // namespace memtrace
