#!/usr/bin/env bash
# labels: plain
# generated.sh: generated/ and docs/ops.md are what nnc writes today, docs/library.md is what the library's annotations say. `./dev regen`
# (this script with `regen`) writes them anew: read the difference before you commit it, as the emitted code's user would.
if [ "${1:-}" = regen ]; then NNC=${NNC:-build/nnc}; fi
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
need_nnc
models="fashion_mlp regression fashion_dropout"
into=$work
[ "${1:-}" = regen ] && into=$NNC_SOURCE_DIR/generated
mkdir -p "$into"
cd "$NNC_SOURCE_DIR"
for model in $models; do
  [ -f "models/$model.lua" ] || die "there is no models/$model.lua"
  "$NNC" "models/$model.lua" --cpu=x86-64-v4 -o "$into/$model.c" || fail "models/$model.lua does not compile"
done
"$NNC" --report models/fashion_mlp.lua --cpu=x86-64-v4 >"$into/fashion_mlp.report.txt" || fail "no report of fashion_mlp"
if [ "${1:-}" = regen ]; then
  "$NNC" --ops >docs/ops.md
  annotations >docs/library.md || fail "annotations in compiler/front/prelude are wrong"
  finish
  exit 0
fi
for file in "$into"/*; do
  diff -u "generated/$(basename "$file")" "$file" | head -40 || true
  cmp -s "generated/$(basename "$file")" "$file" || fail "generated/$(basename "$file") is not what nnc writes; ./dev regen writes it anew"
done
"$NNC" --ops | cmp -s - docs/ops.md || fail "docs/ops.md is not what nnc --ops prints; ./dev regen writes it anew"
# README shows parts of fashion_mlp.c: every line of them stands there
awk '/^```/ { on = $0 == "```c"; next } on && !/\.\.\. \/\*/ && NF' README.md >"$work/readme.c"
[ -s "$work/readme.c" ] || fail "README.md shows no C"
grep -vxFf generated/fashion_mlp.c "$work/readme.c" && fail "README.md shows lines that generated/fashion_mlp.c does not have"
annotations >"$work/library.md" || fail "annotations in compiler/front/prelude are missing or wrong"
cmp -s "$work/library.md" docs/library.md || fail "docs/library.md is not what the annotations say; ./dev regen writes it anew"
finish
