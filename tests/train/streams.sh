#!/usr/bin/env bash
# labels: plain
# streams.sh: what is said goes where it belongs, whatever a program was started with: closed or full standard output, a reader that is gone, pipes
# where files are wanted, names that JSON and a table have to take. Whatever becomes of what is said, the weights are saved.
source "$(dirname "$0")/../common.sh"
need_nnc
cd "$work"
cat >s.lua <<'LUA'
local nn = require "nn"
local w, add = nn.parameter({ 2 }, 1), nn.hyper("output", 1.0)
return nn.program {
  name = 'a "name"', model = { w = w }, data = { numbers = nn.data.table { x = nn.constant({ 1, 2, 3, 4 }, "f32"), batch = 2 } },
  count = nn.func { on = "numbers", function(b)
    nn.assign(w, nn.value(w) * 0.5 + b.x)
    return { step = nn.value(w):sum(), ["gr\u{f6}\u{df}e"] = nn.value(w):mean() }
  end },
  predict = nn.func { on = "numbers", function(b) return { y = b.x + add } end },
  run = { epochs = nn.hyper("epochs", 2), step = "count" },
}
LUA
"$NNC" --profile s.lua -o s.c && build_c gcc -O1 s.c s || die "s does not build"
code() { # code WANTED MESSAGE COMMAND…
  local code=0
  timeout 20 "${@:3}" >out 2>err </dev/null || code=$?
  [ $code = "$1" ] && grep -qF -- "$2" err || fail "${*:3}: exit code $code, not $1: $(cat err)"
}
same() { cmp -s "$1" whole || fail "$2: not the weights of an ordinary run"; }
./s --save whole --log whole.log >table 2>/dev/null || die "s: exit code $?"

# ---- names ----
head -n 1 whole.log | grep -qF '{"step":1,"epoch":0,"func":"count","größe":2,"count.step":4}' || fail "the log begins with $(head -n 1 whole.log)"
[ "$(sed -n '/^epoch/,/^ *2 /p' table | sed 's/ö/o/g; s/ß/s/g' | awk '{ print length($0) }' | sort -u | wc -l)" = 1 ] || fail "the table has ragged lines: $(cat table)"
./s --bench 2 | grep -qF '{"bench":"a \"name\"",' || fail "--bench: $(./s --bench 2)"
if have python3; then
  ./s --epochs 20 --profile trace.json >/dev/null && python3 -c 'import json; assert json.load(open("trace.json"))["otherData"]["model"] == "a \"name\""' || fail "the trace does not read"
else
  echo "SKIPPED in part: there is no python3"
fi

# ---- closed: the next file that is opened is not taken for what was closed ----
code=0 && ./s --log log --save w --epochs 2 <&- >&- 2>&- || code=$?
[ $code = 1 ] && same w "all closed" && cmp whole.log log || fail "all closed: exit code $code, $(tail -n 3 log)"
for closed in '>&-' '2>&-' '<&-' '>&- 2>&-'; do
  code=0 && rm -f w && eval "./s --quiet --log log --save w $closed" || code=$?
  [ $code = 0 ] && same w "$closed" && cmp whole.log log || fail "$closed, --quiet: exit code $code"
done

# ---- full: it is an error, and weights are saved ----
for flags in --help --version --list-parameters '--bench 2' '--save w'; do
  code=0 && rm -f w
  # shellcheck disable=SC2086
  ./s $flags >/dev/full 2>err || code=$?
  [ $code = 1 ] && grep -q 'standard output: ' err || fail "$flags to a full disk: exit code $code, $(cat err)"
done
same w "a full standard output"
code=0 && rm -f w && (sleep 0.2 && code=0 && { ./s --save w 2>err || code=$?; } && echo $code >code) | true
[ "$(cat code)" = 1 ] && grep -q 'standard output: ' err && same w "a reader that is gone" || fail "a reader that is gone: exit code $(cat code), $(cat err)"

# ---- pipes and folders where files are wanted ----
mkfifo pipe
code 1 "pipe: is not a regular file" ./s --init pipe
code 1 "pipe: cannot be written: is not a regular file" ./s --save pipe
code 1 ".: cannot be written: is not a regular file" ./s --checkpoint .

# ---- flags ----
code 2 "Give --init FILE, or --resume, not both" ./s --predict x --init whole --resume whole
code 2 "--data numbers=x: --predict gives the rows of numbers" ./s --predict x --init whole --data numbers=x
code 2 '--output: "p.csv" is not a number' ./s --output p.csv
code 1 "no memory for the times" ./s --bench 9000000000000000000
code 2 "log does not go with --bench" ./s --bench 2 --log whole.log
[ -s whole.log ] || fail "--bench empties a log"

# ---- a signal, and the folder of the checkpoints is gone: weights are saved all the same ----
mkdir gone
./s --quiet --epochs 1000000000 --checkpoint gone/c --checkpoint-every 1h --save w.signal 2>err &
pid=$!
for _ in $(seq 100); do grep -q '^SigCgt:.*[4567cdef]...$' /proc/$pid/status && [ "$(sed -n 's/^State:\t\(.\).*/\1/p' /proc/$pid/status)" != D ] && break; sleep 0.02; done
sleep 0.2 && rm -r gone && kill -TERM $pid
code=0 && wait $pid || code=$?
[ $code = 1 ] && grep -q "gone/c: cannot be written: No such file" err || fail "no folder for checkpoints: exit code $code, $(cat err)"
[ -s w.signal ] || fail "no folder for checkpoints: weights are not saved"
finish
