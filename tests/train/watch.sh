#!/usr/bin/env bash
# labels: plain
# watch.sh: what nn.train's watch leaves where: norms in the log and not in the progress line, as a table of the log's means at the end of an epoch and
# of the run, nothing without it; lines that a log cannot hold are refused before the first step. Their values: library.sh, layers/watch.lua.
source "$(dirname "$0")/../common.sh"
need_nnc
cd "$work"
model() { # NAME WATCH LAYERS MODEL
  cat >"$1.lua" <<LUA
local nn = require "nn"
local net = nn.Sequential {}
for i = 1, $3 do net[i] = nn.Linear(4, 4) end
return nn.program { name = "m", model = ${4:-net}, steps = 3, data = { train = nn.data.random { x = { 4 }, rows = 32, batch = 8 } },
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
grep -q loss on.out && ! grep 'loss.*weight\|weight.*loss' on.out on.err || fail "the progress shows: $(cat on.err)"
table() { # table LOG FROM TO: as the program prints it, from the log's steps
  local rows="0.weight 0.bias 1.weight 1.bias" name column
  printf 'step %d, means of %d calls of train:\n%8s%11s%11s%11s%11s\n' "$3" "$(($3 - $2 + 1))" "" weight gradient update ratio
  for name in $rows; do
    printf %-8s "$name"
    for column in weight gradient update ratio; do
      sed -n "$2,$3p" "$1" | sed "s/.*\"$column.$name\":\([^,}]*\).*/\1/" | awk '{ n += $1 } END { printf "%11.4g", n / NR }'
    done
    echo
  done
}
table on.log 1 3 >expected
sed -n '/^step/,/1.bias/p' on.out | diff expected - || fail "the table is not the log's"
[ "$(grep -c gradient on.out)" = 1 ] && ! grep -q gradient on.err || fail "a run of three steps prints a table while it goes on"
./on --quiet --log on.log >on.out 2>on.err </dev/null && [ ! -s on.out ] && [ ! -s on.err ] || fail "--quiet prints: $(cat on.out on.err)"
sed -i 's/steps = 3/epochs = 2/' on.lua && "$NNC" on.lua -o on.c && build_c gcc -O0 on.c epochs
./epochs --log epochs.log >epochs.out 2>epochs.err </dev/null || fail "epochs: $(cat epochs.err)"
(table epochs.log 1 4 && table epochs.log 5 8) >expected
(sed '/^epoch/d' epochs.err && sed -n '/^step/,/1.bias/p' epochs.out) | diff expected - || fail "the tables of two epochs are not the log's"
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
