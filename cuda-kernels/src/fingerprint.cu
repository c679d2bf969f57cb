// SPDX-License-Identifier: Apache-2.0
// The fingerprint of a trace, without a library, or from the products that one has made. Threads of a warp take the same
// strip of neighbouring columns, so that they read the same part of the random matrix.
#include "memtrace/fingerprint.cuh"
#include "memtrace/hashing_arguments.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/split_mix.cuh"
#include "memtrace/unroll.cuh"

namespace memtrace {

MEMTRACE_KERNEL(fingerprint_matrix, FingerprintMatrixArguments) {
  arguments.matrix[item] = split_mix(arguments.seed, item);
}

// Adds what the products of a column, or of a strip of it, contribute.
MEMTRACE_DEVICE void add_share(const std::int32_t* products, std::uint64_t column, std::uint64_t seed,
                               std::uint64_t* total) {
  using namespace fingerprinting;
  std::uint64_t sum = 0;
  MEMTRACE_UNROLL
  for (std::uint32_t r = 0; r < ROWS; r++) {
    sum += static_cast<std::uint64_t>(std::int64_t{products[r]}) *
           split_mix(seed, MATRIX_WORDS + ROWS * column + r);
  }
  if (sum != 0) {
    atomic_add(total, sum);
  }
}

MEMTRACE_KERNEL(fingerprint_columns, FingerprintColumnsArguments) {
  using namespace fingerprinting;
  std::uint64_t columns = arguments.items / STRIPS;
  std::uint64_t column = item % columns;
  std::uint32_t strip = static_cast<std::uint32_t>(item / columns) * STRIP_WORDS;
  std::uint64_t first = column * COLUMN_WORDS + strip;
  const FourWords* matrix = reinterpret_cast<const FourWords*>(arguments.matrix);
  std::int32_t products[ROWS] = {};
  for (std::uint32_t i = 0; i < STRIP_WORDS && first + i < arguments.words; i += 4) {
    FourWords cells = load_padded(arguments.cells, arguments.words, first + i);
    MEMTRACE_UNROLL
    for (std::uint32_t r = 0; r < ROWS; r++) {
      FourWords random = matrix[(r * COLUMN_WORDS + strip + i) / 4];
      MEMTRACE_UNROLL
      for (std::uint32_t w = 0; w < 4; w++) {
        products[r] = add_products(cells.words[w], random.words[w], products[r]);
      }
    }
  }
  add_share(products, column, arguments.seed, arguments.sums + item % arguments.copies);
}

MEMTRACE_KERNEL(fold_products, FoldProductsArguments) {
  using namespace fingerprinting;
  add_share(arguments.products + ROWS * item, item, arguments.seed, arguments.sums + item % arguments.copies);
}

}  // namespace memtrace
