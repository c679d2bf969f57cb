// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.image.AddressMap;
import dev.memtrace.offheap.BufferPool;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A statically linked RV32IM program: its instructions, decoded once, and memory as it begins.
 * Immutable.
 *
 * <p>The instructions are those of the file. A program that writes over its own instructions
 * changes memory and not what is executed, as a zkVM that commits to the program has it.
 */
public final class Program {
  /** The configuration of every machine: that of OpenVM. */
  public static final MemoryConfig CONFIG = MemoryConfig.defaults();

  /** Addresses have so many bits. */
  static final int POINTER_BITS = CONFIG.pointerMaxBits();

  /** Size of a file that {@link #load} reads at most, in bytes. */
  static final long MAX_FILE_BYTES = 1L << 30;

  private final int entry;
  private final int base;
  private final long[] code;
  private final List<ElfSegment> segments;

  Program(int entry, int base, long[] code, List<ElfSegment> segments) {
    this.entry = entry;
    this.base = base;
    this.code = code;
    this.segments = List.copyOf(segments);
  }

  /**
   * Reads a program.
   *
   * @param file an ELF file for RV32IM, linked statically
   * @return the program
   * @throws ElfException if it is not one; the message begins with the file
   * @throws IOException if the file cannot be read
   */
  public static Program load(Path file) throws IOException {
    long bytes = Files.size(file);
    if (bytes > MAX_FILE_BYTES) {
      throw new ElfException(
          file + ": has " + bytes + " bytes; the limit is " + MAX_FILE_BYTES + " bytes");
    }
    return parse(Files.readAllBytes(file), file.toString());
  }

  /**
   * Reads a program from memory.
   *
   * @param content an ELF file for RV32IM, linked statically
   * @param name begins every message
   * @return the program
   * @throws ElfException if it is not one
   */
  public static Program parse(byte[] content, String name) {
    return new ElfReader(content, name).read();
  }

  /**
   * Returns the program of {@code memtrace demo}: a heap sort that prints what it did.
   *
   * @return the program
   */
  public static Program demo() {
    try (InputStream file = Program.class.getResourceAsStream("sort.elf")) {
      if (file == null) {
        throw new IllegalStateException(
            "the jar of memtrace-rv32 holds no sort.elf; build it again");
      }
      return parse(file.readAllBytes(), "sort.elf");
    } catch (IOException e) {
      throw new IllegalStateException("the jar of memtrace-rv32 cannot be read", e);
    }
  }

  /**
   * Returns where execution begins.
   *
   * @return address of an instruction, unsigned
   */
  public int entry() {
    return entry;
  }

  /** Address of the first element of {@link #code}. */
  int base() {
    return base;
  }

  /** The operation of each word from {@link #base}; the caller must not change it. */
  long[] code() {
    return code;
  }

  /**
   * Makes memory as it is before the first instruction: the bytes of the file in address space 2,
   * everything else 0.
   *
   * @param pool where its pages come from
   * @return a new image, owned by the caller
   */
  public AddressMap initialMemory(BufferPool pool) {
    AddressMap image = new AddressMap(CONFIG, pool);
    boolean complete = false;
    try {
      segments.forEach(segment -> segment.copyTo(image));
      complete = true;
      return image;
    } finally {
      if (!complete) {
        image.release();
      }
    }
  }
}
