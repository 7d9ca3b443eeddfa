#!/usr/bin/env bash
# labels: plain
# timeout: 600
# seconds: 12
# Every C file of the build, with gcc and with clang, without a warning under -Wall -Wextra -Wshadow (gcc at -O2: its flow analysis warns too).
source "$(dirname "$0")/../common.sh"
database=$NNC_BUILD_DIR/compile_commands.json
[ -f "$database" ] || die "there is no $database"
# "command": "/usr/bin/cc …", "file": … → one command a line, ours only, without its output
sed -nE 's/^ *"command": "(.*)",?$/\1/p' "$database" | sed -E 's/\\"/"/g; s/\\\\/\\/g; s/ -o [^ ]+//; s/-fsanitize=[^ ]+//g; s/^[^ ]+ //' >"$work/commands"
[ -s "$work/commands" ] || die "no commands in $database"

check() { # check COMPILER FLAGS…
  have "$1" || { echo "SKIPPED in part: there is no $1" && return 0; }
  local compiler=$1 extra=${*:2}
  (cd "$NNC_BUILD_DIR" && xargs -d '\n' -P "$(nproc)" -I{} sh -c "$compiler {} -Werror $extra" <"$work/commands") >"$work/$compiler.txt" 2>&1 || {
    cat "$work/$compiler.txt"
    fail "$compiler warns"
  }
  printf '%s: %d files\n' "$compiler" "$(wc -l <"$work/commands")"
}
# a build with -Werror (CI's) that has come so far is the proof for its own compiler
if grep -q -- ' -Werror' "$work/commands" && "$(sed -nE '0,/"command"/s/^ *"command": "([^ ]+) .*/\1/p' "$database")" --version | grep -q 'Free Software'; then
  echo "gcc: the build itself"
else
  check gcc -o /dev/null
fi
check clang-14 -fsyntax-only
finish
