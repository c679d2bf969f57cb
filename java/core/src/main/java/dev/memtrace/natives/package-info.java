// SPDX-License-Identifier: Apache-2.0
/** Native libraries that come in jars, put where the dynamic linker can load them. */
@NullMarked
package dev.memtrace.natives;

import org.jspecify.annotations.NullMarked;
