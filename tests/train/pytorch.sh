#!/usr/bin/env bash
# labels: plain
# 50 steps of fashion_mlp from given weights on the first 6,400 images equal PyTorch's (losses_match and parameters_match say how nearly).
source "$(dirname "$0")/../common.sh"
need_nnc
need_fashion

for width in 512 64; do
  model=models/fashion_mlp.lua
  [ $width = 512 ] || model=tests/train/fashion_small.lua
  # shellcheck disable=SC2046
  "$NNC_BUILD_DIR/tests/tool_tensors" init "$work/init.safetensors" $(fashion_shapes $width)
  "$NNC" "$NNC_SOURCE_DIR/$model" -o "$work/train.c"
  build_c gcc -O3 -march=native "$work/train.c" "$work/train"
  train "$work/train" "$work/log" --steps 50 --threads 2 --init "$work/init.safetensors" --save "$work/final.safetensors"
  losses_match $width "width $width" "$work/log" 50
  parameters_match $width "width $width" "$work/final.safetensors"
done
finish
