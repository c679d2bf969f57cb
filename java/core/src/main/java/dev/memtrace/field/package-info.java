// SPDX-License-Identifier: Apache-2.0
/** Arithmetic of the BabyBear field, canonical and in Montgomery form. */
@NullMarked
package dev.memtrace.field;

import org.jspecify.annotations.NullMarked;
