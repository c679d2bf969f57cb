// SPDX-License-Identifier: Apache-2.0
// A stand-in for libcublas.so.12 on the emulated driver: handles, and the product of matrices of signed bytes. It refuses what NVIDIA's
// documentation of cublasGemmEx does not allow for them.
#include "cublas.h"

#include <atomic>
#include <memory>
#include <new>

extern "C" {
// Of the emulator.
std::int32_t cuLaunchHostFunc(void* stream, void (*function)(void*), void* argument);
}

namespace {

constexpr std::int32_t SUCCESS = 0;
constexpr std::int32_t NOT_INITIALIZED = 1;
constexpr std::int32_t INVALID_VALUE = 7;
constexpr std::int32_t EXECUTION_FAILED = 13;
constexpr std::int32_t NOT_SUPPORTED = 15;

constexpr std::int32_t TRANSPOSED = 1;
constexpr std::int32_t AS_IT_IS = 0;
constexpr std::int32_t INT8 = 3;
constexpr std::int32_t INT32 = 10;
constexpr std::int32_t COMPUTE_INT32 = 72;
constexpr std::int32_t POINTERS_ON_HOST = 0;

std::atomic<std::int64_t> live{0};
std::atomic<std::int64_t> products{0};
std::atomic<std::int32_t> create_status{SUCCESS};
std::atomic<std::int32_t> product_status{SUCCESS};

struct Handle {
  void* stream = nullptr;
};

struct Product {
  std::int64_t m;
  std::int64_t n;
  std::int64_t k;
  std::int32_t alpha;
  const std::int8_t* a;
  std::int64_t lda;
  const std::int8_t* b;
  std::int64_t ldb;
  std::int32_t beta;
  std::int32_t* c;
  std::int64_t ldc;

  void run() const {
    for (std::int64_t j = 0; j < n; j++) {
      for (std::int64_t i = 0; i < m; i++) {
        std::int32_t sum = 0;
        for (std::int64_t q = 0; q < k; q++) {
          sum += a[i * lda + q] * b[j * ldb + q];
        }
        std::int32_t* target = c + j * ldc + i;
        *target = alpha * sum + (beta == 0 ? 0 : *target);
      }
    }
  }
};

bool aligned(const void* address) { return reinterpret_cast<std::uintptr_t>(address) % 4 == 0; }

bool zero_or_one(std::int32_t factor) { return factor == 0 || factor == 1; }

}  // namespace

extern "C" {

std::int64_t memtrace_cublas_live() { return live; }

std::int64_t memtrace_cublas_products() { return products; }

void memtrace_cublas_fail(std::int32_t create, std::int32_t product) {
  create_status = create;
  product_status = product;
}

std::int32_t cublasCreate_v2(Handle** handle) {
  if (create_status != SUCCESS) {
    return create_status;
  }
  *handle = new (std::nothrow) Handle;
  if (*handle == nullptr) {
    return NOT_INITIALIZED;
  }
  live++;
  return SUCCESS;
}

std::int32_t cublasDestroy_v2(Handle* handle) {
  if (handle == nullptr) {
    return NOT_INITIALIZED;
  }
  delete handle;
  live--;
  return SUCCESS;
}

std::int32_t cublasSetStream_v2(Handle* handle, void* stream) {
  if (handle == nullptr) {
    return NOT_INITIALIZED;
  }
  handle->stream = stream;
  return SUCCESS;
}

std::int32_t cublasGetPointerMode_v2(Handle* handle, std::int32_t* mode) {
  if (handle == nullptr) {
    return NOT_INITIALIZED;
  }
  *mode = POINTERS_ON_HOST;
  return SUCCESS;
}

std::int32_t cublasGemmEx(Handle* handle, std::int32_t transa, std::int32_t transb, std::int32_t m, std::int32_t n, std::int32_t k,
                          const void* alpha, const void* a, std::int32_t a_type, std::int32_t lda, const void* b, std::int32_t b_type,
                          std::int32_t ldb, const void* beta, void* c, std::int32_t c_type, std::int32_t ldc, std::int32_t compute_type,
                          std::int32_t) {
  if (handle == nullptr) {
    return NOT_INITIALIZED;
  }
  if (product_status != SUCCESS) {
    return product_status;
  }
  if (m < 0 || n < 0 || k < 0 || lda < k || ldb < k || ldc < m || alpha == nullptr || beta == nullptr) {
    return INVALID_VALUE;
  }
  Product product{m, n, k, *static_cast<const std::int32_t*>(alpha), static_cast<const std::int8_t*>(a), lda,
                  static_cast<const std::int8_t*>(b), ldb, *static_cast<const std::int32_t*>(beta), static_cast<std::int32_t*>(c), ldc};
  bool supported = transa == TRANSPOSED && transb == AS_IT_IS && a_type == INT8 && b_type == INT8 && c_type == INT32 &&
                   compute_type == COMPUTE_INT32 && zero_or_one(product.alpha) && zero_or_one(product.beta) && aligned(a) && aligned(b) &&
                   aligned(c) && lda % 4 == 0 && ldb % 4 == 0 && ldc % 4 == 0 && m % 4 == 0 && n % 4 == 0 && k % 4 == 0;
  if (!supported) {
    return NOT_SUPPORTED;
  }
  auto queued = std::unique_ptr<Product>(new (std::nothrow) Product(product));
  if (queued == nullptr) {
    return EXECUTION_FAILED;
  }
  auto run = [](void* argument) { std::unique_ptr<Product>(static_cast<Product*>(argument))->run(); };
  if (cuLaunchHostFunc(handle->stream, run, queued.get()) != 0) {
    return EXECUTION_FAILED;
  }
  (void)queued.release();
  products++;
  return SUCCESS;
}
}
