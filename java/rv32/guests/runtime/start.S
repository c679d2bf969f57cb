# SPDX-License-Identifier: Apache-2.0
# Where a guest begins: a stack, then main, then the end with its result as the status.
    .section .text.start, "ax"
    .globl _start
_start:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la sp, __stack_top
    call main
    li a7, 93
    ecall
