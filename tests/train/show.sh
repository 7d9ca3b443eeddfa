#!/usr/bin/env bash
# labels: plain
# show.sh: what a running program shows. TensorBoard's files and the curves say what the log says, over a stop too, and on a full disk the weights
# are not lost; the line of progress fits windows of any width, also while they change. Files are read by tool_events.c and show/picture.py,
# which know the formats and nothing of ours; a terminal is tool_terminal.c. Expected values: the log's (tests/unit/test_driver.c), closed forms.
source "$(dirname "$0")/../common.sh"
need_nnc
cd "$work"
tools=$NNC_BUILD_DIR/tests
build() { "$NNC" "$NNC_SOURCE_DIR/tests/train/$1.lua" -o "$2.c" && build_c gcc -O1 "$2.c" "$2" || die "$2 does not build"; }
build resume/dropout dropout
build show/course course
run() { "$@" --quiet --threads 1 </dev/null || fail "$*: exit code $?"; }

# ---- TensorBoard: every scalar of the log, at its step ----
told() { # told LOG: as tool_events prints values
  sed -E 's/^\{"step":([0-9]+),"epoch":[0-9]+,"func":"([^"]*)",?/\1 \2 /; s/\}$//; s/:false/:0/g; s/:true/:1/g; s/"nan"/nan/g; s/"//g' "$1" |
    awk '{ n = split($3, pairs, ","); for (i = 1; i <= n; i++) { split(pairs[i], pair, ":"); print $1, $2 "/" pair[1], pair[2] } }'
}
events() { "$tools/tool_events" "$1" | sed 's/-nan/nan/'; }
run ./dropout --seed 3 --epochs 100 --log log --tensorboard a/b/c --plot straight.svg --checkpoint c --checkpoint-every 400 --checkpoint-keep 3
[ "$(ls a/b/c | wc -l)" = 1 ] && ls a/b/c | grep -qE '^events\.out\.tfevents\.[0-9]{10}\.' || fail "a run makes $(ls a/b/c)"
events a/b/c/events* >values || fail "tool_events: exit code $?"
[ "$(head -n 2 values | tr '\n' ,)" = "version brain.Event:2,start 0," ] || fail "an event file begins with $(head -n 2 values)"
told log >expected
[ "$(wc -l <expected)" -gt 1000 ] && tail -n +3 values | cmp - expected || fail "the events are not the log's"
run ./dropout --resume c.2 --log resumed.log --tensorboard a/b/c --plot resumed.svg --save weights
[ "$(ls a/b/c | wc -l)" = 2 ] || fail "a resumed run makes no file of its own"
events "a/b/c/$(ls a/b/c | tail -n 1)" >values
awk '$1 > 400' expected >rest
[ "$(sed -n 2p values)" = "start 401" ] && tail -n +3 values | cmp - rest || fail "the events of a resumed run are not the rest: $(head -n 3 values)"
run ./course --length 40 --log log --tensorboard nan && told log >expected && events nan/events* | tail -n +3 | cmp - expected || fail "numbers that are none"
grep -q '^15 course/hole nan$' expected || fail "course has no hole"

# ---- written while the run goes on (how soon: tests/unit/test_show.c) ----
./course --quiet --threads 1 --length 1000000000 --tensorboard killed --log killed.log >said &
running=$!
for _ in $(seq 200); do [ -f killed.log ] && [ "$(cat killed/events* | wc -c)" -gt 100000 ] && [ "$(wc -l <killed.log)" -gt 100 ] && break || sleep 0.05; done
code=0 && events killed/events* >values || code=$? # 3: the file may end within what is being written
[ $code = 0 ] || [ $code = 3 ] || fail "an event file that is being written: exit code $code"
[ "$(wc -l <values)" -gt 1000 ] && [ "$(wc -l <killed.log)" -gt 100 ] || fail "after ten seconds there are $(wc -l <values) events, $(wc -l <killed.log) lines"
kill -KILL $running && wait $running 2>/dev/null || true

# ---- curves ----
cmp straight.svg resumed.svg || fail "the picture of a resumed run is another"
run ./dropout --seed 3 --epochs 100 --plot threads.svg --threads 2 && cmp straight.svg threads.svg || fail "the picture depends on the threads"
if have python3; then
  python3 "$NNC_SOURCE_DIR/tests/train/show/picture.py" straight.svg resumed.log loss= >/dev/null && fail "picture.py refuses nothing"
  run ./dropout --seed 3 --epochs 100 --log log --plot again.svg && cmp straight.svg again.svg || fail "the same run draws another picture"
  python3 "$NNC_SOURCE_DIR/tests/train/show/picture.py" straight.svg log loss=train.loss,validate.loss accuracy=validate.accuracy norm=watch.norm || fail "the picture of dropout"
  for length in 3 100 600; do
    run ./course --length $length --log log --plot course.svg >said
    python3 "$NNC_SOURCE_DIR/tests/train/show/picture.py" course.svg log loss=course.loss share=course.share hole=course.hole rate=course.rate || fail "the picture of $length steps"
  done
else
  echo "SKIPPED in part: there is no python3"
fi
run ./course --length 0 --plot nothing.svg && grep -q '</svg>' nothing.svg || fail "the picture of no step"

# ---- no heap calls ----
heap() { rm -f calls && HEAP_CALLS=$work/calls LD_PRELOAD=$tools/heap_calls.so ./dropout --quiet --threads 1 --epochs "$1" --tensorboard heap --plot heap.svg --log log </dev/null && cat calls; }
few=$(heap 3) many=$(heap 60)
[ -n "$few" ] && [ "$few" = "$many" ] || fail "3 epochs make $few heap calls, 60 make $many"

# ---- what cannot be written ----
refused() { # refused CODE MESSAGE ARGS…: before the first step
  local code=0
  rm -f weights
  ./course --quiet --length 30 --save weights "${@:3}" >said 2>err </dev/null || code=$?
  [ $code = "$1" ] && grep -q -e "$2" err || fail "${*:3}: exit code $code, $(cat err)"
  [ ! -f weights ] || fail "${*:3}: is refused after the last step"
}
touch file
refused 1 '--tensorboard file: cannot be made: Not a directory' --tensorboard file
refused 1 '--tensorboard file/a: cannot be made: Not a directory' --tensorboard file/a
refused 1 'absent/curves.svg: cannot be written: No such file' --plot absent/curves.svg
refused 2 'is not a path that ends in .svg' --plot curves.png
run ./course --length 5000 --save whole >said
full() { # full BLOCKS MESSAGE ARGS…: files end at so many KiB; the run goes on, says what is lost, keeps the weights
  local code=0
  rm -f weights
  (ulimit -f "$1" && exec ./course --quiet --threads 1 --length 5000 --save weights "${@:3}" >said 2>err </dev/null) || code=$?
  [ $code = 1 ] && grep -q -e "^course: $2: File too large; the run goes on$" err && [ "$(grep -c -e "$2" err)" = 2 ] || fail "a full disk, ${*:3}: exit code $code, $(cat err)"
  cmp -s weights whole || fail "a full disk, ${*:3}: the weights are lost"
}
full 64 '--tensorboard full/events.*: is incomplete' --tensorboard full
full 64 '--log full.log: is incomplete' --log full.log
code=0 && events full/events* >values || code=$?
[ $code != 1 ] && [ "$(wc -l <values)" -gt 1000 ] || fail "an incomplete event file: exit code $code, $(wc -l <values) events"
cp course.svg before.svg
code=0 && (ulimit -f 4 && exec ./course --quiet --length 5000 --save weights --plot course.svg >said 2>err </dev/null) || code=$?
[ $code = 1 ] && grep -q '^course: course.svg: cannot be written: File too large$' err && cmp -s weights whole || fail "a picture on a full disk: exit code $code, $(cat err)"
cmp -s course.svg before.svg && [ ! -e course.svg.new ] || fail "a picture on a full disk: the old one is lost"

# ---- terminals ----
terminal() { "$tools/tool_terminal" "$@" >screen || { [ $? = 77 ] && skip "there are no pseudo-terminals"; fail "tool_terminal"; }; }
terminal 0.7 40,80,200,40 "$work/dropout" --epochs 100000 --threads 1
sed -n '/^[0-9]* = epoch  /q; p' screen >lines # up to the table
grep -q ' ! ' lines && fail "a line wraps: $(grep -m 1 ' ! ' lines)"
awk '{ n = $1 + 0; text = substr($0, length($1) + 4); if (length(text) >= n) exit 1 }' lines || fail "a line is as wide as the window"
for width in 40 80 200; do grep -q "^$width ~ .*train.loss [0-9.]" lines || fail "nothing is shown of the loss at $width columns"; done
whole='epoch [0-9]+/100000  step [0-9,]+/900,000  train.loss [0-9.]+'
grep -qE "^200 ~ $whole  watch.norm [0-9.]+  validate.accuracy [0-9.]+ %  validate.loss [0-9.e-]+  ([0-9,]+ samples/s|validate [0-9]+ %)  [0-9:]+ left$" lines ||
  fail "200 columns: $(grep -m 1 '^200 ~' lines)"
grep -qE "^80 ~ ($whole  [0-9:]+ left|[0-9]+/100000  [0-9,]+/900,000  train.loss [0-9.]+  validate [0-9]+ %  -[0-9:]+)$" lines || fail "80 columns: $(grep -m 1 '^80 ~' lines)"
[ "$(grep -c ' = epoch [0-9]*/' lines)" -lt 40 ] || fail "$(grep -c ' = epoch [0-9]*/' lines) ends of epochs stay"
[ "$(sed '1,/ = epoch  /d' screen | grep -c -E '^40 = +[0-9]+  ')" -le 65 ] && grep -q 'of .* epochs the first, every' screen && grep -q '^exit 130$' screen || fail "the table: $(tail -n 4 screen)"
(ulimit -f 100 && exec "$tools/tool_terminal" 60 80 "$work/dropout" --epochs 3000 --tensorboard full --threads 1 >screen)
[ "$(grep -cE '^80 [=!] dropout: --tensorboard full/events' screen)" = 2 ] && [ "$(tail -n 1 screen)" = "exit 1" ] && grep -q '^80 ~ .* left$' screen || fail "a message within the line: $(grep -m 2 tensorboard screen)"
# nearly all of the time is within passes
cat >passes.lua <<'LUA'
local nn = require "nn"
local net = nn.Linear(4, 4)
local function loss(b) return (net(b.x) ^ 2):mean() end
local train, validate = nn.train { on = "train", loss = loss, optimizer = nn.SGD { net, lr = 0.1 } }, nn.evaluate { on = "test", loss = loss }
return nn.program {
  name = "passes", model = net, train = train, validate = validate, run = { epochs = 100000, step = train, each_epoch = validate },
  data = { train = nn.data.random { x = { 4 }, rows = 8, batch = 8 }, test = nn.data.random { x = { 4 }, rows = 80000000, batch = 8 } },
}
LUA
"$NNC" passes.lua -o passes.c && build_c gcc -O1 passes.c passes || die "passes does not build"
terminal 0.5 120 "$work/passes" --threads 1
grep -qE "^120 ~ epoch 1/100000  step 1/100,000  loss [0-9.]+  validate [0-9]+ %  " screen || fail "nothing is shown within a pass: $(head -n 3 screen)"
terminal 0.3 80 "$work/course" --length 1000000000 --threads 1
grep -qE '^80 = [0-9]+ [0-9]+$' screen && ! grep -E ' = .*left.*[0-9]$' screen || fail "a text within the line: $(grep -m 3 ' = ' screen)"
terminal 0.2 80 "$work/dropout" --epochs 100000 --threads 1 --quiet
[ "$(cat screen)" = "exit 130" ] || fail "--quiet shows $(head -n 3 screen)"
finish
