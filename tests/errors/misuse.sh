#!/usr/bin/env bash
# labels: plain
# misuse.sh: every argument and option of the functions in tests/golden/pages/defaults.txt, given a value of none of its types, and every options table with an unknown
# field: nnc ends with exit code 1, at the user's line, in the function's own name, without a word of Lua's about the library's inside. One call in seven by
# default (10 s); NNC_MISUSE=1 takes all of them (1000, a minute).
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
need_nnc
cd "$NNC_SOURCE_DIR"
annotations -v types=1 >"$work/types" || die "docs/library.awk fails"
LC_ALL=C awk -f tests/golden/pages/calls.awk -f tests/errors/misuse.awk tests/golden/pages/defaults.txt "$work/types" >"$work/all"
awk -v every="$([ "${NNC_MISUSE:-0}" = 1 ] && echo 1 || echo 7)" 'NR % every == 0' "$work/all" >"$work/cases"
line=$(($(wc -l <tests/golden/pages/defaults.lua) + 1))

# Functions that may speak in another's name: what they are made of
speaks() {
  case $1 in
    nn.zeros | nn.ones) echo nn.full ;;
    nn.perplexity) echo nn.cross_entropy ;;
    nn.eye | nn.one_hot) echo cast ;;
    nn.func | nn.train | nn.evaluate) echo f1 ;;
    *) echo "${1##*.}" ;;
  esac
}

count=0
while IFS=$'\t' read -r name what code; do
  { cat tests/golden/pages/defaults.lua && printf '%s\ntable.insert(steps, 1, "f1") program.run = { steps = 1, step = steps } return nn.program(program)\n' "$code"; } >"$work/model.lua"
  status=0
  "$NNC" "$work/model.lua" --dump=front --stop-after=front >/dev/null 2>"$work/said" </dev/null || status=$?
  said=$(head -n 1 "$work/said") text=$(<"$work/said")
  message=${said#*"model.lua:$line: "}
  own=${name##*.} own=${own,,} other=$(speaks "$name") lower=${message,,}
  if [ $status != 1 ]; then fail "$name, $what: exit code $status: $code"
  elif [ "$message" = "$said" ]; then fail "$name, $what: not at the line of the call: $said"
  elif [[ $text == *"in the library,"* || $message == *attempt\ to* ]]; then fail "$name, $what: a message of Lua's own: $message"
  elif [[ $lower != *"${own}"* && $message != *"$other"* ]]; then fail "$name, $what: not in its own name: $message"
  fi
  count=$((count + 1))
done <"$work/cases"
[ "$(wc -l <"$work/all")" -ge 900 ] || fail "only $(wc -l <"$work/all") calls"

# What looks odd and is allowed: PyTorch's SGD takes a dampening without a momentum, which changes nothing.
printf '%s\n' 'local nn = require "nn"' 'local p = nn.parameter({ 2 }, 1)' 'local opt = nn.SGD { p, lr = 0.1, dampening = 0.5 }' \
  'return nn.program { model = { p }, train = nn.train { loss = function() return (p * p):sum() end, optimizer = opt }, steps = 1 }' >"$work/odd.lua"
"$NNC" "$work/odd.lua" -o "$work/odd.c" 2>"$work/said" || fail "SGD with a dampening and no momentum: $(head -n 1 "$work/said")"
printf '%d misused arguments and options, of %d\n' "$count" "$(wc -l <"$work/all")"
finish
