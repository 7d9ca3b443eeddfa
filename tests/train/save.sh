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
finish
