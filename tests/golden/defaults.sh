#!/usr/bin/env bash
# labels: plain
# defaults.sh: the defaults that the annotations name (docs/library.md) are those of the code: a program of one call of every function (defaults.txt) is
# the same graph, to the letter, when every default is written out.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
need_nnc
cd "$NNC_SOURCE_DIR"
annotations -v defaults=1 >"$work/defaults" || die "docs/library.awk fails"

LC_ALL=C awk -f tests/golden/pages/calls.awk -f tests/golden/pages/defaults.awk tests/golden/pages/defaults.txt "$work/defaults" >"$work/calls" || die "a row is missing"
cat tests/golden/pages/defaults.lua "$work/calls" >"$work/model.lua"
count=$(wc -l <"$work/calls")
printf 'table.insert(steps, 1, "f1")\nprogram.run = { steps = 1, step = steps }\nreturn nn.program(program)\n' >>"$work/model.lua"

for form in false true; do
  "$NNC" "$work/model.lua" -D written=$form --dump=front --stop-after=front >"$work/$form.graph" 2>"$work/errors" || die "written=$form: $(head -n 6 "$work/errors")"
done
cmp -s "$work/false.graph" "$work/true.graph" || fail "a default is not what its annotation says: $(diff "$work/false.graph" "$work/true.graph" | head -n 8)"
[ "$count" -ge 200 ] || fail "only $count calls"
printf '%d functions with defaults: the same graph with all of them written out, %d lines\n' "$count" "$(wc -l <"$work/true.graph")"
finish
