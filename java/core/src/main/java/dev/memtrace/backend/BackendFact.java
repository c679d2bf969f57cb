// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

/**
 * One line of what a backend finds on this machine.
 *
 * @param key what it is about, such as {@code driver}
 * @param value what was found, one line
 */
public record BackendFact(String key, String value) {}
