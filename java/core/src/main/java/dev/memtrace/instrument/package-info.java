// SPDX-License-Identifier: Apache-2.0
/** What the library tells of its work: stages and their times, events of the JDK Flight Recorder. */
@NullMarked
package dev.memtrace.instrument;

import org.jspecify.annotations.NullMarked;
