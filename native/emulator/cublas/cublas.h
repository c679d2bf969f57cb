// SPDX-License-Identifier: Apache-2.0
// What tests ask of the stand-in for cuBLAS.
#pragma once

#include <cstdint>

extern "C" {

// Handles that were created and not destroyed.
std::int64_t memtrace_cublas_live();

// Products that were enqueued since the library was loaded.
std::int64_t memtrace_cublas_products();

// Lets every later cublasCreate_v2 and cublasGemmEx return a status instead of working; 0 ends that.
void memtrace_cublas_fail(std::int32_t create, std::int32_t product);
}
