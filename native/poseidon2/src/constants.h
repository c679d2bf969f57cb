// SPDX-License-Identifier: Apache-2.0
// The field and the round constants: those of the Horizen Labs instance for BabyBear at width 16.
#ifndef MEMTRACE_POSEIDON2_CONSTANTS_H
#define MEMTRACE_POSEIDON2_CONSTANTS_H

#include <cstdint>

namespace memtrace::poseidon2 {

constexpr int kWidth = 16;
constexpr int kDigest = 8;
constexpr int kHalfFullRounds = 4;
constexpr int kPartialRounds = 13;

constexpr uint32_t kPrime = 2013265921;           // 15 * 2^27 + 1
constexpr uint32_t kPrimeInverse = 0x88000001;    // modulo 2^32
constexpr uint32_t kMontgomerySquare = 1172168163;  // 2^64 modulo P

constexpr uint32_t kBeginning[kHalfFullRounds][kWidth] = {
    {1774958255, 1185780729, 1621102414, 1796380621, 588815102, 1932426223, 1925334750, 747903232, 89648862,
      360728943, 977184635, 1425273457, 256487465, 1200041953, 572403254, 448208942},
    {1215789478, 944884184, 953948096, 547326025, 646827752, 889997530, 1536873262, 86189867, 1065944411, 32019634,
      333311454, 456061748, 1963448500, 1827584334, 1391160226, 1348741381},
    {88424255, 104111868, 1763866748, 79691676, 1988915530, 1050669594, 359890076, 573163527, 222820492, 159256268,
      669703072, 763177444, 889367200, 256335831, 704371273, 25886717},
    {51754520, 1833211857, 454499742, 1384520381, 777848065, 1053320300, 1851729162, 344647910, 401996362,
      1046925956, 5351995, 1212119315, 754867989, 36972490, 751272725, 506915399},
};

constexpr uint32_t kPartial[kPartialRounds] =
    {1518359488, 1765533241, 945325693, 422793067, 311365592, 1311448267, 1629555936, 1009879353, 190525218,
      786108885, 557776863, 212616710, 605745517};

constexpr uint32_t kEnding[kHalfFullRounds][kWidth] = {
    {1922082829, 1870549801, 1502529704, 1990744480, 1700391016, 1702593455, 321330495, 528965731, 183414327,
      1886297254, 1178602734, 1923111974, 744004766, 549271463, 1781349648, 542259047},
    {1536158148, 715456982, 503426110, 340311124, 1558555932, 1226350925, 742828095, 1338992758, 1641600456,
      1843351545, 301835475, 43203215, 386838401, 1520185679, 1235297680, 904680097},
    {1491801617, 1581784677, 913384905, 247083962, 532844013, 107190701, 213827818, 1979521776, 1358282574,
      1681743681, 1867507480, 1530706910, 507181886, 695185447, 1172395131, 1250800299},
    {1503161625, 817684387, 498481458, 494676004, 1404253825, 108246855, 59414691, 744214112, 890862029, 1342765939,
      1417398904, 1897591937, 1066647396, 1682806907, 1015795079, 1619482808},
};

// A constant in Montgomery form less P, from -P to -1: added to a reduced element it gives an input of the S-box.
constexpr uint32_t shifted(uint32_t canonical) {
  return static_cast<uint32_t>((static_cast<uint64_t>(canonical) << 32) % kPrime) - kPrime;
}

struct ShiftedConstants {
  uint32_t full[2][kHalfFullRounds][kWidth];
  uint32_t partial[kPartialRounds];
};

constexpr ShiftedConstants shift_constants() {
  ShiftedConstants shifted_constants{};
  for (int round = 0; round < kHalfFullRounds; round++) {
    for (int i = 0; i < kWidth; i++) {
      shifted_constants.full[0][round][i] = shifted(kBeginning[round][i]);
      shifted_constants.full[1][round][i] = shifted(kEnding[round][i]);
    }
  }
  for (int round = 0; round < kPartialRounds; round++) {
    shifted_constants.partial[round] = shifted(kPartial[round]);
  }
  return shifted_constants;
}

}  // namespace memtrace::poseidon2

#endif
