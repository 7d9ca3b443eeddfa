#!/usr/bin/env bash
# labels: plain
# The size figures of DESIGN.md, section 9: lengths of functions (median at most 15 lines, 95th percentile at most 50) and of files (none over 900).
# A function is counted from the first line of its head to its closing brace, in code that clang-format has laid out: both stand in column 0.
source "$(dirname "$0")/../common.sh"
cd "$NNC_SOURCE_DIR"
git ls-files 'compiler/*.c' 'compiler/*.h' 'runtime/*.c' 'runtime/*.h' >"$work/files" 2>/dev/null || find compiler runtime -name '*.[ch]' >"$work/files"
[ -s "$work/files" ] || die "no C files found"

# prints "lines file name" for every function
xargs -r awk '
  FNR == 1 { head = 0; inside = 0; macro = 0 }
  macro || /^#/ { macro = /\\$/; head = 0; next }
  inside { if (/^}/) { print FNR - inside + 1, FILENAME, name; inside = 0 } next }
  /^[A-Za-z_]/ && !/^(typedef|struct|enum|union|extern)\>/ && !/^[A-Z_0-9]+\(/ { head = FNR; text = "" }
  head {
    text = text $0
    if (/;[ ]*(\/\*.*)?$/ && text !~ /\{/) { head = 0; next }
    if (text ~ /\)[ ]*\{/ && text !~ /=[ ]*(\{|\()/) {
      name = text; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name)
      if (/\}[ ]*(\/\*.*)?$/ && /\{/) { print FNR - head + 1, FILENAME, name } else inside = head
      head = 0
    } else if (text ~ /=[ ]*\{/) head = 0
  }' <"$work/files" | sort -n >"$work/functions"

n=$(wc -l <"$work/functions")
[ "$n" -ge 10 ] || die "only $n functions found: this test reads the code wrongly"
at() { sed -n "$((($n * $1 + 99) / 100))p" "$work/functions" | cut -d' ' -f1; }
median=$(at 50) p95=$(at 95)
printf 'functions: %d, median %d lines, 95th percentile %d, longest %d\n' "$n" "$median" "$p95" "$(tail -n 1 "$work/functions" | cut -d' ' -f1)"
printf 'over 80 lines (each needs a reason):\n'
awk '$1 > 80 { print "  " $0 }' "$work/functions"
xargs -r wc -l <"$work/files" | grep -v ' total$' | sort -n >"$work/lengths"
printf 'files: %d, median %d lines, longest:\n' "$(wc -l <"$work/lengths")" "$(sed -n "$((($(wc -l <"$work/lengths") + 1) / 2))p" "$work/lengths" | awk '{ print $1 }')"
tail -n 3 "$work/lengths"

[ "$median" -le 15 ] || fail "the median function has $median lines, at most 15 are wanted"
[ "$p95" -le 50 ] || fail "the 95th percentile of function lengths is $p95, at most 50 is wanted"
while read -r lines file; do fail "$file has $lines lines: over 900 is to be split"; done < <(awk '$1 > 900 { print $1, $2 }' "$work/lengths")
finish
