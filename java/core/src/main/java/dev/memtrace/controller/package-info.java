// SPDX-License-Identifier: Apache-2.0
/** The memory controller: online accesses, the clock, and the way to the traces. */
@NullMarked
package dev.memtrace.controller;

import org.jspecify.annotations.NullMarked;
