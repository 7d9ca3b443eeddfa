#!/usr/bin/env bash
# labels: plain
# timeout: 600
# seconds: 20
# control.sh: loops and branches in whole programs: results that are known beforehand, one set of bits from gcc, clang,
# LLVM, the self-contained file and scalar code for any number of threads, no allocation in a step.
source "$(dirname "$0")/../common.sh"
need_nnc
model=$NNC_SOURCE_DIR/tests/train/control/loops.lua
cd "$work"

run() { # run NAME PROGRAM ARGS…: its log is that of the first one
  "${@:2}" --quiet --seed 3 --log log </dev/null || { fail "$1: exit code $?" && return; }
  [ -f first ] || cp log first
  cmp -s log first || fail "$1: another log than by the first way: $(diff log first | head -n 3)"
}
"$NNC" "$model" --verify -o loops.c || die "nnc refuses the model"
build_c gcc -O2 loops.c loops
for threads in 1 2 3; do run "gcc, $threads threads" ./loops --threads "$threads"; done
! have clang-14 || { build_c clang-14 -O3 loops.c loops.clang && run "clang-14" ./loops.clang --threads 2; } || fail "clang-14: it does not build"
"$NNC" "$model" --cpu=scalar -o scalar.c && build_c gcc -O1 scalar.c scalar && run "scalar code" ./scalar --threads 2 || fail "scalar code: it does not build"
if "$NNC" "$model" -o loops.o 2>llvm.txt; then
  cc loops.o "$NNC_RUNTIME_LIBRARY" "${link_flags[@]}" -o loops.llvm && run LLVM ./loops.llvm --threads 2 || fail "LLVM: it does not link"
fi
"$NNC" "$model" --standalone -o alone.c && gcc -O2 alone.c -lm -pthread -o alone && run "self-contained" ./alone --threads 2 || fail "self-contained: it does not build"

value() { sed -nE "/\"step\":$1,.*\"func\":\"$2\"/s/.*\"$3\":([-+0-9.e]+).*/\1/p" first | head -n 1; }
is() { # is STEP FUNC OUTPUT EXPECTED TOLERANCE
  local got
  got=$(value "$1" "$2" "$3")
  awk -v a="$got" -v b="$4" -v t="$5" 'BEGIN { d = a - b; if (d < 0) d = -d; exit !(a != "" && d <= t) }' || fail "$2.$3 of step $1 is $got, not $4"
}
is 1 known fibonacci 102334155 0
is 1 known triangle 65 0      # 0*0 + 1*1 + 2*3 + 3*6 + 4*10
is 1 known horner 49 0        # 1 + 4 + 12 + 32
is 1 known count 4 0          # turns 0 2 4 6
is 2 known count 8 0
is 1 known total 21 0
is 2 known total 42 0
is 1 known cache 1417 0       # rows 6 7 2 3 4 5: 27, and ten times their squares: 139
is 1 known root 0 2e-6
is 1 known squares 204 0
for kind in segments each unrolled; do is 1 gradients $kind 1 2e-5; done
is 1 draws mean 0.5 0.08      # 320 draws: five standard deviations
is 1 draws same 0 0
awk -v a="$(value 1 draws nearest)" 'BEGIN { exit !(a > 0.5) }' || fail "draws of two turns are $(value 1 draws nearest) apart at most"

# A branch that updates states writes them where they lie, behind those that read them before: nothing is copied in the
# steps between the moves of an accumulating optimizer.
cat >between.lua <<'LUA'
local nn = require "nn"
local net = nn.Sequential { nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4) }
local train = nn.train { optimizer = nn.Adam { net }, accumulate = 4, loss = function()
  return nn.cross_entropy(net(nn.random.normal { 6, 8 }), nn.iota(6) % 4)
end }
return nn.program { name = "between", model = net, train = train, run = { steps = 8, step = train } }
LUA
"$NNC" between.lua --verify -o between.c && build_c gcc -O1 between.c between && ./between --quiet || fail "between does not run"
grep -q '  if (\*' between.c && ! grep -q '  } else {' between.c || fail "between: the steps without a move copy something"
# Carries that begin with a number get it where they lie: no array of zeros is made to be copied.
cat >zeros.lua <<'LUA'
local nn = require "nn"
local f = nn.func { function()
  local last = nn.scan(function(c, t) return { a = c.b + t, b = 0.5 * c.a + 1, n = c.n + 1 } end,
                       { a = nn.zeros { 64 }, b = nn.zeros { 64 }, n = 3 }, nil, { length = 2 })
  return { a = last.a:sum(), b = last.b:sum(), n = last.n }
end }
return nn.program { name = "zeros", f = f, run = { steps = 1, step = f } }
LUA
"$NNC" zeros.lua --verify -o zeros.c && build_c gcc -O1 zeros.c zeros && ./zeros --quiet --log zeros.log || fail "zeros does not run"
grep -q '"a":128,"b":64,"n":5' zeros.log || fail "zeros: $(cat zeros.log)"
grep -q 'void start_' zeros.c && ! grep -E 'void start_[a-z_0-9]*\(const' zeros.c || fail "zeros: a carry's first number is copied from memory"
# Where the old value is read once more behind the branch, with a result of it, the new one waits: 4 (2 w + 1 + 10 w) for w = 3, 6
cat >old.lua <<'LUA'
local nn = require "nn"
local w = nn.buffer({ 4 }, 3)
local f = nn.func { function()
  local old = nn.value(w)
  local inside = nn.cond(old:sum():gt(0), function()
    nn.assign(w, w * 2)
    return w + 1
  end, function() return nn.zeros { 4 } end)
  return { sum = (inside + old * 10):sum() }
end }
return nn.program { name = "old", model = { w = w }, f = f, run = { steps = 2, step = f } }
LUA
"$NNC" old.lua --verify -o old.c && build_c gcc -O1 old.c old && ./old --quiet --log old.log || fail "old does not run"
[ "$(sed -nE 's/.*"sum":([0-9]+).*/\1/p' old.log | tr '\n' ' ')" = "148 292 " ] || fail "old: $(cat old.log)"

# A cell unrolled by Lua, and the gradient of its gradient: kernels are chosen anew for each part that has to be stored, and what an attempt took
# is given back. It takes 110 MB; kept, the attempts took 2.5 GB (and a bidirectional LSTM of two layers 22 GB).
cat >unrolled.lua <<'LUA'
local nn = require "nn"
local H, parameters = 5, { nn.parameter({ 20, 3 }, 0.1), nn.parameter({ 20, 5 }, 0.1), nn.parameter({ 20 }, 0) }
local f = nn.func { function()
  local x, h, c, rows = nn.random.normal { 6, 2, 3 }, nn.zeros { 2, H }, nn.zeros { 2, H }, {}
  for t = 1, 6 do
    local gates = x[t]:linear(parameters[1], parameters[3]) + h:linear(parameters[2])
    local function gate(k) return gates:slice(2, k * H + 1, (k + 1) * H) end
    c = gate(1):sigmoid() * c + gate(0):sigmoid() * gate(2):tanh()
    h = gate(3):sigmoid() * c:tanh()
    rows[t] = h
  end
  local squares = 0
  for _, g in ipairs(nn.grad((nn.stack(rows, 1) ^ 2):sum() + c:sin():sum(), parameters)) do squares = squares + (g ^ 2):sum() end
  return { largest = nn.ravel(nn.grad(squares, parameters)):abs():max() }
end }
return nn.program { name = "unrolled", f = f, run = { steps = 1, step = f } }
LUA
[ -n "$NNC_SANITIZE" ] || (ulimit -v 1000000 && "$NNC" unrolled.lua -o unrolled.c) || fail "unrolled: nnc does not compile it in 1 GB"
finish
