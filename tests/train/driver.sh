#!/usr/bin/env bash
# labels: plain
# timeout: 600
# seconds: 15
# driver.sh: whole programs of the driver's grammar: exact counts of iterations, the same logs and files from gcc,
# clang, LLVM and the self-contained file for any number of threads, sampling, splits, texts, exit codes. What is
# expected follows from the numbers of rows, from binomial distributions, or from the texts.
source "$(dirname "$0")/../common.sh"
need_nnc
models=$NNC_SOURCE_DIR/tests/train/driver
cd "$work"
build() { "$NNC" "$models/$1.lua" -o "$1.c" "${@:2}" && build_c gcc -O2 "$1.c" "$1" || die "$1 does not build"; }
value() { sed -nE "s/.*\"$2\":([-0-9.e]+).*/\1/p" "$1" | tail -n 1; }
holds() { awk "BEGIN { exit !($1) }" || fail "$2: not $1"; }

# ---- A1: 245,760 rows at batch 256 ----
build pass
./pass --quiet --log log || fail "pass: exit code $?"
[ "$(wc -l <log)" = 1920 ] || fail "pass: $(wc -l <log) steps in two epochs; 1920 are 2 x 245760 / 256"
[ "$(grep -c '"epoch":0,' log)" = 960 ] || fail "pass: $(grep -c '"epoch":0,' log) steps in the first epoch, not 960"
./pass --quiet --log log --epochs 50 && [ "$(wc -l <log)" = 48000 ] || fail "pass: --epochs 50 is not 48,000 steps"
./pass --quiet --log log --epochs 1 && [ "$(wc -l <log)" = 960 ] || fail "pass: --epochs 1 is not 960 steps"

# ---- everything at once: the same by every way ----
files="log noise.npy noise.txt picture.png all.safetensors last.safetensors"
same() { # same NAME PROGRAM ARGS…: its log and files are those of the first one
  rm -f $files
  "${@:2}" --quiet --log log || { fail "duel, $1: exit code $?" && return; }
  for file in $files; do
    [ -s "$file" ] || fail "duel, $1: no $file"
    [ -f "first.$file" ] || cp "$file" "first.$file"
    # a picture's pixels are the same, its packing is the library's
    [ "$file" = picture.png ] || cmp -s "first.$file" "$file" || fail "duel, $1: $file differs"
  done
}
build duel
for threads in 1 2 4; do same "gcc, $threads threads" ./duel --threads $threads; done
build_c gcc -O1 duel.c duel.1 && same "gcc -O1" ./duel.1 || fail "duel, gcc -O1: it does not build"
! have clang-14 || { build_c clang-14 -O3 duel.c duel.2 && same "clang-14" ./duel.2 --threads 2; } || fail "duel, clang-14: it does not build"
if "$NNC" "$models/duel.lua" -o duel.o 2>llvm.txt; then
  cc duel.o "$NNC_RUNTIME_LIBRARY" "${link_flags[@]}" -o duel.3 && same LLVM ./duel.3 --threads 2 || fail "duel, LLVM: it does not link"
fi
"$NNC" "$models/duel.lua" --standalone -o alone.c && gcc -O2 alone.c -lm -pthread -o alone && same "self-contained" ./alone --threads 2 || fail "duel, self-contained: it does not build"
cmp -s picture.png first.picture.png && fail "the self-contained file packs its picture without zlib"

# 23 rows at 4 are 5 batches a pass; steps take 2, every second one 1 more by `match`: passes end in steps 2, 4, 6.
# The draw that asks draw.worst is left out once, in the first epoch: draw was not called before.
count() { grep -c "\"func\":\"$1\"" first.log || true; }
[ "$(count classify) $(count match) $(count validate) $(count draw)" = "6 6 5 6" ] ||
  fail "duel: $(count classify) $(count match) $(count validate) $(count draw) calls, not 6 3+3 1+3+1 2+3+1"
[ "$(count padded) $(count still)" = "2 2" ] || fail "duel: padded and still were called $(count padded) and $(count still) times"
# the mean over 23 rows of (i%3)/2 + (i%5)/4 + (i%7)/7, padding left out
holds "($(value first.log mean) - $(awk 'BEGIN { for (i = 1; i <= 23; i++) s += i % 3 / 2 + i % 5 / 4 + i % 7 / 7; print s / 23 }')) ^ 2 < 1e-10" "duel: padded.mean"
head -c 128 first.noise.npy | grep -aq "'shape': (2, 2, 3), }" || fail "duel: noise.npy has not 2 rows of [2,3]"
[ "$(wc -c <first.noise.npy)" = $((128 + 2 * 6 * 4)) ] || fail "duel: noise.npy has $(wc -c <first.noise.npy) bytes"
[ "$(wc -l <first.noise.txt) $(wc -w <first.noise.txt)" = "2 6" ] || fail "duel: noise.txt is not two lines of three numbers"
strings -n 3 first.last.safetensors | head -n 2 | grep -q '"bias":.*"weight":' || fail "duel: last.safetensors has not left's own names"
./duel --quiet --rounds 0 --log log && [ "$(grep -c '"func":"classify"' log)" = 0 ] || fail "duel: --rounds 0 trains"

# ---- Poisson sampling: 4000 draws of 400 rows at 0.25; five standard deviations ----
build sample
./sample --quiet --log log || fail "sample: exit code $?"
tail -n 1 log >result
holds "($(value result rows) - 0.25) ^ 2 < (5 * sqrt(0.25 * 0.75 / 1600000)) ^ 2" "sample: the share of rows"
holds "$(value result worst) < 5 * sqrt(0.25 * 0.75 / 4000)" "sample: the row that is furthest from 0.25"
holds "$(value result spread) > 0.8 * sqrt(0.25 * 0.75 / 4000) && $(value result spread) < 1.2 * sqrt(0.25 * 0.75 / 4000)" "sample: the rows' spread"
mean=$(awk -F'"n":' '/"count"/ { split($2, a, ","); s += a[1]; q += a[1] ^ 2; n++ } END { print q / n - (s / n) ^ 2 }' log)
holds "$mean > 0.85 * 75 && $mean < 1.15 * 75" "sample: the variance of a batch, 400 x 0.25 x 0.75"
[ "$(grep -c '"rising":1' log)" = 4000 ] || fail "sample: a batch is not in the order of the rows"
[ "$(grep -c '"last":1' log)" = 1000 ] || fail "sample: a pass is not 1 / 0.25 draws"
sed 's/batch = 160/batch = 100/' "$models/sample.lua" >small.lua && "$NNC" small.lua -o small || die "small does not build"
code=0 && ./small --quiet 2>err || code=$?
[ "$code" = 1 ] && grep -q "data rows: a Poisson draw took 1[0-9][0-9] rows, and a batch holds 100" err || fail "sample: too large a draw: $code $(cat err)"

# ---- splits ----
build split
./split --quiet --seed 1 || fail "split: exit code $?"
tr ' ' '\n' <test.txt | grep -v -e '^-1$' >test.rows
[ "$(wc -l <train.txt) $(wc -l <valid.txt) $(wc -l <test.rows)" = "71 20 10" ] || fail "split: parts of $(wc -l <train.txt) $(wc -l <valid.txt) $(wc -l <test.rows) rows, not 71 20 10"
sort -n train.txt valid.txt test.rows | cmp -s - <(seq 0 100) || fail "split: not every row once"
sort -n valid.txt | cmp -s - valid.txt || fail "split: a part that is not shuffled is not in file order"
sort -n train.txt | cmp -s - train.txt && fail "split: the shuffled part is in file order"
sort -n train.txt >train.1 && ./split --quiet --seed 2 && sort -n train.txt | cmp -s - train.1 || fail "split: --seed moves rows between parts"

# ---- tokens and texts ----
build text
printf 'ab€' >prompt
[ "$(./text --quiet --turn.prompt prompt | tr '\n' '|')" = "€ba   |däb   |" ] || fail "text: $(./text --quiet --turn.prompt prompt | tr '\n' '|')"
[ "$(tr '\n' '|' <both.txt)" = "   ab€|€ba   |" ] || fail "text: both.txt: $(tr '\n' '|' <both.txt)"
[ "$(cat number.txt)" = "3.5 3.5 3.5 0 0.5 3" ] || fail "text: number.txt: $(cat number.txt)"
[ "$(./text --quiet --turn.prompt 'abcde ab' | head -n 1)" = "ba edc" ] || fail "text: a long prompt keeps its end"
[ "$(./text --quiet | head -n 1)" = "cccccc" ] || fail "text: the default"
"$NNC" "$models/text.lua" --only=turn -o only && [ "$(./only --quiet --turn.prompt prompt | head -n 1)" = "€ba   " ] || fail "text: --only loses the vocabulary"
sed -e 's/, turn = turn,/, turn = turn, idle = nn.func { function() end },/' -e 's/step = {/step = "idle", after = {/' "$models/text.lua" >after.lua
"$NNC" after.lua --only=turn -o only && [ "$(./only --quiet --turn.prompt prompt)" = "€ba   " ] || fail "text: --only loses what is written after the steps"
"$NNC" "$models/text.lua" -D vocabulary=bytes -o bytes && [ "$(./bytes --quiet --turn.prompt 'hello!' | head -n 1)" = "!olleh" ] || fail "text: bytes"

# ---- early stopping; a state with two names ----
build stop
./stop --quiet --log log || fail "stop: exit code $?"
[ "$(grep '"func":"validate"' log | sed -E 's/.*"loss":([^}]*).*/\1/' | tr '\n' ' ')" = "10 5 2 1 2 5 10 1 " ] || fail "stop: $(cat log)"
build tied
./tied --quiet --seed 3 --log first.log --save first.safetensors && ./tied --quiet --seed 4 --init by_second_name.safetensors --log log || fail "tied: exit code $?"
[ "$(head -n 1 first.log)" = "$(head -n 1 log)" ] || fail "tied: loaded by its second name: $(head -n 1 log), not $(head -n 1 first.log)"
grep -aq '"a.weight"' first.safetensors && ! grep -aq '"b.0.weight"' first.safetensors || fail "tied: saved under both names"
[ "$(value log sum)" = "$(value log other)" ] || fail "tied: renamed: $(tail -n 1 log)"

# ---- exit codes ----
code() { local code=0 && "${@:3}" >/dev/null 2>err || code=$?; [ "$code" = "$1" ] && grep -q -e "$2" err || fail "${*:3}: exit code $code, expected $1 and '$2': $(cat err)"; }
code 2 "is no character of the vocabulary" ./text --turn.prompt xyz
code 2 "did you mean --turn.prompt" ./text --turn.promt abc
code 2 "takes 1 numbers (or one for all), not 2" ./duel --draw.scale "1 2"
code 2 "no phase of this program counts epochs" ./text --epochs 2
code 2 "3 phases of this program count epochs" ./split --epochs 2
code 2 "of at least 0" ./duel --rounds -1
code 1 "nowhere" ./duel --log nowhere/log
# what is shown of a NaN does not depend on its sign, which differs by machine
cat >nan.lua <<'LUA'
local nn = require "nn"
local w = nn.buffer({}, 0.0)
local f = nn.func { function() return { loss = w / w, other = -(w / w) } end }
return nn.program { name = "nan", model = { w = w }, f = f, run = { steps = 1, step = f } }
LUA
"$NNC" nan.lua -o nan.c && build_c gcc -O1 nan.c nan && ./nan >nan.txt 2>&1 || fail "nan: exit code $?"
grep -q 'loss nan  *other nan' nan.txt || fail "nan: shown as $(head -n 1 nan.txt)"
finish
