#!/usr/bin/env bash
# labels: plain
# timeout: 900
# seconds: 80
# The library against PyTorch and JAX in f64 (tests/oracle/library/*.tsv, each made by the script beside it): tests/train/layers/NAME.lua has the cases
# of NAME.tsv, each a function whose outputs must agree to 1e-9 of max(1, |value|). NAMES=… runs some of them.
source "$(dirname "$0")/../common.sh"
need_nnc
: "${NAMES:=$(cd "$NNC_SOURCE_DIR/tests/oracle/library" && for file in *.tsv; do echo "${file%.tsv}"; done)}"

# values LOG: "function output step value" for every number and flag (1 or 0) of the log; steps from 0
values() {
  awk '{ gsub(/[{}" ]/, ""); gsub(/:true/, ":1"); gsub(/:false/, ":0"); n = split($0, field, ",")
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
  # -O0: half the suite's time would be spent on optimising; what optimisers do to bits is the subject of tests/bits and same_bits.sh
  build_c gcc -O0 -march=native "$work/model.c" "$work/model" && rm -f "$work/log" && "$work/model" --quiet --log "$work/log" </dev/null
}

# The same in f32: off from the f64 reference by at most 16 units of f32 (1.9e-6) of max(1, |value|), optimizers by 1e-6; or by four times a row "f32" where
# the reference has one: what PyTorch (or optax) is off in that case in f32, or in f64 by up to half a unit of f32 in its inputs (common.py, updates.py).
# PyTorch adds up batch norm's sums in f64, so it is nearer there than f32 sums can be. Of given gradients (given.py) nothing is off but Muon's
# iteration. Adafactor's default eps is the dtype's: two formulas.
f32() {
  values "$work/log" >"$work/values"
  awk -F'\t' '!/^#/ { print $1, $2, $3, $4 }' "$NNC_SOURCE_DIR/tests/oracle/library/$1.tsv" | awk -v except="$2" -v least="$3" '
    function number(text) { return text ~ /nan/ ? "nan" : text ~ /-inf/ ? "-inf" : text ~ /inf/ ? "inf" : text + 0 }
    NR == FNR { got[$1, $2, $3] = number($4); next }
    $2 == "f32" { noise[$1] = $4; next }
    $1 != except { name = $1 == "after" ? "accumulate" : $1
      is = ($1, $2, $3) in got ? got[$1, $2, $3] : "missing"; want = number($4)
      if (is == want) d = 0; else if (is "" ~ /n|g/ || want "" ~ /n/) d = 1; else { d = is - want; if (d < 0) d = -d }
      scale = want "" ~ /n/ ? 1 : want < 0 ? -want : want; if (scale < 1) scale = 1
      if (!(d / scale <= worst[name])) worst[name] = d / scale }
    END { for (name in worst) { n++; limit = noise[name] * 4 > least ? noise[name] * 4 : least; if (worst[name] <= 1e-6) within++
            if (!(worst[name] <= limit)) { bad++; printf "  %s: off by %.2e, %.2e is allowed\n", name, worst[name], limit } }
          printf "    in f32 %d of %d cases within 1e-6\n", within, n; exit bad > 0 || n == 0 }' "$work/values" -
}

for name in $NAMES; do
  printf '%s: ' "$name"
  build_and_run "$name.lua" --float=f64 || { fail "$name.lua does not build or run" && continue; }
  compare "$work/log" "$NNC_SOURCE_DIR/tests/oracle/library/$name.tsv" 1e-9 || fail "$name differs from the reference"
  build_and_run "$name.lua" || { fail "$name.lua does not build or run in f32" && continue; }
  least=1.9e-6
  [[ $name != @(updates|given) ]] || least=1e-6
  f32 "$name" "$([ "$name" = updates ] && echo adafactor)" "$least" || fail "$name in f32"
done
finish
