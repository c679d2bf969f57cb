// SPDX-License-Identifier: Apache-2.0
/**
 * Access logs in files that survive the process that writes them: blocks with checksums, a header
 * with the configuration, a footer. {@code docs/LOG-FORMAT.md} describes the format.
 */
@NullMarked
package dev.memtrace.durable;

import org.jspecify.annotations.NullMarked;
