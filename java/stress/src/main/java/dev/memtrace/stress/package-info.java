// SPDX-License-Identifier: Apache-2.0
/**
 * What threads may share, under all interleavings that jcstress finds: a class for each thing that
 * is shared, a test in it for each promise.
 */
@NullMarked
package dev.memtrace.stress;

import org.jspecify.annotations.NullMarked;
