#!/usr/bin/env bash
# labels: plain
# seconds: 10
# fashion_mlp with --blas=openblas against PyTorch: at width 64 all 50 steps and the final parameters, as nearly as without; at width 512 the first 20
# losses: in step 21 an input of a relu is so near to zero that f32 cannot tell its sign (tests/oracle/near_zero.py). And all 50 losses are the same
# text from C by gcc, from LLVM, from the executable that nnc links itself, and for 1, 2 and 3 threads.
source "$(dirname "$0")/../common.sh"
need_nnc
need_fashion
[ -n "${NNC_BLAS_LINK:-}" ] || skip "OpenBLAS (libopenblas-pthread-dev) is not installed"
read -ra blas <<<"$NNC_BLAS_LINK"
link_flags=("${blas[@]}" "${link_flags[@]}")

run() { # run NAME PROGRAM THREADS: all runs of one width have the same losses
  train "$2" "$work/log" --steps 50 --threads "$3" --init "$work/init.safetensors" --save "$work/final.safetensors" || { fail "$1: exit code $?" && return; }
  losses "$work/log" >"$work/these"
  [ -e "$work/first.$width" ] || cp "$work/these" "$work/first.$width"
  cmp -s "$work/first.$width" "$work/these" || fail "$1: losses differ: $(paste -d' ' "$work/first.$width" "$work/these" | awk '$1 != $2' | head -n 1)"
}

for width in 64 512; do
  model=$NNC_SOURCE_DIR/models/fashion_mlp.lua
  [ $width = 512 ] || model=$NNC_SOURCE_DIR/tests/train/fashion_small.lua
  # shellcheck disable=SC2046
  "$NNC_BUILD_DIR/tests/tool_tensors" init "$work/init.safetensors" $(fashion_shapes $width)
  "$NNC" --blas=openblas --verify "$model" -o "$work/train.c"
  [ "$(grep -c 'nnrt_sgemm(' "$work/train.c")" -ge 5 ] || fail "width $width: fewer than 5 of the products call OpenBLAS"
  build_c gcc -O3 -march=native "$work/train.c" "$work/train"
  for threads in 1 2 3; do run "width $width, C by gcc, $threads threads" "$work/train" $threads; done
  losses_match $width "width $width" "$work/log" $((width == 64 ? 50 : 20))
  [ $width = 512 ] || parameters_match $width "width $width" "$work/final.safetensors"

  "$NNC" --blas=openblas "$model" -o "$work/linked"
  run "width $width, linked by nnc" "$work/linked" 2
  if "$NNC" --blas=openblas "$model" -o "$work/train.o" 2>"$work/llvm.txt"; then
    cc "$work/train.o" "$NNC_RUNTIME_LIBRARY" "${link_flags[@]}" -o "$work/train_llvm" || fail "width $width: the object does not link"
    run "width $width, LLVM" "$work/train_llvm" 2
  else
    grep -q -i llvm "$work/llvm.txt" || { cat "$work/llvm.txt" && fail "nnc -o train.o"; }
    echo "SKIPPED in part: nnc was built without LLVM"
  fi
done

# only a program that asked for OpenBLAS needs it
"$NNC" "$model" -o "$work/plain"
nm "$work/plain" >"$work/plain.txt" && nm "$work/linked" >"$work/linked.txt"
! grep -qE '(cblas|openblas)_' "$work/plain.txt" || fail "a program without --blas asks for OpenBLAS"
grep -q 'cblas_sgemm' "$work/linked.txt" || fail "a program with --blas does not call cblas_sgemm"
finish
