#!/usr/bin/env bash
# labels: plain
# timeout: 600
# seconds: 10
# Layers, losses and optimizers against PyTorch in f64 (tests/oracle/layers.tsv, made by layers.py): tests/train/layers/*.lua compute the same
# projections, print them into the log, and must agree to 1e-9 of max(1, |value|).
source "$(dirname "$0")/../common.sh"
need_nnc
reference=$NNC_SOURCE_DIR/tests/oracle/layers.tsv

# values LOG: "name step value" for every number of the log; an entry's name before a dot is dropped
values() {
  awk '{ gsub(/[{}" ]/, ""); n = split($0, field, ",")
         for (i = 1; i <= n; i++) { split(field[i], pair, ":"); sub(/.*\./, "", pair[1]); print pair[1], NR - 1, pair[2] } }' "$1"
}
# compare LOG WHAT: standard input has "name step value" lines, each of which must be in the log
compare() {
  values "$1" >"$work/values"
  awk -v what="$2" 'NR == FNR { got[$1, $2] = $3; next }
    { n++
      if (!(($1, $2) in got)) { if (bad++ < 5) print what ": " $1 " of step " $2 " is not in the log"; next }
      d = got[$1, $2] - $3; if (d < 0) d = -d
      scale = $3 < 0 ? -$3 : $3; if (scale < 1) scale = 1
      if (!(d / scale <= worst)) worst = d / scale
      if (!(d <= 1e-9 * scale) && bad++ < 5) print what ": " $1 " of step " $2 " is " got[$1, $2] ", PyTorch has " $3 }
    END { printf "%s: %d numbers, largest difference %.1e\n", what, n, worst; exit bad > 0 || n == 0 }' "$work/values" - || fail "$2 differs from PyTorch"
}
build_and_run() { # build_and_run MODEL NNC-FLAGS… ; leaves $work/log
  "$NNC" "$NNC_SOURCE_DIR/tests/train/layers/$1" --float=f64 "${@:2}" -o "$work/model.c" || return 1
  build_c gcc -O2 -march=native "$work/model.c" "$work/model" && rm -f "$work/log" && "$work/model" --quiet --log "$work/log" </dev/null
}

if build_and_run layers.lua; then
  awk -F'\t' '!/^#/ && $2 != "loss" && $2 !~ /^p[0-9]/ { print $1 "_" $2, $3, $4 }' "$reference" | compare "$work/log" layers
else
  fail "layers.lua does not build or run"
fi
for case in $(awk -F'\t' '$2 == "loss" { print $1 }' "$reference" | uniq); do
  if build_and_run optimizers.lua -D case="$case"; then
    awk -F'\t' -v c="$case" '$1 == c { print $2, $3, $4 }' "$reference" | compare "$work/log" "$case"
  else
    fail "optimizers.lua, $case: does not build or run"
  fi
done
finish
