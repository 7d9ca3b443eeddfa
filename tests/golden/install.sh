#!/usr/bin/env bash
# labels: plain
# seconds: 10
# install.sh: what `cmake --install` puts below a prefix is a whole nnc: with the commands of the README it makes programs
# that train, by its own files alone, also after the prefix was moved and where the tree that built it is gone.
source "$(dirname "$0")/../common.sh"
need_nnc
have cmake || skip "there is no cmake"
base=$(mktemp -d "${TMPDIR:-/tmp}/nnc_install.XXXXXX")
trap 'rm -rf "$base"' EXIT
cmake --install "$NNC_BUILD_DIR" --prefix "$base/first" >"$work/install.txt" || die "cmake --install fails: $(tail -n 3 "$work/install.txt")"
mv "$base/first" "$base/moved"
prefix=$base/moved
for file in bin/nnc include/nnrt.h include/abi.def include/nnrt_simd.h include/nnrt_convert.h include/nnrt_transpose.h share/nnc/models/regression.lua share/nnc/prelude/optim.lua \
  share/nnc/models/stories.py share/nnc/models/data/iris.csv \
  share/doc/nnc/docs/tutorial.md share/doc/nnc/README.md; do
  [ -f "$prefix/$file" ] || fail "$file is not installed"
done
# links of the pages lead to what is there, as in the tree
links() { grep -oE '\]\([A-Za-z_./-]+\.(md|c|py|svg)' "$1" | cut -c3- | sort -u; }
for page in "$prefix"/share/doc/nnc/docs/*.md; do
  for link in $(links "$page"); do [ -e "$(dirname "$page")/$link" ] || fail "$(basename "$page"): $link is not installed"; done
done
[ "$(links "$prefix/share/doc/nnc/docs/tutorial.md" | wc -l)" -ge 5 ] || fail "links of pages are not found"
library=$(dirname "$(find "$prefix" -name libnnrt.a)")
[ -n "${NNC_BLAS_LINK:-}" ] && [ ! -f "$library/libnnrt_blas.a" ] && fail "libnnrt_blas.a is not installed"

for part in images sound; do
  [ ! -f "$NNC_BUILD_DIR/runtime/libnnrt_$part.a" ] || [ -f "$library/libnnrt_$part.a" ] || fail "libnnrt_$part.a is not installed"
done

# the commands, as a script that also runs where the tree is hidden: $1 prefix, $2 folder of the libraries
cat >"$base/build.sh" <<'SH'
set -e
export PATH=$1/bin:$PATH
cd "$(mktemp -d "$1/run.XXXX")"
model=$1/share/nnc/models/regression.lua
nnc $model -o linked.c
cc -O3 -march=native -I$1/include linked.c -L$2 -lnnrt -lz -lm -pthread -o linked
nnc $model -o straight
nnc $model --standalone -o alone.c
cc -O3 alone.c -lm -o alone
nnc --report $model >report
for program in linked straight alone; do ./$program --quiet --log $program.log; done
cmp linked.log straight.log && cmp linked.log alone.log
[ -s linked.log ]
SH
if unshare -m true 2>/dev/null; then
  hidden=(unshare -m bash -c 'mount -t tmpfs none "$1" && shift && "$@"' - "$NNC_SOURCE_DIR")
else
  hidden=() && echo "the tree is not hidden: unshare -m is not allowed here"
fi
"${hidden[@]}" bash "$base/build.sh" "$prefix" "$library" >"$work/out" 2>&1 || fail "the installed nnc: $(tail -n 3 "$work/out")"

# nothing of the tree is asked for
cat >"$base/cc" <<'SH'
#!/bin/sh
echo "$@" >"$(dirname "$0")/asked"
exec cc "$@"
SH
chmod +x "$base/cc"
CC=$base/cc "$prefix/bin/nnc" "$prefix/share/nnc/models/regression.lua" -o "$base/program" || fail "nnc with CC fails"
grep -q -e "-I$prefix/include .*$library/libnnrt.a" "$base/asked" || fail "cc is asked for: $(cat "$base/asked")"
finish
