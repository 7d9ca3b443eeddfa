#!/usr/bin/env bash
# labels: plain
# snippets.sh: every piece of Lua in the pages compiles: the ```lua blocks and the nnc side of tables (snippets.awk says how a piece becomes a model).
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
need_nnc
count=0
for page in README.md CONTRIBUTING.md docs/language.md docs/from-pytorch.md; do
  while read -r file line; do
    count=$((count + 1))
    "$NNC" "$file" -o "$work/out.c" >"$work/said" 2>&1 || fail "$page, at line $line: $(head -n 4 "$work/said")"
  done < <(LC_ALL=C awk -v out="$work/$(basename "$page" .md)_" -f "$NNC_SOURCE_DIR/tests/golden/pages/snippets.awk" "$NNC_SOURCE_DIR/$page")
done
printf '%d pieces of Lua compiled\n' "$count"
[ "$count" -ge 15 ] || fail "only $count pieces were found"
finish
