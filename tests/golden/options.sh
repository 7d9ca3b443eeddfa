#!/usr/bin/env bash
# options.sh: each option of nnc does what --help says of it. Judged by relations between runs, not by stored output.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
need_nnc
cd "$work"
cat >model.lua <<'LUA'
local nn = require "nn"
local w = nn.parameter({ nn.arg("width", 3) }, 0.5)
local f = nn.func { function() return { loss = (nn.value(w) * 2 + 0):sum() } end }
return nn.program { name = "small", model = { w = w }, f = f, run = { steps = 1, step = f } }
LUA
contains() { grep -q -- "$2" "$1" || fail "$3"; }
lacks() { ! grep -q -- "$2" "$1" || fail "$3"; }

"$NNC" --help >help.txt
for option in $(sed -n '/^static const char \*const option_names/,/};/p' "$NNC_SOURCE_DIR/compiler/main.c" | grep -oE '"--[a-z-]+"' | tr -d '"'); do
  contains help.txt "$option" "--help does not tell of $option"
done
"$NNC" --version | grep -q '^nnc [0-9]' || fail "--version names no version"

# --passes is the order in which --dump prints; --stop-after ends the run there, with nothing emitted
"$NNC" --passes >passes.txt
for pass in $(awk '{ print $1 }' passes.txt); do
  "$NNC" model.lua --dump="$pass" --stop-after="$pass" -o never.c >"dump.$pass" || fail "--dump=$pass fails"
  [ -s "dump.$pass" ] || fail "--dump=$pass prints nothing"
  [ ! -e never.c ] || fail "--stop-after=$pass went on"
done
contains dump.front "func" "--dump=front is no module"
contains dump.memory "^kernel " "--dump=memory holds no kernels"

# a dumped graph is a model: it prints the same again and compiles to the same C
cp dump.dce read.graph
"$NNC" read.graph --dump=front --stop-after=front | cmp -s - read.graph || fail "a dumped graph does not read back"
"$NNC" model.lua --verify -o a.c && "$NNC" read.graph -o b.c || fail "--verify, or a graph as model, fails"
diff <(sed 's|/\*.*\*/||' a.c) <(sed 's|/\*.*\*/||' b.c) >/dev/null || fail "the graph's text compiles to other code"

contains dump.front "\[3\]" "the nn.arg's default is lost"
"$NNC" model.lua -D width=5 --dump=front --stop-after=front >five.txt
contains five.txt "\[5\]" "-D width=5 changes nothing"
"$NNC" model.lua --float=f64 --dump=front --stop-after=front >f64.txt
lacks f64.txt "f32\[3\]" "--float=f64 leaves f32"

# x + 0 loses -0: it stays unless --fast is given
"$NNC" model.lua --dump=dce --stop-after=dce >exact.txt
contains exact.txt "= add " "x + 0 went without --fast"
"$NNC" model.lua --fast --dump=dce --stop-after=dce >fast.txt
lacks fast.txt "= add " "--fast leaves x + 0"

cat >product.lua <<'LUA'
local nn = require "nn"
local a, b = nn.parameter({ 96, 70 }, 0.5), nn.parameter({ 70, 64 }, 0.5)
local f = nn.func { function() return { loss = (a:matmul(b)):sum() } end }
return nn.program { name = "product", model = { a = a, b = b }, f = f, run = { steps = 1, step = f } }
LUA
# --blas: a large product becomes calls, and the head of the file says what to link and promises less; a model without one stays as it was
"$NNC" product.lua -o plain.c
lacks plain.c "gemm" "OpenBLAS is called without --blas"
contains plain.c "with any compiler" "the promise is lost"
"$NNC" product.lua --blas=openblas --verify -o blas.c
contains blas.c "nnrt_sgemm(" "--blas=openblas calls nothing"
contains blas.c "-lnnrt_blas -lopenblas" "--blas=openblas does not say what to link"
lacks blas.c "with any compiler" "--blas=openblas promises the same bits everywhere"
# a row of stride 0 under all rows of a product is no matrix to BLAS
sed 's/nn.parameter({ 96, 70 }, 0.5),/nn.parameter({ 70 }, 0.5),/; s/(a:matmul(b))/(a:broadcast { 96, 70 }:matmul(b))/' product.lua >rows.lua
"$NNC" rows.lua --blas=openblas -o rows.c
lacks rows.c "gemm" "OpenBLAS is handed rows that overlap"
"$NNC" product.lua --float=f64 --blas=openblas -o blas64.c
contains blas64.c "nnrt_dgemm(" "--blas=openblas calls nothing for f64"
"$NNC" model.lua --blas=openblas -o same.c && cmp -s same.c a.c || fail "--blas=openblas changes a model without products"
"$NNC" product.lua --blas=openblas -o blas.ll
contains blas.ll "declare void @nnrt_sgemm(" "the LLVM text does not declare what it calls"

"$NNC" model.lua --cpu=scalar -o scalar.c
lacks scalar.c "f32x16" "--cpu=scalar emits vectors"
"$NNC" model.lua -o few.c --max-threads=3
contains few.c "\.max_threads = 3," "--max-threads=3 does not reach the program"
if "$NNC" model.lua -o few.c --max-threads=0 2>refused.txt; then fail "--max-threads=0 is taken"; fi
contains refused.txt "from 1 to 1024" "--max-threads=0 does not say what is expected"

# Only a model's own lines are told: what the compiler adds (the counter of random draws) has none.
sed 's/nn.value(w) \* 2/(nn.value(w) * 2 + nn.random.uniform { 3 })/' model.lua >drawn.lua
"$NNC" drawn.lua -o drawn.c
contains drawn.c "drawn.lua:3" "the kernels' comments tell no lines"
lacks drawn.c "drawn.lua:0" "a kernel's comment tells line 0"
"$NNC" --report model.lua >report.txt
contains report.txt "lower bound" "--report tells no lower bound"

# ---- the emitted text ----
# Names that are left after kernels were joined or shared count up: name, name_2, name_3.
for model in fashion_mlp fashion_dropout hmc; do
  "$NNC" "$NNC_SOURCE_DIR/models/$model.lua" --dump=memory --stop-after=memory >text
  sed -nE 's/^kernel "?([A-Za-z_0-9]+).*/\1/p' text | sort -V >names
  awk '{ has[$0] = 1 } END { for (n in has) if (match(n, /_[0-9]+$/)) { stem = substr(n, 1, RSTART - 1); k = substr(n, RSTART + 1)
         before = k == 2 ? stem : stem "_" (k - 1)
         if (!(before in has)) print n " without " before } }' names >gaps
  [ -s names ] && [ ! -s gaps ] || fail "$model: kernels: $(head -n 3 gaps)"
  lacks names "_$" "$model: a kernel is called by a word of C"
  # a loop's last barrier is the one that what follows it needs
  awk '/^ *barrier$/ { if (last) bad = 1; last = 1; next } { last = 0 } END { exit bad }' text || fail "$model: two barriers in a row"
done
# what is too little work to share is marked, and has no barriers
"$NNC" "$NNC_SOURCE_DIR/models/hmc.lua" -o hmc.c
contains hmc.c "alone = 1" "hmc: not left to one thread"
lacks hmc.c "^  nnrt_barrier" "hmc: one thread waits at barriers"
"$NNC" "$NNC_SOURCE_DIR/models/fashion_mlp.lua" -o mlp.c
lacks mlp.c "alone = 1" "fashion_mlp: left to one thread"
# what clips tells the line of nn.train, not that of nn.program, where it is traced
sed 's/optimizer = nn.Adam/clip_norm = 1, &/' "$NNC_SOURCE_DIR/models/fashion_mlp.lua" >clips.lua
"$NNC" clips.lua -o clips.c
contains clips.c "clips.lua:18 .*clip_norm" "clips: no kernel tells the line of clip_norm"
lacks clips.c "^/\* clips.lua:14 " "clips: a kernel tells the line of nn.program"
# a comment that is cut ends in whole characters; no mean, no sum
for shift in "" x; do
  e=$(printf 'é%.0s' $(seq 100))
  sed "s/ + 0):/):/; s/0.5)/nn.init.normal(0, 0.02)) -- $shift$e/" model.lua >letters.lua
  "$NNC" letters.lua -o letters.c
  contains letters.c "é\.\.\." "letters: no comment was cut"
  iconv -f utf-8 letters.c >/dev/null || fail "letters: a comment ends in half a character"
  lacks letters.c "+ 0\.0f" "letters: a mean of 0 is added"
done
finish
