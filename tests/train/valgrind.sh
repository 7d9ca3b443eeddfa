#!/usr/bin/env bash
# labels: plain
# timeout: 600
# seconds: 10
# A short run under valgrind: no invalid access, no use of an uninitialised value, no leak. valgrind 3.19 knows no AVX-512, so 8 lanes.
source "$(dirname "$0")/../common.sh"
need_nnc
need_fashion
have valgrind || skip "there is no valgrind"
[ "$(uname -m)" = x86_64 ] || skip "written for x86-64"
for part in images-idx3 labels-idx1; do
  gunzip -c "$fashion/train-$part-ubyte.gz" >"$work/all"
  "$NNC_BUILD_DIR/tests/tool_tensors" head "$work/all" "$work/$part" 512
done
rm "$work/all"
"$NNC" "$NNC_SOURCE_DIR/tests/train/fashion_small.lua" --cpu=x86-64-v3 -o "$work/train.c"
build_c gcc -g -O1 -march=x86-64-v3 "$work/train.c" "$work/train"
for threads in 1 2; do
  valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,indirect "$work/train" --data "train=$work/images-idx3,$work/labels-idx1" \
    --quiet --steps 3 --threads $threads --seed 7 --log "$work/log" --save "$work/final.safetensors" </dev/null || fail "valgrind, $threads threads: exit code $?"
  [ "$(losses "$work/log" | wc -l)" -ge 3 ] || fail "$threads threads: no losses in the log"
done
finish
