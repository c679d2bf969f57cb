// SPDX-License-Identifier: Apache-2.0
// The Poseidon2 periphery: distinct inputs in the order of their first request, how often each is requested, and the
// trace. Requests are grouped by fingerprint; equality is decided on all 16 words.
#include "memtrace/field.cuh"
#include "memtrace/hashing_arguments.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/periphery_requests.cuh"
#include "memtrace/poseidon2.cuh"
#include "memtrace/poseidon2_rows.cuh"

namespace memtrace {

MEMTRACE_KERNEL(request_fingerprints, RequestFingerprintsArguments) {
  std::uint64_t mask = ~std::uint64_t{0} >> (64 - arguments.fingerprint_bits);
  arguments.fingerprints[item] = fingerprint(HashInput::load(arguments.requests, item), arguments.seed) & mask;
  arguments.ordinals[item] = static_cast<std::uint32_t>(item);
}

MEMTRACE_DEVICE bool begins_run(const std::uint64_t* fingerprints, std::uint64_t i) {
  return i == 0 || fingerprints[i] != fingerprints[i - 1];
}

MEMTRACE_KERNEL(mark_runs, MarkRunsArguments) {
  arguments.starts[item] = begins_run(arguments.fingerprints, item) ? static_cast<std::uint32_t>(item) : 0;
}

// The sort is stable, so that a run begins with its first request.
MEMTRACE_KERNEL(group_requests, GroupRequestsArguments) {
  std::uint32_t start = arguments.starts[item];
  std::uint32_t request = arguments.ordinals[item];
  std::uint32_t representative = arguments.ordinals[start];
  arguments.representatives[request] = representative;
  arguments.firsts[request] = request == representative ? 1 : 0;
  if (item + 1 == arguments.items || begins_run(arguments.fingerprints, item + 1)) {
    arguments.multiplicities[representative] = static_cast<std::uint32_t>(item) + 1 - start;
  }
}

MEMTRACE_KERNEL(compare_requests, CompareRequestsArguments) {
  std::uint32_t representative = arguments.representatives[item];
  if (representative != item &&
      !HashInput::load(arguments.requests, item).equals(HashInput::load(arguments.requests, representative))) {
    atomic_add(arguments.collisions, 1);
  }
}

// Words of a row of distinct_inputs.
constexpr int INPUT_ROW_WORDS = poseidon2::WIDTH + 1;

MEMTRACE_KERNEL(distinct_inputs, DistinctInputsArguments) {
  std::uint32_t request = arguments.order[item];
  HashInput input = HashInput::load(arguments.requests, request);
  std::uint32_t* row = arguments.inputs + item * INPUT_ROW_WORDS;
  for (int i = 0; i < poseidon2::DIGEST; i++) {
    row[i] = field::to_canonical(input.left.words[i]);
    row[poseidon2::DIGEST + i] = field::to_canonical(input.right.words[i]);
  }
  row[poseidon2::WIDTH] = arguments.multiplicities[request];
}

template <int REGISTERS>
MEMTRACE_DEVICE void fill_row(const Poseidon2RowsArguments& arguments, std::uint64_t item) {
  std::uint32_t state[poseidon2::WIDTH] = {};
  std::uint32_t multiplicity = 0;
  if (item < arguments.used) {
    const std::uint32_t* input = arguments.inputs + item * INPUT_ROW_WORDS;
    MEMTRACE_UNROLL
    for (int i = 0; i < poseidon2::WIDTH; i++) {
      state[i] = field::to_montgomery(input[i]);
    }
    multiplicity = input[poseidon2::WIDTH];
  }
  Poseidon2Row<REGISTERS> row(arguments.trace + item, arguments.items);
  row.add(field::ONE);
  row.state(state);
  poseidon2::permute(state, row);
  row.add(field::to_montgomery(multiplicity));
}

MEMTRACE_KERNEL(poseidon2_rows_1, Poseidon2RowsArguments) { fill_row<1>(arguments, item); }

MEMTRACE_KERNEL(poseidon2_rows_0, Poseidon2RowsArguments) { fill_row<0>(arguments, item); }

}  // namespace memtrace
