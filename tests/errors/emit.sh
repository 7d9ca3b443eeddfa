#!/usr/bin/env bash
# labels: plain
# emit.sh: diagnostics of the last room, which need a C compiler that fails, or a place that cannot be written.
source "$(dirname "$0")/../common.sh"
need_nnc
model=$NNC_SOURCE_DIR/models/regression.lua

expect() { # exit code, text, command …
  local want=$1 text=$2 code=0
  shift 2
  timeout 120 "$@" >"$work/out" 2>"$work/err" </dev/null || code=$?
  [ "$code" = "$want" ] || fail "$*: exit code $code, expected $want: $(head -n 3 "$work/err")"
  grep -qF -- "$text" "$work/err" || fail "$*: expected '$text' in: $(head -n 3 "$work/err")"
}

expect 1 "the C compiler 'no-such-cc' cannot be run" env CC=no-such-cc "$NNC" "$model" -o "$work/x"
expect 1 "the C compiler 'false' failed with exit code 1" env CC=false "$NNC" "$model" -o "$work/x"
expect 1 "cannot be written" "$NNC" "$model" -o "$work/no/such/folder.c"
expect 1 "no/such/program: cannot be written: No such file or directory" "$NNC" "$model" -o "$work/no/such/program"
if "$NNC" "$model" -o "$work/x.o" 2>"$work/err"; then
  expect 1 "cannot be written" "$NNC" "$model" -o "$work/no/such/folder.o"
else
  grep -qF "has no LLVM" "$work/err" || fail "-o x.o: $(head -n 3 "$work/err")"
fi
expect 2 "there is no BLAS 'mkl'; known is openblas" "$NNC" --blas=mkl "$model" -o "$work/x.c"
expect 2 "--blas=openblas needs a library" "$NNC" --blas=openblas --standalone "$model" -o "$work/x.c"
expect 2 "--lib gives a C file and its header: -o $work/x should end in .c" "$NNC" --lib "$model" -o "$work/x"
expect 2 "its header is included by name" "$NNC" --lib "$model" -o "$work/x \"y.c"
expect 1 "x.h: cannot be written" "$NNC" --lib "$model" -o "$work/no/such/x.c"
[ ! -e "$work/x.c" ] && [ ! -e "$work/x.h" ] || fail "a failed --lib left its output behind"
for option in --lib --only=train; do expect 2 "${option%%=*} does not go with the text of a program" "$NNC" $option small.kernel -o "$work/x.c"; done
[ ! -e "$work/x" ] || fail "a failed build left its output behind"
finish
