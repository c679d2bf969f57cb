// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.controller.MemoryController;
import java.util.SplittableRandom;

/**
 * A small program that runs on a memory controller as a processor would: heap sort of an array of
 * 32-bit words. Registers lie in address space 1, the array in address space 2; a word is four
 * cells of one byte. Each instruction advances the clock once for its program counter.
 */
final class SortProgram {
  private static final int REGISTERS = 1;
  private static final int ARRAY = 2;
  private static final int IMMEDIATE = 0;
  private static final int BYTES = 4;

  private static final int ROOT = 5;
  private static final int END = 6;
  private static final int CHILD = 7;
  private static final int VALUE = 8;
  private static final int LEFT = 9;
  private static final int RIGHT = 10;

  private final MemoryController memory;
  private final int length;
  private final int[] bytes = new int[BYTES];
  private final int[] previous = new int[BYTES];

  SortProgram(MemoryController memory, int length) {
    this.memory = memory;
    this.length = length;
  }

  void run(long seed) {
    fill(seed);
    for (int start = length / 2 - 1; start >= 0; start--) {
      siftDown(start, length);
    }
    for (int end = length - 1; end > 0; end--) {
      setRegister(END, end);
      int first = load(LEFT, 0);
      int last = load(RIGHT, end);
      store(0, last);
      store(end, first);
      siftDown(0, end);
    }
  }

  /** Whether the array is sorted, read without a trace. */
  boolean isSorted() {
    for (int i = 1; i < length; i++) {
      if (Integer.compareUnsigned(unsafeLoad(i - 1), unsafeLoad(i)) > 0) {
        return false;
      }
    }
    return true;
  }

  private void fill(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < length; i++) {
      setRegister(VALUE, random.nextInt());
      store(i, register(VALUE));
    }
  }

  private void siftDown(int start, int end) {
    int root = start;
    setRegister(ROOT, root);
    int value = load(VALUE, root);
    while (2 * root + 1 < end) {
      int child = 2 * root + 1;
      setRegister(CHILD, child);
      int larger = load(LEFT, child);
      if (child + 1 < end) {
        int right = load(RIGHT, child + 1);
        if (Integer.compareUnsigned(right, larger) > 0) {
          larger = right;
          child = addImmediate(CHILD, 1);
        }
      }
      if (Integer.compareUnsigned(register(VALUE), larger) >= 0) {
        break;
      }
      store(root, larger);
      root = child;
      setRegister(ROOT, root);
    }
    store(root, value);
  }

  private int addImmediate(int register, int amount) {
    step();
    int sum = register(register) + memory.readCell(IMMEDIATE, amount);
    writeRegister(register, sum);
    return sum;
  }

  private void setRegister(int register, int value) {
    step();
    writeRegister(register, value);
  }

  private int load(int register, int index) {
    step();
    memory.read(ARRAY, BYTES * index, BYTES, bytes, 0);
    int value = word();
    writeRegister(register, value);
    return value;
  }

  private void store(int index, int value) {
    step();
    split(value);
    memory.write(ARRAY, BYTES * index, BYTES, bytes, 0, previous, 0);
  }

  private int register(int register) {
    memory.read(REGISTERS, BYTES * register, BYTES, bytes, 0);
    return word();
  }

  private void writeRegister(int register, int value) {
    split(value);
    memory.write(REGISTERS, BYTES * register, BYTES, bytes, 0, previous, 0);
  }

  private void step() {
    memory.incrementTimestamp();
  }

  private int unsafeLoad(int index) {
    memory.unsafeRead(ARRAY, BYTES * index, BYTES, bytes, 0);
    return word();
  }

  private int word() {
    return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | bytes[3] << 24;
  }

  private void split(int value) {
    for (int i = 0; i < BYTES; i++) {
      bytes[i] = value >>> (8 * i) & 0xFF;
    }
  }
}
