// SPDX-License-Identifier: Apache-2.0
// Order and encoding of a matrix.
#include "memtrace/arguments.cuh"
#include "memtrace/field.cuh"
#include "memtrace/kernel.cuh"

namespace memtrace {

MEMTRACE_KERNEL(convert, ConvertArguments) {
  std::uint64_t at = arguments.first + item;
  std::uint64_t from = at;
  if (arguments.source_column_major != arguments.target_column_major) {
    // The length of a line in the target is the stride of its cells in the source.
    std::uint64_t length = arguments.target_column_major != 0 ? arguments.height : arguments.width;
    std::uint64_t stride = arguments.target_column_major != 0 ? arguments.width : arguments.height;
    from = at % length * stride + at / length;
  }
  std::uint32_t value = arguments.source[from];
  if (arguments.source_montgomery != arguments.target_montgomery) {
    value = arguments.target_montgomery != 0 ? field::to_montgomery(value) : field::to_canonical(value);
  }
  arguments.target[item] = value;
}

}  // namespace memtrace
