#!/usr/bin/env bash
# labels: plain
# seconds: 20
# embed.sh: a model as a library (nnc --lib): every function of its header from C and C++ (embed/drive.c), the same bits as
# the program's training, no leak, no race; fewer functions (--only); the examples. About 30 s.
source "$(dirname "$0")/../common.sh"
need_nnc
cd "$work"
source=$NNC_SOURCE_DIR/tests/train/embed
strict=(-O1 -Wall -Wextra -Wshadow -Werror)
library() { build_c "${@:1:$#-2}" -I. "${@:$#-1}"; } # library CC FLAGS… FILES… SOURCE PROGRAM: with the header beside it
"$NNC" "$source/small.lua" --lib --verify -o small.c || die "--lib fails"

# ---- the header alone, and every function, in C and C++ ----
for language in "gcc -std=c99 -x c" "gcc -std=c17 -x c" "g++ -std=c++11 -x c++" "clang++-14 -std=c++20 -x c++"; do
  have "${language%% *}" || { echo "SKIPPED in part: there is no ${language%% *}" && continue; }
  $language -pedantic-errors -Wall -Wextra -Werror -fsyntax-only small.h || fail "small.h: $language"
done
awk '/^$/ { said = 0 } /\*\// { said = 1 } /^[a-z].*\(/ { n++; if (!said) print } END { if (n < 15) print n " functions" }' small.h >bare
[ ! -s bare ] || fail "functions of small.h without a comment: $(cat bare)"
gcc "${strict[@]}" -I"$NNC_SOURCE_DIR/runtime" -c small.c -o small.o || die "small.c warns"
library gcc "${strict[@]}" small.o "$source/drive.c" drive && ./drive || fail "drive.c"
library g++ "${strict[@]}" -x c++ "$source/drive.c" -x none small.o drive_cpp && ./drive_cpp || fail "drive.c in C++"
gcc -O1 -fno-pie -I"$NNC_SOURCE_DIR/runtime" -c small.c -o fixed.o # where tables of addresses are constants too
nm fixed.o | awk 'NF == 3 && $2 ~ /[BbDdC]/' >globals
[ ! -s globals ] || fail "the library has variables: $(cat globals)"
nm small.o | grep -E ' U (printf|puts|exit|abort|nnrt_main)$' && fail "the library prints or exits"

# ---- the same bits as the program ----
"$NNC" "$source/small.lua" -o small || die "the program does not build"
./small --quiet --seed 7 --threads 1 --log log --save program.safetensors </dev/null || fail "the program: exit code $?"
sed -nE 's/^\{"step":([0-9]+),.*"func":"train","loss":([^,}]*).*/\1 train \2/p; s/^\{"step":([0-9]+),.*"func":"validate","entropy":([^,]*),"loss":([^}]*)\}/\1 validate \2 \3/p' log >expected
[ "$(wc -l <expected)" = 15 ] || die "the program's log has $(wc -l <expected) lines"
./drive log | diff expected - || fail "the library's outputs are not the program's"
cmp library.safetensors program.safetensors || fail "the library's weights are not the program's"

# ---- one file with the runtime; sanitizers see all of it; valgrind sees the linked one ----
"$NNC" "$source/small.lua" --lib --standalone --cpu=native -o small.c || die "--lib --standalone fails"
grep -E '^(int nnrt_main|int nnrt_reader_open|void nnrt_progress_start)\(.*[{,]$' small.c && fail "a driver is in the library's file"
sanitized() { # sanitized NAME KIND MODE…
  gcc -g -O1 -fsanitize="$2" -I. "$source/drive.c" small.c -lm -pthread -o "$1" || { fail "-fsanitize=$2 does not build" && return; }
  local mode
  for mode in "${@:3}"; do "./$1" "$mode" >"$1.txt" 2>&1 || fail "-fsanitize=$2, $mode: $(head -n 5 "$1.txt")"; done
}
if [ -z "$NNC_SANITIZE" ]; then
  sanitized asan address,undefined all often threads
  sanitized tsan thread threads
fi
if have valgrind && [ "$(uname -m)" = x86_64 ] && [ -z "$NNC_SANITIZE" ]; then
  "$NNC" "$source/small.lua" --lib --cpu=x86-64-v3 -o small.c && library gcc -g -O1 -march=x86-64-v3 small.c "$source/drive.c" drive_v3
  valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,indirect ./drive_v3 >valgrind.txt 2>&1 || fail "valgrind: $(head -n 5 valgrind.txt)"
  if grep -q avx512f /proc/cpuinfo; then # which valgrind has not: a processor that the library is not for
    valgrind -q --error-exitcode=9 ./drive >valgrind.txt 2>&1 && fail "kernels for AVX-512 ran without it"
    grep -q '^there is no context: this processor is not one' valgrind.txt || fail "a processor that does not do: $(head -n 3 valgrind.txt)"
  fi
else
  echo "SKIPPED in part: there is no valgrind"
fi

# ---- some functions only: the others' code, state, data and hypers go, what is left does the same ----
"$NNC" "$source/small.lua" --only=predict --lib --verify --report -o some.c >report || fail "--only=predict"
grep -q '^functions   predict; left out: both, init, train, validate, weighted$' report || fail "the report says: $(grep functions report)"
grep -qi 'adam\|optimizer\|cosine\|small_train\|small_validate\|set_lr\|shift' some.c && fail "--only=predict: $(grep -i 'adam\|optimizer\|cosine\|small_train\|small_validate\|set_lr\|shift' some.c | head -n 1)"
cat >ask.c <<'C'
#include <stdio.h>
int main(void) {
  float x[4][5];
  small_predict_outputs o;
  small_context *c = small_create(1);
  for (int i = 0; i < 20; ++i) x[i / 5][i % 5] = (float)i / 16;
  if (small_init(c, 1) || small_load(c, "program.safetensors") || small_predict(c, 4, x[0], &o)) return puts(small_error(c)), 1;
  for (int i = 0; i < 12; ++i) printf("%.9g\n", (double)o.logits[i]);
  small_destroy(c);
  return 0;
}
C
"$NNC" "$source/small.lua" --lib -o small.c
for which in some small; do
  library gcc -O1 -include $which.h $which.c ask.c ask && ./ask >$which.txt || fail "predict of $which: $(cat $which.txt)"
done
[ "$(wc -l <small.txt)" = 12 ] && cmp small.txt some.txt || fail "predict alone is another one"
"$NNC" "$source/small.lua" --only=train -o some && ./some --quiet --seed 7 --save some.safetensors </dev/null || fail "--only=train"
cmp some.safetensors program.safetensors || fail "train alone trains otherwise"
"$NNC" "$source/small.lua" --only=validate -o some && ./some --quiet --init program.safetensors --log some.log </dev/null || fail "--only=validate"
[ "$(sed -nE 's/.*"entropy":([^,]*),"loss":([^}]*)\}/\1 \2/p' some.log)" = "$(sed -n 's/^12 validate //p' expected)" ] || fail "validate alone: $(cat some.log)"
./some --help | grep -q -e '--lr' && fail "--only=validate has --lr"
"$NNC" "$source/small.lua" --dump=front --stop-after=front >small.graph
"$NNC" small.graph --only=train,validate -o some && ./some --quiet --seed 7 --log some.log </dev/null || fail "--only of a graph's text"
[ "$(losses some.log)" = "$(losses log)" ] || fail "train and validate of a graph's text train otherwise"

# ---- tokens: what they are goes with a library, also without the data that says it ----
cat >turn.c <<'C'
#include "text.h"
#include <stdio.h>
#include <string.h>
int main(void) {
  const int32_t prompt[6] = {0, 1, 2, 3, 4, 5};
  text_turn_outputs o;
  text_context *c = text_create(1);
  if (!c || text_init(c, 1) || text_turn(c, prompt, &o)) return puts(text_error(c)), 1;
  int same = o.back[0] == 5 && o.back[5] == 0 && o.both[6] == 5 && o.number[3] == 1.5f && !strcmp(text_vocabulary(), "abcdeä€ ");
  same &= !text_turn(c, NULL, &o) && o.back[0] == 2;
  text_destroy(c);
  return !same;
}
C
"$NNC" "$NNC_SOURCE_DIR/tests/train/driver/text.lua" --only=turn --lib -o text.c && library gcc "${strict[@]}" text.c turn.c turn && ./turn || fail "a library with a vocabulary"

# ---- the examples: the program's weights, from C, C++ and Python ----
[ -f "$fashion/train-images-idx3-ubyte.gz" ] || { echo "SKIPPED in part: the Debian package dataset-fashion-mnist is not installed" && finish && exit 0; }
build fashion_mlp && mv fashion_mlp fashion
"$NNC" "$NNC_SOURCE_DIR/models/fashion_mlp.lua" --lib -o fashion_mlp.c
./fashion --no-shuffle --steps 100 --seed 7 --threads 2 --quiet --save program.safetensors </dev/null || fail "the program of fashion_mlp"
example() { # example NAME COMMAND…: prints what embed.c prints, and saves the program's weights
  "${@:2}" "$fashion" 100 "$1.safetensors" 2 >"$1.txt" 2>"$1.err" || fail "$1: $(cat "$1.err")"
  [ "$(grep -cE '^(step [0-9]+: loss|accuracy) 0\.[0-9]{3,}$' "$1.txt")" = 3 ] || fail "$1 prints $(cat "$1.txt")"
  cmp "$1.safetensors" program.safetensors || fail "$1: other weights than the program's"
}
gcc -O1 -fPIC -I"$NNC_SOURCE_DIR/runtime" -c fashion_mlp.c -o fashion_mlp.o
library gcc "${strict[@]}" fashion_mlp.o "$NNC_SOURCE_DIR/examples/embed.c" embed && example c ./embed || fail "the example does not build as C"
library g++ "${strict[@]}" -x c++ "$NNC_SOURCE_DIR/examples/embed.c" -x none fashion_mlp.o embed && example cpp ./embed || fail "the example does not build as C++"
if have python3 && [ -z "$NNC_SANITIZE" ]; then
  library gcc -shared fashion_mlp.o fashion_mlp.so && example python python3 "$NNC_SOURCE_DIR/examples/embed.py" ./fashion_mlp.so || fail "the shared library does not build"
  grep -q 'largest bias of the last layer 0\.[0-9]*[1-9]' python.err || fail "a state through ctypes: $(cat python.err)"
else
  echo "SKIPPED in part: there is no python3"
fi
finish
