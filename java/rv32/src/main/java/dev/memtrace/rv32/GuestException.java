// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

/** A program did something that it may not do, or did not end in time. Names the instruction. */
public final class GuestException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int pc;

  GuestException(String what, int pc) {
    super(what + " (pc " + hex(pc) + ")");
    this.pc = pc;
  }

  /**
   * Returns where it happened.
   *
   * @return address of the instruction, unsigned
   */
  public int pc() {
    return pc;
  }

  static String hex(int word) {
    return String.format("0x%08x", word);
  }
}
