// SPDX-License-Identifier: Apache-2.0
/** Native memory: allocation with a clear error, a pool of touched buffers, growable arrays. */
@NullMarked
package dev.memtrace.offheap;

import org.jspecify.annotations.NullMarked;
