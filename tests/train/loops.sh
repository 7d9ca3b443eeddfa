#!/usr/bin/env bash
# labels: plain
# timeout: 600
# seconds: 10
# Loops and maps: tests/train/layers/unrolled.lua computes each case with nn.scan or nn.vmap and once more without a loop. Both numbers of a case agree
# to 1e-12 in f64; C and LLVM, other numbers of lanes and threads give the same bits, in f32 too; and gradients agree with central differences.
source "$(dirname "$0")/../common.sh"
need_nnc
model=$NNC_SOURCE_DIR/tests/train/layers/unrolled.lua

numbers() { sed 's/[{}"]//g' "$1" | tr ',' '\n' | grep -E '[.](loop|plain):' | sort; }
run() { # run NAME THREADS: $work/program's numbers in $work/NAME
  rm -f "$work/log"
  "$work/program" --quiet --threads "$2" --log "$work/log" </dev/null && numbers "$work/log" >"$work/$1" || fail "$1: does not run"
}
"$NNC" --check "$model" >"$work/check" || { cat "$work/check" && fail "gradients"; }
for float in f64 f32; do
  for cpu in x86-64-v3 scalar; do
    "$NNC" "$model" --float=$float --cpu=$cpu -o "$work/model.c" && build_c cc -O1 -march=native "$work/model.c" "$work/program" || die "$float, $cpu: does not build"
    for threads in 1 3; do
      run $float-$cpu-$threads $threads
      cmp "$work/$float-x86-64-v3-1" "$work/$float-$cpu-$threads" || fail "$float: $cpu with $threads threads gives other bits"
    done
  done
  if "$NNC" "$model" --float=$float --cpu=x86-64-v3 -o "$work/model.o" 2>"$work/llvm.txt"; then
    cc "$work/model.o" "$NNC_RUNTIME_LIBRARY" "${link_flags[@]}" -o "$work/program" && run $float-llvm 2
    cmp "$work/$float-x86-64-v3-1" "$work/$float-llvm" || fail "$float: LLVM gives other bits"
  else
    grep -q -i 'without llvm' "$work/llvm.txt" || { cat "$work/llvm.txt" && fail "$float: nnc -o model.o"; }
    echo "SKIPPED in part: nnc was built without LLVM"
  fi
done
awk -F: '{ split($1, name, "."); value[name[1], name[2]] = $2; seen[name[1]] = 1 }
  END { for (c in seen) { n++
          d = value[c, "loop"] - value[c, "plain"]; if (d < 0) d = -d
          scale = value[c, "plain"]; if (scale < 0) scale = -scale; if (scale < 1) scale = 1
          if (!(d / scale <= worst)) worst = d / scale
          if (!(d <= 1e-12 * scale)) { bad++; print c ": " value[c, "loop"] " with a loop, " value[c, "plain"] " without" } }
        printf "%d cases, largest difference %.1e\n", n, worst; exit bad > 0 || n < 12 }' "$work/f64-x86-64-v3-1" || fail "loops differ from what they stand for"
finish
