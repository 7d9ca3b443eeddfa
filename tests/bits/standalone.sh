#!/usr/bin/env bash
# labels: plain
# timeout: 600
# seconds: 60
# One self-contained C file: plain `cc -O3 FILE.c -lm`, without a path to our tree, gives the bits of the program that links the library, by any
# compiler; its main takes the kernel set of the processor it meets (emulated ones here), and each set alone gives the same bits too.
source "$(dirname "$0")/../common.sh"
need_nnc
cd "$work"
steps=40

losses() { # losses RUNNER PROGRAM: what it logs in so many steps
  # shellcheck disable=SC2086
  $1 "$2" --steps $steps --seed 5 --threads 2 --quiet --log log.jsonl >/dev/null && grep -o '"loss":[^,}]*' log.jsonl
}
same() { # same NAME RUNNER PROGRAM
  losses "$2" "$3" >got || { fail "$1 does not run" && return; }
  [ "$(wc -l <got)" = $steps ] || fail "$1: $(wc -l <got) losses, expected $steps"
  cmp -s got expected || fail "$1: other losses: $(diff got expected | head -n 2 | tr '\n' ' ')"
}

for model in regression fashion_mlp; do
  [ $model = regression ] || [ -f "$fashion/train-images-idx3-ubyte.gz" ] || { echo "SKIPPED in part: no Fashion-MNIST" && continue; }
  lua=$NNC_SOURCE_DIR/models/$model.lua
  "$NNC" "$lua" -o library || die "$model does not build"
  losses "" ./library >expected || die "$model does not run"
  "$NNC" --standalone "$lua" -o all.c || die "$model: no standalone file"
  grep -qF "$NNC_SOURCE_DIR/runtime" all.c && fail "$model: the file names our tree"
  for compiler in gcc clang-14 clang-19; do
    [ $compiler$model != clang-14fashion_mlp ] || continue # a quarter of a minute; the small model stands for it
    have $compiler || { echo "SKIPPED in part: there is no $compiler" && continue; }
    $compiler -O3 -Wall -Wextra -c all.c 2>warnings && $compiler all.o -lm -o all || { fail "$compiler does not build it" && continue; }
    [ $compiler != gcc ] || mv all.o gcc.o
    [ ! -s warnings ] || fail "$compiler warns: $(head -n 3 warnings)"
    same "$model by $compiler" "" ./all
  done
  [ $model = regression ] || continue
  for cpu in x86-64-v3 scalar; do
    "$NNC" --standalone --cpu=$cpu "$lua" -o one.c && gcc -O2 one.c -lm -o one && same "$model for $cpu" "" ./one || fail "$model for $cpu does not build"
  done
  if have qemu-x86_64 && have gcc && gcc -static gcc.o -lm -o all_static 2>/dev/null; then
    same "$model on a processor of level 3" "qemu-x86_64 -cpu max,-avx512f" ./all_static
    same "$model on the first x86-64" "qemu-x86_64 -cpu qemu64" ./all_static
  else
    echo "SKIPPED in part: no qemu-x86_64 or no static library"
  fi
  if have aarch64-linux-gnu-gcc && have qemu-aarch64; then
    aarch64-linux-gnu-gcc -O2 -static all.c -lm -o all_arm && same "$model's same file on AArch64" qemu-aarch64 ./all_arm || fail "$model's same file does not build for AArch64"
    "$NNC" --standalone --cpu=neon "$lua" -o neon.c && aarch64-linux-gnu-gcc -O2 -static neon.c -lm -o neon && same "$model for neon" qemu-aarch64 ./neon || fail "$model for neon does not build"
  else
    echo "SKIPPED in part: no aarch64 cross compiler or no qemu-aarch64"
  fi
done
finish
