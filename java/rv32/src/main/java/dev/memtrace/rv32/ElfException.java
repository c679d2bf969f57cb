// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

/** A file is no program that the machine can run. The message says why and what would be one. */
public final class ElfException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ElfException(String message) {
    super(message);
  }
}
