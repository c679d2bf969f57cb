// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.air.AirDeclaration;
import dev.memtrace.air.AirDeclaration.Interaction;
import dev.memtrace.air.AirDeclaration.Node;
import dev.memtrace.air.AirDeclaration.Operation;
import dev.memtrace.check.CheckFailure.Cell;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** Which cells an expression reads, and their values. */
final class Cells {
  private Cells() {}

  /** Cells that a node reads on a row. */
  static List<Cell> of(AirDeclaration declaration, int node, Rows rows, long row) {
    return of(declaration, List.of(node), rows, row);
  }

  /** Cells that the message and the multiplicity of an interaction read on a row. */
  static List<Cell> of(AirDeclaration declaration, Interaction interaction, Rows rows, long row) {
    List<Integer> nodes = new ArrayList<>(interaction.message());
    nodes.add(interaction.multiplicity());
    return of(declaration, nodes, rows, row);
  }

  private static List<Cell> of(
      AirDeclaration declaration, List<Integer> roots, Rows rows, long row) {
    List<Node> nodes = declaration.nodes();
    BitSet reached = new BitSet(nodes.size());
    roots.forEach(reached::set);
    List<Cell> cells = new ArrayList<>();
    for (int i = nodes.size() - 1; i >= 0; i--) {
      Node node = nodes.get(i);
      if (reached.get(i) && node.isArithmetic()) {
        reached.set(node.left());
        reached.set(node.right());
      }
    }
    List<String> columns = declaration.air().columns();
    for (int i = 0; i < nodes.size(); i++) {
      Node node = nodes.get(i);
      if (reached.get(i) && node.operation() == Operation.COLUMN) {
        cells.add(new Cell(columns.get(node.left()), rows.get(row, node.left())));
      } else if (reached.get(i) && node.operation() == Operation.NEXT_COLUMN) {
        long next = row + 1 == rows.height() ? 0 : row + 1;
        cells.add(new Cell("next " + columns.get(node.left()), rows.get(next, node.left())));
      }
    }
    return cells;
  }
}
