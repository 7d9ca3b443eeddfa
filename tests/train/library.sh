#!/usr/bin/env bash
# labels: plain
# timeout: 900
# The library against PyTorch and JAX in f64 (tests/oracle/library/*.tsv, each made by the script beside it): tests/train/layers/NAME.lua has the cases
# of NAME.tsv, each a function whose outputs must agree to 1e-9 of max(1, |value|). NAMES=… runs some of them.
source "$(dirname "$0")/../common.sh"
need_nnc
: "${NAMES:=$(cd "$NNC_SOURCE_DIR/tests/oracle/library" && for file in *.tsv; do echo "${file%.tsv}"; done)}"

# values LOG: "function output step value" for every number of the log; steps from 0
values() {
  awk '{ gsub(/[{}" ]/, ""); n = split($0, field, ",")
         for (i = 1; i <= n; i++) { split(field[i], pair, ":"); if (i == 1) step = pair[2] - 1; else if (i == 3) func_name = pair[2]
                                    else if (i > 3) print func_name, pair[1], step, pair[2] } }' "$1"
}
# compare LOG REFERENCE LIMIT: what the reference has must be in the log
compare() {
  values "$1" >"$work/values"
  awk -F'\t' '!/^#/ && $2 != "f32" { print $1, $2, $3, $4 }' "$2" | awk -v limit="$3" '
    function number(text) { return text ~ /nan/ ? "nan" : text ~ /-inf/ ? "-inf" : text ~ /inf/ ? "inf" : text + 0 }
    NR == FNR { got[$1, $2, $3] = number($4); next }
    { n++
      if (!(($1, $2, $3) in got)) { if (bad++ < 8) print "  " $1 ": " $2 " of step " $3 " is not in the log"; next }
      is = got[$1, $2, $3]; want = number($4)
      if (is == want) next
      d = is - want; if (d < 0) d = -d
      scale = want < 0 ? -want : want; if (scale < 1) scale = 1
      if (is "" ~ /n/ || want "" ~ /n/ || !(d <= limit * scale)) {
        if (bad++ < 8) printf "  %s: %s of step %d is %.15g, the reference has %.15g\n", $1, $2, $3, is, want
        next
      }
      if (d / scale > worst) { worst = d / scale; at = " (" $1 ", " $2 ")" } }
    END { printf "%d numbers, largest difference %.1e%s\n", n, worst, at; exit bad > 0 || n == 0 }' "$work/values" -
}
build_and_run() { # build_and_run MODEL NNC-FLAGS… ; leaves $work/log
  "$NNC" "$NNC_SOURCE_DIR/tests/train/layers/$1" "${@:2}" -o "$work/model.c" || return 1
  build_c gcc -O1 -march=native "$work/model.c" "$work/model" && rm -f "$work/log" && "$work/model" --quiet --log "$work/log" </dev/null
}

for name in $NAMES; do
  printf '%s: ' "$name"
  if build_and_run "$name.lua" --float=f64; then
    compare "$work/log" "$NNC_SOURCE_DIR/tests/oracle/library/$name.tsv" 1e-9 || fail "$name differs from the reference"
  else
    fail "$name.lua does not build or run"
  fi
done

# 100 steps of each optimizer in f32: off from the f64 reference by at most 1e-6, or by four times a row "f32" where the reference has one: what PyTorch
# (or optax) is off in f32 or by a half unit in its weights and data, where the trajectory is ill-conditioned (updates.py). By gradients that are
# given (given.py) nothing is but Muon's iteration. Adafactor's default eps is the dtype's, which in updates.lua makes two formulas.
f32() {
  build_and_run "$1.lua" || return 1
  values "$work/log" >"$work/values"
  awk -F'\t' '!/^#/ { print $1, $2, $3, $4 }' "$NNC_SOURCE_DIR/tests/oracle/library/$1.tsv" | awk -v except="$2" '
    NR == FNR { got[$1, $2, $3] = $4; next }
    $2 == "f32" { noise[$1] = $4; next }
    $1 != except { name = $1 == "after" ? "accumulate" : $1
      d = ($1, $2, $3) in got ? got[$1, $2, $3] - $4 : 1; if (d < 0) d = -d; scale = $4 < 0 ? -$4 : $4; if (scale < 1) scale = 1
      if (!(d / scale <= worst[name])) worst[name] = d / scale }
    END { for (name in worst) { n++; limit = noise[name] * 4 > 1e-6 ? noise[name] * 4 : 1e-6; if (worst[name] <= 1e-6) within++
            if (!(worst[name] <= limit)) { bad++; printf "  %s: off by %.2e, %.2e is allowed\n", name, worst[name], limit } }
          printf "%d optimizers in f32, %d of them within 1e-6\n", n, within; exit bad > 0 || n < 25 }' "$work/values" -
}
for name in updates given; do
  [[ " $NAMES " != *" $name "* ]] || { printf '%s: ' "$name" && f32 "$name" "$([ "$name" = updates ] && echo adafactor)"; } || fail "$name.lua in f32"
done
finish
