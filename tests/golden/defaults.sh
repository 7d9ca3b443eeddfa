#!/usr/bin/env bash
# labels: plain
# defaults.sh: the defaults that the annotations name (docs/library.md) are those of the code: a program of one call of every function (defaults.txt) is
# the same graph, to the letter, when every default is written out.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
need_nnc
cd "$NNC_SOURCE_DIR"
# shellcheck disable=SC2046
LC_ALL=C awk -v defaults=1 -f docs/library.awk $(find compiler/front/prelude -name '*.lua' ! -name '*.d.lua') $(find compiler/front/prelude -name '*.d.lua') >"$work/defaults" || die "docs/library.awk fails"

count=0
add_call() { # add_call NAME NEEDED TAIL: one function of the program; its two calls stand on one line, so that places in the graph are equal
  local name=$1 needed=$2 tail=$3 row arguments fields use call
  row=$(grep -m1 "^$name|" tests/golden/defaults.txt)
  IFS='|' read -r _ arguments fields use <<<"$row"
  count=$((count + 1))
  needed="$arguments${needed//FIELDS/$fields}" tail="$arguments${tail//FIELDS/$fields}"
  call="(function() if written then return $name(${tail#, }) else return $name(${needed#, }) end end)()"
  case $use in
    '') printf 'program.f%d = nn.func { mode = "train", function() return outputs(%s) end }' $count "$call" ;;
    source) printf 'program.data.s%d = %s; program.f%d = nn.func { on = "s%d", mode = "train", function(b) return outputs(b.x * 1.0) end }' $count "$call" $count $count ;;
    func) printf 'program.f%d = %s' $count "$call" ;;
    act) printf 'steps[#steps + 1] = %s' "$call" ;;
    *) printf 'made[%d] = %s; program.f%d = nn.func { mode = "train", function() local _ = made[%d] return outputs(%s) end }' $count "$call" $count $count "$use" ;;
  esac
  printf ' -- %s\n' "$name"
}

cp tests/golden/defaults.lua "$work/model.lua"
while IFS=$'\t' read -r -d $'\n' name needed tail; do
  [ "$name" != nn.program ] || continue # the frame of it all
  [ -n "$(sed -E 's/FIELDS//; s/[a-z_]+ = nil//g; s/nil//g; s/[{}, ]//g' <<<"$tail")" ] || continue # no default but nil
  grep -q "^$name|" tests/golden/defaults.txt || { fail "$name has defaults and no row in tests/golden/defaults.txt" && continue; }
  add_call "$name" "$needed" "$tail" >>"$work/model.lua"
done < <(sed 's/\t\t/\t \t/' "$work/defaults")
printf 'table.insert(steps, 1, "f1")\nprogram.run = { steps = 1, step = steps }\nreturn nn.program(program)\n' >>"$work/model.lua"

for form in false true; do
  "$NNC" "$work/model.lua" -D written=$form --dump=front --stop-after=front >"$work/$form.graph" 2>"$work/errors" || die "written=$form: $(head -n 6 "$work/errors")"
done
cmp -s "$work/false.graph" "$work/true.graph" || fail "a default is not what its annotation says: $(diff "$work/false.graph" "$work/true.graph" | head -n 8)"
[ "$count" -ge 170 ] || fail "only $count calls"
printf '%d functions with defaults: the same graph with all of them written out, %d lines\n' "$count" "$(wc -l <"$work/true.graph")"
finish
