#!/usr/bin/env bash
# labels: plain
# timeout: 900
# models/unet.lua, resnet20.lua and vit.lua in f64 on real images, from the weights of `tool_tensors fill`: the losses of three steps equal PyTorch's to
# 1e-9, and then every parameter and every statistic does, as its product with numbers that see all of it (tests/oracle/vision.tsv, made by vision.py).
# A step's parameters hold its gradients; a difference of 1e-9 is one of 1e-8 and less in a gradient of the optimizers used here. NAMES=… runs some.
source "$(dirname "$0")/../common.sh"
need_nnc
: "${NAMES:=unet resnet20 vit}"
need_shared nuclei "the nets are not compared"
need_shared cifar10 "the nets are not compared"
tool=$NNC_BUILD_DIR/tests/tool_tensors
[ -x "$tool" ] || die "there is no $tool (cmake builds it)"
cd "$work"

declare -A batch=([unet]=2 [resnet20]=10 [vit]=10)
sources() { # the source of training; nothing reads the other
  if [ "$1" = unet ]; then echo "$shared/nuclei/train-images-idx3-ubyte.gz,$shared/nuclei/train-masks-idx3-ubyte.gz"; else echo "$shared/cifar10/train_4000.bin"; fi
}
# equals NAME: losses in NAME.log, and the states of NAME.safetensors
equals() {
  { losses "$1.log" | awk '{ print NR, $1 }' && "$tool" project "$1.safetensors"; } >"$1.values"
  awk -F'\t' -v name="$1" '$1 == name { print $3, $4 }' "$NNC_SOURCE_DIR/tests/oracle/vision.tsv" | awk -v name="$1" '
    NR == FNR { got[$1] = $2; next }
    { n++; d = got[$1] - $2; if (d < 0) d = -d; scale = $2 < 0 ? -$2 : $2; if (scale < 1) scale = 1
      if (!($1 in got) || got[$1] ~ /n/ || !(d <= 1e-9 * scale)) { if (bad++ < 5) printf "  %s: %s is %s, PyTorch has %s\n", name, $1, got[$1], $2 }
      else if (d / scale > worst) worst = d / scale }
    END { printf "%s: %d numbers, largest difference %.1e\n", name, n, worst; exit bad > 0 || n < 20 }' "$1.values" - || fail "$1 differs from PyTorch"
  [ "$(grep -c "^$1"$'\t' "$NNC_SOURCE_DIR/tests/oracle/vision.tsv")" = "$(wc -l <"$1.values")" ] || fail "$1: states that PyTorch does not have"
}
for name in $NAMES; do
  "$NNC" "$NNC_SOURCE_DIR/models/$name.lua" --float=f64 -D "batch=${batch[$name]}" -o "$name.c" && build_c gcc -O1 -march=native "$name.c" "$name" || { fail "$name does not build" && continue; }
  run() { "./$name" --quiet --threads 1 --no-shuffle --data "train=$(sources "$name")" "$@" </dev/null; }
  run --steps 0 --save empty.safetensors && "$tool" fill empty.safetensors init.safetensors &&
    run --steps 3 --init init.safetensors --save "$name.safetensors" --log "$name.log" || { fail "$name does not run" && continue; }
  equals "$name"
done
finish
