#!/usr/bin/env bash
# labels: plain
# timeout: 300
# data.sh: files that built programs read, from the model to the batch: orders, parts, --data, refusals, and a file that is cut under a
# run. What is expected is the file itself, cut by hand.
source "$(dirname "$0")/../common.sh"
need_nnc
models=$NNC_SOURCE_DIR/tests/train/data
cd "$work"
build() { "$NNC" "$models/$1.lua" -o "$2.c" "${@:3}" && build_c gcc -O0 "$2.c" "$2" || die "$2 does not build"; }
lines() { tr '\n' ' ' <"$1"; }
is() { [ "$1" = "$2" ] || fail "$3: '$1', not '$2'"; }
value() { sed -nE "s/.*\"$2\":([-0-9.e]+).*/\1/p" "$1" | tail -n 1; }
run() { "./$1" --quiet --log log "${@:2}" </dev/null || fail "$1: exit code $?"; }
refused() { local code=0 && "./$1" --quiet "${@:3}" >/dev/null 2>err || code=$?; [ "$code" = 1 ] && grep -qF -e "$2" err || fail "${*:3}: exit code $code, '$2' expected in: $(cat err)"; }

# ---- text: 26 letters are 6 rows of 4 and the one that follows each ----
printf 'abcdefghijklmnopqrstuvwxyz' >text.txt
build text plain
run plain
is "$(lines x.txt)" "abcd efgh ijkl mnop qrst uvwx " "plain: x"
is "$(lines y.txt)" "bcde fghi jklm nopq rstu vwxy " "plain: y"
is "$(value log sum)" "$(printf 'abcdefghijklmnopqrstuvwx' | od -An -tu1 -v | awk '{ for (i = 1; i <= NF; i++) s += $i } END { print s / 6 }')" "plain: the mean of a pass"
build text lanes -D order=stateful
run lanes --passes 3
is "$(lines x.txt)" "$(printf 'abcd ijkl qrst efgh mnop uvwx %.0s' 1 2 3)" "lanes: x"
is "$(grep -c '"first":1,' log) $(grep -c '"gap":0' log) $(grep -c '"func":"show"' log)" "3 6 6" "lanes: passes, batches that go on, batches"
build text shuffled -D order=shuffle
run shuffled --passes 2
is "$(head -n 6 x.txt | sort | tr '\n' ' ')" "abcd efgh ijkl mnop qrst uvwx " "shuffled: x"
[ "$(head -n 6 x.txt)" != "$(tail -n 6 x.txt)" ] || fail "shuffled: two epochs have one order"
is "$(paste -d' ' x.txt y.txt | awk '{ if (substr($1, 2) != substr($2, 1, 3)) print }')" "" "shuffled: y does not follow x"
run shuffled --no-shuffle && is "$(lines x.txt)" "abcd efgh ijkl mnop qrst uvwx " "shuffled: --no-shuffle"

# a vocabulary of characters, two parts that have no token in common, another file, packed
build text parts -D part=0.5 -D vocabulary="äb€c
"
for _ in 1 2 3 4; do printf 'äb€c\nc€'; done >text.txt # 28 tokens: 14 in each part, 3 rows
run parts
# tokens 14 to 25, 0 1 2 3 4 3 2 0 1 2 3 4 as three rows, and tokens 1 to 12
awk -v x="$(value log sum)" 'BEGIN { d = x - 25 / 3; exit !(d < 1e-5 && d > -1e-5) }' || fail "parts: the mean of the second one is $(value log sum), not 25 / 3"
is "$(tr -d '\n' <y.txt)" "b€cc€äb€cc" "parts: y of the first one"
mkdir -p packed && gzip -c text.txt >packed/text.txt.gz && cp x.txt first.x
rm text.txt && run parts --data train=packed --data valid=packed/text.txt.gz && cmp -s x.txt first.x || fail "parts: packed: $(lines x.txt)"
heap() { rm -f calls && HEAP_CALLS=calls LD_PRELOAD=$NNC_BUILD_DIR/tests/heap_calls.so ./parts --quiet --data train,valid=first.txt --passes "$1" && cat calls; }
gunzip -c packed/text.txt.gz >first.txt
few=$(heap 2) many=$(heap 40)
[ -n "$few" ] && [ "${few%% *}" -gt 0 ] && [ "$few" = "$many" ] || fail "parts: 2 passes allocate and free $few, 40 passes $many times"
printf 'äbc\ncc€x' >foreign.txt
refused parts "data train: foreign.txt: 'x' at byte 10 (line 2) is no character of the vocabulary" --data train=foreign.txt
refused parts "2 files were given; it takes one" --data train=foreign.txt,foreign.txt
refused parts "data train: text.txt: cannot be opened: No such file"

# cut under a run: the batch that misses its bytes ends it, with what was there
head -c 4000 /dev/zero | tr '\0' 'a' >text.txt
rm x.txt
timeout 60 ./plain --quiet --passes 1000000000 2>err &
pid=$!
for _ in $(seq 300); do [ -s x.txt ] && break; sleep 0.1; done # it is written once the text is open
truncate -s 1000 text.txt
code=0 && wait $pid || code=$?
[ "$code" = 1 ] && grep -qE "data (train|valid): text.txt: ends before byte [0-9]+; it had 4000 when it was opened" err || fail "a text that is cut: exit code $code: $(cat err)"

# larger than memory: 4 GiB in a sparse file, any row of it, by a program that may have a tenth of that
cat >big.lua <<'LUA'
local nn = require "nn"
local f = nn.func { on = "rows", function(b) return { sum = b.x:cast("f64"):sum() } end }
return nn.program { name = "big", f = f, run = { steps = 300, step = f }, data = { rows = nn.data.npy { x = { file = "big.npy", 1024, dtype = "u8" }, batch = 64, shuffle = true } } }
LUA
"$NNC" big.lua -o big.c && build_c gcc -O0 big.c big || die "big does not build"
printf '\x93NUMPY\x01\x00\x76\x00%-117s\n' "{'descr': '|u1', 'fortran_order': False, 'shape': (4194304, 1024), }" >big.npy && truncate -s $((128 + 4194304 * 1024)) big.npy
if [ -z "$NNC_SANITIZE" ]; then
  (ulimit -v 400000 && run big --threads 1 && exit $failures) || fail "a file larger than memory is not read"
  [ "$(wc -l <log)" = 300 ] || fail "a file larger than memory: $(wc -l <log) steps"
fi
rm big.npy

# ---- records: three rows, one of them in the second file; the rest of the last batch is filled ----
printf 'AAA\x03-\x00\x01\xff\xfe\xff\x09-\x01\x00\x80\x00\x00' >a.bin
printf 'BBB\x00-\x7f\xff\x00\x00\x33' >b.bin
build records records
run records
is "$(lines label.txt)" "3 9 0 0 " "records: label"
is "$(lines x.txt)" "1 -2 256 -32768 32767 0 0 0 " "records: x"
is "$(lines p.txt)" "1 0 0.200000003 0 " "records: p"
is "$(lines weight.txt)" "1 1 1 0 " "records: weight"
run records --data rows=b.bin,a.bin,b.bin && is "$(lines label.txt)" "0 3 9 0 " "records: --data"
printf 'BBB\x0a-\x7f\xff\x00\x00\x33' >c.bin
refused records "data rows: c.bin: label 10 in row 0 (byte 3); there are 10 classes, 0 to 9" --data rows=a.bin,c.bin
printf 'BBB\x01-\x7f' >d.bin
refused records "data rows: d.bin: truncated: it ends at byte 6, in record 0, of whose 7 bytes it has 3" --data rows=a.bin,d.bin

# ---- a table, arrays of NumPy: number i of them is i * 7 % 23, less 5 and a quarter in floats ----
printf 'count,kind,width\r\n7,new,0.5\r\n,"old, used",NA\r\n' >t.csv
build table table -D folder="$NNC_SOURCE_DIR/tests/oracle/npy"
run table
is "$(lines x.txt)" "0.5 1 0 -1 0 1 0 0 0 " "table: x"
is "$(lines y.txt)$(lines n.txt)" "0 1 0 7 -1 0 " "table: y, n"
is "$(lines ax.txt)$(lines ay.txt)" "0 7 14 21 5 12 0 1 2 0 1 " "table: .npy"
is "$(lines az.txt)$(lines same.txt)" "-1.25 0.5 2.25 4 0 1.75 0 " "table: .npz"
cp az.txt first.az
"$NNC" "$models/table.lua" -D folder="$NNC_SOURCE_DIR/tests/oracle/npy" --standalone -o alone.c && gcc -O0 alone.c -lm -pthread -o alone || die "the self-contained file does not build"
run alone && cmp -s az.txt first.az || fail "self-contained: $(lines az.txt)"
if "$NNC" "$models/table.lua" -D folder="$NNC_SOURCE_DIR/tests/oracle/npy" -o table.o 2>llvm.txt; then
  cc table.o "$NNC_RUNTIME_LIBRARY" "${link_flags[@]}" -o llvm && run llvm && cmp -s az.txt first.az && is "$(lines y.txt)" "0 1 0 " "LLVM: y" || fail "LLVM: $(lines az.txt)"
fi
printf 'count,kind,width\n7,new,0.5\n8,odd,1\n' >u.csv
refused table "data csv: u.csv: line 3, column kind: 'odd' is none of the categories" --data csv=u.csv
refused table "its numbers are f64; the field x is u8, which cannot hold them" --data "npy=$NNC_SOURCE_DIR/tests/oracle/npy/f8.npy,$NNC_SOURCE_DIR/tests/oracle/npy/labels.npy"
finish
