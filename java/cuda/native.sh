#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The native parts of the Maven build of this module. What a missing tool keeps from being built is said in one line; the build goes on.
#
#   native.sh kernels OUTPUT [true]      the kernels for the jar, true: for every GPU; fetches a CUDA compiler if none is installed
#   native.sh kernels-if-useful OUTPUT   the kernels for the GPUs of this machine; nothing without CUDA compiler and NVIDIA driver
#   native.sh tools                      prints that compiler and driver
#   native.sh emulators OUTPUT           the emulator in OUTPUT/plain, one with sanitizers in OUTPUT/sanitized, and in OUTPUT/races what
#                                        runs recorded launches under ThreadSanitizer
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
output=${2:-}

# Runs a build script; its status 3 says that a tool is missing, which it has explained.
build() {
  status=0
  "$@" || status=$?
  case $status in
    0) ;;
    3) return 1 ;;
    *) exit "$status" ;;
  esac
}

driver_is_installed() {
  { ldconfig -p || /sbin/ldconfig -p; } 2>/dev/null | grep -q 'libcuda\.so\.1'
}

tools() {
  if [ -n "${NVCC:-}" ]; then
    echo "$NVCC"
  elif ! command -v nvcc; then
    [ ! -x /usr/local/cuda/bin/nvcc ] || echo /usr/local/cuda/bin/nvcc
  fi
  ! driver_is_installed || echo driver
}

# Prints the compute capabilities of the GPUs here, such as "80 90".
local_architectures() {
  nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | grep -x '[0-9]*\.[0-9]' | tr -d . | sort -nu | tr '\n' ' '
}

# Prints what the kernels are made of, for those who must know before they load them: the version of CUDA, then the targets.
describe() {
  cache=$output/cuda-kernels/CMakeCache.txt
  nvcc=$(sed -n 's/^MEMTRACE_NVCC:[A-Z]*=//p' "$cache")
  "$nvcc" --version | sed -n 's/.*release \([0-9.]*\),.*/cuda \1/p'
  architectures=$(sed -n 's/^MEMTRACE_CUDA_ARCHITECTURES:[A-Z]*=//p' "$cache")
  for architecture in $architectures; do
    echo "sm_$architecture"
  done
  echo "compute_$architecture"
}

# Kernels of an earlier build may be older than their sources. Maven has copied them too.
remove_kernels() {
  for folder in "$output" "${output%/*}/classes/dev/memtrace/cuda"; do
    rm -f "$folder/memtrace.fatbin" "$folder/memtrace.targets" "$folder/libmemtrace-device-algorithms.so"
  done
}

kernels() {
  mkdir -p "$output"
  if build "$root/cuda-kernels/build.sh" "$output" "$@"; then
    describe >"$output/memtrace.targets"
  else
    remove_kernels
    echo "memtrace-cuda: no CUDA compiler; the jar has no kernels, and the backend cuda will refuse to work" >&2
  fi
}

kernels_if_useful() {
  if [ -z "$(tools)" ]; then
    remove_kernels
    return
  fi
  if [ -z "${MEMTRACE_CUDA_ARCHITECTURES:-}" ]; then
    architectures=$(local_architectures) || architectures=
    if [ -n "$architectures" ]; then
      MEMTRACE_CUDA_ARCHITECTURES=${architectures% }
      export MEMTRACE_CUDA_ARCHITECTURES
    elif driver_is_installed; then
      kernels --release # a GPU that cannot be asked
      return
    fi
  fi
  kernels
}

emulators() {
  mkdir -p "$output/plain" "$output/sanitized" "$output/races"
  if build "$root/native/build.sh" emulator "$output/plain" &&
    build "$root/native/build.sh" emulator "$output/sanitized" --sanitize &&
    build "$root/native/build.sh" races "$output/races"; then
    # Must be loaded before anything else in the process whose memory it watches.
    ln -sf "$("${CXX:-c++}" -print-file-name=libasan.so)" "$output/sanitized/libasan.so"
  else
    echo "memtrace-cuda: no emulator; the tests that need it are skipped" >&2
  fi
}

case $1 in
  kernels)
    if [ "${3:-}" = true ]; then
      kernels --release
    else
      kernels
    fi
    ;;
  kernels-if-useful) kernels_if_useful ;;
  tools) tools ;;
  emulators) emulators ;;
  *)
    echo "native.sh: unknown part $1" >&2
    exit 2
    ;;
esac
