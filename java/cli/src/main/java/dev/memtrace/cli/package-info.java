// SPDX-License-Identifier: Apache-2.0
/** The memtrace command; the only package that prints. */
@NullMarked
package dev.memtrace.cli;

import org.jspecify.annotations.NullMarked;
