#!/usr/bin/env bash
# labels: plain
# resume.sh: a run that goes on from a checkpoint ends with the bits of one that never stopped: every state and place, the log line by
# line, the files that it wrote; from every step, after a kill at any moment (KILLS of them, 12 by default), after signals; what is refused.
source "$(dirname "$0")/../common.sh"
need_nnc
cd "$work"
models=$NNC_SOURCE_DIR/tests/train
for _ in $(seq 14); do printf 'the quick brown fox jumps over the lazy dog. pack my box with five dozen jugs. '; done >carried.txt
build() { "$NNC" "$models/$1.lua" -o "$(basename "$1").c" "${@:2}" && build_c gcc -O1 "$(basename "$1").c" "$(basename "$1")" || die "$1 does not build"; }
for model in resume/dropout resume/convnet resume/carried resume/private driver/duel; do build $model; done

# ---- from every step of a run, or every EACH-th ----
# Files that a run writes and their bytes after one that never stopped, in straight/; `end` is the last checkpoint, all state in it.
files() { ls | grep -E '^(log|end|saved|said|.*\.npy|.*\.txt|.*\.safetensors)$' | grep -v '^carried.txt$' || true; }
same() { # same WHAT: the files here are those in straight/; where signals came, but for a checkpoint of another place
  local file
  for file in $(files) $(ls straight); do
    [ $file$signals != end1 ] || [ "$(place end)" = "$(place straight/end)" ] || continue
    cmp -s "$file" "straight/$file" || fail "$1: $file is not that of a run that never stopped"
  done
}
signals=
# Where a run goes on from a checkpoint: the last one of a run is of before its `after`, unless a signal came within that.
place() { grep -ao '"nnrt.place":"[^"]*"' "$1" || true; }
from_every_step() { # from_every_step NAME EACH ARGS…
  local name=$1 each=$2 n last at
  shift 2
  rm -rf straight every && mkdir straight every
  rm -f $(files)
  "./$name" --quiet --threads 1 --seed 5 --log log --save saved --checkpoint end "$@" >said || { fail "$name: exit code $?" && return; }
  cp $(files) straight
  "./$name" --quiet --threads 1 --seed 5 --log log --checkpoint every/step --checkpoint-every "$each" --checkpoint-keep 99 "$@" >/dev/null || fail "$name: exit code $?"
  rm -f end
  last=$(ls every | wc -l)
  [ "$last" -gt 3 ] || fail "$name: $last checkpoints"
  for ((n = 1; n < last; n++)); do # the older, the longer is what goes on; the log and files have more than the checkpoint says
    at=every/step.$n
    "./$name" --quiet --threads $((1 + n % 2)) --log log --save saved --checkpoint end --resume "$at" >said || fail "$name, $at: exit code $?"
    [ "$name" != carried ] || tail -n "$(wc -l <said)" straight/said | cmp -s - said || fail "$name, $at: what it says is not the end of what it said"
    rm -f said.1 && cp straight/said said
    same "$name, $at"
  done
  echo "$name: $((last - 1)) checkpoints, resumed"
}
from_every_step dropout 8
from_every_step convnet 7
from_every_step carried 17
from_every_step private 4
from_every_step duel 1

# ---- --steps 17, then 23 more; with a rate of learning that follows the length of the run the user is told ----
more() { # more NAME: the first steps end by --steps, with the lists that this calls
  rm -f $(files) c c.1
  "./$1" --quiet --log log --save saved --checkpoint end --steps 40 >said && rm -rf straight && mkdir straight && cp $(files) straight
  rm -f $(files)
  "./$1" --quiet --log log --checkpoint c --steps 17 >/dev/null && "./$1" --quiet --log log --save saved --checkpoint end --resume c --steps 40 >said 2>err || fail "$1: 17 steps and 23: $(cat err)"
  ./"$1" --quiet --resume c 2>&1 >/dev/null | grep -qF "the run was over after step 17: a larger --steps or --epochs makes it longer" || fail "$1: it does not say that 17 steps were all"
  if grep -q 'the run was over' err; then fail "$1: it says that 40 steps were over"; fi
}
# An MLP (private), convolutions with batch norm and dropout (convnet), an LSTM (carried)
for model in private convnet carried; do
  more $model && same "$model: 17 steps and 23"
  [ ! -s err ] || fail "$model does not read the length of the run: $(cat err)"
done
more dropout
grep -q "planned for 17 steps and is now for 40: the model's schedules follow that from step 17 on" err || fail "dropout: another length: $(cat err)"

# ---- killed, or stopped by a signal, at any moment ----
killed=0 stopped=0 ended=0 signals=1
rm -rf straight c c.1 $(files) && mkdir straight
long="--quiet --epochs 300 --seed 3 --log log --save saved"
./dropout $long --checkpoint end && cp $(files) straight
while [ $((killed + stopped)) -lt "${KILLS:-12}" ]; do
  [ -f c ] || [ -f c.1 ] || rm -f $(files)
  signal=KILL code=0
  [ $((RANDOM % 3)) != 0 ] || signal=TERM
  # the shell tells of every kill
  { timeout --preserve-status -s $signal "0.$((RANDOM % 4))$((RANDOM % 10))5" ./dropout $long --checkpoint c --checkpoint-every 10 --resume 2>err; } 2>/dev/null || code=$?
  case $code in
    137) killed=$((killed + 1)) ;;
    143) stopped=$((stopped + 1)) ;;
    0) ended=$((ended + 1)) && mv c end && rm -f c.1 && same "after $killed kills and $stopped signals" && rm -f end ;;
    *) fail "after $killed kills and $stopped signals: exit code $code: $(cat err)" && break ;;
  esac
done
code=0
until [ ! -f c ] || ./dropout $long --checkpoint c --checkpoint-every 1000 --resume 2>err; do fail "the last part: $(cat err)" && break; done
[ ! -f c ] || { mv c end && same "after $killed kills and $stopped signals"; }
echo "dropout: $killed kills and $stopped signals; $ended runs came to their end in between"
signals=
rm -f c c.1 c.new
set -m # else the shell has its programs ignore SIGINT
./dropout $long --epochs 100000000 --checkpoint c --checkpoint-every 1s 2>err &
for _ in $(seq 200); do [ -f c.1 ] || sleep 0.1; done
kill -INT $! && code=0 && wait $! || code=$?
set +m
[ $code = 130 ] && [ -f c.1 ] || fail "a checkpoint every second, SIGINT: exit code $code, $(echo c*), $(cat err)"

# ---- what cannot be written: exit code 1, the checkpoint before stays ----
refused() { # refused WHAT CODE MESSAGE COMMAND…
  local code=0
  "${@:4}" 2>err >/dev/null || code=$?
  [ $code = "$2" ] && grep -q -e "$3" err || fail "$1: exit code $code: $(cat err)"
}
rm -f c c.* log && ./dropout --quiet --steps 10 --checkpoint c && before=$(cksum <c) || fail "10 steps"
(ulimit -f 12 && refused "a full disk" 1 "c: cannot be written: File too large" ./dropout --quiet --checkpoint c --checkpoint-every 5 --resume --steps 30; exit $failures) || failures=$((failures + 1))
[ "$(cksum <c)" = "$before" ] || fail "a full disk: the checkpoint before is not there"
[ ! -e c.new ] || fail "a full disk: c.new stays"

# ---- what the program asks for: losses of 10 5 2 1 2 5 10 in epochs of two steps, then it stops; a minus: the least is the best ----
for best in -validate.loss:8 validate.loss:2; do
  sed "s/^  run = {/  checkpoint = { every = \"epoch\", keep = 3, best = \"${best%:*}\" },\n&/" "$models/driver/stop.lua" >stop.lua
  rm -f stop.checkpoint.* && "$NNC" stop.lua -o stop.c && build_c gcc -O1 stop.c stop && ./stop --quiet || fail "best: exit code $?"
  [ "$(echo stop.checkpoint.safetensors*)" = "stop.checkpoint.safetensors stop.checkpoint.safetensors.1 stop.checkpoint.safetensors.2 stop.checkpoint.safetensors.best" ] ||
    fail "best: $(echo stop.checkpoint.*)"
  for file in :14 .1:12 .2:10 .best:${best#*:}; do
    grep -aq "\"nnrt.steps\":\"${file#*:} " "stop.checkpoint.safetensors${file%:*}" || fail "$best: stop.checkpoint.safetensors${file%:*} is not of step ${file#*:}"
  done
done
./stop --help | grep -q "default stop.checkpoint.safetensors, every epoch); FILE.best: where validate.loss was greatest" || fail "best: --help: $(./stop --help)"
./stop --quiet --resume stop.checkpoint.safetensors.best --checkpoint-every 1 --log log && [ "$(grep -c '"func":"train"' log)" = 12 ] || fail "best: going on from it: $(cat log)"
grep -aq '"nnrt.steps":"2 ' stop.checkpoint.safetensors.best || fail "best: a run that goes on forgets which value was the best"

# ---- of another model, another dtype, another version; the older generation goes on ----
"./convnet" --quiet --checkpoint other
refused "another model" 1 "other: is of the model convnet; this program's is dropout" ./dropout --quiet --resume other
"$NNC" "$models/resume/dropout.lua" -o half.c --float=f64 && build_c gcc -O1 half.c half || die "half does not build"
refused "another dtype" 1 "0.weight is F32; the model's is F64" ./half --quiet --resume c
sed 's/Dropout(0.3)/Dropout(0.4)/' "$models/resume/dropout.lua" >wetter.lua && "$NNC" wetter.lua -o wetter.c && build_c gcc -O1 wetter.c wetter || die "wetter does not build"
refused "another version" 1 "c: is of another version of the model" ./wetter --quiet --resume c
rm -rf straight c c.* $(files) && mkdir straight
./dropout --quiet --log log --save saved --checkpoint end && cp $(files) straight
./dropout --quiet --log log --checkpoint c --checkpoint-every epoch && truncate -s -1 c
./dropout --quiet --log log --save saved --checkpoint end --resume c 2>err || fail "the older generation: $(cat err)"
grep -q "c: is damaged or cut off: .*; going on from the older .*c.1" err || fail "the older generation: $(cat err)"
same "the older generation"
finish
