#!/usr/bin/env bash
# labels: plain
# timeout: 600
# seconds: 25
# tests/bits/bits.c by every compiler at hand, at two levels, four widths and for several processors: one line of hashes for all of them.
# Each build checks its results against plain definitions as well (the head of bits.c). -ffp-contract and the like are not given on purpose:
# nnrt_simd.h must carry what its numbers depend on.
source "$(dirname "$0")/../common.sh"
source_file=$NNC_SOURCE_DIR/tests/bits/bits.c
[ -f "$NNC_SOURCE_DIR/runtime/nnrt_simd.h" ] || die "there is no runtime/nnrt_simd.h"

expected= builds=0
check() { # check NAME RUNNER COMPILER FLAGS…
  local line
  local libraries=("$NNC_RUNTIME_LIBRARY" -lz -lm -pthread) # the runtime has the fma of processors without one
  [ -z "$2" ] || libraries=(-lm)
  if ! "${@:3}" -std=c17 -w -I"$NNC_SOURCE_DIR/runtime" "$source_file" "${libraries[@]}" -o "$work/bits" 2>"$work/errors"; then
    head -n 5 "$work/errors"
    fail "$1: does not compile"
    return
  fi
  # shellcheck disable=SC2086
  line=$($2 "$work/bits") || { fail "$1: $line" && return; }
  [ -n "$expected" ] || { expected=$line && echo "$line"; }
  [ "$line" = "$expected" ] || fail "$1: $line"
  builds=$((builds + 1))
}

machine=$(uname -m)
for compiler in gcc clang-14 clang-19; do
  have $compiler || { echo "SKIPPED in part: there is no $compiler" && continue; }
  for level in -O1 -O3; do
    if [ "$machine" = x86_64 ]; then
      if grep -q avx512f /proc/cpuinfo; then
        check "$compiler $level 16 lanes, AVX-512" "" $compiler $level -DNNRT_V4 -DW=16
        check "$compiler $level 16 lanes, AVX-512, -march=native" "" $compiler $level -march=native -DNNRT_V4 -DW=16
      fi
      check "$compiler $level 8 lanes, AVX2" "" $compiler $level -DNNRT_V3 -DW=8
      check "$compiler $level 8 lanes, AVX2, -march=x86-64-v3" "" $compiler $level -march=x86-64-v3 -DNNRT_V3 -DW=8
      check "$compiler $level 4 lanes, FMA" "" $compiler $level -DNNRT_V3 -DW=4
      check "$compiler $level 1 lane, FMA" "" $compiler $level -DNNRT_V3 -DW=1
    fi
    check "$compiler $level 16 lanes, generic" "" $compiler $level -DW=16
    check "$compiler $level 1 lane, generic" "" $compiler $level -DW=1
  done
done
cross=aarch64-linux-gnu-gcc
if have $cross && have qemu-aarch64; then
  for level in -O1 -O3; do
    check "aarch64 $level 4 lanes" qemu-aarch64 $cross -static $level -DW=4
    check "aarch64 $level 1 lane" qemu-aarch64 $cross -static $level -DW=1
  done
else
  echo "SKIPPED in part: no aarch64 cross compiler or no qemu-aarch64 (gcc-aarch64-linux-gnu, qemu-user)"
fi
echo "$builds builds, one line of hashes"
[ "$builds" -ge 8 ] || fail "only $builds builds ran"
finish
