#!/usr/bin/env bash
# labels: plain
# seconds: 10
# trap.sh: programs of nnc --trap. Each bad case stops in the step and names the operation, its line and what went in, as the model's
# own arithmetic has them; good ones run on; up to there, and in a healthy run, all bits are those of the program without it.
source "$(dirname "$0")/../common.sh"
need_nnc
cd "$work"
cp "$NNC_SOURCE_DIR/tests/train/trap/"*.lua .

program() { # NAME FLAGS…: cases.lua or net.lua as NAME
  local model=cases.lua
  [ "${1#net}" = "$1" ] || model=net.lua
  "$NNC" "$model" -o "$1.c" --verify "${@:2}" && build_c gcc -O0 "$1.c" "$1" || die "$1 does not build"
}
stops() { # NAME FLAGS… -- TEXTS…: it ends with exit code 1, and says all of them
  local name=$1 flags=() code=0
  shift
  while [ "$1" != -- ]; do flags+=("$1") && shift; done
  shift
  "./$name" --quiet --log "$name.log" "${flags[@]}" >out 2>"$name.err" </dev/null || code=$?
  [ "$code" = 1 ] || fail "$name: exit code $code, expected 1"
  for text in "$@"; do grep -qF -- "$text" "$name.err" || fail "$name: no '$text' in: $(cat "$name.err")"; done
}
runs() { # NAME FLAGS…
  "./$1" --quiet --log "$1.log" --save "$1.safetensors" "${@:2}" >out 2>"$1.err" </dev/null || fail "$1: $(cat "$1.err")"
}
line() { grep -nF -- "$1" cases.lua | head -n 1 | cut -d: -f1; } # of cases.lua that has this text

# ---- what stops, and what it says ----
program log --trap -D which=log
stops log -- "NaN in step 2 (train): made by log" "cases.lua:$(line ':log() end'): function cases.log" "4 NaN" "f32 [4]: -1 to -1"
[ "$(wc -l <log.log)" = 1 ] || fail "log: the first step is not in the log alone"
cp log.err first.err
program log_plain -D which=log
runs log_plain
cmp -s <(head -n 1 log_plain.log) log.log || fail "log: before the NaN the losses differ"
runs log --level 0.25
program overflow --trap -D which=overflow
stops overflow -- "infinity in step 1 (train): made by exp" "makes" "4 infinities" ": 1000 to 1000"
program half --trap -D which=log -D dtype=f16
stops half -- "NaN in step 2 (train): made by log" "f16 [4]: nothing finite, 4 NaN" ": -1 to -1"
program scan --trap -D which=scan
stops scan -- "made by sqrt" "cases.lua:$(line 'next:sqrt()')"
program loop --trap -D which=loop
stops loop -- "made by log" "cases.lua:$(line '(s.x - level / 2)')" "reads sub, f32 [4]: -0.30685"
program branch --trap -D which=branch
stops branch -- "made by div" "cases.lua:$(line '(nn.value(w) - 1)')" "reads sub, f32 [4]: 0 to 0"
program all_masked --trap -D which=all_masked
stops all_masked -- "NaN in step 1 (train): made by sub" "in nn.softmax" "nothing finite, 4 infinities" "nothing finite, 1 infinity"

# ---- what does not ----
for which in masked asked_for saturated unused pooled; do
  program "$which" --trap -D "which=$which"
  runs "$which"
done

# ---- the same bits, threads and targets; nothing without the flag ----
program net
program net_trap --trap
runs net --seed 3 --threads 1
runs net_trap --seed 3 --threads 2
cmp -s net.log net_trap.log || fail "net: other losses under --trap"
cmp -s net.safetensors net_trap.safetensors || fail "net: other weights under --trap"
! grep -q "nnrt_range\|traps" net.c || fail "net: a program without --trap has something of it"
stops net_trap --shift 0.4 --threads 2 -- "NaN in step" "made by log" "net.lua:$(grep -nF 'above:log()' net.lua | cut -d: -f1)" "reads above, f32 [16,3]: -0."
cp net_trap.err net_two.err
stops net_trap --shift 0.4 --threads 1 -- "NaN in step"
cmp -s net_trap.err net_two.err || fail "net: with one thread it says: $(cat net_trap.err)"

# what came in bad is not an operation's
"$NNC" cases.lua --trap -D which=log -D dtype=f32 --standalone -o alone.c && gcc -O0 alone.c -lm -pthread -o alone || fail "standalone does not build"
./log --quiet --level 0.25 --save w.safetensors </dev/null
sed 's/\x00\x00\x80\x3f\x00\x00\x80\x3f\x00\x00\x80\x3f\x00\x00\x80\x3f$/\x00\x00\xc0\x7f\x00\x00\x80\x3f\x00\x00\x80\x3f\x00\x00\x80\x3f/' <w.safetensors >nan.safetensors
cmp -s w.safetensors nan.safetensors && die "no NaN was put into the weights"
stops alone --init nan.safetensors --level 0.25 -- "NaN in step 1 (train): it came in with w" "reads parameter w, f32 [4]: 1 to 1, 1 NaN"
if "$NNC" cases.lua --trap -D which=log -o llvm.o 2>err; then
  build_c gcc llvm.o llvm && stops llvm -- "NaN in step 2 (train): made by log" "f32 [4]: -1 to -1"
  cmp -s <(tail -n +2 llvm.err) <(tail -n +2 first.err) || fail "through LLVM it says: $(cat llvm.err)"
fi
"$NNC" cases.lua --dump=memory --stop-after=memory >text.kernel
code=0
"$NNC" --trap text.kernel -o text.c 2>err || code=$?
[ "$code" = 2 ] && grep -q -- "--trap" err || fail "--trap with a program's text: exit code $code, $(cat err)"
finish
