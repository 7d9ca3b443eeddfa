#!/usr/bin/env bash
# labels: plain
# The laws of nn.init and what layers start from against torch.nn.init's, exactly: bounds, deviations and fans of dense, convolutional, grouped and transposed
# weights to 1e-12 of PyTorch's (tests/oracle/initial.tsv, made by initial.py), both names of a law the same, eye and dirac element by element. That the
# numbers drawn are uniform and normal, and orthogonal what is to be, moments.sh says. Two seconds.
source "$(dirname "$0")/../common.sh"
need_nnc
"$NNC" "$NNC_SOURCE_DIR/tests/train/layers/initial.lua" --float=f64 -o "$work/model.c" || die "initial.lua is refused"
build_c gcc -O0 -march=native "$work/model.c" "$work/model" && "$work/model" --quiet --log "$work/log" </dev/null || die "initial.c does not build or run"
awk -F'\t' '!/^#/ { print $1 "_" $2, $3 }' "$NNC_SOURCE_DIR/tests/oracle/initial.tsv" | awk '
  NR == FNR { gsub(/[{}" ]/, ""); n = split($0, field, ","); for (i = 4; i <= n; i++) { split(field[i], pair, ":"); got[pair[1]] = pair[2]; if (pair[1] ~ /^other/) { others++; if (pair[2] != 0) { bad++; print "  " field[i] } } } next }
  { n_rows++; d = got[$1] / $2 - 1; if (d < 0) d = -d; if (!($1 in got) || !(d <= 1e-12)) { bad++; printf "  %s is %s, PyTorch has %s\n", $1, got[$1], $2 } }
  END { printf "%d numbers of PyTorch, %d pairs of names\n", n_rows, others; exit bad > 0 || n_rows < 90 || others != 70 }' "$work/log" - || fail "laws differ"
finish
