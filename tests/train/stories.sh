#!/usr/bin/env bash
# labels: plain
# stories.sh: tokens that are pieces in a file, in a built program: --FUNC.INPUT, write, text sources, --data, errors (its encoder alone: unit_tokens); and with
# the weights of stories260K models/stories.lua says what their author published, from the beginning of the text and from a prompt.
source "$(dirname "$0")/../common.sh"
need_nnc
cd "$work"
bpe=$NNC_SOURCE_DIR/tests/oracle/bpe

cat >pieces.lua <<'LUA'
local nn = require "nn"
local words = nn.data.bpe { file = "scores.txt", size = nn.arg("size", 304) }
local text = nn.data.text { file = "text.txt", vocabulary = words, length = 5, stride = 5, batch = 1 }
local say = nn.func { inputs = { text = nn.input({ 12 }, "i32", 0) }, function(i) return { ids = i.text:cast "f64", text = i.text } end }
local show = nn.func { on = "text", function(b) return { x = b.x * 1, next = b.y:cast "f64" } end }
return nn.program { name = "pieces", data = { words = words, text = text }, say = say, show = show,
  run = { steps = 3, before = { say, write = { ids = "ids.txt", text = "said.txt" } }, step = { show, write = { x = "rows.txt", next = "next.txt" } } } }
LUA
cp "$bpe/scores.txt" . && printf 'the and the end, aaaa bab in the ring' >text.txt
build_pieces() { "$NNC" pieces.lua -o "$1.c" "${@:2}" && build_c gcc -O1 "$1.c" "$1" || die "$1 does not build"; }
build_pieces pieces
ids() { tr ' ' '\n' <"$1" | grep .; }
# cut PROGRAM DATA TEXT…: the last 12 tokens of a text as tests/oracle/cases.tsv and bpe.py have them, zeros in front of fewer, and the text again
tokens_of() {
  awk -F'\t' -v text="$(printf '%s' "$1" | od -An -tx1 | tr -d ' \n')" '$1 == "scores.txt" && $2 == text { print $3 }' "$bpe/cases.tsv" | tr ' ' '\n' | grep .
}
cut() {
  "./$1" --quiet --data "words=$2" --say.text "$3" || { fail "'$3': exit code $?" && return; }
  { printf '0\n%.0s' {1..12} && tokens_of "$3"; } | tail -n 12 >want
  [ "$(sort -u want)" != 0 ] && ids ids.txt | cmp -s - want || fail "'$3' is $(tr '\n' ' ' <ids.txt)"
  [ "$(wc -l <ids.txt)" != 1 ] || [ "$(ids ids.txt | grep -c '^0$')" = 0 ] || printf '%s\n' "$3" | cmp -s - said.txt || fail "'$3' is said as '$(cat said.txt)'"
}
for data in scores.txt "$bpe/plain.bin"; do
  cut pieces "$data" the
  cut pieces "$data" ababaab
  cut pieces "$data" 'é €€€ß	\n'
  cut pieces "$data" 'Tim & Zoë'
done
printf 'Tim & Zoë\n' >prompt.txt && ./pieces --quiet --say.text prompt.txt && [ "$(cat said.txt)" = "Tim & Zoë" ] || fail "a prompt in a file: $(cat said.txt)"
# Three rows of five, y one token further on.
./pieces --quiet && tokens_of "$(cat text.txt)" | sed -n 2,16p >want && ids next.txt | cmp -s - want || fail "rows of a text: $(cat next.txt)"

refused() { # refused CODE MESSAGE PROGRAM ARGS…
  local code=0
  "${@:3}" --quiet 2>err >/dev/null || code=$?
  [ $code = "$1" ] && grep -qF -e "$2" err || fail "${*:3}: exit code $code: $(cat err)"
}
refused 1 "absent.txt: cannot be opened" ./pieces --data words=absent.txt
head -n 300 scores.txt >short.txt
refused 1 "short.txt: the end behind 300 tokens of 304 at byte" ./pieces --data words=short.txt
refused 1 "takes one" ./pieces --data words=a,b
cp scores.txt ids.txt
refused 2 "--log ./scores.txt: would write over a file of the data words" ./pieces --log ./scores.txt
refused 1 "ids.txt: what the program writes would be written over a file of the data words" ./pieces --data words=ids.txt
cmp -s scores.txt ids.txt || fail "the vocabulary is written over"
./pieces --help | grep -A1 "  words " | grep -q "scores.txt" || fail "--help: $(./pieces --help)"
"$NNC" pieces.lua --only=say -o only.c && grep -q '"bpe"' only.c || fail "--only=say leaves out the vocabulary"
"$NNC" pieces.lua --dump=front --stop-after=front >pieces.graph && "$NNC" pieces.graph -o again.c && "$NNC" pieces.lua -o once.c || fail "the graph's text is refused"

# ---- stories260K ----
need_shared weights/stories260K.bin "models/stories.lua is not run"
weights=$shared/weights
"$NNC" "$NNC_SOURCE_DIR/models/stories.lua" -o stories.c && build_c gcc -O1 -march=native stories.c stories || die "models/stories.lua does not build"
"$NNC_BUILD_DIR/tests/tool_tensors" llama "$weights/stories260K.bin" stories.safetensors || die "the weights cannot be converted"
tell() { ./stories --quiet --init stories.safetensors --init-convert --data "words=$weights/tok512.bin" --temperature 0 "$@" </dev/null; }
tell >told || fail "stories: exit code $?"
{ cat "$weights/stories260K_expected.txt" && echo; } >want
cmp -s told want || fail "the greedy text is not the published one: $(cat told)"
tell --threads 1 --generate.prompt "Once upon a time, there" | cmp -s - want || fail "a prompt that is the beginning of the text gives another"
tell --temperature 1 --top_k 1 | cmp -s - want || fail "the best of one is not the greedy text"
tell --generate.prompt "Zoë: Ça va?" | grep -q '^Zoë: Ça va?' || fail "a prompt with bytes of its own does not come back"
if have python3; then
  for text in "Once upon a time" "Zoë: Ça va? 日本" "  two  blanks
and lines"; do
    python3 "$NNC_SOURCE_DIR/tests/oracle/bpe.py" ids "$weights/tok512.bin" "$text" | tail -n 12 >ids.want
    [ -x tok512 ] || build_pieces tok512 -D size=512
    ./tok512 --quiet --data "words=$weights/tok512.bin" --say.text "$text" && ids ids.txt | grep -v '^0$' | tail -n "$(wc -l <ids.want)" | cmp -s - ids.want || fail "tok512: '$text' is $(cat ids.txt)"
  done
  python3 "$NNC_SOURCE_DIR/models/stories.py" "$weights/stories260K.bin" f32.safetensors && ./stories --quiet --init f32.safetensors --data "words=$weights/tok512.bin" --temperature 0 | cmp -s - want || fail "models/stories.py"
fi
"$NNC" "$NNC_SOURCE_DIR/models/stories.lua" -D train=true -D length=16 -D said=8 -o train.c && build_c gcc -O0 train.c train || die "models/stories.lua -D train=true does not build"
./train --quiet --init stories.safetensors --init-convert --data "words=$weights/tok512.bin" --data "text=$weights/stories260K_expected.txt" --epochs 4 --no-shuffle --lr 0.001 --log log >/dev/null || fail "train: exit code $?"
losses log >losses && awk '{ loss[NR] = $1 } END { exit !(NR == 4 && loss[1] < log(512) / 2 && loss[4] < loss[1]) }' losses || fail "losses of the text that the model tells: $(cat losses)"
finish
