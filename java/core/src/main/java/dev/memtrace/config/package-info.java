// SPDX-License-Identifier: Apache-2.0
/** Parameters of a memory subsystem and their limits. */
@NullMarked
package dev.memtrace.config;

import org.jspecify.annotations.NullMarked;
