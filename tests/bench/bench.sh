#!/usr/bin/env bash
# ./dev bench [--rounds N] [--seconds S] [--threads "1 2"] [--no-peers]: one training step of models/fashion_mlp.lua at batch 128 (workload W1).
#
# Each round runs every contender once, one after the other, and the machine's FMA peak with them; what is printed is the median over the rounds of
# each one's median step. The floor is what the step needs by its arithmetic and its memory traffic alone, without overlap: 1.64 ms with one thread
# where the peak is 272 GFLOP/s, 0.82 ms with two at 543, scaled to the peak measured here. PyTorch is measured where it is found:
#   python3 with torch (NNC_BENCH_PYTHON, else /usr/bin/python3), as it comes and with fused Adam / torch.compile where it has them;
#   libtorch (Debian's libtorch-dev), as it comes and tuned: matrix products by oneDNN (libdnnl-dev), glibc told never to give memory back.
# The environment's OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are unset for these commands only: they halve PyTorch's speed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rounds=5 seconds=1 threads="1 2" peers=1
while [ $# -gt 0 ]; do
  case $1 in
    --rounds) rounds=$2 && shift 2 ;;
    --seconds) seconds=$2 && shift 2 ;;
    --threads) threads=$2 && shift 2 ;;
    --no-peers) peers=0 && shift ;;
    *) echo "bench: what is \"$1\"?" >&2 && exit 2 ;;
  esac
done
work=build/bench
rm -rf $work
mkdir -p $work
library=$(find build -name libnnrt.a -print -quit)
model=models/fashion_mlp.lua
note() { printf '%s\n' "$*" >&2; }

# ---- contenders: a name, and a command in which @T is the number of threads; it prints "<milliseconds> ms…" ----
names=() commands=()
contender() { names+=("$1") && commands+=("$2"); }
plain="env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE OMP_NUM_THREADS=@T OPENBLAS_NUM_THREADS=@T"
keep="MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TRIM_THRESHOLD_=8000000000 MALLOC_TOP_PAD_=67108864"

ours() { # ours NAME PROGRAM
  contender "$1" "$2 --quiet --threads @T --bench $steps"
}
steps=$(awk -v s="$seconds" 'BEGIN { print int(s / 0.002) + 50 }')
build/nnc $model -o $work/w1.c
for compiler in gcc clang-19; do
  command -v $compiler >/dev/null || { note "no $compiler: left out" && continue; }
  $compiler -O3 -march=native $work/w1.c -Iruntime "$library" -lz -lm -pthread -o $work/w1_$compiler
  ours "nnc, C by $compiler" $work/w1_$compiler
done
if build/nnc $model -o $work/w1.o 2>$work/llvm.txt; then
  cc $work/w1.o "$library" -lz -lm -pthread -o $work/w1_llvm
  ours "nnc, LLVM" $work/w1_llvm
else
  note "nnc was built without LLVM: left out ($(head -n 1 $work/llvm.txt))"
fi

blas=$(find build -name libnnrt_blas.a -print -quit)
if [ -n "$blas" ]; then
  build/nnc --blas=openblas $model -o $work/w1_blas.c
  gcc -O3 -march=native $work/w1_blas.c -Iruntime "$blas" "$library" "$(sed -n 's/^NNC_OPENBLAS_LIBRARY:FILEPATH=//p' build/CMakeCache.txt)" -lz -lm -pthread -o $work/w1_blas
  contender "nnc, OpenBLAS, C by gcc" "env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $work/w1_blas --quiet --threads @T --bench $steps"
else
  note "no OpenBLAS (libopenblas-pthread-dev): nnc --blas=openblas is left out"
fi

add_peers() {
  local python=${NNC_BENCH_PYTHON:-/usr/bin/python3} version
  if version=$($python -c 'import torch; print(torch.__version__)' 2>/dev/null); then
    contender "PyTorch $version" "$plain $python tests/bench/torch_w1.py @T $seconds eager"
    if $python -c 'import torch, sys; sys.exit(not hasattr(torch, "compile"))' 2>/dev/null; then
      contender "PyTorch $version, fused Adam" "$plain $keep $python tests/bench/torch_w1.py @T $seconds fused"
      contender "PyTorch $version, torch.compile" "$plain $keep $python tests/bench/torch_w1.py @T $seconds compiled"
    fi
  else
    note "no torch in $python (Debian: python3-torch; or NNC_BENCH_PYTHON): left out"
  fi
  if g++ -O2 -std=c++17 tests/bench/torch_w1.cpp -I/usr/include/torch/csrc/api/include -ltorch -ltorch_cpu -lc10 -o $work/torch_w1 2>/dev/null; then
    contender "libtorch" "$plain LD_LIBRARY_PATH=/usr/lib/$(uname -m)-linux-gnu/openblas-openmp $work/torch_w1 @T $seconds"
    if cc -O2 -shared -fPIC tests/bench/sgemm_onednn.c -ldnnl -o $work/sgemm_onednn.so 2>/dev/null; then
      contender "libtorch, tuned" "$plain $keep LD_PRELOAD=$work/sgemm_onednn.so $work/torch_w1 @T $seconds"
    else
      note "no oneDNN (libdnnl-dev): the tuned libtorch is left out"
    fi
  else
    note "no libtorch (libtorch-dev) or no g++: left out"
  fi
}
[ $peers = 0 ] || add_peers

# ---- measure ----
cc -O2 -pthread tests/bench/peak.c "$library" -lz -lm -o $work/peak
median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
for t in $threads; do
  for ((round = 1; round <= rounds; round++)); do
    note "threads $t, round $round of $rounds"
    $work/peak "$t" 0.3 | awk '{ print $1 }' >>"$work/peak.$t"
    for i in "${!names[@]}"; do
      line=$(bash -c "${commands[$i]//@T/$t}" 2>"$work/error.txt" </dev/null | tail -n 1) || { cat $work/error.txt >&2 && note "failed: ${names[$i]}" && continue; }
      awk '{ for (i = 2; i <= NF; i++) if ($i ~ /^ms/) { print $(i - 1); exit } }' <<<"$line" >>"$work/ms.$i.$t"
    done
  done
done

# ---- print ----
for t in $threads; do
  peak=$(median <"$work/peak.$t")
  floor=$(awk -v t="$t" -v p="$peak" 'BEGIN { print t == 1 ? 1.64 * 272 / p : 0.82 * 543 / p }')
  best=
  for i in "${!names[@]}"; do
    [ -s "$work/ms.$i.$t" ] || continue
    ms=$(median <"$work/ms.$i.$t")
    case ${names[$i]} in nnc*) ;; *) best=$(printf '%s\n%s\n' "$best" "$ms" | grep . | sort -n | head -n 1) ;; esac
  done
  printf '\n%d thread%s: FMA peak %.0f GFLOP/s, floor %.3f ms\n' "$t" "$([ "$t" = 1 ] || echo s)" "$peak" "$floor"
  printf '%-34s %9s %9s %12s %14s\n' "" "ms/step" "x floor" "GFLOP/s" "best peer / it"
  for i in "${!names[@]}"; do
    [ -s "$work/ms.$i.$t" ] || continue
    awk -v name="${names[$i]}" -v ms="$(median <"$work/ms.$i.$t")" -v floor="$floor" -v best="${best:-0}" 'BEGIN {
      printf "%-34s %9.3f %9.2f %12.0f %14s\n", name, ms, ms / floor, 410.9 / ms, best ? sprintf("%.2f", best / ms) : "-" }'
  done
done

# ---- where the time goes: sampled, by function of the emitted file ----
cc -O2 -shared -fPIC tests/bench/sample.c -o $work/sample.so
program=$work/w1_gcc
[ -x $program ] || exit 0
for t in $threads; do
  SAMPLES=$work/samples LD_PRELOAD=$work/sample.so $program --quiet --threads "$t" --bench $((steps * 2)) >/dev/null </dev/null
  printf '\nshare of the time by function, %d thread%s (C by gcc):\n' "$t" "$([ "$t" = 1 ] || echo s)"
  { nm -n $program | awk '$2 ~ /^[tTwW]$/ { print $1, "1", $3 }' && awk '{ print $1, "2" }' $work/samples; } | sort -k1,1 -k2,2n | awk '
    $2 == 1 { name = $3; next }
    { total++; if ($1 ~ /^0+$/) count["(shared libraries)"]++; else count[name]++ }
    END { for (n in count) if (count[n] >= total / 200) printf "%6.1f %%  %s\n", 100 * count[n] / total, n }' | sort -rn
done
