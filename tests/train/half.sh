#!/usr/bin/env bash
# labels: plain
# timeout: 900
# seconds: 50
# --float=bf16 and --float=f16: whole models, data, weights, gradients and Adam's state in 16 bits. gcc, clang and LLVM, the self-contained
# file, vectors of any width, 1 and 2 threads print the same losses; they fall; nn.evaluate's means are those of its rows; weights are saved
# as BF16 and F16 and load again. In f16 squares of small gradients are 0, and Adam's eps has to be as large as they: 1e-4 there.
source "$(dirname "$0")/../common.sh"
need_nnc
need_fashion
mlp=$NNC_SOURCE_DIR/models/fashion_mlp.lua
small=$NNC_SOURCE_DIR/tests/train/fashion_small.lua
steps=30

expected=
run() { # run NAME PROGRAM THREADS: the first one sets what the others must equal
  train "$2" "$work/log" --steps $steps --seed 7 --threads "$3" >"$work/out" 2>&1 || { cat "$work/out" && fail "$1: exit code $?" && return; }
  losses "$work/log" >"$work/losses"
  [ "$(wc -l <"$work/losses")" = $steps ] || { fail "$1: $(wc -l <"$work/losses") losses" && return; }
  if [ -z "$expected" ]; then
    expected=$work/expected
    cp "$work/losses" "$expected"
    [ "$(tail -n 5 "$expected" | sort -g | tail -n 1 | tr -d '"')" != nan ] && # each of the last five below each of the first
      [ "$(cat <(head -n 5 "$expected") <(tail -n 5 "$expected") | sort -gr | head -n 5)" = "$(head -n 5 "$expected" | sort -gr)" ] ||
      fail "$1: the losses do not fall: $(tr '\n' ' ' <"$expected")"
  elif cmp -s "$expected" "$work/losses"; then echo "equal: $1"; else
    fail "$1: losses differ: $(paste -d' ' "$expected" "$work/losses" | awk '$1 != $2' | head -n 1)"
  fi
}
cpus=(native scalar)
grep -q avx512f /proc/cpuinfo && cpus+=(x86-64-v3)
ways() { # ways TITLE MODEL FLAGS…; leaves the program by gcc, native, at -O3 in TITLE (blanks are _). The others are at -O1; LLVM's are at its -O3
  expected=
  for cpu in "${cpus[@]}"; do
    [ "$cpu" != native ] && [ "$2" = "$mlp" ] && continue # minutes: the small model stands for it
    "$NNC" "${@:2}" --verify --cpu="$cpu" -o "$work/train.c" || { fail "$1: nnc for $cpu" && continue; }
    for compiler in gcc clang-19; do
      have $compiler || { echo "SKIPPED in part: there is no $compiler" && continue; }
      program=$work/train level=-O1
      [ $compiler$cpu != gccnative ] || program=$work/${1// /_} level=-O3
      build_c $compiler $level -march=native "$work/train.c" "$program" || { fail "$1: $compiler" && continue; }
      run "$1: $compiler, $cpu, 1 thread" "$program" 1
      run "$1: $compiler, $cpu, 2 threads" "$program" 2
    done
    "$NNC" "${@:2}" --cpu="$cpu" -o "$work/train.o" 2>"$work/llvm.txt" || { echo "SKIPPED in part: $(head -n 1 "$work/llvm.txt")" && continue; }
    cc "$work/train.o" "$NNC_RUNTIME_LIBRARY" "${link_flags[@]}" -o "$work/train"
    run "$1: LLVM, $cpu, 2 threads" "$work/train" 2
  done
  "$NNC" "${@:2}" --standalone -o "$work/alone.c" && cc -O1 "$work/alone.c" -lm -pthread -o "$work/train" || { fail "$1: --standalone" && return; }
  "$work/train" --version >/dev/null || fail "$1: --standalone does not run"
  alone "$1: --standalone" "$work/train"
}
alone() { # without zlib: unpacked files
  for part in images-idx3 labels-idx1; do gunzip -c "$fashion/train-$part-ubyte.gz" >"$work/train-$part"; done
  (fashion=$work && "$2" --data "train=$work/train-images-idx3,$work/train-labels-idx1" --no-shuffle --quiet --log "$work/log" --steps $steps --seed 7 --threads 1 </dev/null) || { fail "$1: exit code $?" && return; }
  losses "$work/log" | cmp -s "$expected" - && echo "equal: $1" || fail "$1: losses differ"
}
ways "fashion_mlp bf16" "$mlp" --float=bf16
ways "small bf16" "$small" --float=bf16
ways "small f16" "$small" --float=f16 -D eps=1e-4

# An epoch of 20 batches with nn.evaluate on 500 rows, and the weights.
for split in train t10k; do
  for part in images-idx3 labels-idx1; do
    gunzip -c "$fashion/$split-$part-ubyte.gz" >"$work/all"
    "$NNC_BUILD_DIR/tests/tool_tensors" head "$work/all" "$work/$split-$part" $([ $split = train ] && echo 2560 || echo 500)
  done
done
data=(--data "train=$work/train-images-idx3,$work/train-labels-idx1" --data "test=$work/t10k-images-idx3,$work/t10k-labels-idx1")
epoch() { "$1" "${data[@]}" --no-shuffle --quiet --epochs 1 --seed 7 "${@:2}" </dev/null >/dev/null; }
have gcc || die "there is no gcc"
bf16=$work/fashion_mlp_bf16 f16=$work/small_f16
"$NNC" "$mlp" -o "$work/f32.c" && build_c gcc -O1 -march=native "$work/f32.c" "$work/f32"
epoch "$work/f32" --log "$work/f32.log" || fail "an epoch in f32"
epoch "$bf16" --log "$work/bf16.log" --save "$work/bf16.safetensors" || fail "an epoch in bf16"
value() { sed -nE 's/.*"func":"validate".*"'"$2"'":([^,}]+).*/\1/p' "$work/$1.log"; }
for metric in loss accuracy; do # near those of f32, whose own means are compared with PyTorch's elsewhere
  awk -v a="$(value f32 $metric)" -v b="$(value bf16 $metric)" 'BEGIN { exit !(a > 0.1 && b > 0.1 && (a - b) ^ 2 < 0.1 ^ 2) }' ||
    fail "validate: $metric is $(value f32 $metric) in f32 and $(value bf16 $metric) in bf16"
done
grep -a -q '"1.weight":{"dtype":"BF16","shape":\[512,784\]' "$work/bf16.safetensors" || fail "the weights are not saved as BF16"
epoch "$bf16" --lr 0 --init "$work/bf16.safetensors" --save "$work/again.safetensors" || fail "--init of BF16 weights"
cmp "$work/bf16.safetensors" "$work/again.safetensors" || fail "BF16 weights do not come back as they were saved"
data=("${data[@]:0:2}")
epoch "$f16" --save "$work/f16.safetensors" && epoch "$f16" --lr 0 --init "$work/f16.safetensors" --save "$work/again.safetensors" || fail "f16 weights"
grep -a -q '"dtype":"F16"' "$work/f16.safetensors" || fail "the weights are not saved as F16"
cmp "$work/f16.safetensors" "$work/again.safetensors" || fail "F16 weights do not come back as they were saved"
finish
