#!/usr/bin/env bash
# labels: plain
# library.sh: docs/library.md has an entry for every function that models see, for no other, and calls methods of tensors what are methods; links into it lead somewhere. The names
# come from nnc itself: a model file that walks `nn` and raises them as its error.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
need_nnc
says() { "$NNC" --check "$@" 2>&1 </dev/null || true; } # what nnc says of a model
page=$NNC_SOURCE_DIR/docs/library.md

cat >"$work/names.lua" <<'LUA'
local nn = require "nn"
local names = {}
local function list(prefix, t)
  for name, value in pairs(t) do
    if type(value) == "table" then list(prefix .. name .. ".", value) else names[#names + 1] = prefix .. name end
  end
end
list("nn.", nn)
error("\n" .. table.concat(names, "\n") .. "\n", 0)
LUA
says "$work/names.lua" | grep -E '^nn\.[A-Za-z0-9_.]+$' | LC_ALL=C sort >"$work/names" || true
[ "$(wc -l <"$work/names")" -ge 300 ] || die "nnc names $(wc -l <"$work/names") functions, more than 300 are wanted: $(says "$work/names.lua")"
sed -n 's/^### \(nn\.[A-Za-z0-9_.]*\)$/\1/p' "$page" | LC_ALL=C sort >"$work/entries"
for name in $(LC_ALL=C comm -23 "$work/names" "$work/entries"); do fail "$name has no annotation (compiler/front/prelude) and no entry in docs/library.md"; done
for name in $(LC_ALL=C comm -13 "$work/names" "$work/entries"); do fail "$name has an entry in docs/library.md and does not exist"; done

# Methods: an entry's second line says `nn.f(x)` · `x:f()`. One model asks a tensor for all of them; each other name below nn alone must be refused.
sed -nE 's/^`nn\.([a-z_0-9]+)\(.*` · `[a-z]+:([a-z_0-9]+)\(.*/\1 \2/p' "$page" | while read -r name method; do
  [ "$name" = "$method" ] || fail "nn.$name has the method $method"
  printf '%s\n' "$name"
done | LC_ALL=C sort >"$work/methods"
{ printf 'local x = require("nn").constant(1.0)\n' && sed 's/.*/local _ = x.&/' "$work/methods" && printf 'error("all are there", 0)\n'; } >"$work/methods.lua"
text=$(says "$work/methods.lua")
[[ $text == *"all are there"* ]] || fail "an entry names a method that does not exist: $text"
cat >"$work/other.lua" <<'LUA'
local x = require("nn").constant(1.0)[require("nn").arg("name", "")]
LUA
sed -nE 's/^nn\.([a-z][a-z_0-9]*)$/\1/p' "$work/names" | LC_ALL=C comm -23 - "$work/methods" >"$work/functions"
while read -r name; do
  text=$(says "$work/other.lua" -D "name=$name")
  [[ $text == *"a tensor has no '$name'"* ]] || fail "x:$name() works; its annotation says function nn.$name, not function methods.$name"
done <"$work/functions"
# Links of other pages into it: the index has the anchors of entries, headings those of groups.
{ grep -oE '\]\(#[a-z0-9_-]+\)' "$page" | tr -d '()#]'; sed -nE 's/^## ([a-z]+)$/\1/p' "$page"; } | LC_ALL=C sort -u >"$work/anchors"
grep -rohE 'library\.md#[a-z0-9_-]+' "$NNC_SOURCE_DIR/README.md" "$NNC_SOURCE_DIR/docs" | sed 's/.*#//' | LC_ALL=C sort -u >"$work/links"
for link in $(LC_ALL=C comm -23 "$work/links" "$work/anchors"); do fail "a page links to docs/library.md#$link, which is not there"; done
printf '%d functions, %d of them methods, have entries\n' "$(wc -l <"$work/names")" "$(wc -l <"$work/methods")"
finish
