# common.sh: what every test script sources. A script's exit code is 0 passed, 1 failed, 77 skipped; `skip` and `fail` say why in one line.
# ctest gives NNC, NNC_SOURCE_DIR, NNC_BUILD_DIR, NNC_RUNTIME_LIBRARY; by hand, from the top of the tree, the defaults below do.
# Scripts work in their own folder below the build tree and leave the tree alone.
set -euo pipefail
: "${NNC_SOURCE_DIR:=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}"
: "${NNC_BUILD_DIR:=$NNC_SOURCE_DIR/build}"
: "${NNC:=$NNC_BUILD_DIR/nnc}"
: "${NNC_RUNTIME_LIBRARY:=$(find "$NNC_BUILD_DIR" -name libnnrt.a -print -quit 2>/dev/null || true)}"
: "${NNC_SANITIZE:=}"
test_name=$(basename "$(dirname "$0")")_$(basename "$0" .sh)
work=$NNC_BUILD_DIR/work/$test_name
rm -rf "$work"
mkdir -p "$work"
fashion=/usr/share/datasets/fashion-mnist

failures=0
skip() { printf 'SKIPPED: %s\n' "$*" && exit 77; }
fail() { printf 'FAILED: %s\n' "$*" && failures=$((failures + 1)); }
die() { printf 'FAILED: %s\n' "$*" && exit 1; }
finish() { [ "$failures" = 0 ] || { printf '%s failures\n' "$failures" && exit 1; }; }
have() { command -v "$1" >/dev/null 2>&1; }

need_nnc() { [ -x "$NNC" ] || die "there is no compiler at $NNC (./dev build makes it)"; }
need_fashion() { [ -f "$fashion/train-images-idx3-ubyte.gz" ] || skip "the Debian package dataset-fashion-mnist is not installed"; }

# annotations ARGS…: docs/library.awk over the library's annotations, the .d.lua files last
annotations() {
  local folder=$NNC_SOURCE_DIR/compiler/front/prelude
  { find "$folder" -name '*.lua' ! -name '*.d.lua' | LC_ALL=C sort && find "$folder" -name '*.d.lua' | LC_ALL=C sort; } | LC_ALL=C xargs awk "$@" -f "$NNC_SOURCE_DIR/docs/library.awk"
}

# build_c CC FLAGS… SOURCE PROGRAM: an emitted C file against the runtime, as the README says it
link_flags=(-lz -lm -pthread)
[ -z "$NNC_SANITIZE" ] || link_flags+=("-fsanitize=$NNC_SANITIZE")
build_c() {
  local n=$#
  local program=${!n} source=${@:n-1:1}
  "${@:1:n-2}" "$source" -I"$NNC_SOURCE_DIR/runtime" "$NNC_RUNTIME_LIBRARY" "${link_flags[@]}" -o "$program"
}
# build_named CC FLAGS… SOURCE PROGRAM: the same with the libraries that the head of SOURCE names, ours from where they were built
build_named() {
  local n=$# link
  local program=${!n} source=${@:n-1:1}
  link=$(sed -n 's/^.*Build: cc -O3 FILE.c //p' "$source")
  # shellcheck disable=SC2086
  "${@:1:n-2}" "$source" -I"$NNC_SOURCE_DIR/runtime" -L"$(dirname "$NNC_RUNTIME_LIBRARY")" $link ${NNC_SANITIZE:+-fsanitize=$NNC_SANITIZE} -o "$program"
}
# losses LOG: the losses of the calls of `train` in a log of one JSON object a line, one a line, as they were printed
losses() { sed -nE 's/.*"func":"train".*"loss":([^,}]+).*/\1/p' "$1"; }
# train PROGRAM LOG ARGS…: a quiet run of a built fashion_mlp on the real images in file order; losses_of PROGRAM ARGS… prints its losses
train() { "$1" --data "train=$fashion/train-images-idx3-ubyte.gz,$fashion/train-labels-idx1-ubyte.gz" --no-shuffle --quiet --log "$2" "${@:3}" </dev/null; }
# The parameters of fashion_mlp at a width, as tool_tensors init wants them
fashion_shapes() { echo "1.weight:$1x784:784 1.bias:$1:784 3.weight:$1x$1:$1 3.bias:$1:$1 5.weight:10x$1:$1 5.bias:10:$1"; }
# losses_match WIDTH NAME LOG STEPS, parameters_match WIDTH NAME FILE: a run from tool_tensors' weights against PyTorch's f32 run of 50 steps
# (tests/oracle/fashion_50_steps.py): its first losses to 1e-5 relative, its final parameters to 1e-4; that run is within 2e-7 and 1e-5 of one in f64
losses_match() {
  losses "$3" >"$work/losses"
  awk -v width="\"$1\":" -v kind='"f32":' '$1 == width { on = 1 } on && $1 == kind { list = 1; next } list && /]/ { exit } list { gsub(/[ ,]/, ""); print }' "$NNC_SOURCE_DIR/tests/oracle/fashion_50_steps.json" >"$work/reference"
  [ "$(wc -l <"$work/losses")" = 50 ] || fail "$2: $(wc -l <"$work/losses") losses in the log, 50 are wanted"
  [ "$(wc -l <"$work/reference")" = 50 ] || die "the reference does not have 50 losses"
  paste -d' ' "$work/losses" "$work/reference" | head -n "$4" | awk -v name="$2" -v steps="$4" '
    { d = ($1 - $2) / $2; if (d < 0) d = -d; if (!(d <= worst)) { worst = d; at = NR } }
    END { printf "%s: largest relative difference of a loss %.2e, at step %d of %d\n", name, worst, at, NR; exit !(worst <= 1e-5 && NR == steps) }' ||
    fail "$2: losses differ from PyTorch's by more than 1e-5"
}
parameters_match() {
  "$NNC_BUILD_DIR/tests/tool_tensors" compare "$3" "$NNC_SOURCE_DIR/tests/oracle/fashion_50_steps_$1.safetensors" 13 1e-4 || fail "$2: final parameters differ from PyTorch's by more than 1e-4"
}

# ---- models of models/: build NAME FLAGS… compiles NAME.c and NAME here; run NAME ARGS… writes NAME.log ----
build() { "$NNC" "$NNC_SOURCE_DIR/models/$1.lua" -o "$1.c" "${@:2}" && build_c gcc -O1 "$1.c" "$1" || { fail "$1 does not build" && return 1; }; }
run() { rm -f "$1.log" && "./$1" --quiet --threads 1 --log "$1.log" "${@:2}" </dev/null || { fail "$1: exit code $?" && return 1; }; }
# holds MODEL CONDITION…: over the outputs of the log's last lines: name is the last value of an output, first_name the first
holds() {
  local condition
  for condition in "${@:2}"; do
    awk '{ gsub(/[{}" ]/, ""); n = split($0, field, ",")
           for (i = 4; i <= n; i++) { split(field[i], pair, ":"); if (!(pair[1] in last)) print "first_" pair[1] "=" pair[2]; last[pair[1]] = pair[2] } }
         END { for (name in last) print name "=" last[name] }' "$1.log" >values
    mapfile -t assignments < <(grep -vE '=\[|\]|=$' values | sed 's/^/-v/')
    awk "${assignments[@]}" "function abs(x) { return x < 0 ? -x : x } function near(x, y, limit) { return x \"\" !~ /n/ && abs(x - y) <= limit }
         BEGIN { exit !($condition) }" || fail "$1: not $condition; $(tail -n 1 "$1.log")"
  done
}
# each NAME…: the functions of these names, one after the other
each() {
  local name before
  for name in "$@"; do
    before=$failures
    "$name"
    [ "$failures" != "$before" ] || printf '%s: as expected\n' "$name"
  done
}
# need_shared PATH WHAT: real data beside the tree; without it what has failed so far counts, and the rest is skipped
shared=$NNC_SOURCE_DIR/../shared/data
need_shared() { [ -e "$shared/$1" ] || { [ "$failures" = 0 ] || finish; skip "$shared/$1 is not there: $2"; }; }
