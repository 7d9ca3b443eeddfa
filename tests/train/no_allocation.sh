#!/usr/bin/env bash
# labels: plain
# No allocation between the first and the last step: a run of 20 steps and one of 60 make the same number of heap calls, with reading,
# shuffling, logging, events, curves and checkpoints switched on. One program each from C and from LLVM, 1 and 2 threads.
source "$(dirname "$0")/../common.sh"
need_nnc
need_fashion
model=$NNC_SOURCE_DIR/models/fashion_mlp.lua

calls() { # calls PROGRAM STEPS THREADS: "allocations frees"
  rm -f "$work/calls"
  HEAP_CALLS=$work/calls LD_PRELOAD=$NNC_BUILD_DIR/tests/heap_calls.so "$1" --quiet --steps "$2" --threads "$3" --seed 7 --log "$work/log" --checkpoint "$work/checkpoint" --checkpoint-every 7 --tensorboard "$work/events" --plot "$work/curves.svg" </dev/null
  cat "$work/calls"
}
check() { # check NAME PROGRAM
  local threads few many
  for threads in 1 2; do
    few=$(calls "$2" 20 $threads)
    many=$(calls "$2" 60 $threads)
    echo "$1, $threads threads: allocations and frees in 20 steps: $few, in 60 steps: $many"
    [ -n "$few" ] && [ "${few%% *}" -gt 0 ] || fail "$1: the counter did not run"
    [ "$few" = "$many" ] || fail "$1, $threads threads: steps allocate"
  done
}
"$NNC" "$model" -o "$work/train.c"
build_c gcc -O3 -march=native "$work/train.c" "$work/train"
check C "$work/train"
if "$NNC" "$model" -o "$work/train.o" 2>"$work/llvm.txt"; then
  cc "$work/train.o" "$NNC_RUNTIME_LIBRARY" "${link_flags[@]}" -o "$work/train"
  check LLVM "$work/train"
else
  grep -q -i llvm "$work/llvm.txt" || { cat "$work/llvm.txt" && fail "nnc -o train.o"; }
  echo "SKIPPED in part: nnc was built without LLVM"
fi
finish
