// SPDX-License-Identifier: Apache-2.0
/** Paged, sparse, zero-initialised cells in native memory. */
@NullMarked
package dev.memtrace.image;

import org.jspecify.annotations.NullMarked;
