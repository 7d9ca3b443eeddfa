#!/usr/bin/env bash
# labels: plain
# timeout: 900
# seconds: 55
# The vision models of models/: each is compiled, built, run for a few steps, and its log asked. What theory says is held to it; the other limits are
# judgement: what must stand apart stands apart by far. NAMES=… runs some; LONG=1 trains them until they reach what their last lines say (some minutes).
source "$(dirname "$0")/../common.sh"
need_nnc
: "${NAMES:=signal residual group_norm autoencoder contrastive unet lenet gan resnet20}"
: "${LONG:=}"
cd "$work"
either() { if [ -n "$LONG" ]; then echo "$2"; else echo "$1"; fi; }

# B1: every ratio of a layer over the predicted one; a mean over 100 nets has a standard error of 1 % to 2 %
signal() {
  local form way
  build signal -D draws=100 && run signal || return 0
  for form in dense conv1d conv2d dropout_corrected dropout_plain; do
    for way in forward backward; do holds signal "${form}_${way}_least > 0.93 && ${form}_${way}_most < 1.07"; done
  done
}
# B4: a plain layer multiplies the gradient's square by 1/6 (PyTorch's weights have a variance of 1/3 over the inputs, chi is 1/2): 6^-50 at the first
residual() {
  need_fashion
  build residual && run residual --steps_of_training 100 || return 0
  holds residual 'plain_first < 1e-12 * plain_last && plain_last > 0' 'residual_first > 0.1 * residual_last' \
    'scaled_in_train < 0.03 && scaled_in_eval < 0.03' 'plain_accuracy < 0.2 && residual_accuracy > 0.6'
}
# B5
group_norm() {
  need_fashion
  build group_norm && run group_norm || return 0
  holds group_norm 'group_accuracy > batch_accuracy + 0.1'
  [ -n "$LONG" ] || return 0
  build group_norm -D batch=32 && run group_norm || return 0
  holds group_norm 'batch_accuracy > group_accuracy - 0.02 && batch_accuracy > 0.8'
}
# C12: principal components leave 0.0204 of the test set with 16 numbers, 0.0868 with none
autoencoder() {
  need_fashion
  build autoencoder && run autoencoder --steps_of_training "$(either 150 2500)" || return 0
  holds autoencoder "loss < $(either 0.06 0.0204)"
}
# C12: 255 other views of a batch to choose from; the probes' own chance is a tenth
contrastive() {
  need_fashion
  build contrastive || return 0
  if [ -n "$LONG" ]; then
    run contrastive && holds contrastive 'learned > 0.72 && learned > untrained + 0.01'
  else
    run contrastive --steps_of_contrast 60 --steps_of_probing 200 && holds contrastive 'learned > 0.4 && untrained > 0.2'
    awk '/"func":"train"/ { sub(/.*"loss":/, ""); if (!first) first = $0 + 0; last = $0 + 0 } END { exit !(first > log(200) && last < first - 0.5) }' contrastive.log ||
      fail "contrastive: the loss does not fall from about log 255"
  fi
}
# C4: after a few steps the masks are found better than by calling everything a nucleus, which scores what part of a tile is nuclei, 0.18
unet() {
  need_shared nuclei "unet is not trained"
  local split sources=()
  for split in train test; do sources+=(--data "$split=$shared/nuclei/$split-images-idx3-ubyte.gz,$shared/nuclei/$split-masks-idx3-ubyte.gz"); done
  build unet && run unet "${sources[@]}" --epochs "$(either 4 10)" || return 0
  holds unet "iou > $(either 0.3 0.65)" 'loss < 0.7'
}
# MNIST: mnist PART FILE gives the option that puts the shared files in the place of a source's
mnist() { echo "--data $1=$shared/mnist/$2-images-idx3-ubyte.gz,$shared/mnist/$2-labels-idx1-ubyte.gz"; }
# B6: 99 % is the row's own figure, for 10 epochs (one and a half minutes)
lenet() {
  need_shared mnist "lenet_mnist and gan are not trained"
  build lenet_mnist || return 0
  # shellcheck disable=SC2046
  run lenet_mnist $(mnist train train) $(mnist test t10k) $([ -n "$LONG" ] || echo --steps 150) --save lenet.safetensors &&
    holds lenet_mnist "$(either 'loss < 0.6 && first_loss > 2' 'accuracy >= 0.99')"
}
# A12: the critic tells samples from images at once; with LONG=1 the samples of 20 epochs are put before lenet's net (layers/judge.lua): more than half of
# them are a digit to it with a probability of 0.9, no digit is rarer than one in fifty, and the inception score is above 5 (a mode alone has 1, ten have 10).
gan() {
  need_shared mnist "gan is not trained"
  build gan || return 0
  # shellcheck disable=SC2046
  run gan $(mnist train train) $([ -n "$LONG" ] && echo --seed 1 || echo --steps 40) || return 0
  awk '/"func":"critic"/ { sub(/.*"loss":/, ""); if (!n++) first = $0 + 0; last = $0 + 0 } END { exit !(first > 0 && last < -1) }' gan.log ||
    fail "gan: the critic does not tell samples from images: $(grep critic gan.log | tail -n 1)"
  [ -n "$LONG" ] || return 0
  [ -f lenet.safetensors ] || lenet
  "$NNC" "$NNC_SOURCE_DIR/tests/train/layers/judge.lua" -o judge.c && build_c gcc -O1 judge.c judge && run judge $(mnist test t10k) || { fail "judge does not run" && return; }
  holds judge 'accepted > 0.97 && score > 9.5' # the real images
  sed -n 40p judge.log >samples && mv samples judge.log && holds judge 'accepted > 0.5 && least > 0.02 && score > 5'
}
# B6: with LONG=1 (six minutes) 8 epochs on 4000 images; three steps are compared with PyTorch's by vision.sh
resnet20() {
  [ -n "$LONG" ] || return 0
  need_shared cifar10 "resnet20 is not trained"
  build resnet20 && run resnet20 --data "train=$shared/cifar10/train_4000.bin" --data "test=$shared/cifar10/test_1000.bin" --epochs 8 && holds resnet20 'accuracy > 0.45'
}

each $NAMES
finish
