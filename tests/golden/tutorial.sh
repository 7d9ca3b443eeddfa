#!/usr/bin/env bash
# labels: plain
# tutorial.sh: docs/tutorial.md is true: its files (`<!-- file: NAME -->` in front of a block) are written and its commands (`$ …` of console
# blocks) run in order, by what `cmake --install` puts below a prefix, in an empty folder; each says what the page says, where … is any text.
# Blocks behind `<!-- by hand -->` take too long or want data; of what they build, the models compile. Besides, docs/program.md has every flag. About 10 s.
source "$(dirname "$0")/../common.sh"
need_nnc
[ -z "$NNC_SANITIZE" ] || skip "the page's commands link no sanitizer"
for tool in cmake pkg-config cc python3 timeout; do have $tool || skip "there is no $tool"; done
cmake --install "$NNC_BUILD_DIR" --prefix "$work/usr" >"$work/install.txt" || die "cmake --install fails: $(tail -n 3 "$work/install.txt")"
export PATH=$work/usr/bin:$PATH
PKG_CONFIG_PATH=$(dirname "$(find "$work/usr" -name nnrt.pc)")
export PKG_CONFIG_PATH

# ---- the page: its files; command.N and promised.N ----
mkdir "$work/empty" "$work/page"
LC_ALL=C awk -v files="$work/empty/" -v page="$work/page/" '
  /^<!-- file: / { name = files $3; next }
  /^<!-- by hand/ { hand = 1; next }
  /^```/ && open { open = 0; name = ""; next }
  /^```/ { open = 1; console = $0 == "```console" && !hand; hand = 0; if (name != "") printf "" >name; next }
  open && name != "" { print >name }
  open && console && /^\$ / { n++; print substr($0, 3) >(page "command." n); printf "" >(page "promised." n); next }
  open && console { print >(page "promised." n) }' "$NNC_SOURCE_DIR/docs/tutorial.md"
commands=$(find "$work/page" -name 'command.*' | wc -l)
[ "$commands" -ge 20 ] || die "only $commands commands were found"

# says SAID PROMISED: is it that text, with anything for …?
says() {
  local pattern=$2 special
  for special in '\' '*' '?' '['; do pattern=${pattern//"$special"/"\\$special"}; done
  # shellcheck disable=SC2053 # a pattern
  [[ $1 == ${pattern//…/*} ]]
}
says 'a *b' 'a *b' && says "a
b
c" "a
…" && ! says 'axb' 'a*b' && ! says 'ab' 'a…c' || die "says does not compare"

cd "$work/empty"
for ((n = 1; n <= commands; n++)); do
  command=$(sed "s,/usr/share/nnc,$work/usr/share/nnc,g" "$work/page/command.$n")
  said=$(bash -c "$command" 2>&1 </dev/null) || true
  says "$said" "$(cat "$work/page/promised.$n")" || fail "$command
says:
$said"
done
printf '%d commands say what the page says\n' "$commands"
for model in *.lua; do [ "$model" = wrong.lua ] || nnc "$model" -o out.c || fail "$model does not compile"; done

# ---- the table of flags ----
for flag in $(./iris --help | sed -nE '/^Flags/,/^$/s/^  (--[a-z-]+).*/\1/p'); do
  grep -qF -e "$flag" "$NNC_SOURCE_DIR/docs/program.md" || fail "docs/program.md lacks $flag"
done
finish
