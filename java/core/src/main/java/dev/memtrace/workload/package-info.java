// SPDX-License-Identifier: Apache-2.0
/** Made logs of any length, to measure and test with. */
@NullMarked
package dev.memtrace.workload;

import org.jspecify.annotations.NullMarked;
