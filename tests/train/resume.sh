#!/usr/bin/env bash
# labels: plain
# resume.sh: a run that goes on from a checkpoint ends with the bits of one that never stopped: every state and place, the log line by
# line, the files that it wrote; from every step, after a kill at any moment (KILLS of them, 12 by default), after signals; what is refused.
source "$(dirname "$0")/../common.sh"
need_nnc
cd "$work"
models=$NNC_SOURCE_DIR/tests/train
for _ in $(seq 14); do printf 'the quick brown fox jumps over the lazy dog. pack my box with five dozen jugs. '; done >carried.txt
build() { "$NNC" "$models/$1.lua" -o "$(basename "$1").c" "${@:2}" && build_c gcc -O1 "$(basename "$1").c" "$(basename "$1")" || die "$1 does not build"; }
for model in resume/dropout resume/convnet resume/carried resume/private driver/duel; do build $model; done

# ---- from every step of a run, or every EACH-th ----
# Files that a run writes and their bytes after one that never stopped, in straight/; `end` is the last checkpoint, all state in it.
files() { ls | grep -E '^(log|end|saved|said|.*\.npy|.*\.txt|.*\.safetensors)$' | grep -v '^carried.txt$' || true; }
same() { # same WHAT: the files here are those in straight/
  local file
  for file in $(files) $(ls straight); do cmp -s "$file" "straight/$file" || fail "$1: $file is not that of a run that never stopped"; done
}
from_every_step() { # from_every_step NAME EACH ARGS…
  local name=$1 each=$2 n last at
  shift 2
  rm -rf straight every && mkdir straight every
  rm -f $(files)
  "./$name" --quiet --threads 1 --seed 5 --log log --save saved --checkpoint end "$@" >said || { fail "$name: exit code $?" && return; }
  cp $(files) straight
  "./$name" --quiet --threads 1 --seed 5 --log log --checkpoint every/step --checkpoint-every "$each" --checkpoint-keep 99 "$@" >/dev/null || fail "$name: exit code $?"
  rm -f end
  last=$(ls every | wc -l)
  [ "$last" -gt 3 ] || fail "$name: $last checkpoints"
  for ((n = 1; n < last; n++)); do # the older, the longer is what goes on; the log and files have more than the checkpoint says
    at=every/step.$n
    "./$name" --quiet --threads $((1 + n % 2)) --log log --save saved --checkpoint end --resume "$at" >said || fail "$name, $at: exit code $?"
    [ "$name" != carried ] || tail -n "$(wc -l <said)" straight/said | cmp -s - said || fail "$name, $at: what it says is not the end of what it said"
    rm -f said.1 && cp straight/said said
    same "$name, $at"
  done
  echo "$name: $((last - 1)) checkpoints, resumed"
}
from_every_step dropout 5
from_every_step convnet 3
from_every_step carried 8
from_every_step private 1
from_every_step duel 1
[ "$failures" = 0 ] || finish
finish
