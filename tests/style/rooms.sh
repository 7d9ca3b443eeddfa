#!/usr/bin/env bash
# labels: plain
# Which room includes which (DESIGN.md, section 2), read from the #include lines; and the two laws of the middle: lowering never sees the
# machine (no file of kernel/lower reads a Machine or includes kernel/pass), the runtime never sees the compiler. Printers have budgets.
source "$(dirname "$0")/../common.sh"
cd "$NNC_SOURCE_DIR"

declare -A allowed=(
  [base]="base" [ops]="base ops" [graph]="base ops graph" [kernel]="base ops graph kernel"
  [emit]="base ops kernel emit" [front]="base ops graph front"
)
checked=0
# room_of FILE INCLUDED: the folder below compiler/ that an include of FILE reaches; "runtime" or "outside" for what lies elsewhere
room_of() {
  local path
  path=$(realpath -m --relative-to=. "$(dirname "$1")/$2")
  [ -e "$path" ] || path=$(realpath -m --relative-to=. "compiler/$2")
  case $path in
    compiler/*/*) path=${path#compiler/} && echo "${path%%/*}" ;;
    runtime/*) echo runtime ;;
    *) [ -e "$path" ] && echo outside || echo made ;; # a file that the build makes
  esac
}
for room in "${!allowed[@]}"; do
  while read -r file included; do
    checked=$((checked + 1))
    target=$(room_of "$file" "$included")
    case " ${allowed[$room]} made " in *" $target "*) continue ;; esac
    # every routine comes from one table: its C prototype, its LLVM declaration, and what a kernel that calls it knows of it
    [[ $room = emit || $file = compiler/kernel/routine.c ]] && [ "$(basename "$included")" = abi.def ] && continue
    fail "$file includes \"$included\": the room $room may not include $target"
  done < <(find "compiler/$room" -name '*.[ch]' -print0 | xargs -0 -r grep -HoE '^ *# *include *"[^"]+"' | sed -E 's/^([^:]+):.*"([^"]+)"$/\1 \2/')
done
while read -r file included; do
  checked=$((checked + 1))
  target=$(room_of "$file" "$included")
  case $target in runtime | made) ;; *) fail "$file includes \"$included\": the runtime may not include $target" ;; esac
done < <(find runtime -name '*.[ch]' -print0 | xargs -0 -r grep -HoE '^ *# *include *"[^"]+"' | sed -E 's/^([^:]+):.*"([^"]+)"$/\1 \2/')
[ "$checked" -gt 20 ] || fail "only $checked include lines were found: this test looks in the wrong place"

# lowering decides bits: it may hand a machine on, never read one
while read -r line; do fail "kernel/lower sees the machine: $line"; done < <(
  grep -rnE 'machine(->|_find|_at)|->lanes\[|include *".*(pass/|machine)' compiler/kernel/lower --include='*.[ch]' | grep -vE ':[0-9]+: *(/?\*|//)' || true)

budget() { # budget FILE LINES
  [ -f "$1" ] || return 0
  local n
  n=$(wc -l <"$1")
  printf '%-28s %4d lines of %d\n' "$1" "$n" "$2"
  [ "$n" -le "$2" ] || fail "$1 has $n lines, its budget is $2"
}
budget compiler/emit/cfamily.c 700
budget compiler/emit/llvm.c 600
printf '%d include lines checked\n' "$checked"
finish
