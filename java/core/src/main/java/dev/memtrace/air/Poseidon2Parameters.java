// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

/**
 * The numbers that define the permutation of the {@link Poseidon2Air}, all canonical. The AIR and
 * whoever checks it take them from here, and the backends do not.
 */
public final class Poseidon2Parameters {
  /** Elements of a state. */
  public static final int WIDTH = 16;

  /** Elements of a digest. */
  public static final int DIGEST = 8;

  /** Full rounds before the partial rounds, and again after them. */
  public static final int HALF_FULL_ROUNDS = 4;

  /** Rounds whose S-box acts on element 0 alone. */
  public static final int PARTIAL_ROUNDS = 13;

  /** Elements that the matrix of {@link #externalMatrix} mixes. */
  public static final int GROUP = 4;

  private static final int[][] BEGINNING = {
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

  private static final int[] PARTIAL = {
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

  private static final int[][] ENDING = {
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

  private static final int[] DIAGONAL = {
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

  private static final int[][] EXTERNAL = {
    {2, 3, 1, 1},
    {1, 2, 3, 1},
    {1, 1, 2, 3},
    {3, 1, 1, 2}
  };

  private Poseidon2Parameters() {}

  /**
   * Returns a constant of a full round.
   *
   * @param round 0 to 7, those behind the partial rounds from 4
   * @param element 0 to 15
   * @return what is added to the element before its S-box
   */
  public static int fullRoundConstant(int round, int element) {
    return round < HALF_FULL_ROUNDS
        ? BEGINNING[round][element]
        : ENDING[round - HALF_FULL_ROUNDS][element];
  }

  /**
   * Returns the constant of a partial round.
   *
   * @param round 0 to 12
   * @return what is added to element 0 before its S-box
   */
  public static int partialRoundConstant(int round) {
    return PARTIAL[round];
  }

  /**
   * Returns the diagonal of the internal layer, which adds the sum of all elements to each.
   *
   * @param element 0 to 15
   * @return the factor of the element itself
   */
  public static int internalDiagonal(int element) {
    return DIAGONAL[element];
  }

  /**
   * Returns an entry of the matrix that the external layer applies to each group of four elements,
   * before it adds the sum of all groups to each.
   *
   * @param row 0 to 3
   * @param column 0 to 3
   * @return 1, 2 or 3
   */
  public static int externalMatrix(int row, int column) {
    return EXTERNAL[row][column];
  }
}
