// SPDX-License-Identifier: Apache-2.0
/** Measures backends against each other on the same logs. Prints nothing. */
@NullMarked
package dev.memtrace.cli.bench;

import org.jspecify.annotations.NullMarked;
