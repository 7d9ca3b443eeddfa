#!/usr/bin/env bash
# labels: plain
# 50 steps of fashion_mlp from given weights on the first 6,400 images equal PyTorch's: each loss to 1e-5 relative, final parameters to 1e-4.
# The reference was made by tests/oracle/fashion_50_steps.py; PyTorch's own f32 run is within 2e-7 and 1e-5 of its f64 run.
source "$(dirname "$0")/../common.sh"
need_nnc
need_fashion
oracle=$NNC_SOURCE_DIR/tests/oracle

# reference WIDTH KIND: the losses of one run in fashion_50_steps.json, one a line
reference() { awk -v width="\"$1\":" -v kind="\"$2\":" '$1 == width { on = 1 } on && $1 == kind { list = 1; next } list && /]/ { exit } list { gsub(/[ ,]/, ""); print }' "$oracle/fashion_50_steps.json"; }

for width in 512 64; do
  model=models/fashion_mlp.lua
  [ $width = 512 ] || model=tests/train/fashion_small.lua
  # shellcheck disable=SC2046
  "$NNC_BUILD_DIR/tests/tool_tensors" init "$work/init.safetensors" $(fashion_shapes $width)
  "$NNC" "$NNC_SOURCE_DIR/$model" -o "$work/train.c"
  build_c gcc -O3 -march=native "$work/train.c" "$work/train"
  train "$work/train" "$work/log" --steps 50 --threads 2 --init "$work/init.safetensors" --save "$work/final.safetensors"
  losses "$work/log" >"$work/losses"
  reference $width f32 >"$work/reference"
  [ "$(wc -l <"$work/losses")" = 50 ] || fail "width $width: $(wc -l <"$work/losses") losses in the log, 50 are wanted"
  [ "$(wc -l <"$work/reference")" = 50 ] || die "the reference does not have 50 losses"
  paste -d' ' "$work/losses" "$work/reference" | awk -v width=$width '
    { d = ($1 - $2) / $2; if (d < 0) d = -d; if (!(d <= worst)) { worst = d; at = NR } }
    END { printf "width %d: largest relative difference of a loss %.2e, at step %d\n", width, worst, at; exit !(worst <= 1e-5 && NR == 50) }' ||
    fail "width $width: losses differ from PyTorch's by more than 1e-5"
  "$NNC_BUILD_DIR/tests/tool_tensors" compare "$work/final.safetensors" "$oracle/fashion_50_steps_$width.safetensors" 13 1e-4 || fail "width $width: final parameters differ from PyTorch's by more than 1e-4"
done
finish
