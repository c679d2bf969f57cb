#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds what the GPU backend loads: OUTPUT_DIR/memtrace.fatbin and OUTPUT_DIR/libmemtrace-device-algorithms.so.
#
#   cuda-kernels/build.sh OUTPUT_DIR [--release]
#
# Without --release the code is for compute capability 9.0 and, as PTX, what follows; with it for every supported one.
# The compiler is NVCC, else nvcc on PATH, else /usr/local/cuda/bin/nvcc, else CUDA 13.0's from the Python package index, in
# OUTPUT_DIR/nvcc. Environment: NVCC; MEMTRACE_NVCC_DOWNLOAD=no forbids the last of these; MEMTRACE_CUDA_ARCHITECTURES, compute
# capabilities such as "80 90", the last also as PTX.
#
# A second build compiles only what changed. A finished file appears under its name at once. Exit status: 0 built, 1 the build
# failed, 2 wrong arguments, 3 a tool is missing; then one line on standard error says which.
set -eu

usage() {
  echo "usage: cuda-kernels/build.sh OUTPUT_DIR [--release]" >&2
  exit 2
}

missing() {
  echo "cuda-kernels/build.sh: $1" >&2
  exit 3
}

case $#:${1:-} in [12]:[!-]*) ;; *) usage ;; esac
architectures=${MEMTRACE_CUDA_ARCHITECTURES:-90}
case ${2:-} in
  '') ;;
  --release) architectures="75 80 86 89 90 100 120" ;;
  *) usage ;;
esac
source=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
mkdir -p "$1"
output=$(CDPATH='' cd -- "$1" && pwd)
build=$output/cuda-kernels
log=$output/cuda-kernels.log

command -v cmake >/dev/null || missing "cmake is not installed (Debian, Ubuntu: apt-get install cmake; Fedora: dnf install cmake)"
command -v make >/dev/null || missing "make is not installed (Debian, Ubuntu: apt-get install make; Fedora: dnf install make)"
command -v g++ >/dev/null || missing "nvcc needs g++ (Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++)"

# Two builds of the same folder wait for each other.
if command -v flock >/dev/null; then
  exec 9>"$output/cuda-kernels.lock"
  flock 9
fi

# The compilers speak only when they fail.
run() {
  "$@" >"$log" 2>&1 || {
    cat "$log" >&2
    echo "cuda-kernels/build.sh: failed: $*" >&2
    exit 1
  }
}

# Prints the nvcc of the Python packages, if it is there.
packaged_nvcc() {
  for nvcc in "$output"/nvcc/lib/python3*/site-packages/nvidia/cu13/bin/nvcc; do
    [ ! -x "$nvcc" ] || echo "$nvcc"
  done
}

# Without the pins of nvvm and crt, ptxas refuses the PTX of a newer compiler. The folder is renamed when it is complete.
download_nvcc() {
  rm -rf "$output/nvcc.partial" "$output/nvcc"
  python3 -m venv "$output/nvcc.partial" &&
    "$output/nvcc.partial/bin/python" -m pip --disable-pip-version-check install --quiet \
      nvidia-cuda-nvcc==13.0.88 nvidia-nvvm==13.0.88 nvidia-cuda-crt==13.0.88 \
      nvidia-cuda-runtime==13.0.96 nvidia-cuda-cccl==13.0.85 nvidia-nvtx==13.0.85 &&
    mv "$output/nvcc.partial" "$output/nvcc"
}

if [ -n "${NVCC:-}" ]; then
  nvcc=$(command -v "$NVCC") || missing "no CUDA compiler: NVCC is $NVCC, which cannot be run"
elif nvcc=$(command -v nvcc); then
  :
elif [ -x /usr/local/cuda/bin/nvcc ]; then
  nvcc=/usr/local/cuda/bin/nvcc
else
  nvcc=$(packaged_nvcc)
  if [ -z "$nvcc" ]; then
    [ "${MEMTRACE_NVCC_DOWNLOAD:-yes}" != no ] ||
      missing "no CUDA compiler: set NVCC to an nvcc of CUDA 13.0 or later (MEMTRACE_NVCC_DOWNLOAD=no forbids the download)"
    download_nvcc >"$log" 2>&1 ||
      missing "no CUDA compiler: set NVCC to an nvcc of CUDA 13.0 or later (the download failed, see $log)"
    nvcc=$(packaged_nvcc)
  fi
fi

case $nvcc in /*) ;; *) nvcc=$PWD/$nvcc ;; esac
run cmake -G "Unix Makefiles" -S "$source" -B "$build" "-DMEMTRACE_NVCC=$nvcc" "-DMEMTRACE_CUDA_ARCHITECTURES=$architectures"
run cmake --build "$build"
if ! cmp -s "$build/memtrace.fatbin" "$output/memtrace.fatbin"; then
  cp "$build/memtrace.fatbin" "$output/memtrace.fatbin.$$.partial"
  mv -f "$output/memtrace.fatbin.$$.partial" "$output/memtrace.fatbin"
fi

NVCC=$nvcc MEMTRACE_CUDA_ARCHITECTURES=$architectures "$source/../native/build.sh" algorithms "$output"
