// SPDX-License-Identifier: Apache-2.0
/**
 * Bundles: folders that hold one segment, its access log, its initial memory and its traces, in a
 * format that any two producers can be compared in byte by byte.
 */
@NullMarked
package dev.memtrace.bundle;

import org.jspecify.annotations.NullMarked;
