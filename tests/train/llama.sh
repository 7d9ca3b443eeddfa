#!/usr/bin/env bash
# labels: plain
# timeout: 600
# seconds: 10
# models/llama_net.lua with real weights (stories260K, karpathy/tinyllamas) in f64: loss, its 64 parts, logits and 44 gradients against the numbers that
# are stored with the weights (../shared/data/README.md; the gradients there are finite differences good to 1e-11). Then models/llama.lua is built and
# run for a few steps.
source "$(dirname "$0")/../common.sh"
need_nnc

"$NNC" "$NNC_SOURCE_DIR/models/llama.lua" -o "$work/copy.c" || die "models/llama.lua is refused"
build_c gcc -O2 -march=native "$work/copy.c" "$work/copy" || die "models/llama.lua: its C does not build"
"$work/copy" --quiet --steps 60 --log "$work/copy.log" </dev/null || die "the built llama fails"
losses "$work/copy.log" >"$work/losses"
awk 'NR == 1 { first = $1 } { last = $1 } END { printf "llama.lua: loss %.3f at the first step, %.3f at step %d\n", first, last, NR; exit !(first > 2.7 && last < first) }' "$work/losses" ||
  fail "models/llama.lua does not learn"

weights=$NNC_SOURCE_DIR/../shared/data/weights
[ -f "$weights/stories260K.bin" ] || { [ "$failures" = 0 ] || finish; skip "$weights is not there: the weights of stories260K are not checked"; }
tool=$NNC_BUILD_DIR/tests/tool_tensors
[ -x "$tool" ] || die "there is no $tool (cmake builds it)"
"$tool" llama "$weights/stories260K.bin" "$work/weights.safetensors" || die "the weights cannot be converted"
cp "$NNC_SOURCE_DIR/tests/train/layers/llama.lua" "$NNC_SOURCE_DIR/models/llama_net.lua" "$work/"
{ printf 'return ' && sed -E 's/"([a-z_0-9]+)":/\1 =/; s/\[/{/g; s/\]/}/g' "$weights/stories260K_oracle.json"; } >"$work/oracle.lua" # JSON to Lua
"$NNC" "$work/llama.lua" --float=f64 -o "$work/llama.c" || die "the model is refused"
build_c gcc -O2 -march=native "$work/llama.c" "$work/llama" || die "its C does not build"
"$work/llama" --quiet --init "$work/weights.safetensors" --log "$work/log" </dev/null || die "the built program fails"

awk '{ gsub(/[{}" ]/, ""); n = split($0, field, ","); for (i = 4; i <= n; i++) { split(field[i], pair, ":"); got[pair[1]] = pair[2] } }
  function within(name, want, limit,   d) {
    d = got[name] - want; if (d < 0) d = -d
    printf "%-10s %.17g\n", name, got[name]
    if (!(name in got) || got[name] ~ /n/ || !(d <= limit)) { printf "  not within %g of %.17g\n", limit, want; bad++ } }
  END { within("loss", 0.3972886873103699, 1e-12); within("nll", 0, 1e-9); within("logits", 0, 1e-9); within("square", 0, 1e-12); within("argmax", 310, 0)
        within("gradients", 0, 1e-9); within("weights", 0, 0); within("count", 44, 0); exit bad > 0 }' "$work/log" || fail "stories260K differs from the stored numbers"
finish
