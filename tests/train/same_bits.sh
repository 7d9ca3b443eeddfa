#!/usr/bin/env bash
# labels: plain
# timeout: 900
# seconds: 60
# The same bits: the losses of 50 steps of fashion_mlp, as printed (%.9g gives back every f32), are the same text for 1, 2 and 4 threads, from
# gcc, clang-14, clang-19 and LLVM, at -O1 and -O3, with 8 and 16 lanes, and on aarch64 (under qemu; at width 64, 50 steps, against the same
# model here). What is not installed is skipped in a line of its own.
source "$(dirname "$0")/../common.sh"
need_nnc
need_fashion
model=$NNC_SOURCE_DIR/models/fashion_mlp.lua
small=$NNC_SOURCE_DIR/tests/train/fashion_small.lua

expected= runs=0
expect() { # expect NAME LOG: the first one sets what all others must equal
  losses "$2" >"$2.losses"
  [ "$(wc -l <"$2.losses")" = 50 ] || { fail "$1: $(wc -l <"$2.losses") losses in the log, 50 are wanted" && return; }
  [ -n "$expected" ] || expected=$2.losses
  if cmp -s "$expected" "$2.losses"; then echo "equal: $1"; else
    fail "$1: losses differ from step $(cmp "$expected" "$2.losses" | sed 's/.*line //'): $(paste -d' ' "$expected" "$2.losses" | awk '$1 != $2' | head -n 1)"
  fi
  runs=$((runs + 1))
}
run() { # run NAME PROGRAM THREADS
  train "$2" "$work/$runs.log" --steps 50 --seed 7 --threads "$3" >"$work/out" 2>&1 || { cat "$work/out" && fail "$1: exit code $?" && return; }
  expect "$1" "$work/$runs.log"
}

cpus=(x86-64-v3)
grep -q avx512f /proc/cpuinfo && cpus+=(x86-64-v4)
[ "$(uname -m)" = x86_64 ] || cpus=(native)
for cpu in "${cpus[@]}"; do "$NNC" "$model" --cpu="$cpu" -o "$work/$cpu.c"; done
last=${cpus[-1]}
for compiler in gcc clang-14 clang-19; do
  have $compiler || { echo "SKIPPED in part: there is no $compiler" && continue; }
  for cpu in "${cpus[@]}"; do
    for level in -O1 -O3; do
      for arch in native x86-64-v3; do
        [ $level = -O3 ] || [ $arch = native ] || continue # -O1 once
        [ "$(uname -m)" = x86_64 ] || [ $arch = native ] || continue
        build_c $compiler $level -march=$arch "$work/$cpu.c" "$work/train" || { fail "$compiler $level -march=$arch: does not compile" && continue; }
        run "$compiler $level -march=$arch, lanes of $cpu, 1 thread" "$work/train" 1
        if [ $arch$level = native-O3 ]; then
          run "… 2 threads" "$work/train" 2
          run "… 4 threads" "$work/train" 4
        fi
      done
    done
  done
done
for cpu in "${cpus[@]}"; do
  if "$NNC" "$model" --cpu="$cpu" -o "$work/train.o" 2>"$work/llvm.txt"; then
    cc "$work/train.o" "$NNC_RUNTIME_LIBRARY" "${link_flags[@]}" -o "$work/train"
    run "LLVM, lanes of $cpu, 1 thread" "$work/train" 1
    run "LLVM, lanes of $cpu, 2 threads" "$work/train" 2
  else
    grep -q -i llvm "$work/llvm.txt" || { cat "$work/llvm.txt" && fail "nnc -o train.o"; }
    echo "SKIPPED in part: nnc was built without LLVM"
  fi
done

# Another processor: its own runtime, without zlib, on unpacked files.
cross=aarch64-linux-gnu-gcc
if have $cross && have qemu-aarch64; then
  expected=
  for part in images-idx3 labels-idx1; do
    gunzip -c "$fashion/train-$part-ubyte.gz" >"$work/all"
    "$NNC_BUILD_DIR/tests/tool_tensors" head "$work/all" "$work/train-$part" 6400
  done
  fashion_run() { "${@:2}" --data "train=$work/train-images-idx3,$work/train-labels-idx1" --no-shuffle --quiet --log "$1" --steps 50 --seed 7 </dev/null; }
  "$NNC" "$small" -o "$work/here.c"
  build_c gcc -O3 -march=native "$work/here.c" "$work/here"
  fashion_run "$work/here.log" "$work/here" && expect "width 64: here" "$work/here.log"
  "$NNC" "$small" --cpu=neon -o "$work/arm.c"
  mapfile -t sources < <(find "$NNC_SOURCE_DIR/runtime" -name '*.c' -not -path '*/blas/*' -not -path '*/media/*')
  for level in -O1 -O3; do
    $cross -std=c17 -D_GNU_SOURCE $level -static -DNNRT_NO_ZLIB -ffp-contract=off "$work/arm.c" -I"$NNC_SOURCE_DIR/runtime" "${sources[@]}" -lm -pthread -o "$work/arm"
    fashion_run "$work/arm.log" qemu-aarch64 "$work/arm" && expect "width 64: aarch64 under qemu, gcc $level" "$work/arm.log"
  done
else
  echo "SKIPPED in part: no aarch64 cross compiler or no qemu-aarch64 (gcc-aarch64-linux-gnu, qemu-user)"
fi
finish
