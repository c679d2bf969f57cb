// SPDX-License-Identifier: Apache-2.0
// The device algorithms over CUB. Item counts have 64 bits throughout.
#include <cub/cub.cuh>
#include <cuda/std/functional>
#include <thrust/iterator/constant_iterator.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>

#include <algorithm>

#include "memtrace/device_algorithms.h"

namespace {

constexpr std::int32_t SUCCESS = 0;
constexpr std::int32_t INVALID_VALUE = 1;
constexpr std::int32_t NO_BINARY_FOR_GPU = 209;
constexpr std::int32_t SYSTEM_DRIVER_MISMATCH = 803;
constexpr std::int32_t UNKNOWN = 999;

// From 100 on the runtime's codes are the driver's, and 0 to 4 are too.
std::int32_t driver_result(cudaError_t error) {
  if (error == cudaSuccess) {
    return SUCCESS;
  }
  cudaGetLastError();  // else the next call would find it
  switch (error) {
    case cudaErrorInvalidDeviceFunction:
      return NO_BINARY_FOR_GPU;
    case cudaErrorInsufficientDriver:
      return SYSTEM_DRIVER_MISMATCH;
    default:
      return error <= 4 || error >= 100 ? static_cast<std::int32_t>(error) : UNKNOWN;
  }
}

// Calls algorithm(temporary, bytes, stream); CUB checks the size of the buffer itself.
template <typename Algorithm>
std::int32_t with_temporary(void* temporary, std::uint64_t* temporary_bytes, void* stream, Algorithm algorithm) {
  if (temporary_bytes == nullptr) {
    return INVALID_VALUE;
  }
  std::size_t bytes = temporary == nullptr ? 0 : *temporary_bytes;
  std::int32_t result = driver_result(algorithm(temporary, bytes, static_cast<cudaStream_t>(stream)));
  if (temporary == nullptr && result == SUCCESS) {
    *temporary_bytes = std::max(bytes, std::size_t{1});
  }
  return result;
}

bool valid_bits(std::int32_t begin_bit, std::int32_t end_bit) { return 0 <= begin_bit && begin_bit <= end_bit && end_bit <= 64; }

// A radix sort swaps two buffers at every pass; where it ends in the input, the result moves over.
template <typename T>
cudaError_t move_to(T* target, cub::DoubleBuffer<T>& sorted, std::uint64_t n, cudaStream_t stream) {
  T* current = sorted.Current();
  return current == target || n == 0 ? cudaSuccess
                                     : cudaMemcpyAsync(target, current, n * sizeof(T), cudaMemcpyDeviceToDevice, stream);
}

struct Widen {
  __host__ __device__ std::uint64_t operator()(std::uint32_t value) const { return value; }
};

struct Maximum {
  __host__ __device__ std::uint32_t operator()(std::uint32_t left, std::uint32_t right) const { return left < right ? right : left; }
};

struct IsSet {
  __host__ __device__ bool operator()(std::uint8_t flag) const { return flag != 0; }
};

}  // namespace

std::uint32_t memtrace_algorithms_version() { return MEMTRACE_ALGORITHMS_VERSION; }

std::int32_t memtrace_sort_keys(void* temporary, std::uint64_t* temporary_bytes, std::uint64_t* keys_in, std::uint64_t* keys_out,
                                std::uint64_t n, std::int32_t begin_bit, std::int32_t end_bit, void* stream) {
  if (!valid_bits(begin_bit, end_bit)) {
    return INVALID_VALUE;
  }
  return with_temporary(temporary, temporary_bytes, stream, [=](void* buffer, std::size_t& bytes, cudaStream_t cuda_stream) {
    cub::DoubleBuffer<std::uint64_t> keys(keys_in, keys_out);
    cudaError_t error = cub::DeviceRadixSort::SortKeys(buffer, bytes, keys, n, begin_bit, end_bit, cuda_stream);
    return error != cudaSuccess || buffer == nullptr ? error : move_to(keys_out, keys, n, cuda_stream);
  });
}

std::int32_t memtrace_sort_pairs(void* temporary, std::uint64_t* temporary_bytes, std::uint64_t* keys_in, std::uint64_t* keys_out,
                                 std::uint32_t* values_in, std::uint32_t* values_out, std::uint64_t n, std::int32_t begin_bit,
                                 std::int32_t end_bit, void* stream) {
  if (!valid_bits(begin_bit, end_bit)) {
    return INVALID_VALUE;
  }
  return with_temporary(temporary, temporary_bytes, stream, [=](void* buffer, std::size_t& bytes, cudaStream_t cuda_stream) {
    cub::DoubleBuffer<std::uint64_t> keys(keys_in, keys_out);
    cub::DoubleBuffer<std::uint32_t> values(values_in, values_out);
    cudaError_t error = cub::DeviceRadixSort::SortPairs(buffer, bytes, keys, values, n, begin_bit, end_bit, cuda_stream);
    if (error != cudaSuccess || buffer == nullptr) {
      return error;
    }
    error = move_to(keys_out, keys, n, cuda_stream);
    return error != cudaSuccess ? error : move_to(values_out, values, n, cuda_stream);
  });
}

std::int32_t memtrace_exclusive_sum_u32(void* temporary, std::uint64_t* temporary_bytes, const std::uint32_t* in, std::uint32_t* out,
                                        std::uint64_t n, void* stream) {
  return with_temporary(temporary, temporary_bytes, stream, [=](void* buffer, std::size_t& bytes, cudaStream_t cuda_stream) {
    return cub::DeviceScan::ExclusiveSum(buffer, bytes, in, out, n, cuda_stream);
  });
}

std::int32_t memtrace_exclusive_sum_u64(void* temporary, std::uint64_t* temporary_bytes, const std::uint32_t* in, std::uint64_t* out,
                                        std::uint64_t n, void* stream) {
  return with_temporary(temporary, temporary_bytes, stream, [=](void* buffer, std::size_t& bytes, cudaStream_t cuda_stream) {
    return cub::DeviceScan::ExclusiveSum(buffer, bytes, thrust::make_transform_iterator(in, Widen()), out, n, cuda_stream);
  });
}

std::int32_t memtrace_inclusive_max_u32(void* temporary, std::uint64_t* temporary_bytes, const std::uint32_t* in, std::uint32_t* out,
                                        std::uint64_t n, void* stream) {
  return with_temporary(temporary, temporary_bytes, stream, [=](void* buffer, std::size_t& bytes, cudaStream_t cuda_stream) {
    return cub::DeviceScan::InclusiveScan(buffer, bytes, in, out, Maximum(), n, cuda_stream);
  });
}

std::int32_t memtrace_reduce_sum_u32(void* temporary, std::uint64_t* temporary_bytes, const std::uint32_t* in, std::uint64_t* out,
                                     std::uint64_t n, void* stream) {
  return with_temporary(temporary, temporary_bytes, stream, [=](void* buffer, std::size_t& bytes, cudaStream_t cuda_stream) {
    return cub::DeviceReduce::Sum(buffer, bytes, thrust::make_transform_iterator(in, Widen()), out, n, cuda_stream);
  });
}

std::int32_t memtrace_select_flagged(void* temporary, std::uint64_t* temporary_bytes, const std::uint8_t* flags,
                                     std::uint32_t* indices_out, std::uint64_t* count_out, std::uint64_t n, void* stream) {
  if (n > UINT32_MAX) {
    return INVALID_VALUE;
  }
  return with_temporary(temporary, temporary_bytes, stream, [=](void* buffer, std::size_t& bytes, cudaStream_t cuda_stream) {
    if (buffer != nullptr && n == 0) {
      return cudaMemsetAsync(count_out, 0, sizeof(*count_out), cuda_stream);
    }
    return cub::DeviceSelect::Flagged(buffer, bytes, thrust::counting_iterator<std::uint32_t>(0),
                                      thrust::make_transform_iterator(flags, IsSet()), indices_out, count_out,
                                      static_cast<std::int64_t>(n), cuda_stream);
  });
}

std::int32_t memtrace_run_length(void* temporary, std::uint64_t* temporary_bytes, const std::uint64_t* keys, std::uint64_t* keys_out,
                                 std::uint32_t* lengths_out, std::uint64_t* count_out, std::uint64_t n, void* stream) {
  if (n > UINT32_MAX) {
    return INVALID_VALUE;
  }
  // DeviceRunLengthEncode is this reduction with a 32-bit count of items.
  return with_temporary(temporary, temporary_bytes, stream, [=](void* buffer, std::size_t& bytes, cudaStream_t cuda_stream) {
    if (buffer != nullptr && n == 0) {
      return cudaMemsetAsync(count_out, 0, sizeof(*count_out), cuda_stream);
    }
    return cub::DeviceReduce::ReduceByKey(buffer, bytes, keys, keys_out, thrust::constant_iterator<std::uint32_t>(1), lengths_out,
                                          count_out, cuda::std::plus<std::uint32_t>(), n, cuda_stream);
  });
}
