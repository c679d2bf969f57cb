// SPDX-License-Identifier: Apache-2.0
/** The sparse memory tree: initial digests of an image, final digests of what was touched. */
@NullMarked
package dev.memtrace.merkle;

import org.jspecify.annotations.NullMarked;
