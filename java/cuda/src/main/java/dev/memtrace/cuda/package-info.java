// SPDX-License-Identifier: Apache-2.0
/**
 * The GPU backend: kernels on NVIDIA devices through JCuda's driver API. Found through {@link
 * java.util.ServiceLoader}; the only package that sees JCuda.
 */
@NullMarked
package dev.memtrace.cuda;

import org.jspecify.annotations.NullMarked;
