#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the Poseidon2 permutation for processors.
#
#   native/poseidon2/build.sh lib OUTPUT_DIR [--sanitize]     OUTPUT_DIR/libmemtrace-poseidon2.so
#   native/poseidon2/build.sh test OUTPUT_DIR [--sanitize | --sanitize-threads]
#                                                             builds and runs the test
#   native/poseidon2/build.sh bench OUTPUT_DIR                builds and runs the benchmark
#
# --sanitize builds with AddressSanitizer and UndefinedBehaviorSanitizer; give that a folder of its own. --sanitize-threads builds with
# ThreadSanitizer. Environment: CXX, the compiler (else c++); MEMTRACE_BUILD_JOBS, compilers that run at once; MEMTRACE_POSEIDON2_STATES, random states of the test (default 1000000).
#
# A second build compiles only what changed, and a finished library appears under its name at once. Exit status: 0 built, 1 the build or a test
# failed, 2 wrong arguments, 3 a tool is missing; then one line on standard error says which.
set -eu

usage() {
  echo "usage: native/poseidon2/build.sh lib|test|bench OUTPUT_DIR [--sanitize|--sanitize-threads]" >&2
  exit 2
}

missing() {
  echo "native/poseidon2/build.sh: $1" >&2
  exit 3
}

[ $# -ge 2 ] && [ $# -le 3 ] || usage
target=$1
output=$2
case ${3:-} in
  '') sanitize=none ;;
  --sanitize) sanitize=address ;;
  --sanitize-threads) sanitize=thread ;;
  *) usage ;;
esac
case $target in
  test) ;;
  lib) [ "$sanitize" != thread ] || usage ;;
  bench) [ "$sanitize" = none ] || usage ;;
  *) usage ;;
esac
source=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

command -v cmake >/dev/null || missing "cmake is not installed (Debian, Ubuntu: apt-get install cmake; Fedora: dnf install cmake)"
command -v make >/dev/null || missing "make is not installed (Debian, Ubuntu: apt-get install make; Fedora: dnf install make)"
command -v "${CXX:-c++}" >/dev/null ||
  missing "no C++ compiler, ${CXX:-c++} is not installed (Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++)"

mkdir -p "$output"
output=$(CDPATH='' cd -- "$output" && pwd)
build=$output/poseidon2-build
[ "$sanitize" = none ] || build=$output/poseidon2-build-sanitized-$sanitize
log=$output/poseidon2-$target.log

# Two builds of the same folder wait for each other.
if command -v flock >/dev/null; then
  exec 9>"$output/poseidon2-build.lock"
  flock 9
fi

# The compilers speak only when they fail.
run() {
  "$@" >"$log" 2>&1 || {
    cat "$log" >&2
    echo "native/poseidon2/build.sh: failed: $*" >&2
    exit 1
  }
}

make_target() {
  run cmake -G "Unix Makefiles" -S "$source" -B "$build" -DMEMTRACE_SANITIZE="$sanitize"
  run cmake --build "$build" --parallel "${MEMTRACE_BUILD_JOBS:-$(getconf _NPROCESSORS_ONLN)}" --target "$1"
}

case $target in
  lib)
    make_target poseidon2
    library=libmemtrace-poseidon2.so
    if ! cmp -s "$build/$library" "$output/$library"; then
      cp "$build/$library" "$output/$library.$$.partial"
      mv -f "$output/$library.$$.partial" "$output/$library"
    fi
    ;;
  test)
    make_target poseidon2_test
    "$build/poseidon2_test" "${MEMTRACE_POSEIDON2_STATES:-1000000}" || exit 1
    ;;
  bench)
    make_target poseidon2_bench
    "$build/poseidon2_bench" || exit 1
    ;;
esac
