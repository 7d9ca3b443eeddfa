#!/usr/bin/env bash
# labels: plain
# timeout: 900
# seconds: 45
# The sequence models of models/: each is compiled, built, run for a few steps, and its log asked. Limits are judgement: what must stand apart stands apart
# by far. Those with data want shared/ beside the tree. NAMES=… runs some; LONG=1 trains digits_ctc for a whole
# epoch (half a minute) and spoken_digits to its end (two and a half).
source "$(dirname "$0")/../common.sh"
need_nnc
: "${NAMES:=recall sampling spelling gpt char_lstm digits_ctc spoken_digits}"
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
# B8: later positions get no gradient, and every other position some; 50 steps in f64 from given weights, in the order of the file, are PyTorch's to
# 1e-9 (tests/oracle/gpt.py); the text is the same with and without cached keys and values
gpt() {
  need_shared text/tinyshakespeare.txt "gpt and char_lstm are not trained"
  local text=$shared/text/tinyshakespeare.txt
  cp "$models/gpt_net.lua" "$NNC_SOURCE_DIR/tests/train/layers/formula.lua" . && cp "$NNC_SOURCE_DIR/tests/train/layers/gpt.lua" gpt_check.lua
  "$NNC" gpt_check.lua --float=f64 -o gpt_check.c && build_c gcc -O1 -march=native gpt_check.c gpt_check && run gpt_check || { fail "gpt_check does not run" && return; }
  holds gpt_check 'later == 0 && none == 0 && count == 28'
  sed 's/epochs = nn.hyper("epochs", [0-9]*)/steps = 50/' "$models/gpt.lua" >gpt.lua
  "$NNC" gpt.lua --float=f64 -D dim=32 -D layers=2 -D length=32 -D batch=16 -o gpt.c && build_c gcc -O1 -march=native gpt.c gpt &&
    run gpt --init init.safetensors --no-shuffle --data "train=$text" --data "test=$text" --generate.prompt "ROMEO:" >gpt.txt || { fail "gpt does not run" && return; }
  losses gpt.log | paste - <(awk -F'\t' '!/^#/ { print $2 }' "$NNC_SOURCE_DIR/tests/oracle/gpt.tsv") | awk '
    { d = ($1 - $2) / $2; if (d < 0) d = -d; if (!(d <= worst)) worst = d }
    END { printf "gpt: largest relative difference of a loss %.1e in %d steps\n", worst, NR; exit !(worst <= 1e-9 && NR == 50) }' || fail "gpt: losses differ from PyTorch's"
  holds gpt 'same == 1' && grep -q ROMEO: gpt.txt || fail "gpt: what it says does not begin with the prompt"
}
# B7: hidden state from batch to batch: the validation loss of five batches of 10 turns is that of one of 50 turns, and another where it is forgotten
char_lstm() {
  need_shared text/tinyshakespeare.txt "char_lstm is not trained"
  local text=$shared/text/tinyshakespeare.txt turns
  head -c 16010 "$text" >short.txt
  sed 's/run = { epochs = .*/run = { steps = 1, step = validate },/' "$models/char_lstm.lua" >char_lstm.lua
  for turns in 50 10 "10 -D carry=false"; do
    # shellcheck disable=SC2086
    "$NNC" char_lstm.lua --float=f64 -D hidden=16 -D length=$turns -o char_lstm.c && build_c gcc -O1 char_lstm.c char_lstm &&
      run char_lstm --data train=short.txt --data test=short.txt || { fail "char_lstm does not run" && return; }
    sed -n 's/.*"loss":\([^,}]*\).*/\1/p' char_lstm.log >>char_lstm.losses
  done
  awk '{ loss[NR] = $1 } function off(x) { x = x / loss[1] - 1; return x < 0 ? -x : x }
    END { exit !(NR == 3 && off(loss[2]) < 1e-12 && off(loss[3]) > 1e-6) }' char_lstm.losses || fail "char_lstm: losses of 50, 10 and 10 turns that forget: $(tr '\n' ' ' <char_lstm.losses)"
  "$NNC" "$models/char_lstm.lua" -D hidden=64 -D length=25 -o char_lstm.c && build_c gcc -O1 -march=native char_lstm.c char_lstm &&
    run char_lstm --data "train=$text" --data "test=$text" --steps 200 --lr 0.01 && holds char_lstm 'loss < 2.8 && near(first_loss, log(65), 0.2)'
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
# C5, on sounds, whose folders the recipe of the model's head makes: the loss falls far in 15 steps (7 s of CPU), but nothing is read yet
spoken_digits() {
  [ -f "$(dirname "$NNC_RUNTIME_LIBRARY")/libnnrt_sound.a" ] || { echo "SKIPPED in part: nnc was built without libsndfile (libsndfile1-dev): spoken_digits is not trained" && return; }
  need_shared fsdd "spoken_digits is not trained"
  local model=$models/spoken_digits.lua
  FSDD=$(cd "$shared/fsdd" && pwd) bash -c "$(sed -n 's/^--   //p' "$model")"
  [ "$(find data/fsdd/train/7 -name '*.wav' | wc -l)" = 30 ] && [ "$(find data/fsdd/test/7 -name '*.wav' | wc -l)" = 15 ] || fail "spoken_digits: the recipe makes other folders"
  cp "$model" "$models/digit_strings.lua" .
  [ -n "$LONG" ] || sed -i 's/, validate = validate//; s/, each_epoch = validate//' spoken_digits.lua # half of the program
  "$NNC" spoken_digits.lua -o spoken_digits.c && build_named gcc -O1 -march=native spoken_digits.c spoken_digits || { fail "spoken_digits does not build" && return; }
  if [ -n "$LONG" ]; then
    run spoken_digits && holds spoken_digits 'greedy_errors < 0.1 && beam_errors < 0.1'
  else
    run spoken_digits --steps 15 && holds spoken_digits 'loss < 0.25 * first_loss && loss < 3.5'
  fi
}

each $NAMES
finish
