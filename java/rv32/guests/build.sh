#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the guests: guests/NAME.elf for the machine, and guests/expected/NAME.txt, what the same C prints on this computer.
# Takes Debian's gcc-riscv64-unknown-elf (12.2 made the files in the repository) and a C compiler for this computer.
set -eu
cd "$(dirname "$0")"
cross=${CROSS:-riscv64-unknown-elf-}
host=$(mktemp -d)
trap 'rm -rf "$host"' EXIT
mkdir -p expected

for source in *.c; do
  name=${source%.c}
  "${cross}gcc" -march=rv32im -mabi=ilp32 -mcmodel=medany -std=c11 -O2 -Wall -Wextra -Werror -ffreestanding -fno-builtin \
    -ffunction-sections -fdata-sections -nostdlib -static -Wl,--gc-sections,--build-id=none,-z,max-page-size=4096 \
    -T runtime/guest.ld -o "$name.elf" runtime/start.S runtime/guest.c "$source" -lgcc
  "${cross}strip" --strip-all "$name.elf"
  "${CC:-cc}" -std=c11 -O1 -Wall -Wextra -Werror -o "$host/$name" runtime/guest.c "$source"
  "$host/$name" </dev/null >"expected/$name.txt"
done
