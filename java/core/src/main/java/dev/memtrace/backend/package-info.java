// SPDX-License-Identifier: Apache-2.0
/** The service interface between the memory controller and what fills the traces. */
@NullMarked
package dev.memtrace.backend;

import org.jspecify.annotations.NullMarked;
