#!/usr/bin/env bash
# labels: plain
# timeout: 600
# control.sh: loops and branches in whole programs: results that are known beforehand, one set of bits from gcc, clang,
# LLVM, the self-contained file and scalar code for any number of threads, no allocation in a step.
source "$(dirname "$0")/../common.sh"
need_nnc
model=$NNC_SOURCE_DIR/tests/train/control/loops.lua
cd "$work"

run() { # run NAME PROGRAM ARGS…: its log is that of the first one
  "${@:2}" --quiet --seed 3 --log log </dev/null || { fail "$1: exit code $?" && return; }
  [ -f first ] || cp log first
  cmp -s log first || fail "$1: another log than by the first way: $(diff log first | head -n 3)"
}
"$NNC" "$model" --verify -o loops.c || die "nnc refuses the model"
build_c gcc -O2 loops.c loops
for threads in 1 2 3; do run "gcc, $threads threads" ./loops --threads "$threads"; done
have clang-14 && build_c clang-14 -O3 loops.c loops.clang && run "clang-14" ./loops.clang --threads 2
"$NNC" "$model" --cpu=scalar -o scalar.c && build_c gcc -O1 scalar.c scalar && run "scalar code" ./scalar --threads 2
if "$NNC" "$model" -o loops.o 2>llvm.txt; then
  cc loops.o "$NNC_RUNTIME_LIBRARY" "${link_flags[@]}" -o loops.llvm && run LLVM ./loops.llvm --threads 2
fi
"$NNC" "$model" --standalone -o alone.c && gcc -O2 alone.c -lm -pthread -o alone && run "self-contained" ./alone --threads 2

value() { sed -nE "/\"step\":$1,.*\"func\":\"$2\"/s/.*\"$3\":([-+0-9.e]+).*/\1/p" first | head -n 1; }
is() { # is STEP FUNC OUTPUT EXPECTED TOLERANCE
  local got
  got=$(value "$1" "$2" "$3")
  awk -v a="$got" -v b="$4" -v t="$5" 'BEGIN { d = a - b; if (d < 0) d = -d; exit !(a != "" && d <= t) }' || fail "$2.$3 of step $1 is $got, not $4"
}
is 1 known fibonacci 102334155 0
is 1 known triangle 65 0      # 0*0 + 1*1 + 2*3 + 3*6 + 4*10
is 1 known horner 49 0        # 1 + 4 + 12 + 32
is 1 known count 4 0          # turns 0 2 4 6
is 2 known count 8 0
is 1 known total 21 0
is 2 known total 42 0
is 1 known cache 1417 0       # rows 6 7 2 3 4 5: 27, and ten times their squares: 139
is 1 known root 0 2e-6
is 1 known squares 204 0
for kind in segments each unrolled; do is 1 gradients $kind 1 2e-5; done
is 1 draws mean 0.5 0.08      # 320 draws: five standard deviations
is 1 draws same 0 0
awk -v a="$(value 1 draws nearest)" 'BEGIN { exit !(a > 0.5) }' || fail "draws of two turns are $(value 1 draws nearest) apart at most"
finish
