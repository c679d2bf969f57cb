// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.air.Air;
import dev.memtrace.air.AirBuilder;
import dev.memtrace.air.AirDeclaration;
import dev.memtrace.air.AirDeclaration.Node;
import dev.memtrace.air.Bus;
import dev.memtrace.air.Expression;
import dev.memtrace.backend.FieldEncoding;
import dev.memtrace.backend.HostTraceMatrix;
import dev.memtrace.backend.TraceOrder;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.field.BabyBear;
import dev.memtrace.offheap.BufferPool;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The tape computes what the expressions say. */
class EvaluatorTest {
  private static final long SEED = Long.getLong("memtrace.check.seed", 7);
  private static final BigInteger P = BigInteger.valueOf(BabyBear.P);
  private static final int WIDTH = 5;
  private static final int[] PUBLIC = {3, BabyBear.P - 1};

  /** Random expressions; most of them build on earlier ones. */
  private record RandomAir(Random random) implements Air {
    @Override
    public String name() {
      return "Random";
    }

    @Override
    public List<String> columns() {
      return List.of("a", "b", "c", "d", "e");
    }

    @Override
    public int publicValues() {
      return PUBLIC.length;
    }

    @Override
    public List<String> preprocessedColumns() {
      return List.of("index");
    }

    @Override
    public int preprocessed(long row, int column) {
      return (int) row;
    }

    @Override
    public void declare(MemoryConfig config, AirBuilder builder) {
      List<Expression> known =
          new ArrayList<>(
              List.of(
                  builder.isFirst(),
                  builder.isLast(),
                  builder.isTransition(),
                  builder.publicValue(0),
                  builder.publicValue(1),
                  builder.preprocessed(0),
                  builder.constant(-5)));
      for (int i = 0; i < WIDTH; i++) {
        known.add(builder.column(i));
        known.add(builder.next(i));
      }
      for (int i = 0; i < 60; i++) {
        Expression a = known.get(random.nextInt(known.size()));
        Expression b = known.get(random.nextInt(known.size()));
        known.add(
            switch (random.nextInt(5)) {
              case 0 -> a.plus(b);
              case 1 -> a.minus(b);
              case 2 -> a.not();
              case 3 -> a.times(a).negated();
              default -> a.times(b);
            });
        if (i % 3 == 0) {
          builder.assertZero("constraint " + i, known.getLast());
        }
        if (i % 10 == 9) {
          builder.send("send " + i, Bus.MEMORY, List.of(a, b, known.getLast()), known.get(i));
          builder.receive("receive " + i, Bus.MEMORY, List.of(b), a);
        }
      }
    }
  }

  private static BigInteger value(
      AirDeclaration declaration, int node, int[] cells, int height, int row) {
    Node n = declaration.nodes().get(node);
    int next = (row + 1) % height;
    return switch (n.operation()) {
      case COLUMN -> BigInteger.valueOf(cells[row * WIDTH + n.left()]);
      case NEXT_COLUMN -> BigInteger.valueOf(cells[next * WIDTH + n.left()]);
      case PREPROCESSED -> BigInteger.valueOf(row);
      case PUBLIC_VALUE -> BigInteger.valueOf(PUBLIC[n.left()]);
      case CONSTANT -> BigInteger.valueOf(n.left());
      case IS_FIRST -> row == 0 ? BigInteger.ONE : BigInteger.ZERO;
      case IS_LAST -> row == height - 1 ? BigInteger.ONE : BigInteger.ZERO;
      case IS_TRANSITION -> row == height - 1 ? BigInteger.ZERO : BigInteger.ONE;
      case ADD, SUBTRACT, MULTIPLY -> {
        BigInteger a = value(declaration, n.left(), cells, height, row);
        BigInteger b = value(declaration, n.right(), cells, height, row);
        yield switch (n.operation()) {
          case ADD -> a.add(b).mod(P);
          case SUBTRACT -> a.subtract(b).mod(P);
          default -> a.multiply(b).mod(P);
        };
      }
    };
  }

  @ParameterizedTest
  @CsvSource({
    "1, ROW_MAJOR, CANONICAL",
    "2, COLUMN_MAJOR, CANONICAL",
    "4, ROW_MAJOR, MONTGOMERY",
    "512, COLUMN_MAJOR, MONTGOMERY",
    "1024, ROW_MAJOR, CANONICAL"
  })
  void aTapeComputesWhatTheExpressionsSay(int height, TraceOrder order, FieldEncoding encoding) {
    Random random = new Random(SEED);
    AirDeclaration declaration = AirDeclaration.of(new RandomAir(random), MemoryConfig.defaults());
    int[] cells = random.ints((long) height * WIDTH, 0, BabyBear.P).toArray();
    BufferPool pool = new BufferPool(1 << 20);
    MemorySegment buffer = pool.acquire(4L * cells.length);
    HostTraceMatrix.copyOf(cells, WIDTH).copyTo(buffer, order, encoding);
    try (HostTraceMatrix matrix =
            new HostTraceMatrix(pool, buffer, height, WIDTH, order, encoding);
        Rows.Borrowed borrowed = Rows.of(matrix, pool)) {
      Rows rows = borrowed.rows();
      boolean[] wanted = new boolean[declaration.interactions().size()];
      Arrays.fill(wanted, true);
      int[][] found = new int[declaration.constraints().size()][height];
      long[] first = {0};
      Evaluator evaluator = new Evaluator(new Tape(declaration), PUBLIC, wanted);
      int[] messages = {0};
      for (long from = 0; from < height; from = first[0]) { // ranges that are no whole blocks
        first[0] = Math.min(height, from + 300);
        evaluator.run(
            rows,
            from,
            first[0],
            (constraint, row, v) -> found[constraint][(int) row] = v,
            (interaction, inRows, firstRow, n, message, multiplicity) -> {
              var what = declaration.interactions().get(interaction);
              for (int i = 0; i < n; i++) {
                int row = (int) firstRow + i;
                BigInteger count = value(declaration, what.multiplicity(), cells, height, row);
                BigInteger signed = what.send() ? count : count.negate();
                assertThat(BigInteger.valueOf(multiplicity[i]).mod(P)).isEqualTo(signed.mod(P));
                assertThat(Math.abs((long) multiplicity[i])).isLessThanOrEqualTo(BabyBear.P / 2);
                for (int j = 0; j < message.length; j++) {
                  assertThat(BigInteger.valueOf(BabyBear.fromMontgomery(message[j][i])))
                      .isEqualTo(value(declaration, what.message().get(j), cells, height, row));
                }
                messages[0]++;
              }
            });
      }
      assertThat(messages[0]).isPositive();
      for (int c = 0; c < found.length; c++) {
        for (int row = 0; row < height; row += Math.max(1, height / 40)) {
          int node = declaration.constraints().get(c).node();
          assertThat(BigInteger.valueOf(found[c][row]))
              .as("seed %d constraint %d row %d", SEED, c, row)
              .isEqualTo(value(declaration, node, cells, height, row));
        }
      }
    }
  }
}
