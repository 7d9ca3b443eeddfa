#!/usr/bin/env bash
# timeout: 900
# seconds: 50
# program_text.sh: the text of a program is the program. After each pass, for each model, it prints the same again and compiles to the same C,
# LLVM IR and self-contained file as the model does; kernels alone compile too; and a text that lies is refused with file and line. Two of three models
# are taken after the first pass and the last alone (FULL=1: all after all; two minutes).
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
need_nnc
cd "$NNC_SOURCE_DIR"
number=0
again() { # again MODEL FLAGS…
  local name kind alone=yes
  ! grep -qE 'nn\.data\.(wav|images)' "$1" || alone= # their readers need libraries, so that --standalone refuses them
  name="$(basename "$1" .lua) ${*:2}"
  "$NNC" "$@" -o "$work/a.c" || { fail "$name: nnc" && return; }
  "$NNC" "$@" -o "$work/a.ll"
  [ -z "$alone" ] || "$NNC" "$@" --cpu=x86-64-v3 --standalone -o "$work/a.alone.c"
  local passes=(lower memory)
  [ $((number++ % 3)) != 0 ] && [ -z "${FULL:-}" ] || passes=(lower share order join memory)
  for pass in "${passes[@]}"; do
    "$NNC" "$@" --dump=$pass --stop-after=$pass >"$work/one.kernel"
    "$NNC" "$work/one.kernel" --verify --dump=$pass --stop-after=$pass | cmp -s - "$work/one.kernel" || fail "$name: the text after $pass prints otherwise"
    kind=c # LLVM IR from the first text and from the last
    [[ $pass != @(lower|memory) ]] || kind=ll
    "$NNC" "$work/one.kernel" -o "$work/b.$kind" && cmp -s "$work/a.$kind" "$work/b.$kind" || fail "$name: the text after $pass is other .$kind"
  done
  "$NNC" "$@" --report >"$work/a.txt" && "$NNC" "$work/one.kernel" --report | cmp -s - "$work/a.txt" || fail "$name: another report"
  [ -n "$alone" ] || return 0
  "$NNC" "$@" --cpu=x86-64-v3 --dump=memory --stop-after=memory >"$work/v3.kernel"
  "$NNC" "$work/v3.kernel" --standalone -o "$work/b.alone.c" && cmp -s "$work/a.alone.c" "$work/b.alone.c" || fail "$name: another self-contained file"
}
for model in $(grep -l "nn.program" models/*.lua) tests/golden/programs/control.lua; do again "$model"; done
again models/fashion_mlp.lua --cpu=scalar
again models/fashion_mlp.lua --float=bf16
"$NNC" models/fashion_mlp.lua --blas=openblas -o "$work/a.c" && "$NNC" models/fashion_mlp.lua --blas=openblas --dump=memory --stop-after=memory >"$work/blas.kernel"
"$NNC" "$work/blas.kernel" -o "$work/b.c" && cmp "$work/a.c" "$work/b.c" || fail "with --blas the text is other C"

# kernels alone: static functions of a file
cat >"$work/relu.kernel" <<'IR'
kernel relu(x: f32[64], y: f32[64] written)
  about "y = relu(x)"
  for i in 0..64 step 4
    let v: f32x4 = load f32x4 x[i]
    store f32x4 y[i] = where(le(v, f32x4(0)), f32x4(0), v)
IR
"$NNC" "$work/relu.kernel" -o "$work/relu.c" && grep -q "^static .*relu(" "$work/relu.c" || fail "kernels alone: no static function in C"
cc -std=gnu17 -O2 -c "$work/relu.c" -I runtime -o "$work/relu.o" || fail "kernels alone: the C does not compile"
"$NNC" "$work/relu.kernel" -o "$work/relu.ll" && grep -q "^define internal void @relu(" "$work/relu.ll" || fail "kernels alone: no function in LLVM IR"

# texts that lie: the edit, and what is said of it
"$NNC" models/regression.lua --cpu=scalar --dump=memory --stop-after=memory >"$work/good.kernel"
refused() { # refused SED_PROGRAM MESSAGE
  sed -E "$1" "$work/good.kernel" >"$work/bad.kernel"
  ! cmp -s "$work/good.kernel" "$work/bad.kernel" || { fail "$1 changes nothing" && return; }
  code=0
  "$NNC" "$work/bad.kernel" -o "$work/bad.c" 2>"$work/bad.txt" || code=$?
  [ $code = 1 ] || fail "$1: exit code $code, not 1"
  grep -q "^$work/bad.kernel:[0-9]*:\? *kernel text: $2" "$work/bad.txt" || fail "$1: says $(head -n 1 "$work/bad.txt")"
}
refused 's/^program machine "scalar"/program machine "vax"/' "there is no machine 'vax'"
refused 's/after memory/after lunch/' "expected the name of a pass"
refused '0,/^slot /s/^(slot [^:]*)\.0:/\1.1:/' "slots are numbered from 0"
refused '/^slot /s/ in params/ in scratch/' "the slot is not of the dtype, shape and home of state"
refused '/^slot /s/ state "[^"]*"//' "the state .* has no slot"
refused 's/^(host "[^"]*") func "[^"]*"/\1 func "nobody"/' "the module has no function nobody"
refused 's/^  call ([a-z0-9_]+)\(/  call \1_x(/' "no kernel above is called"
refused 's/^  call ([a-z0-9_]+)\([^,)]*/  call \1(nothing.0/' "no slot above is called nothing.0"
refused 's/^  call ([a-z0-9_]+)\([^,)]*, /  call \1(/' "host .* is called with"
refused '/^slot .* in scratch/s/ in scratch( at [0-9]+)?/ in scratch at 999936/' ".* lies outside its arena"
refused '/^  barrier/d' "host .* no barrier between"
refused '/^host "init"/,/^$/d' "the first host, and no other, belongs to no function"
# loops and branches
"$NNC" tests/golden/programs/control.lua --cpu=scalar --dump=memory --stop-after=memory >"$work/good.kernel"
refused '0,/ turn 0 \* 96/s/ turn 0 \* 96/ turn 0 * 960/' "the slot leaves the array"
refused '0,/ turn 0 \*/s/ turn 0 \*/ turn 3 */' ".* moves with a loop that is not here"
refused 's/ within 0/ within 77/' "no host has the loop or branch"
refused 's/^  if 3 [^ ]*/  if 3 loss.6/' "a condition is one bool"
refused 's/^  if 3 /  if 2 /' "two loops or branches have one number"
refused '/^  while /d' "expected while"
finish
