// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

/** The permutation of spec/poseidon2.md, operation by operation, with remainders everywhere. */
final class SlowPoseidon2 {
  static final long P = 2013265921L;

  private static final long[][] RCB = {
    {
      1774958255,
      1185780729,
      1621102414,
      1796380621,
      588815102,
      1932426223,
      1925334750,
      747903232,
      89648862,
      360728943,
      977184635,
      1425273457,
      256487465,
      1200041953,
      572403254,
      448208942
    },
    {
      1215789478,
      944884184,
      953948096,
      547326025,
      646827752,
      889997530,
      1536873262,
      86189867,
      1065944411,
      32019634,
      333311454,
      456061748,
      1963448500,
      1827584334,
      1391160226,
      1348741381
    },
    {
      88424255,
      104111868,
      1763866748,
      79691676,
      1988915530,
      1050669594,
      359890076,
      573163527,
      222820492,
      159256268,
      669703072,
      763177444,
      889367200,
      256335831,
      704371273,
      25886717
    },
    {
      51754520,
      1833211857,
      454499742,
      1384520381,
      777848065,
      1053320300,
      1851729162,
      344647910,
      401996362,
      1046925956,
      5351995,
      1212119315,
      754867989,
      36972490,
      751272725,
      506915399
    }
  };
  private static final long[] RCP = {
    1518359488,
    1765533241,
    945325693,
    422793067,
    311365592,
    1311448267,
    1629555936,
    1009879353,
    190525218,
    786108885,
    557776863,
    212616710,
    605745517
  };
  private static final long[][] RCE = {
    {
      1922082829,
      1870549801,
      1502529704,
      1990744480,
      1700391016,
      1702593455,
      321330495,
      528965731,
      183414327,
      1886297254,
      1178602734,
      1923111974,
      744004766,
      549271463,
      1781349648,
      542259047
    },
    {
      1536158148,
      715456982,
      503426110,
      340311124,
      1558555932,
      1226350925,
      742828095,
      1338992758,
      1641600456,
      1843351545,
      301835475,
      43203215,
      386838401,
      1520185679,
      1235297680,
      904680097
    },
    {
      1491801617,
      1581784677,
      913384905,
      247083962,
      532844013,
      107190701,
      213827818,
      1979521776,
      1358282574,
      1681743681,
      1867507480,
      1530706910,
      507181886,
      695185447,
      1172395131,
      1250800299
    },
    {
      1503161625,
      817684387,
      498481458,
      494676004,
      1404253825,
      108246855,
      59414691,
      744214112,
      890862029,
      1342765939,
      1417398904,
      1897591937,
      1066647396,
      1682806907,
      1015795079,
      1619482808
    }
  };
  private static final long[] D = {
    2013265919,
    1,
    2,
    1006632961,
    3,
    4,
    1006632960,
    2013265918,
    2013265917,
    2005401601,
    1509949441,
    1761607681,
    2013265906,
    7864320,
    125829120,
    15
  };
  private static final long[][] M4 = {{2, 3, 1, 1}, {1, 2, 3, 1}, {1, 1, 2, 3}, {3, 1, 1, 2}};

  private SlowPoseidon2() {}

  /** The columns of one permutation, without mult, as they are filled. */
  private static final class Row {
    private final int registers;
    private final int[] cells;
    private int next;

    Row(int registers) {
      this.registers = registers;
      this.cells = new int[registers == 1 ? 300 : 159];
    }

    void add(long value) {
      cells[next++] = (int) value;
    }

    void addAll(long[] values) {
      for (long value : values) {
        add(value);
      }
    }

    /** The register of an S-box. */
    void addCube(long x) {
      if (registers == 1) {
        add(x * x % P * x % P);
      }
    }
  }

  static int[] permute(int[] input) {
    int[] row = row(input, 0, 0);
    int[] out = new int[16];
    System.arraycopy(row, 142, out, 0, 16);
    return out;
  }

  static int[] compress(int[] left, int[] right) {
    int[] input = new int[16];
    System.arraycopy(left, 0, input, 0, 8);
    System.arraycopy(right, 0, input, 8, 8);
    int[] out = new int[8];
    System.arraycopy(permute(input), 0, out, 0, 8);
    return out;
  }

  static int[] hash(int[] chunk) {
    return compress(chunk, new int[8]);
  }

  /** A row of the periphery trace. */
  static int[] row(int[] input, int multiplicity, int registers) {
    Row row = new Row(registers);
    row.add(1);
    long[] s = new long[16];
    for (int i = 0; i < 16; i++) {
      s[i] = input[i];
    }
    row.addAll(s);
    s = external(s);
    for (long[] constants : RCB) {
      s = fullRound(s, constants, row);
    }
    for (long constant : RCP) {
      long x = (s[0] + constant) % P;
      row.addCube(x);
      s[0] = pow7(x);
      row.add(s[0]);
      s = internal(s);
    }
    for (long[] constants : RCE) {
      s = fullRound(s, constants, row);
    }
    row.add(multiplicity);
    if (row.next != row.cells.length) {
      throw new AssertionError("row of " + row.next + " cells");
    }
    return row.cells;
  }

  private static long[] fullRound(long[] state, long[] constants, Row row) {
    long[] s = new long[16];
    for (int i = 0; i < 16; i++) {
      long x = (state[i] + constants[i]) % P;
      row.addCube(x);
      s[i] = pow7(x);
    }
    s = external(s);
    row.addAll(s);
    return s;
  }

  static long pow7(long x) {
    long cube = x * x % P * x % P;
    return cube * cube % P * x % P;
  }

  static long[] external(long[] s) {
    long[] t = new long[16];
    for (int i = 0; i < 16; i++) {
      for (int j = 0; j < 4; j++) {
        t[i] += M4[i % 4][j] * s[i / 4 * 4 + j];
      }
    }
    long[] out = new long[16];
    for (int i = 0; i < 16; i++) {
      out[i] = (t[i] + t[i % 4] + t[4 + i % 4] + t[8 + i % 4] + t[12 + i % 4]) % P;
    }
    return out;
  }

  static long[] internal(long[] s) {
    long sum = 0;
    for (long x : s) {
      sum += x;
    }
    long[] out = new long[16];
    for (int i = 0; i < 16; i++) {
      out[i] = (sum + D[i] * s[i]) % P;
    }
    return out;
  }

  /** Constants of a beginning (0 to 3) or ending (4 to 7) full round. */
  static long[] fullRoundConstants(int round) {
    return round < 4 ? RCB[round] : RCE[round - 4];
  }

  static long partialRoundConstant(int round) {
    return RCP[round];
  }
}
