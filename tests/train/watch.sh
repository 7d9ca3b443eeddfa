#!/usr/bin/env bash
# labels: plain
# watch.sh: what nn.train's watch leaves where: norms in the log and not in the progress line, nothing without it; lines that a log cannot hold are
# refused before the first step. Their values: library.sh, layers/watch.lua.
source "$(dirname "$0")/../common.sh"
need_nnc
cd "$work"
model() { # NAME WATCH LAYERS MODEL
  cat >"$1.lua" <<LUA
local nn = require "nn"
local net = nn.Sequential {}
for i = 1, $3 do net[i] = nn.Linear(4, 4) end
return nn.program { name = "m", model = ${4:-net}, steps = 3, data = { train = nn.data.random { x = { 4 }, rows = 8, batch = 8 } },
  train = nn.train { on = "train", $2 loss = function(b) return (net(b.x) ^ 2):mean() end, optimizer = nn.SGD { net, lr = 0.1 } } }
LUA
  "$NNC" "$1.lua" -o "$1.c" && build_c gcc -O0 "$1.c" "$1" || die "$1 does not build"
}
model plain "" 2
model off "watch = false," 2
code() { sed "/^ \*/d; s|/\*.*||; /hash = /d; s/$1\.lua//" "$1.c"; }
diff <(code plain) <(code off) >diff.txt || fail "watch = false leaves something: $(head -n 4 diff.txt)"
model on "watch = true," 2
./on --log on.log >on.out 2>on.err </dev/null || fail "on: $(cat on.err)"
for name in weight gradient update ratio; do
  [ "$(grep -c "\"$name.0.weight\":.*\"$name.1.bias\":" on.log)" = 3 ] || fail "$name is not in every line: $(head -n 1 on.log)"
done
cat on.out >>on.err
grep -q loss on.err && ! grep -q "weight" on.err || fail "the progress shows: $(cat on.err)"
./plain --quiet --log plain.log </dev/null
[ "$(losses on.log)" = "$(losses plain.log)" ] || fail "watching changes the losses"
model weights 'watch = "*.weight",' 2
./weights --quiet --log weights.log </dev/null
grep -q '"update.1.weight"' weights.log && ! grep -q bias weights.log || fail "a glob chooses others: $(head -n 1 weights.log)"
"$NNC" plain.lua --watch='*.weight' -o asked.c && build_c gcc -O0 asked.c asked && ./asked --quiet --log asked.log </dev/null
cmp asked.log weights.log || fail "--watch says something else than nn.train's watch"
"$NNC" off.lua --watch -o off.c && diff <(code plain) <(code off) >diff.txt || fail "--watch overrules watch = false"
model many "watch = true," 20 '{ [string.rep("long", 50)] = net }'
code=0
./many --quiet --log many.log 2>many.err </dev/null || code=$?
[ "$code" = 1 ] && grep -q "the outputs of train need lines of" many.err || fail "many: exit code $code, $(cat many.err)"
./many --quiet </dev/null || fail "many: it does not run without a log"
finish
