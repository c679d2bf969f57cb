// SPDX-License-Identifier: Apache-2.0
// All kernels as one translation unit, for one fatbin without device linking.
#include "src/aux_columns.cu"
#include "src/convert.cu"
#include "src/count_rows.cu"
#include "src/events.cu"
#include "src/fill_rows.cu"
#include "src/log.cu"
#include "src/persistent_boundary.cu"
#include "src/range_counts.cu"
#include "src/records.cu"
#include "src/volatile_boundary.cu"
