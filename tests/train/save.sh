#!/usr/bin/env bash
# labels: plain
# save.sh: nothing is lost by saving: links stay, what a killed run left does no harm, a failure leaves the old file as
# it was and says path and reason, two runs may save one file at once and it is whole at any moment.
source "$(dirname "$0")/../common.sh"
need_nnc
cd "$work"
cat >fill.lua <<'LUA'
local nn = require "nn"
local v, w = nn.hyper("v", 1.0), nn.buffer({ 100000 }, 0.0, "f32", { saved = true })
local fill = nn.func { function() nn.assign(w, nn.full({ 100000 }, v)) end }
return nn.program { name = "fill", model = { w = w }, fill = fill,
                    run = { steps = 1, step = { fill, nn.save { "each" } } } }
LUA
"$NNC" fill.lua -o fill || die "fill does not build"
sum() { cksum <"$1"; }
fill() { ./fill --quiet --v "$@"; }
for v in 1 2 3; do fill $v --save w$v && cp w$v whole.$v; done
sum_1=$(sum whole.1) sum_2=$(sum whole.2)
[ "$sum_1" != "$sum_2" ] && [ "$(wc -c <whole.1)" -gt 400000 ] || die "fill saves $(wc -c <whole.1) bytes"
is() { [ "$(sum "$1")" = "$2" ] || fail "$3"; }
none() { [ -z "$(ls ./*.new* */*.new* 2>/dev/null)" ] || fail "$1 leaves $(ls ./*.new* */*.new* 2>/dev/null)"; }

# ---- links: to another folder, to a link, to nothing yet ----
mkdir -p there && cp whole.1 there/file && ln -s there/file one && ln -s "$PWD/one" two && ln -s there/later later
fill 2 --save two || fail "a link: exit code $?"
[ -L one ] && [ -L two ] || fail "--save replaces a link by a file"
is there/file "$sum_2" "--save does not write what the link leads to"
fill 2 --save later && [ -L later ] && is there/later "$sum_2" "a link to nothing yet"
ln -s circle circle && fill 2 --save circle 2>err && fail "a circle of links: exit code 0"
grep -q "circle: cannot be written: Too many levels of symbolic links" err || fail "a circle of links: $(cat err)"
none "a link"

# ---- what a killed run left; who may read it ----
echo garbage >w1.new && chmod 600 w1
fill 2 --save w1 || fail "a left FILE.new: exit code $?"
is w1 "$sum_2" "a left FILE.new"
[ "$(stat -c %a w1)" = 600 ] || fail "the mode of a file that is replaced becomes $(stat -c %a w1)"
none "a run after a killed one"

# ---- failures: exit code 1, path, reason, the old file as it was ----
refused() { # refused WHAT FILE REASON COMMAND…
  local code=0
  "${@:4}" 2>err || code=$?
  [ $code = 1 ] || fail "$1: exit code $code"
  grep -q "$2: cannot be written: $3" err || fail "$1: $(cat err)"
}
refused "no such folder" absent/w "No such file or directory" fill 2 --save absent/w
cp whole.1 each
( ulimit -f 100 && refused "a full disk" each "File too large" fill 2; exit $failures ) || failures=$((failures + 1))
is each "$sum_1" "a full disk: the old file"
cp whole.1 w1
none "a full disk"
long=$(printf 'ü%.0s' {1..1500})
for name in "$long" "a$long"; do
  code=0 && fill 2 --save "$name" 2>err || code=$?
  [ $code = 1 ] && LC_ALL=C grep -q "^fill: [^ ]*…[^ ]*: cannot be written: File name too long$" err && iconv -f UTF-8 -t UTF-8 err >is.txt || fail "a long name: exit code $code: $(cat err)"
done
mkdir w1.new
refused "FILE.new is a folder" w1 "Is a directory" fill 2 --save w1
rmdir w1.new && is w1 "$sum_1" "FILE.new is a folder: the old file"
mkdir -p shut && cp whole.1 shut/w && chmod 644 shut/w && chmod 555 shut
as=()
[ "$(id -u)" != 0 ] || as=(setpriv --reuid 65534 --clear-groups)
if "${as[@]}" test -x fill 2>/dev/null; then
  refused "a folder that may not be written" shut/w "Permission denied" "${as[@]}" ./fill --quiet --save shut/w
  is shut/w "$sum_1" "a folder that may not be written: the old file"
else
  echo "a folder that may not be written: left out, user 65534 cannot run programs in $PWD"
fi
chmod 755 shut

# ---- two at once, and a reader ----
for v in 1 2; do (for _ in $(seq 25); do fill $v || exit 1; done) & done
torn=0
while [ -n "$(jobs -r)" ]; do
  [ ! -f each ] || now=$(sum each)
  [ ! -f each ] || [ "$now" = "$sum_1" ] || [ "$now" = "$sum_2" ] || torn=$((torn + 1))
done
for job in $(jobs -p); do wait "$job" || fail "two at once: exit code $?"; done
[ $torn = 0 ] || fail "two at once: $torn readings that are neither file"
none "two at once"

# ---- nothing is written over what is read, or for two things: flags, the checkpoints beside --checkpoint's, what the program saves and writes ----
printf 'x,y\n1,2\n3,5\n2,3\n5,9\n' >rows.txt
cat >line.lua <<'LUA'
local nn = require "nn"
local rows, writes, saves = nn.arg("rows", "rows.txt"), nn.arg("writes", "out.npy"), nn.arg("saves", "kept.npz")
local net = nn.Linear(1, 1)
local step = nn.train { on = "train", optimizer = nn.SGD { net, lr = 0.01 },
                        loss = function(b) return ((net(b.x) - b.y) ^ 2):mean() end }
return nn.program { name = "line", model = net, train = step,
                    validate = nn.evaluate { on = "other", loss = function(b) return (net(b.x) - b.y):mean() end }, -- not called
                    data = { train = nn.data.csv { file = rows, x = { "x" }, y = { "y" }, batch = 2 },
                             other = nn.data.csv { file = "other.txt", x = { "x" }, y = { "y" } } },
                    run = { steps = 4, step = { step, write = { loss = writes } }, after = nn.save { saves } } }
LUA
"$NNC" line.lua -o line || die "line does not build"
before=$(sum rows.txt)
apart() { # apart CODE MESSAGE COMMAND…
  local code=0
  "${@:3}" --quiet 2>err >/dev/null || code=$?
  [ $code = "$1" ] && { [ -z "$2" ] || grep -qF -e "$2" err; } || fail "${*:3}: exit code $code: $(cat err)"
  [ "$(sum rows.txt)" = "$before" ] || die "${*:3}: rows.txt is another file"
}
saved="would write over what the program saves" written="would write over what the program writes"
apart 2 "--log kept.npz: $saved" ./line --log kept.npz
apart 2 "--checkpoint ./kept.npz: $saved" ./line --checkpoint ./kept.npz
apart 2 "--log out.npy: $written" ./line --log out.npy
apart 2 "--save $PWD/out.npy: $written" ./line --save "$PWD/out.npy"
apart 2 "--log c.1: would write over an older checkpoint of the run" ./line --checkpoint c --log c.1
apart 2 "--save c.2: would write over an older checkpoint of the run" ./line --checkpoint c --save c.2 --checkpoint-keep 3
apart 2 "--save c.best: would write over the best checkpoint of the run" ./line --checkpoint c --save c.best
apart 2 "--log c.new: would write over a checkpoint that is being written" ./line --checkpoint c --log c.new
apart 2 "--log line.checkpoint.safetensors: would write over the run's checkpoint" ./line --checkpoint-every 2 --log line.checkpoint.safetensors
apart 2 "--log s.new: would write over a file that is being written" ./line --save s --log s.new
cp rows.txt other.txt
apart 2 "--log other.txt: would write over a file of the data other" ./line --log other.txt
rm other.txt # which is not there for the others
ln rows.txt data.1
apart 1 "data.1: an older checkpoint of the run would be written over a file of the data train" ./line --checkpoint data
rm data.1
mkdir real && ln rows.txt real/c.1 && ln -s real/c to
apart 1 "real/c.1: an older checkpoint of the run would be written over a file of the data train" ./line --checkpoint to --checkpoint-every 1
rm -r real to
"$NNC" line.lua -D writes=rows.txt -o over && apart 1 "rows.txt: what the program writes would be written over a file of the data train" ./over
"$NNC" line.lua -D saves=rows.txt -o over && apart 1 "rows.txt: what the program saves would be written over a file of the data train" ./over
ln -s rows.txt linked
"$NNC" line.lua -D saves=linked -o over && apart 1 "linked: what the program saves would be written over a file of the data train" ./over
[ ! -e c ] && [ ! -e s ] && [ ! -e out.npy ] && [ ! -e kept.npz ] || fail "a refused run leaves $(ls c s out.npy kept.npz 2>/dev/null)"
apart 0 "" ./line --save kept.npz --checkpoint c --checkpoint-every 1 --log c.2 # two generations: c and c.1
[ -e kept.npz ] && [ -e c.1 ] && [ "$(wc -l <c.2)" -ge 4 ] || fail "what may be named is not written"
apart 0 "" ./over --bench 2 # which writes nothing
finish
