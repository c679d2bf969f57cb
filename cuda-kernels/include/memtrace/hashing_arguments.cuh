// SPDX-License-Identifier: Apache-2.0
// What the host passes to the kernels of Poseidon2, the memory tree, its periphery and the fingerprint of a trace. The
// rules are those of arguments.cuh.
//
//   H  heads: touched chunks of persistent memory, ascending
//   L  leaves of the tree that is worked on: the touched chunks, or the chunks of an image that are not zero
//   T  its nodes: the leaves and all their ancestors. Without leaves the leftmost path from the root to height 1
//   Q  requests to the Poseidon2 periphery: 2 T
//   D  distinct ones
//   A  pages that a segment adds to the image
//
// A digest is 8 words in Montgomery form, 32 bytes, aligned to 32.
//
// A node is one word: depth << 58 | index, where the root has depth 0, a leaf depth root_height <= 54, and `index`
// counts the nodes of a depth from the left. The leaf of a cell is its address >> 3. Ascending node words are in the
// order of the Merkle trace: from the root down, then ascending. Arrays over nodes are in that order; the nodes of a
// height h are [above(h), above(h) + nodes(h)), where above(h) is the number of nodes higher than h.
#pragma once

#include <cstdint>

#include "memtrace/arguments.cuh"

namespace memtrace {

// Words of the output of touched_node_counts and image_node_counts.
constexpr int NODE_COUNT_WORDS = 64;

// Digests of zero_hashes: the zero subtrees of heights 0 to 57.
constexpr int ZERO_HASHES = 58;

// Shape of the tree; root_height = space_bits + address_height, 1 to 54.
struct TreeShape {
  std::uint64_t root_height;
  std::uint64_t address_height;  // pointer_max_bits - 3: levels inside an address space
};

// The tree that stays on the device between segments: an open-addressing hash table. What is not there is a zero
// subtree. At most half of the slots may be taken. Nothing is ever removed.
struct ResidentTree {
  std::uint64_t* keys;      // 2^slot_bits: node + 1, or 0 if free; zeroed by the host when it is made
  std::uint32_t* digests;  // 2^slot_bits digests; those of free slots are never read
  std::uint64_t slot_bits;  // 1 to 40
  std::uint64_t seed;       // secret: the addresses in a log must not decide where nodes collide
  std::uint64_t* count;     // taken slots; zeroed by the host when the tree is made
};

// A trace in column-major Montgomery form.
struct TraceColumns {
  std::uint32_t* cells;
  std::uint64_t height;
};

// --- 1. Poseidon2 ----------------------------------------------------------------------------------------------------

// Permutes states in place.
struct Poseidon2PermuteArguments {
  std::uint64_t items;    // states
  std::uint32_t* states;  // 16 words each, row-major, Montgomery, aligned to 16 bytes
};

// digests[i] = compress(pairs[i]).
struct Poseidon2CompressArguments {
  std::uint64_t items;
  const std::uint32_t* pairs;  // 16 words each, row-major, Montgomery: left, right; aligned to 16 bytes
  std::uint32_t* digests;      // items
};

// Digests of the zero subtrees; once for each device.
struct ZeroHashesArguments {
  std::uint64_t items;     // 1
  std::uint32_t* digests;  // ZERO_HASHES
};

// --- 2. Nodes of the tree --------------------------------------------------------------------------------------------

// From the touched chunks, before the host knows their number. nodes(h) = 1 + counts[h] + counts[h + 1] + ... +
// counts[63] if H > 0; without heads nodes(0) = 0 and nodes(h) = 1 for h >= 1.
struct TouchedNodeCountsArguments {
  std::uint64_t items;  // threads, at least 1; each takes every items-th head. 2^14 suffice
  EventKeys sorted;
  const std::uint32_t* heads;       // H
  const std::uint64_t* head_count;  // &Summary::heads
  std::uint64_t* counts;            // NODE_COUNT_WORDS, added to; zeroed by the host. Word b: neighbours in the list of
                                    // leaves whose highest different bit is b
};

// Leaf index of each touched chunk.
struct TouchedLeavesArguments {
  std::uint64_t items;  // H
  EventKeys sorted;
  const std::uint32_t* heads;  // H
  std::uint64_t* leaves;       // H, ascending
};

// Marks the chunks of an image that are not zero. Then memtrace_select_flagged over 512 P; P < 2^23.
struct ImageChunkFlagsArguments {
  std::uint64_t items;  // 512 P
  Image image;
  std::uint8_t* flags;  // 512 P
};

// As touched_node_counts, for the chunks of an image.
struct ImageNodeCountsArguments {
  std::uint64_t items;  // threads, at least 1; each takes every items-th chunk. 2^14 suffice
  Image image;
  std::uint64_t address_height;
  const std::uint32_t* chunks;       // L, of memtrace_select_flagged
  const std::uint64_t* chunk_count;  // L
  std::uint64_t* counts;             // as in TouchedNodeCountsArguments
};

struct ImageLeavesArguments {
  std::uint64_t items;  // L
  Image image;
  std::uint64_t address_height;
  const std::uint32_t* chunks;  // L
  std::uint64_t* leaves;        // L, ascending
};

// How many nodes each leaf adds to those of the leaves before it; then memtrace_exclusive_sum_u32 in place.
struct NodesOfLeavesArguments {
  std::uint64_t items;  // L
  const std::uint64_t* leaves;
  std::uint64_t root_height;
  std::uint32_t* nodes;  // L: 1 to root_height + 1; their sum is T
};

// The nodes of each leaf. Then memtrace_sort_keys by bits [58, 64).
struct TreeNodesArguments {
  std::uint64_t items;  // L
  const std::uint64_t* leaves;
  const std::uint32_t* offsets;  // L, of nodes_of_leaves
  std::uint64_t root_height;
  std::uint64_t* nodes;  // T
  std::uint64_t room;    // T
  std::uint64_t* fault;
};

// The nodes of a tree without leaves, in order.
struct LeftmostPathArguments {
  std::uint64_t items;   // root_height = T
  std::uint64_t* nodes;  // T
};

// Marks each node that is the first child of its parent. Then memtrace_select_flagged over T into `children`: item i of
// its output is the position of the first child of node i, for i < T - L; it needs room for T.
struct FirstChildrenArguments {
  std::uint64_t items;         // T
  const std::uint64_t* nodes;  // T, sorted
  std::uint8_t* flags;         // T; that of the root is 0
};

// --- 3. Hashes -------------------------------------------------------------------------------------------------------

// The nodes of one tree and their digests.
struct TreeNodes {
  const std::uint64_t* nodes;     // T
  std::uint64_t count;            // T
  const std::uint32_t* children;  // T - L, of first_children; null without leaves
  std::uint32_t* before;          // T digests before the segment; null when a tree is built from an image
  std::uint32_t* after;           // T digests after it
};

// Hashes of the touched chunks, into the digests of the leaves and the hash columns of the persistent boundary. A leaf
// that the resident tree lacks must be zero at first.
struct HashTouchedChunksArguments {
  std::uint64_t items;  // H
  TreeShape shape;
  TreeNodes tree;
  ResidentTree resident;       // before the segment
  const std::uint32_t* zeros;  // ZERO_HASHES
  TraceColumns boundary;       // after persistent_boundary_chunks; height at least 2 H
  std::uint64_t* fault;
};

// Hashes of the chunks of an image, into `tree.after`.
struct HashImageChunksArguments {
  std::uint64_t items;  // L
  TreeNodes tree;
  Image image;
  const std::uint32_t* chunks;  // L
};

// The digests of all nodes of one height, after those of the height below, and both their rows of the Merkle trace:
// node i of the tree has the rows 2 i and 2 i + 1. Public values are the columns 6 to 13 of rows 0 and 1.
struct HashNodesArguments {
  std::uint64_t items;   // nodes(height)
  std::uint64_t first;   // above(height)
  std::uint64_t height;  // 1 to root_height
  TreeShape shape;
  TreeNodes tree;
  ResidentTree resident;       // before the segment; an empty one when a tree is built from an image
  const std::uint32_t* zeros;  // ZERO_HASHES
  TraceColumns merkle;         // 32 columns, height at least 2 (T - L), zeroed by the host for the padding;
                               // null cells: no trace
  std::uint64_t* fault;
};

// --- 4. The resident tree and image between segments -----------------------------------------------------------------

// Takes over `tree.after`. The host has made room before: count + T <= 2^(slot_bits - 1).
struct TreeUpdateArguments {
  std::uint64_t items;  // T
  TreeNodes tree;
  ResidentTree resident;
  std::uint64_t* fault;
};

// Copies all nodes into a larger, empty table.
struct TreeRehashArguments {
  std::uint64_t items;  // 2^source.slot_bits
  ResidentTree source;
  ResidentTree target;
  std::uint64_t* fault;
};

// Marks the first touched chunk of each page that the image lacks and that is not zero after the segment. Then
// memtrace_select_flagged over H.
struct MissingPagesArguments {
  std::uint64_t items;  // H
  Image image;
  std::uint64_t address_height;
  const std::uint64_t* leaves;  // H
  TraceColumns boundary;
  std::uint8_t* flags;  // H
};

// The ascending page numbers of the image with the missing pages. If A is 0, this and move_pages are left out.
struct MergePagesArguments {
  std::uint64_t items;  // P + A
  Image image;
  std::uint64_t address_height;
  const std::uint64_t* leaves;   // H
  const std::uint32_t* missing;  // A, of memtrace_select_flagged over the flags of missing_pages
  std::uint64_t* pages;          // P + A
  std::uint32_t* origins;        // P + A: index of the page in `image` plus 1, or 0 for a new page
};

// The cells of the image with the missing pages; new ones are zero.
struct MovePagesArguments {
  std::uint64_t items;  // 1024 (P + A): four cells each
  Image image;
  const std::uint32_t* origins;  // P + A
  std::uint32_t* cells;          // 4096 (P + A)
};

// Writes the final values of the touched chunks into the image.
struct ImageUpdateArguments {
  std::uint64_t items;  // H
  Image image;          // with the missing pages
  std::uint64_t address_height;
  const std::uint64_t* leaves;  // H
  TraceColumns boundary;
  std::uint32_t* cells;  // image.cells
  std::uint64_t* fault;
};

// --- 5. Poseidon2 periphery ------------------------------------------------------------------------------------------

// The inputs that the rows of the boundary and of the Merkle trace claim, in the order of their requests: chunk_rows
// rows of the boundary (values, then zeros), then the rows of the Merkle trace (left, right).
struct HashRequests {
  TraceColumns boundary;
  std::uint64_t chunk_rows;  // 2 H
  TraceColumns merkle;
};

// Then memtrace_sort_pairs by the bits [0, fingerprint_bits) of the fingerprint.
struct RequestFingerprintsArguments {
  std::uint64_t items;  // Q, below 2^32 - 1
  HashRequests requests;
  std::uint64_t seed;              // secret, another one for each attempt
  std::uint64_t fingerprint_bits;  // 1 to 64; the higher bits are 0. 2 log2(Q) + 8 make a repetition unlikely
  std::uint64_t* fingerprints;     // Q
  std::uint32_t* ordinals;         // Q: the request
};

// Then memtrace_inclusive_max_u32 in place over Q.
struct MarkRunsArguments {
  std::uint64_t items;                // Q
  const std::uint64_t* fingerprints;  // Q, sorted
  std::uint32_t* starts;              // Q: the position if a run of equal fingerprints begins there, else 0
};

// Takes the runs apart into what is known of each request. Then memtrace_select_flagged over `firsts`, whose output
// `order` holds the D requests that are the first of their kind, ascending.
struct GroupRequestsArguments {
  std::uint64_t items;                // Q
  const std::uint64_t* fingerprints;  // Q, sorted
  const std::uint32_t* ordinals;      // Q, sorted with them
  const std::uint32_t* starts;        // Q
  std::uint32_t* representatives;     // Q, by request: the first request with its fingerprint
  std::uint32_t* multiplicities;      // Q, by request: how many have its fingerprint; written for first ones only
  std::uint8_t* firsts;               // Q, by request
};

// Compares each request with its representative, all 16 words.
struct CompareRequestsArguments {
  std::uint64_t items;  // Q
  HashRequests requests;
  const std::uint32_t* representatives;  // Q
  std::uint64_t* collisions;             // 1: added to for each request that differs; zeroed by the host. If it is not
                                         // 0, the host begins again at request_fingerprints with another seed
};

// Rows of 17 canonical words: 16 inputs and the multiplicity, in the order of the first requests.
struct DistinctInputsArguments {
  std::uint64_t items;  // D
  HashRequests requests;
  const std::uint32_t* order;           // D
  const std::uint32_t* multiplicities;  // Q
  std::uint32_t* inputs;                // 17 D
};

// The trace of the periphery, by poseidon2_rows_1 (300 columns) or poseidon2_rows_0 (159). Needs no memset: rows from D
// on are the permutation of zeros with multiplicity 0.
struct Poseidon2RowsArguments {
  std::uint64_t items;          // height
  const std::uint32_t* inputs;  // 17 D, of distinct_inputs
  std::uint64_t used;           // D, at most the height
  std::uint32_t* trace;         // column-major Montgomery
};

// --- 6. Fingerprint of a trace ---------------------------------------------------------------------------------------

// The random matrix R of a seed: 16 rows of 65,536 signed bytes.
struct FingerprintMatrixArguments {
  std::uint64_t items;  // 131072 words of 8 bytes
  std::uint64_t seed;
  std::uint64_t* matrix;  // 131072
};

// With columns = ceil(words / 16384) columns of 65,536 bytes each, columns below 2^26.
struct FingerprintColumnsArguments {
  std::uint64_t items;          // 64 * columns: strips of 1024 bytes
  const std::uint32_t* cells;   // the trace, aligned to 16 bytes
  std::uint64_t words;          // of it
  const std::uint64_t* matrix;  // of the same seed
  std::uint64_t seed;
  std::uint64_t* sums;   // `copies` words, zeroed by the host: the fingerprint is their sum mod 2^64
  std::uint64_t copies;  // at least 1; some hundreds keep atomics from waiting for each other
};

// Where a library has multiplied: adds the products' share of the fingerprint.
struct FoldProductsArguments {
  std::uint64_t items;           // columns
  const std::int32_t* products;  // 16 * columns, column-major
  std::uint64_t seed;
  std::uint64_t* sums;   // as in FingerprintColumnsArguments
  std::uint64_t copies;
};

}  // namespace memtrace
