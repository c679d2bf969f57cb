// SPDX-License-Identifier: Apache-2.0
// Memory at time 0.
#pragma once

#include "memtrace/arguments.cuh"
#include "memtrace/geometry.cuh"
#include "memtrace/kernel.cuh"

namespace memtrace {

// A cell and those after it in its page, or null if the image lacks the page, whose cells are zero then.
MEMTRACE_DEVICE const std::uint32_t* initial_cells(const Image& image, const Geometry& geometry, std::uint32_t space,
                                                   std::uint32_t pointer) {
  std::uint64_t page = page_number(geometry, space, pointer);
  std::uint64_t from = 0;
  std::uint64_t to = image.count;
  while (from < to) {
    std::uint64_t middle = from + (to - from) / 2;
    if (image.pages[middle] < page) {
      from = middle + 1;
    } else {
      to = middle;
    }
  }
  if (from == image.count || image.pages[from] != page) {
    return nullptr;
  }
  return image.cells + (from << PAGE_BITS) + (pointer & (PAGE_CELLS - 1));
}

}  // namespace memtrace
