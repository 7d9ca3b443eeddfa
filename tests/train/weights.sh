#!/usr/bin/env bash
# labels: plain
# weights.sh: files of weights go between programs of ours, PyTorch (safetensors) and NumPy (.npz), both ways (tests/oracle/weights.py made the files that are
# read, and checks those that are written): whole, in part, and with floats of another width. Without python3 what is written is checked by reading it alone.
source "$(dirname "$0")/../common.sh"
need_nnc
cd "$work"
files=$NNC_SOURCE_DIR/tests/oracle/weights
states=(w:F32:3x4 b:F32:3 h:BF16:2x3 d:F64:2 n:I64: k:I32:2x2 u:U8:5 p:BOOL:6)
build() { "$NNC" "$NNC_SOURCE_DIR/tests/train/weights.lua" -o "$1.c" "${@:2}" && build_c gcc -O1 "$1.c" "$1" || die "$1 does not build"; }
build weights
build thirds -D divided=3

# are FILE STATE=VALUE…: after --init FILE of `weights` (or ${program}) the outputs are 0, but for those named
are() {
  local want
  rm -f log
  "./${program:-weights}" --quiet --init "$1" "${flags[@]}" --log log --save saved.safetensors 2>err || { fail "$1 ${flags[*]}: exit code $?: $(cat err)" && return; }
  want=$(for state in b d h k n p u w; do
    value=0
    for given in "${@:2}"; do [ "${given%=*}" != $state ] || value=${given#*=}; done
    printf '"%s":%s,' $state $value
  done)
  grep -qF "\"func\":\"look\",${want%,}}" log || fail "$1 ${flags[*]}: $(cat log)"
}
told() { grep -qF -e "$1" err || fail "'$1' is not told: $(cat err)"; }
refused() { # refused CODE MESSAGE ARGS…
  local code=0
  ./weights --quiet "${@:3}" 2>err >/dev/null || code=$?
  [ $code = "$1" ] || fail "${*:3}: exit code $code"
  told "$2"
}

# ---- whole ----
flags=()
are "$files/whole.safetensors" && [ ! -s err ] || fail "a whole file: $(cat err)"
cp saved.safetensors whole.safetensors
are whole.safetensors && cmp -s saved.safetensors whole.safetensors || fail "what was saved is saved otherwise"
refused 1 "some.safetensors: b is [4]; the model's is [3]" --init "$files/some.safetensors"
refused 1 "other.safetensors: has other, which the model has not" --init "$files/other.safetensors"

# ---- floats of another width: on request ----
for width in f16 bf16 f64; do refused 1 "--init-convert rounds it" --init "$files/$width.safetensors"; done
flags=(--init-convert)
are "$files/f16.safetensors"
are "$files/bf16.safetensors"
program=thirds are "$files/f64.safetensors"
are "$files/whole.safetensors"

# ---- in part ----
flags=(--init-partial)
are "$files/some.safetensors" b=10.25 d=10.25 h=10.25 k=12 p=1
told "3 of 8 states are taken from it; not in it: 3 (d, k, p); in it only: 10 (head.0.weight, "
told "head.7.weight, …); in it otherwise: 2 (b has [4] for [3], h has F32 for BF16)"
flags=(--init-partial --init-convert)
are "$files/some.safetensors" b=10.25 d=10.25 k=12 p=1
told "4 of 8 states"
refused 1 "0 of 8 states are taken from it" --init "$files/other.safetensors" --init-partial
refused 2 "--init-partial says how --init FILE is read" --init-partial
refused 2 "--init-convert says how --init FILE is read" --init-convert
./weights --quiet --checkpoint whole.checkpoint --init whole.safetensors
flags=(--init-partial)
are whole.checkpoint
told "8 of 8 states are taken from it" && ! grep -q "in it only" err || fail "a checkpoint's own states are strange to it: $(cat err)"

# ---- archives of NumPy ----
flags=(--init-convert) # h is f32 in them
are "$files/stored.npz"
are "$files/deflated.npz"
./weights --quiet --init whole.safetensors --save saved.npz || fail "saved.npz: exit code $?"
are saved.npz && cmp -s saved.safetensors whole.safetensors || fail "an archive of ours does not give the states back"
refused 1 "h is F32; the model's is BF16" --init saved.npz
size=$(wc -c <saved.npz)
for at in 45 200 $((size - 30)); do # a number, a header, the directory
  cp saved.npz broken.npz && printf '\377' | dd of=broken.npz bs=1 seek=$at conv=notrunc status=none
  refused 1 "broken.npz: " --init broken.npz
done
head -c $((size / 2)) saved.npz >broken.npz
refused 1 "truncated" --init broken.npz
cp whole.safetensors named.npz
flags=()
are named.npz # a file is what is in it
(ulimit -f 1 && refused 1 "full.npz: cannot be written: File too large" --init whole.safetensors --save full.npz; exit $failures) || failures=$((failures + 1))
[ ! -e full.npz ] && [ ! -e full.npz.new ] || fail "a full disk leaves $(echo full.npz*)"

# ---- what others read ----
python=${NNC_ORACLE_PYTHON:-python3} read_by="$NNC_SOURCE_DIR/tests/oracle/weights.py"
if have "$python"; then
  for file in whole.safetensors saved.npz; do
    "$python" "$read_by" check $file "${states[@]}" || fail "$file is not as its format says"
    code=0
    "$python" "$read_by" libraries $file "${states[@]}" >missing || code=$?
    [ $code = 0 ] || [ $code = 77 ] || fail "$file: PyTorch or NumPy read other states"
    [ $code = 0 ] || echo "$file is not read by PyTorch and NumPy: $(cat missing) (NNC_ORACLE_PYTHON names a python that has them)"
  done
else
  echo "$python is not there: what is written is not checked by another program"
fi
finish
