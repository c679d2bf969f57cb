// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.air.AirDeclaration;
import dev.memtrace.air.AirDeclaration.Constraint;
import dev.memtrace.air.AirDeclaration.Interaction;
import dev.memtrace.air.AirDeclaration.Node;
import dev.memtrace.air.AirDeclaration.Operation;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The declaration of an AIR as straight-line code over a few slots, each of which holds one value
 * for every row of a block. A slot is used again once its value is no longer needed. Immutable.
 */
final class Tape {
  /** What an instruction does. */
  enum Kind {
    /** Computes node {@code index} into slot {@code target}. */
    NODE,
    /** Demands that slot {@code left} is 0, for constraint {@code index}. */
    CONSTRAINT,
    /** Hands over interaction {@code index}, whose slots are in {@code message}. */
    INTERACTION
  }

  /** One instruction; {@code left} and {@code right} are slots. */
  record Instruction(
      Kind kind, int index, int target, int left, int right, List<Integer> message) {}

  /** A slot that holds the same value all the time. */
  record Fixed(int slot, Node node) {}

  private final AirDeclaration declaration;
  private final List<Instruction> instructions = new ArrayList<>();
  private final List<Fixed> fixed = new ArrayList<>();
  private int slots;

  Tape(AirDeclaration declaration) {
    this.declaration = declaration;
    new Compiler().compile();
  }

  AirDeclaration declaration() {
    return declaration;
  }

  List<Instruction> instructions() {
    return instructions;
  }

  List<Fixed> fixed() {
    return fixed;
  }

  int slots() {
    return slots;
  }

  /** Assigns slots by the last use of every node. */
  private final class Compiler {
    private final List<Node> nodes = declaration.nodes();
    private final int[] lastUse = new int[nodes.size()];
    private final int[] slotOf = new int[nodes.size()];
    private final IntArrayList free = new IntArrayList();
    private final List<List<Instruction>> after = new ArrayList<>();

    void compile() {
      Arrays.fill(lastUse, -1);
      nodes.forEach(node -> after.add(new ArrayList<>()));
      List<Constraint> constraints = declaration.constraints();
      for (int i = 0; i < constraints.size(); i++) {
        int node = constraints.get(i).node();
        after.get(node).add(new Instruction(Kind.CONSTRAINT, i, 0, node, 0, List.of()));
        use(node, node);
      }
      List<Interaction> interactions = declaration.interactions();
      for (int i = 0; i < interactions.size(); i++) {
        Interaction interaction = interactions.get(i);
        int at = interaction.multiplicity();
        for (int node : interaction.message()) {
          at = Math.max(at, node);
        }
        after
            .get(at)
            .add(
                new Instruction(
                    Kind.INTERACTION, i, 0, interaction.multiplicity(), 0, interaction.message()));
        use(interaction.multiplicity(), at);
        for (int node : interaction.message()) {
          use(node, at);
        }
      }
      for (int i = nodes.size() - 1; i >= 0; i--) {
        if (lastUse[i] >= 0 && nodes.get(i).isArithmetic()) {
          use(nodes.get(i).left(), i);
          use(nodes.get(i).right(), i);
        }
      }
      for (int i = 0; i < nodes.size(); i++) {
        if (lastUse[i] >= 0) {
          emit(i);
        }
      }
    }

    private void use(int node, int by) {
      lastUse[node] = Math.max(lastUse[node], by);
    }

    private void emit(int i) {
      Node node = nodes.get(i);
      if (isFixed(node)) {
        slotOf[i] = slots++;
        fixed.add(new Fixed(slotOf[i], node));
      } else {
        // The target is a slot of its own: an operand's slot becomes free after the operation.
        slotOf[i] = free.isEmpty() ? slots++ : free.popInt();
        int left = node.isArithmetic() ? slotOf[node.left()] : node.left();
        int right = node.isArithmetic() ? slotOf[node.right()] : 0;
        instructions.add(new Instruction(Kind.NODE, i, slotOf[i], left, right, List.of()));
      }
      for (Instruction use : after.get(i)) {
        instructions.add(
            new Instruction(
                use.kind(),
                use.index(),
                0,
                slotOf[use.left()],
                0,
                use.message().stream().map(n -> slotOf[n]).toList()));
      }
      if (node.isArithmetic()) {
        releaseAfter(node.left(), i);
        if (node.right() != node.left()) {
          releaseAfter(node.right(), i);
        }
      }
      for (Instruction use : after.get(i)) {
        releaseAfter(use.left(), i);
        use.message().forEach(n -> releaseAfter(n, i));
      }
    }

    private void releaseAfter(int node, int at) {
      if (lastUse[node] == at && !isFixed(nodes.get(node))) {
        lastUse[node] = Integer.MAX_VALUE; // once
        free.push(slotOf[node]);
      }
    }

    private boolean isFixed(Node node) {
      return node.operation() == Operation.CONSTANT || node.operation() == Operation.PUBLIC_VALUE;
    }
  }
}
