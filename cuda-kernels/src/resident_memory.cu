// SPDX-License-Identifier: Apache-2.0
// What stays on the device between segments: the resident tree and the image. Only move_pages does work that grows with
// them, and only when pages were added.
#include "memtrace/arguments.cuh"
#include "memtrace/fault.cuh"
#include "memtrace/field.cuh"
#include "memtrace/geometry.cuh"
#include "memtrace/hashing_arguments.cuh"
#include "memtrace/kernel.cuh"
#include "memtrace/poseidon2_digest.cuh"
#include "memtrace/tree_nodes.cuh"
#include "memtrace/tree_resident.cuh"
#include "memtrace/tree_rows.cuh"

namespace memtrace {

MEMTRACE_KERNEL(tree_update, TreeUpdateArguments) {
  resident_insert(arguments.resident, Node{arguments.tree.nodes[item]}, Digest::load(arguments.tree.after, item),
                  arguments.fault);
}

MEMTRACE_KERNEL(tree_rehash, TreeRehashArguments) {
  std::uint64_t key = arguments.source.keys[item];
  if (key != 0) {
    resident_insert(arguments.target, Node{key - 1}, Digest::load(arguments.source.digests, item), arguments.fault);
  }
}

// How many of `count` ascending numbers, `number(i)` each, are below a bound.
template <class NumberOf>
MEMTRACE_DEVICE std::uint64_t numbers_below(std::uint64_t count, const NumberOf& number_of, std::uint64_t bound) {
  std::uint64_t from = 0;
  std::uint64_t to = count;
  while (from < to) {
    std::uint64_t middle = from + (to - from) / 2;
    if (number_of(middle) < bound) {
      from = middle + 1;
    } else {
      to = middle;
    }
  }
  return from;
}

MEMTRACE_DEVICE std::uint64_t pages_below(const Image& image, std::uint64_t page) {
  return numbers_below(image.count, [&](std::uint64_t i) { return image.pages[i]; }, page);
}

MEMTRACE_DEVICE bool has_page(const Image& image, std::uint64_t index, std::uint64_t page) {
  return index < image.count && image.pages[index] == page;
}

MEMTRACE_KERNEL(missing_pages, MissingPagesArguments) {
  std::uint64_t page = page_of_leaf(arguments.address_height, arguments.leaves[item]);
  bool is_first = item == 0 || page_of_leaf(arguments.address_height, arguments.leaves[item - 1]) != page;
  bool is_missing = false;
  if (is_first && !has_page(arguments.image, pages_below(arguments.image, page), page)) {
    for (std::uint64_t i = item; !is_missing && i < arguments.items; i++) {
      if (page_of_leaf(arguments.address_height, arguments.leaves[i]) != page) {
        break;
      }
      is_missing = !is_zero(final_values(arguments.boundary, i));
    }
  }
  arguments.flags[item] = is_missing ? 1 : 0;
}

MEMTRACE_KERNEL(merge_pages, MergePagesArguments) {
  const Image& image = arguments.image;
  auto missing_page = [&](std::uint64_t i) {
    return page_of_leaf(arguments.address_height, arguments.leaves[arguments.missing[i]]);
  };
  std::uint64_t page;
  std::uint64_t target;
  std::uint32_t origin;
  if (item < image.count) {
    page = image.pages[item];
    target = item + numbers_below(arguments.items - image.count, missing_page, page);
    origin = static_cast<std::uint32_t>(item) + 1;
  } else {
    page = missing_page(item - image.count);
    target = item - image.count + pages_below(image, page);
    origin = 0;
  }
  arguments.pages[target] = page;
  arguments.origins[target] = origin;
}

MEMTRACE_KERNEL(move_pages, MovePagesArguments) {
  struct alignas(16) FourCells {
    std::uint32_t cells[4];
  };
  constexpr std::uint64_t ITEMS_OF_PAGE = PAGE_CELLS / 4;
  FourCells moved{};
  std::uint32_t origin = arguments.origins[item / ITEMS_OF_PAGE];
  if (origin != 0) {
    moved = reinterpret_cast<const FourCells*>(
        arguments.image.cells)[(origin - 1) * ITEMS_OF_PAGE + item % ITEMS_OF_PAGE];
  }
  reinterpret_cast<FourCells*>(arguments.cells)[item] = moved;
}

MEMTRACE_KERNEL(image_update, ImageUpdateArguments) {
  std::uint64_t leaf = arguments.leaves[item];
  std::uint64_t page = page_of_leaf(arguments.address_height, leaf);
  std::uint64_t index = pages_below(arguments.image, page);
  Digest values = final_values(arguments.boundary, item);
  if (has_page(arguments.image, index, page)) {
    Digest canonical;
    for (int i = 0; i < poseidon2::DIGEST; i++) {
      canonical.words[i] = field::to_canonical(values.words[i]);
    }
    canonical.store(arguments.cells + (index << PAGE_BITS) + cell_of_leaf(arguments.address_height, leaf), 0);
  } else if (!is_zero(values)) {
    raise(arguments.fault, FaultKind::PAGE_MISSING, item, page);
  }
}

}  // namespace memtrace
