#!/usr/bin/env bash
# labels: plain
# timeout: 900
# The sequence models of models/: each is compiled, built, run for a few steps, and its log asked. Limits are judgement: what must stand apart stands apart
# by far. Those with data want /work/shared beside the tree. NAMES=… runs some; LONG=1 trains digits_ctc for a whole epoch (half a minute).
source "$(dirname "$0")/../common.sh"
need_nnc
: "${NAMES:=recall sampling spelling digits_ctc}"
: "${LONG:=}"
cd "$work"
models=$NNC_SOURCE_DIR/models

# B7: of 1000 sequences a guess gets 500 right, four standard deviations are 63; log 2 is the loss of a guess
recall() {
  build recall && run recall --steps 300 || return 0
  holds recall 'lstm_right > 0.99' 'near(rnn_right, 0.5, 0.063)' 'lstm_loss < 0.05 && rnn_loss > 0.65' 'rnn_reach < 1e-30 && first_lstm_reach > 1e-9'
}
# B7: the teacher's probability is k / (k + exp(i / k)) at step i; the net that was taught best one value ahead is the worst alone
sampling() {
  build sampling && run sampling --steps 2000 --k 150 || return 0
  holds sampling 'near(first_p, 150 / 151, 1e-6) && near(p / (150 / (150 + exp(1999 / 150))), 1, 1e-4)' \
    'teacher_taught < 0.2 * free_taught && teacher_taught < 0.2 * scheduled_taught' 'free_alone < 0.7 * teacher_alone && scheduled_alone < 0.7 * teacher_alone'
}
# B8's forerunner: words learnt by heart are said without an error, each phoneme on those said before it
spelling() {
  sed 's/on = "test"/on = "train"/' "$models/spelling.lua" >spelling.lua
  cp "$models/spelling_words.lua" .
  "$NNC" spelling.lua -D hidden=64 -o spelling.c && build_c gcc -O1 -march=native spelling.c spelling && run spelling --epochs 30 --lr 0.01 || { fail "spelling does not run" && return; }
  holds spelling 'loss < 0.1 * first_loss' 'phoneme_errors < 0.05 && exact > 0.9'
  printf 'a\tAH\naachener\tAA K AH N ER\n' >two.tsv
  [ "$(python3 "$models/spelling.py" two.tsv | tail -n +3)" = "$(printf '  { "a", "AH" },\n  { "aachener", "AA", "K", "AH", "N", "ER" },\n}')" ] || fail "spelling.py: $(python3 "$models/spelling.py" two.tsv)"
}
# C5: a net that says blanks alone, where CTC starts, has a loss of more than 2.5
digits_ctc() {
  need_shared mnist "digits_ctc is not trained"
  local m=$shared/mnist
  local args=(--data "train=$m/train-images-idx3-ubyte.gz,$m/train-labels-idx1-ubyte.gz" --data "test=$m/t10k-images-idx3-ubyte.gz,$m/t10k-labels-idx1-ubyte.gz")
  build digits_ctc || return 0
  if [ -n "$LONG" ]; then
    run digits_ctc "${args[@]}" --epochs 1 && holds digits_ctc 'greedy_errors < 0.3 && beam_errors < greedy_errors + 0.005'
  else
    run digits_ctc "${args[@]}" --steps 300 --lr 5e-3 && holds digits_ctc 'loss < 1.5 && first_loss > 5'
  fi
}

for name in $NAMES; do
  before=$failures
  "$name"
  [ "$failures" != "$before" ] || printf '%s: as expected\n' "$name"
done
finish
