#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fuzzes the native code under AddressSanitizer and UndefinedBehaviorSanitizer.
#
#   native/fuzz.sh OUTPUT_DIR TARGET SECONDS    one of algorithms, emulator, poseidon2, that long
#   native/fuzz.sh OUTPUT_DIR all SECONDS       all of them, that long in all
#   native/fuzz.sh OUTPUT_DIR kernels 0         OUTPUT_DIR/libmemtrace-cuda-emulator.so, with which java/fuzz sees the branches of kernels
#
# Begins with the inputs in native/fuzz/corpus/TARGET, among them every input that was a finding once, and with what earlier runs have kept in
# OUTPUT_DIR/corpus/TARGET. A finding ends the run; its input lies in OUTPUT_DIR/findings. Needs clang with libFuzzer (clang++, or what CLANG
# names); without it the inputs of the corpus are tried all the same, by the C++ compiler that there is, and one line says so.
#
# Exit status: 0 nothing was found, 1 the build failed or something was found, 2 wrong arguments, 3 a tool is missing.
set -eu

usage() {
  echo "usage: native/fuzz.sh OUTPUT_DIR all|algorithms|emulator|poseidon2|kernels SECONDS" >&2
  exit 2
}

missing() {
  echo "native/fuzz.sh: $1" >&2
  exit 3
}

[ $# -eq 3 ] || usage
output=$1
seconds=$3
case $2 in
  all) targets="algorithms emulator poseidon2" ;;
  algorithms | emulator | poseidon2 | kernels) targets=$2 ;;
  *) usage ;;
esac
case $seconds in
  '' | *[!0-9]*) usage ;;
esac
source=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/fuzz

command -v cmake >/dev/null || missing "cmake is not installed (Debian, Ubuntu: apt-get install cmake; Fedora: dnf install cmake)"
command -v make >/dev/null || missing "make is not installed (Debian, Ubuntu: apt-get install make; Fedora: dnf install make)"

mkdir -p "$output/findings"
output=$(CDPATH='' cd -- "$output" && pwd)

has_fuzzer() {
  command -v "$1" >/dev/null &&
    echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' |
    "$1" -x c++ -fsanitize=fuzzer,address,undefined -o "$output/has-fuzzer" - 2>/dev/null
}

compiler=${CLANG:-clang++}
if has_fuzzer "$compiler"; then
  fuzzer=ON
else
  fuzzer=OFF
  echo "native/fuzz.sh: no clang with libFuzzer (Debian, Ubuntu: apt-get install clang libclang-rt-dev); only the corpus is tried" >&2
  compiler=${CXX:-c++}
  command -v "$compiler" >/dev/null || missing "no C++ compiler, $compiler is not installed (Debian, Ubuntu: apt-get install g++)"
fi

build=$output/build-$fuzzer
log=$output/build.log
run() {
  "$@" >"$log" 2>&1 || {
    cat "$log" >&2
    echo "native/fuzz.sh: failed: $*" >&2
    exit 1
  }
}
run cmake -G "Unix Makefiles" -S "$source" -B "$build" -DCMAKE_CXX_COMPILER="$compiler" -DMEMTRACE_FUZZER=$fuzzer
for target in $targets; do
  run cmake --build "$build" --parallel "${MEMTRACE_BUILD_JOBS:-$(getconf _NPROCESSORS_ONLN)}" --target "fuzz_$target"
done

if [ "$targets" = kernels ]; then
  [ $fuzzer = ON ] || exit 3
  cp "$build/libmemtrace-cuda-emulator.so" "$output/libmemtrace-cuda-emulator.so.$$.partial"
  mv -f "$output/libmemtrace-cuda-emulator.so.$$.partial" "$output/libmemtrace-cuda-emulator.so"
  exit 0
fi

count=$(echo "$targets" | wc -w)
for target in $targets; do
  log=$output/$target.log
  if [ $fuzzer = ON ]; then
    mkdir -p "$output/corpus/$target"
    set -- -max_total_time=$(((seconds + count - 1) / count)) -max_len=4096 -len_control=0 -timeout=120 -rss_limit_mb=1024 \
      -artifact_prefix="$output/findings/$target-" -print_final_stats=1 "$output/corpus/$target" "$source/corpus/$target"
  else
    set -- "$source/corpus/$target"
  fi
  if ! "$build/fuzz_$target" "$@" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "native/fuzz.sh: $target: something was found; the input lies in $output/findings, and belongs into $source/corpus/$target" >&2
    exit 1
  fi
  echo "fuzzed $target: $(sed -n 's/^Done \([0-9]*\) runs in \([0-9]*\) second.*/\1 inputs in \2 s/p; s/^\([0-9]* inputs\)$/\1 of the corpus/p' "$log")"
done
