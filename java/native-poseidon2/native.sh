#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The native part of the Maven build of this module. What keeps it from being built is said in one line; the build goes on.
#
#   native.sh OUTPUT      OUTPUT/libmemtrace-poseidon2.so for the jar
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
output=$1

without() {
  rm -f "$output/libmemtrace-poseidon2.so"
  echo "memtrace-native-poseidon2: $1; the jar has no native code, and Poseidon2 runs in Java" >&2
  exit 0
}

mkdir -p "$output"
case $(uname -s)-$(uname -m) in
  Linux-x86_64 | Linux-amd64) ;;
  *) without "not on Linux x86-64" ;;
esac
status=0
"$root/native/poseidon2/build.sh" lib "$output" || status=$?
case $status in
  0) ;;
  3) without "a tool is missing" ;;
  *) exit "$status" ;;
esac
