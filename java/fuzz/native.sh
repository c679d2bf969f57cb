#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The native parts of the Maven build of this module. What a missing tool keeps from being built is said in one line; the build goes on.
#
#   native.sh fuzz SECONDS OUTPUT         fuzzes the native code, that long in all
#   native.sh kernels-of TARGET OUTPUT    the emulator for libFuzzer, if that is the target kernels
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
status=0
case $1 in
  fuzz) "$root/native/fuzz.sh" "$3" all "$2" || status=$? ;;
  kernels-of) [ "$2" != kernels ] || "$root/native/fuzz.sh" "$3" kernels 0 || status=$? ;;
  *)
    echo "native.sh: unknown part $1" >&2
    exit 2
    ;;
esac
if [ "$status" -eq 3 ]; then
  echo "memtrace-fuzz: the native code was not fuzzed" >&2
  exit 0
fi
exit "$status"
