// SPDX-License-Identifier: Apache-2.0
// Column offsets of every AIR, derived from dev.memtrace.air by ColumnsHeaderTest. Do not edit.
#pragma once

namespace memtrace::columns {

namespace volatile_boundary {
constexpr int SPACE = 0;
constexpr int POINTER_LIMB = 1;
constexpr int INITIAL_DATA = 3;
constexpr int FINAL_DATA = 4;
constexpr int FINAL_TIMESTAMP = 5;
constexpr int IS_VALID = 6;
constexpr int DIFF_MARKER = 7;
constexpr int DIFF_INV = 9;
constexpr int LT = 10;
constexpr int WIDTH = 12;
}  // namespace volatile_boundary

namespace persistent_boundary {
constexpr int EXPAND_DIRECTION = 0;
constexpr int SPACE = 1;
constexpr int LABEL = 2;
constexpr int VALUES = 3;
constexpr int HASH = 11;
constexpr int TIMESTAMP = 19;
constexpr int WIDTH = 20;
}  // namespace persistent_boundary

namespace merkle {
constexpr int EXPAND_DIRECTION = 0;
constexpr int HEIGHT_SECTION = 1;
constexpr int PARENT_HEIGHT = 2;
constexpr int IS_ROOT = 3;
constexpr int AS_LABEL = 4;
constexpr int ADDRESS_LABEL = 5;
constexpr int PARENT_HASH = 6;
constexpr int LEFT_CHILD_HASH = 14;
constexpr int RIGHT_CHILD_HASH = 22;
constexpr int LEFT_DIRECTION_DIFFERENT = 30;
constexpr int RIGHT_DIRECTION_DIFFERENT = 31;
constexpr int WIDTH = 32;
}  // namespace merkle

namespace access_adapter_2 {
constexpr int IS_VALID = 0;
constexpr int IS_SPLIT = 1;
constexpr int SPACE = 2;
constexpr int POINTER = 3;
constexpr int VALUES = 4;
constexpr int LEFT_TIMESTAMP = 6;
constexpr int RIGHT_TIMESTAMP = 7;
constexpr int IS_RIGHT_LARGER = 8;
constexpr int LT = 9;
constexpr int WIDTH = 11;
}  // namespace access_adapter_2

namespace access_adapter_4 {
constexpr int IS_VALID = 0;
constexpr int IS_SPLIT = 1;
constexpr int SPACE = 2;
constexpr int POINTER = 3;
constexpr int VALUES = 4;
constexpr int LEFT_TIMESTAMP = 8;
constexpr int RIGHT_TIMESTAMP = 9;
constexpr int IS_RIGHT_LARGER = 10;
constexpr int LT = 11;
constexpr int WIDTH = 13;
}  // namespace access_adapter_4

namespace access_adapter_8 {
constexpr int IS_VALID = 0;
constexpr int IS_SPLIT = 1;
constexpr int SPACE = 2;
constexpr int POINTER = 3;
constexpr int VALUES = 4;
constexpr int LEFT_TIMESTAMP = 12;
constexpr int RIGHT_TIMESTAMP = 13;
constexpr int IS_RIGHT_LARGER = 14;
constexpr int LT = 15;
constexpr int WIDTH = 17;
}  // namespace access_adapter_8

namespace access_adapter_16 {
constexpr int IS_VALID = 0;
constexpr int IS_SPLIT = 1;
constexpr int SPACE = 2;
constexpr int POINTER = 3;
constexpr int VALUES = 4;
constexpr int LEFT_TIMESTAMP = 20;
constexpr int RIGHT_TIMESTAMP = 21;
constexpr int IS_RIGHT_LARGER = 22;
constexpr int LT = 23;
constexpr int WIDTH = 25;
}  // namespace access_adapter_16

namespace access_adapter_32 {
constexpr int IS_VALID = 0;
constexpr int IS_SPLIT = 1;
constexpr int SPACE = 2;
constexpr int POINTER = 3;
constexpr int VALUES = 4;
constexpr int LEFT_TIMESTAMP = 36;
constexpr int RIGHT_TIMESTAMP = 37;
constexpr int IS_RIGHT_LARGER = 38;
constexpr int LT = 39;
constexpr int WIDTH = 41;
}  // namespace access_adapter_32

namespace poseidon2_1 {
constexpr int EXPORT = 0;
constexpr int INPUT = 1;
constexpr int BEGINNING_FULL_0_REG = 17;
constexpr int BEGINNING_FULL_0_POST = 33;
constexpr int BEGINNING_FULL_1_REG = 49;
constexpr int BEGINNING_FULL_1_POST = 65;
constexpr int BEGINNING_FULL_2_REG = 81;
constexpr int BEGINNING_FULL_2_POST = 97;
constexpr int BEGINNING_FULL_3_REG = 113;
constexpr int BEGINNING_FULL_3_POST = 129;
constexpr int PARTIAL_0_REG = 145;
constexpr int PARTIAL_0_POST_SBOX = 146;
constexpr int PARTIAL_1_REG = 147;
constexpr int PARTIAL_1_POST_SBOX = 148;
constexpr int PARTIAL_2_REG = 149;
constexpr int PARTIAL_2_POST_SBOX = 150;
constexpr int PARTIAL_3_REG = 151;
constexpr int PARTIAL_3_POST_SBOX = 152;
constexpr int PARTIAL_4_REG = 153;
constexpr int PARTIAL_4_POST_SBOX = 154;
constexpr int PARTIAL_5_REG = 155;
constexpr int PARTIAL_5_POST_SBOX = 156;
constexpr int PARTIAL_6_REG = 157;
constexpr int PARTIAL_6_POST_SBOX = 158;
constexpr int PARTIAL_7_REG = 159;
constexpr int PARTIAL_7_POST_SBOX = 160;
constexpr int PARTIAL_8_REG = 161;
constexpr int PARTIAL_8_POST_SBOX = 162;
constexpr int PARTIAL_9_REG = 163;
constexpr int PARTIAL_9_POST_SBOX = 164;
constexpr int PARTIAL_10_REG = 165;
constexpr int PARTIAL_10_POST_SBOX = 166;
constexpr int PARTIAL_11_REG = 167;
constexpr int PARTIAL_11_POST_SBOX = 168;
constexpr int PARTIAL_12_REG = 169;
constexpr int PARTIAL_12_POST_SBOX = 170;
constexpr int ENDING_FULL_0_REG = 171;
constexpr int ENDING_FULL_0_POST = 187;
constexpr int ENDING_FULL_1_REG = 203;
constexpr int ENDING_FULL_1_POST = 219;
constexpr int ENDING_FULL_2_REG = 235;
constexpr int ENDING_FULL_2_POST = 251;
constexpr int ENDING_FULL_3_REG = 267;
constexpr int ENDING_FULL_3_POST = 283;
constexpr int MULT = 299;
constexpr int WIDTH = 300;
}  // namespace poseidon2_1

namespace poseidon2_0 {
constexpr int EXPORT = 0;
constexpr int INPUT = 1;
constexpr int BEGINNING_FULL_0_POST = 17;
constexpr int BEGINNING_FULL_1_POST = 33;
constexpr int BEGINNING_FULL_2_POST = 49;
constexpr int BEGINNING_FULL_3_POST = 65;
constexpr int PARTIAL_0_POST_SBOX = 81;
constexpr int PARTIAL_1_POST_SBOX = 82;
constexpr int PARTIAL_2_POST_SBOX = 83;
constexpr int PARTIAL_3_POST_SBOX = 84;
constexpr int PARTIAL_4_POST_SBOX = 85;
constexpr int PARTIAL_5_POST_SBOX = 86;
constexpr int PARTIAL_6_POST_SBOX = 87;
constexpr int PARTIAL_7_POST_SBOX = 88;
constexpr int PARTIAL_8_POST_SBOX = 89;
constexpr int PARTIAL_9_POST_SBOX = 90;
constexpr int PARTIAL_10_POST_SBOX = 91;
constexpr int PARTIAL_11_POST_SBOX = 92;
constexpr int PARTIAL_12_POST_SBOX = 93;
constexpr int ENDING_FULL_0_POST = 94;
constexpr int ENDING_FULL_1_POST = 110;
constexpr int ENDING_FULL_2_POST = 126;
constexpr int ENDING_FULL_3_POST = 142;
constexpr int MULT = 158;
constexpr int WIDTH = 159;
}  // namespace poseidon2_0
}  // namespace memtrace::columns
