#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the C++ libraries of this folder.
#
#   native/build.sh emulator OUTPUT_DIR [--sanitize]    OUTPUT_DIR/libmemtrace-cuda-emulator.so and beside it
#                                                       libmemtrace-cublas-emulator.so, with g++
#   native/build.sh algorithms OUTPUT_DIR               OUTPUT_DIR/libmemtrace-device-algorithms.so, with nvcc
#   native/build.sh test OUTPUT_DIR [--sanitize | --sanitize-threads]
#                                                       builds and runs the tests of the emulator
#   native/build.sh races OUTPUT_DIR                    OUTPUT_DIR/kernel_races, which looks for data races in recorded launches of kernels
#
# --sanitize builds with AddressSanitizer and UndefinedBehaviorSanitizer, --sanitize-threads with ThreadSanitizer.
# Environment: NVCC, the CUDA compiler (else nvcc on PATH, else /usr/local/cuda/bin/nvcc); MEMTRACE_CUDA_ARCHITECTURES, compute
# capabilities such as "80 90" (default 90); MEMTRACE_BUILD_JOBS, compilers that run at once.
#
# A second build compiles only what changed. A finished library appears under its name at once; a sanitized one has the same name, so give
# it a folder of its own. Exit status: 0 built, 1 the build or a test failed, 2 wrong arguments, 3 a tool is missing; then one line on
# standard error says which.
set -eu

usage() {
  echo "usage: native/build.sh emulator|algorithms|test|races OUTPUT_DIR [--sanitize|--sanitize-threads]" >&2
  exit 2
}

missing() {
  echo "native/build.sh: $1" >&2
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
  emulator) [ "$sanitize" != thread ] || usage ;;
  algorithms) [ "$sanitize" = none ] || usage ;;
  test) ;;
  races)
    [ "$sanitize" = none ] || usage
    sanitize=thread
    ;;
  *) usage ;;
esac
source=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

command -v cmake >/dev/null || missing "cmake is not installed (Debian, Ubuntu: apt-get install cmake; Fedora: dnf install cmake)"
command -v make >/dev/null || missing "make is not installed (Debian, Ubuntu: apt-get install make; Fedora: dnf install make)"
command -v "${CXX:-c++}" >/dev/null ||
  missing "no C++ compiler, ${CXX:-c++} is not installed (Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++)"

nvcc=
if [ "$target" = algorithms ]; then
  nvcc=$(command -v "${NVCC:-nvcc}") || nvcc=${NVCC:-/usr/local/cuda/bin/nvcc}
  [ -x "$nvcc" ] || missing "no CUDA compiler: $nvcc does not exist; set NVCC to an nvcc of CUDA 13.0 or later"
fi

mkdir -p "$output"
output=$(CDPATH='' cd -- "$output" && pwd)
build=$output/native-$sanitize
log=$output/native-$target-$sanitize.log

# Two builds of the same folder wait for each other.
if command -v flock >/dev/null; then
  exec 9>"$output/native-build.lock"
  flock 9
fi

# The compilers speak only when they fail.
run() {
  "$@" >"$log" 2>&1 || {
    cat "$log" >&2
    echo "native/build.sh: failed: $*" >&2
    exit 1
  }
}

make_target() {
  run cmake --build "$build" --parallel "${MEMTRACE_BUILD_JOBS:-$(getconf _NPROCESSORS_ONLN)}" --target "$@"
}

# Puts a finished library in place, unless the same one is there.
publish() {
  library=$(basename "$1")
  if ! cmp -s "$1" "$output/$library"; then
    cp "$1" "$output/$library.$$.partial"
    mv -f "$output/$library.$$.partial" "$output/$library"
  fi
}

architectures=$(echo "${MEMTRACE_CUDA_ARCHITECTURES:-90}" | tr -s ' ' ' ')
run cmake -G "Unix Makefiles" -S "$source" -B "$build" -DMEMTRACE_SANITIZE="$sanitize" ${nvcc:+"-DMEMTRACE_NVCC=$nvcc"} \
  "-DMEMTRACE_CUDA_ARCHITECTURES=$architectures"

case $target in
  emulator)
    make_target emulator cublas
    publish "$build/libmemtrace-cublas-emulator.so"
    publish "$build/libmemtrace-cuda-emulator.so"
    ;;
  algorithms)
    make_target algorithms
    publish "$build/algorithms-$(echo "$architectures" | tr ' ' '-')/libmemtrace-device-algorithms.so"
    ;;
  races)
    make_target kernel_races
    publish "$build/kernel_races"
    ;;
  test)
    make_target emulator emulator_test imports_test
    "$build/imports_test" "$build/libmemtrace-cuda-emulator.so" || exit 1
    "$build/emulator_test" || exit 1
    ;;
esac
