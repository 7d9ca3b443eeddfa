#!/usr/bin/env bash
# labels: plain
# timeout: 300
# seconds: 20
# Every diagnostic: one small model each, expectations in its comments (all optional but EXPECT):
#   -- EXPECT: text   the error output holds it (several lines: all of them)
#   -- LINE: n        the first line of the error names this line of the model
#   -- ARGS: …        of nnc; @ stands for the model. Without it: @ -o out.c
#   -- EXIT: n        exit code, 1 when not given
# Files in parts/ are what some of them require.
source "$(dirname "$0")/../common.sh"
need_nnc
cd "$NNC_SOURCE_DIR/tests/errors"

field() { sed -n "s/^-- $2: //p" "$1"; }

check_one() {
  local file=$1 arguments line want code=0 text
  arguments=$(field "$file" ARGS)
  arguments=${arguments:-@ -o $work/out.c}
  # shellcheck disable=SC2086
  timeout 120 "$NNC" ${arguments//@/$file} >"$work/out" 2>"$work/err" </dev/null || code=$?
  want=$(field "$file" EXIT)
  [ "$code" = "${want:-1}" ] || fail "$file: exit code $code, expected ${want:-1}: $(head -n 3 "$work/err")"
  [ -n "$(field "$file" EXPECT)" ] || fail "$file: says nothing to EXPECT"
  while read -r text; do
    grep -qF -- "$text" "$work/err" || fail "$file: expected '$text' in: $(head -n 4 "$work/err")"
  done < <(field "$file" EXPECT)
  line=$(field "$file" LINE)
  if [ -n "$line" ] && ! head -n 1 "$work/err" | grep -qF -- "$file:$line: "; then
    fail "$file: expected line $line in: $(head -n 1 "$work/err")"
  fi
}

count=0
for file in *.lua; do
  check_one "$file"
  count=$((count + 1))
done
printf '%d diagnostics provoked\n' "$count"
[ "$count" -ge 40 ] || fail "only $count files"
finish
