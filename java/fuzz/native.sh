#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The native part of the Maven build of this module: native.sh OUTPUT SECONDS. What a missing tool keeps from being built is said in one line;
# the build goes on.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
status=0
"$root/native/fuzz.sh" "$1" all "$2" || status=$?
if [ "$status" -eq 3 ]; then
  echo "memtrace-fuzz: the native code was not fuzzed" >&2
  exit 0
fi
exit "$status"
