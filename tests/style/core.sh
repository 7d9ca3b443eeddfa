#!/usr/bin/env bash
# The prelude stands on the core alone (LANGUAGE.md 3): what it takes from C are the names of tests/style/core.txt. A new one is a decision about the
# language, not a convenience of a layer: add it there.
source "$(dirname "$0")/../common.sh"
cd "$NNC_SOURCE_DIR/compiler/front/prelude"
grep -ohE '\bcore\.[a-z_]+' ./*.lua | sort -u | sed 's/core\.//' >"$work/used"
grep -ohE 'function core\.[a-z_]+|core\.[a-z_]+(, core\.[a-z_]+)* =' ./*.lua | grep -oE 'core\.[a-z_]+' | sed 's/core\.//' | sort -u >"$work/own"
comm -23 "$work/used" "$work/own" >"$work/from_c"
diff "$NNC_SOURCE_DIR/tests/style/core.txt" "$work/from_c" || fail "the prelude takes other names from C (>) than tests/style/core.txt lists (<)"
printf '%d names from C\n' "$(wc -l <"$work/from_c")"
finish
