// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.air.AirDeclaration.Node;
import dev.memtrace.air.AirDeclaration.Operation;
import dev.memtrace.field.BabyBear;
import java.util.Arrays;
import java.util.List;

/** Runs a tape over blocks of rows. Values are in Montgomery form. Used by one thread. */
final class Evaluator {
  /** Rows of a block. */
  static final int BLOCK = 256;

  private static final int P = BabyBear.P;

  private final Tape tape;
  private final Tape.Instruction[] instructions;
  private final Node[] nodes;
  private final int[][] slots;
  private final int[][][] messages;
  private final boolean[] send;
  private final int[] multiplicity = new int[BLOCK];
  private final boolean[] wanted;

  /**
   * Creates an evaluator.
   *
   * @param tape what to run
   * @param publicValues canonical public values
   * @param wanted which interactions are handed over
   */
  Evaluator(Tape tape, int[] publicValues, boolean[] wanted) {
    this.tape = tape;
    this.wanted = wanted;
    instructions = tape.instructions().toArray(Tape.Instruction[]::new);
    nodes = tape.declaration().nodes().toArray(Node[]::new);
    slots = new int[tape.slots()][BLOCK];
    for (Tape.Fixed fixed : tape.fixed()) {
      Node node = fixed.node();
      int value = node.operation() == Operation.CONSTANT ? node.left() : publicValues[node.left()];
      Arrays.fill(slots[fixed.slot()], BabyBear.toMontgomery(value));
    }
    int interactions = tape.declaration().interactions().size();
    send = new boolean[interactions];
    messages = new int[interactions][][];
    for (Tape.Instruction instruction : instructions) {
      if (instruction.kind() == Tape.Kind.INTERACTION) {
        List<Integer> message = instruction.message();
        int[][] elements = new int[message.size()][];
        for (int i = 0; i < elements.length; i++) {
          elements[i] = slots[message.get(i)];
        }
        messages[instruction.index()] = elements;
        send[instruction.index()] =
            tape.declaration().interactions().get(instruction.index()).send();
      }
    }
  }

  /** Evaluates rows {@code from .. to - 1}. */
  void run(Rows rows, long from, long to, ConstraintSink constraints, InteractionSink sink) {
    for (long first = from; first < to; first += BLOCK) {
      block(rows, first, (int) Math.min(BLOCK, to - first), constraints, sink);
    }
  }

  private void block(
      Rows rows, long first, int n, ConstraintSink constraints, InteractionSink sink) {
    for (Tape.Instruction instruction : instructions) {
      switch (instruction.kind()) {
        case NODE -> compute(instruction, rows, first, n);
        case CONSTRAINT -> requireZero(instruction, first, n, constraints);
        case INTERACTION -> {
          int index = instruction.index();
          if (wanted[index] && signedMultiplicity(slots[instruction.left()], n, send[index])) {
            sink.accept(index, rows, first, n, messages[index], multiplicity);
          }
        }
      }
    }
  }

  private void compute(Tape.Instruction instruction, Rows rows, long first, int n) {
    int[] target = slots[instruction.target()];
    Node node = nodes[instruction.index()];
    switch (node.operation()) {
      case COLUMN -> rows.load(node.left(), first, n, target);
      case NEXT_COLUMN -> rows.load(node.left(), first + 1, n, target);
      case PREPROCESSED -> {
        for (int i = 0; i < n; i++) {
          target[i] =
              BabyBear.toMontgomery(tape.declaration().air().preprocessed(first + i, node.left()));
        }
      }
      case IS_FIRST -> {
        Arrays.fill(target, 0, n, 0);
        if (first == 0) {
          target[0] = BabyBear.MONTGOMERY_ONE;
        }
      }
      case IS_LAST -> {
        Arrays.fill(target, 0, n, 0);
        if (first + n == rows.height()) {
          target[n - 1] = BabyBear.MONTGOMERY_ONE;
        }
      }
      case IS_TRANSITION -> {
        Arrays.fill(target, 0, n, BabyBear.MONTGOMERY_ONE);
        if (first + n == rows.height()) {
          target[n - 1] = 0;
        }
      }
      case ADD -> add(slots[instruction.left()], slots[instruction.right()], target, n);
      case SUBTRACT -> subtract(slots[instruction.left()], slots[instruction.right()], target, n);
      case MULTIPLY -> multiply(slots[instruction.left()], slots[instruction.right()], target, n);
      case CONSTANT, PUBLIC_VALUE -> throw new IllegalStateException("a fixed slot is computed");
    }
  }

  // Loops that the compiler turns into vector instructions.

  private static void add(int[] a, int[] b, int[] target, int n) {
    for (int i = 0; i < n; i++) {
      int sum = a[i] + (b[i] - P);
      target[i] = sum + (P & (sum >> 31));
    }
  }

  private static void subtract(int[] a, int[] b, int[] target, int n) {
    for (int i = 0; i < n; i++) {
      int difference = a[i] - b[i];
      target[i] = difference + (P & (difference >> 31));
    }
  }

  private static void multiply(int[] a, int[] b, int[] target, int n) {
    for (int i = 0; i < n; i++) {
      target[i] = BabyBear.montgomeryMultiply(a[i], b[i]);
    }
  }

  private static int or(int[] values, int n) {
    int all = 0;
    for (int i = 0; i < n; i++) {
      all |= values[i];
    }
    return all;
  }

  private void requireZero(
      Tape.Instruction instruction, long first, int n, ConstraintSink constraints) {
    int[] values = slots[instruction.left()];
    if (or(values, n) == 0) {
      return;
    }
    for (int i = 0; i < n; i++) {
      if (values[i] != 0) {
        constraints.accept(instruction.index(), first + i, BabyBear.fromMontgomery(values[i]));
      }
    }
  }

  /** Fills {@link #multiplicity}; false if it is 0 on every row. */
  private boolean signedMultiplicity(int[] values, int n, boolean sent) {
    if (or(values, n) == 0) {
      return false;
    }
    for (int i = 0; i < n; i++) {
      int canonical = BabyBear.fromMontgomery(values[i]);
      int signed = canonical - (P & ((P / 2 - canonical) >> 31));
      multiplicity[i] = sent ? signed : -signed;
    }
    return true;
  }
}
