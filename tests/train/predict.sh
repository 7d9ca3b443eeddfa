#!/usr/bin/env bash
# labels: plain
# predict.sh: --predict and --eval. Rows go in and out one for one, whatever the batch, through each reader, without the labels; numbers are those
# told by hand (berries), computed from the saved weights in f64 (iris), and give the accuracy that the program's own evaluation has.
source "$(dirname "$0")/../common.sh"
need_nnc
cd "$work"
cp "$NNC_SOURCE_DIR"/tests/train/predict/berries.{csv,lua} .
program() { "$NNC" --cpu=scalar "${@:2}" -o "$1.c" && build_c gcc -O0 "$1.c" "$1" || die "$1 does not build"; }
code() { local code=0 && "${@:3}" >out 2>err </dev/null || code=$?; [ "$code" = "$1" ] && grep -qF -e "$2" err || fail "${*:3}: exit code $code, expected $1 and '$2': $(cat err)"; }
same() { cmp -s "$1" "$2" || fail "$3: $(diff "$1" "$2" | head -n 4)"; }
says() { "${@:3}" >got || fail "$2: exit code $?" && same "$1" got "$2"; } # says FILE WHAT COMMAND…

# ---- by hand: scores are W x, the class is the largest, the first of equals ----
awk 'BEGIN { print "class,scores.0,scores.1,scores.2" }
     { h = $1; w = $2; red = $3 == "red"; s[0] = 2 * h - 3 * w + red; s[1] = w + !red; s[2] = -h + 0.5 * red + 4 * !red
       c = 0; for (i = 1; i < 3; i++) if (s[i] > s[c]) c = i
       print c "," s[0] "," s[1] "," s[2] }' >all.csv <<'ROWS'
2 1.5 red
0.25 -2 blue
-1.5 4 blue
0 0.5 red
-7 3 red
6 -1.25 blue
1 0 red
ROWS
program berries berries.lua
./berries --quiet --steps 0 --save w.safetensors || fail "berries: exit code $?"
first() { ./berries --predict "$1" --init w.safetensors "${@:2}"; }
says all.csv berries first berries.csv
first berries.csv -o got.csv && same all.csv got.csv "berries to a file" || fail "berries to a file: not written"
first berries.csv --output=got.csv --threads 2 && same all.csv got.csv "berries, two threads" || fail "berries, two threads: not written"
# columns in another order, without the label, with others; 6, 3, 1 rows at a batch of 3
for rows in 7 6 3 1; do
  { echo "kind,extra,height,width" && printf '%s\n' red,x,2,1.5 blue,x,0.25,-2 blue,,-1.5,4 red,x,0,.5 red,x,-7,3 blue,x,6,-1.25 red,x,1,0 | head -n $rows; } >few.csv
  says <(head -n $((rows + 1)) all.csv) "$rows rows without labels" first few.csv
done
says <(cut -d, -f1 all.csv) "one output" first berries.csv --predict-with predict.class
first berries.csv --predict.scale 2 --predict-with predict.scores | tail -n 1 >got; same <(tail -n 1 all.csv | awk -F, '{ print 2 * $2 "," 2 * $3 "," 2 * $4 }') got "an nn.input"
first berries.csv -o got.npy --predict-with predict.scores || fail "berries to .npy: exit code $?"
head -c 128 got.npy | grep -aq "'<f4', 'fortran_order': False, 'shape': (7, 3), }" && [ "$(wc -c <got.npy)" = $((128 + 7 * 3 * 4)) ] || fail "got.npy is not f32 of [7,3]"
tail -c 84 got.npy | od -An -v -tf4 -w12 | awk '{ print $1 "," $2 "," $3 }' >got && same <(tail -n 7 all.csv | cut -d, -f2-4) got "the numbers of got.npy"

# ---- the same from LLVM, with batches of 1; and of a bf16 program ----
if "$NNC" berries.lua -o berries.o 2>llvm.txt; then
  cc berries.o "$NNC_RUNTIME_LIBRARY" "${link_flags[@]}" -o by_llvm && says all.csv LLVM ./by_llvm --predict berries.csv --init w.safetensors --threads 2 || fail "LLVM does not link"
fi
program b berries.lua -D batch=1 && says all.csv "batch 1" ./b --predict berries.csv --init w.safetensors
program b berries.lua --float=bf16 && ./b --quiet --steps 0 --save b.safetensors && ./b --predict berries.csv --init b.safetensors -o got.npy --predict-with predict.scores || fail "bf16: exit code $?"
tail -c 84 got.npy | od -An -v -tf4 -w12 | awk '{ print $1 "," $2 "," $3 }' >got && same <(tail -n 7 all.csv | cut -d, -f2-4) got "bf16"

# ---- a program that can do nothing else: no data of the training, no step that changes nothing ----
program only berries.lua --only=predict
mkdir alone && cp only w.safetensors alone && cp berries.csv alone/new.csv
says all.csv "--only=predict" env -C alone ./only --predict new.csv --init w.safetensors
code 2 "this program only predicts: of which rows? Give --predict FILE" ./only
code 2 "usage: only --predict FILE --init FILE" ./only --steps 1
./only --help >help && grep -q "^berries: predicts by the model" help && grep -q -e "--predict FILE" help || fail "--only=predict: --help says $(head -n 1 help)"
grep -e '--epochs' -e '--checkpoint ' -e '--plot' help && fail "--only=predict has flags of training"
./only --bench 3 >/dev/null || fail "--only=predict: --bench"

# ---- arrays: the file of the features alone ----
first berries.csv -o s.npy --predict-with predict.scores && first berries.csv -o y.npy --predict-with predict.class # f32 [7,3], i32 [7]
sed 's/"x.npy", 4/"x.npy", 3/; s/{ 3, 4 }/{ 3, 3 }/; s/{ { 2.*4 } }/{ { 0, 0, 1.0 }, { 0, 1, 0 }, { 2, 0, 0 } }/' berries.lua >turn.lua
program turn turn.lua -D rows=npy
./turn --quiet --data berries=s.npy,y.npy --steps 0 --save t.safetensors || fail "turn: exit code $?"
./turn --predict s.npy --predict-with predict.scores --init t.safetensors >got 2>err || fail "turn: $(cat err)"
same <(awk -F, 'NR == 1 { print "scores.0,scores.1,scores.2"; next } { print $4 "," $3 "," 2 * $2 }' all.csv) got "an array"

# ---- which function, which weights, which file ----
program more berries.lua -D more=1
code 2 "several functions fit: say --predict-with one of predict, widths" ./more --predict berries.csv --init w.safetensors
says <(printf '%s\n' width.0 1.5 -2 4 0.5 3 -1.25 0) widths ./more --predict berries.csv --init w.safetensors --predict-with widths
program none berries.lua -D none=1
code 2 'predict = nn.func { on = "berries", function(b) return { class = net(b.x):argmax(-1) } end }' ./none --predict berries.csv --init w.safetensors
code 2 "there is no such function; of this program fit: predict" ./berries --predict berries.csv --init w.safetensors --predict-with predicts
code 2 "train: does not give one row for each row" ./berries --predict berries.csv --init w.safetensors --predict-with train
code 2 'predict has no output "clas"' ./berries --predict berries.csv --init w.safetensors --predict-with predict.clas
code 2 "say which, --predict-with predict.class" ./berries --predict berries.csv --init w.safetensors -o got.npy
code 2 "ends in .csv or .npy" ./berries --predict berries.csv --init w.safetensors -o got.txt
code 2 "of which weights? Give --init FILE, or --resume" ./berries --predict berries.csv
code 2 "predict-with goes with --predict" ./berries --predict-with predict
code 2 "steps does not go with --predict" ./berries --predict berries.csv --init w.safetensors --steps 3
code 2 "needs a value" ./berries --predict berries.csv -o
code 1 "berries.csv.gone: cannot be opened" ./berries --predict berries.csv.gone --init w.safetensors
cut -d, -f1-3 berries.csv >narrow.csv
code 1 "names no column 'height'" ./berries --predict narrow.csv --init w.safetensors
# what fails leaves the file as it was
echo before >kept.csv
{ cat berries.csv && echo h,1,green,2,0; } >green.csv
code 1 "line 10, column kind: 'green' is none of the categories" ./berries --predict green.csv --init w.safetensors -o kept.csv
{ head -n 1 few.csv && awk 'BEGIN { for (i = 0; i < 30000; i++) print "red,x,2,1.5" }'; } >long.csv
code=0 && (ulimit -f 8 && exec ./berries --predict long.csv --init w.safetensors -o kept.csv) 2>err || code=$?
[ "$code" = 1 ] && grep -q "kept.csv: cannot be written" err || fail "a full disk: exit code $code: $(cat err)"
[ "$(cat kept.csv)" = before ] && [ ! -e kept.csv.new ] || fail "a prediction that failed changed its file"
first long.csv >/dev/full 2>err && fail "a full standard output is taken"
grep -q "standard output: cannot be written" err || fail "a full standard output: $(cat err)"

# ---- --eval ----
cat >two.lua <<'LUA'
local nn = require "nn"
local w = nn.parameter({}, 1)
local src = function(first, n)
  local x = {}
  for i = 1, n do x[i] = first + i end
  return nn.data.table { x = nn.constant(x, "f32"), batch = 4 }
end
local function error(b) return ((b.x - w) ^ 2):mean() end
return nn.program {
  name = "two", model = { w = w }, data = { near = src(0, 7), far = src(10, 5) },
  train = nn.train { on = "near", loss = error, optimizer = nn.SGD { w, lr = 0.05 } },
  validate = nn.evaluate { on = "near", error = error }, abroad = nn.evaluate { on = "far", error = error, mean = function(b) return b.x:mean() end },
  epochs = 3,
}
LUA
program two two.lua
./two --quiet --epochs 2 --checkpoint c --save s.safetensors --log log || fail "two: exit code $?"
want=$(sed -nE 's/.*"validate","error":([^}]*)}.*/\1/p' log | tail -n 1) w=$(tail -c 4 s.safetensors | od -An -tf4 | tr -d ' ')
for weights in "--init s.safetensors" "--init c" "--resume c" "--checkpoint c --resume"; do
  # shellcheck disable=SC2086
  ./two --eval $weights >got 2>err || fail "two, $weights: $(cat err)"
  [ "$(sed -n 's/^validate.error //p' got)" = "$want" ] || fail "two, $weights: $(cat got), the run had $want"
  awk -v w="$w" '{ v[$1] = $2 } END { for (x = 11; x <= 15; x++) s += (x - w) ^ 2 / 5; d = v["abroad.error"] / s - 1; exit !(v["abroad.mean"] == 13 && d * d < 1e-12 && NR == 3) }' got || fail "two, $weights: $(cat got)"
done
lines=$(wc -l <log) && cp c c.before
./two --eval --resume c --log log >/dev/null && [ "$(wc -l <log)" = $((lines + 2)) ] || fail "two: --eval does not add its lines to the log"
tail -n 1 log | grep -qF "{\"step\":2,\"epoch\":2,\"func\":\"validate\",\"error\":$want}" || fail "two: $(tail -n 1 log)"
same c c.before "--eval writes its checkpoint"
code 2 "of which weights?" ./two --eval
code 1 "there is no checkpoint two.checkpoint.safetensors" ./two --eval --resume
code 2 "epochs does not go with --eval" ./two --eval --init c --epochs 3
code 2 "predict does not go with --eval" ./two --eval --predict x --init c
code 2 "write one into berries.lua, such as validate = nn.evaluate" ./berries --eval --init w.safetensors

# ---- images, by the file of the images alone: the accuracy of the program's own evaluation ----
if [ -f "$fashion/t10k-images-idx3-ubyte.gz" ]; then
  cat >images.lua <<'LUA'
local nn = require "nn"
local net = nn.Sequential { nn.Flatten(), nn.Linear(784, 10) }
local function loss(b) return nn.cross_entropy(net(b.x), b.y) end
local test = nn.data.fashion_mnist { split = "test", batch = 96 }
return nn.program {
  name = "images", model = net, data = { train = nn.data.fashion_mnist { split = "test", batch = 100 }, test = test },
  train = nn.train { on = "train", loss = loss, optimizer = nn.SGD { net, lr = 0.1 } },
  validate = nn.evaluate { on = "test", accuracy = function(b) return nn.accuracy(net(b.x), b.y) end },
  predict = nn.func { on = "test", function(b) return { class = net(b.x):argmax(2) } end }, epochs = 1,
}
LUA
  program images images.lua
  ./images --quiet --steps 40 --save i.safetensors && ./images --eval --init i.safetensors >eval.txt && ./images --predict "$fashion/t10k-images-idx3-ubyte.gz" --init i.safetensors -o i.csv || fail "images: exit code $?"
  zcat "$fashion/t10k-labels-idx1-ubyte.gz" | tail -c +9 | od -An -v -tu1 -w1 | paste -d' ' - <(tail -n +2 i.csv) |
    awk -v told="$(sed 's/.* //' eval.txt)" '{ n++; good += $1 == $2 } END { printf "images: %d predictions, %.4f right; the evaluation says %s\n", n, good / n, told; d = good / n - told; exit !(n == 10000 && good > 6000 && d * d < 1e-12) }' || fail "images: other than the evaluation"
else
  echo "SKIPPED in part: the Debian package dataset-fashion-mnist is not installed"
fi

# ---- iris: 150 rows at a batch of 32, against the saved weights in f64 ----
need_shared tabular/iris.csv "predictions on real data are not tried"
cat >iris.lua <<LUA
local nn = require "nn"
local net = nn.Sequential { nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 3) }
local function loss(b) return nn.cross_entropy(net(b.x), b.y) end
local function iris(batch, shuffle)
  return nn.data.csv { file = "$shared/tabular/iris.csv", batch = batch, shuffle = shuffle, classes = 3,
                       x = { "sepal_length", "sepal_width", "petal_length", "petal_width" }, y = { column = "class", dtype = "i32" } }
end
return nn.program {
  name = "iris", model = net, data = { train = iris(16, true), test = iris(32) },
  train = nn.train { on = "train", loss = loss, optimizer = nn.Adam { net, lr = 0.02 } },
  validate = nn.evaluate { on = "test", accuracy = function(b) return nn.accuracy(net(b.x), b.y) end },
  predict = nn.func { on = "test", function(b) local p = net(b.x):softmax(2) return { class = p:argmax(2), p = p } end }, epochs = 30,
}
LUA
program iris iris.lua
cut -d, -f1-4 "$shared/tabular/iris.csv" >features.csv
./iris --quiet --save i.safetensors && ./iris --eval --init i.safetensors >eval.txt && ./iris --predict features.csv --init i.safetensors -o iris.csv || fail "iris: exit code $?"
tail -n +2 "$shared/tabular/iris.csv" | cut -d, -f5 | paste -d, - <(tail -n +2 iris.csv) |
  awk -F, -v told="$(sed 's/.* //' eval.txt)" '{ n++; good += $1 == $2 } END { d = good / n - told; printf "iris: %.4f right, the evaluation says %s\n", good / n, told; exit !(n == 150 && good > 135 && d * d < 1e-12) }' || fail "iris: other than the evaluation"
if have python3; then
  python3 - <<'PY' || fail "iris: other than the saved weights in f64"
import json, math, struct, sys
raw = open("i.safetensors", "rb").read()
n, = struct.unpack("<Q", raw[:8])
head, data = json.loads(raw[8:8 + n]), raw[8 + n:]
w = {k: struct.unpack("<%df" % ((v["data_offsets"][1] - v["data_offsets"][0]) // 4), data[slice(*v["data_offsets"])]) for k, v in head.items() if k != "__metadata__"}
def linear(k, x): return [sum(a * b for a, b in zip(w[k + ".weight"][i * len(x):], x)) + c for i, c in enumerate(w[k + ".bias"])]
rows = [[float(x) for x in line.split(",")] for line in list(open("features.csv"))[1:]]
got = [[float(x) for x in line.split(",")] for line in list(open("iris.csv"))[1:]]
worst, wrong = 0, abs(len(rows) - len(got))
for x, y in zip(rows, got):
    s = linear("2", [math.tanh(v) for v in linear("0", x)])
    e = [math.exp(v - max(s)) for v in s]
    p = [v / sum(e) for v in e]
    worst = max([worst] + [abs(a - b) for a, b in zip(p, y[1:])])
    wrong += p.index(max(p)) != y[0]
print("iris: largest difference of a probability %.1e, %d other classes" % (worst, wrong))
sys.exit(not (worst <= 2e-6 and wrong == 0))
PY
fi
finish
