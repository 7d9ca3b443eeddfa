#!/usr/bin/env bash
# labels: plain
# timeout: 1800
# seconds: 90
# The C that nnc emits for every model compiles without a warning under -std=c17 -Wall -Wextra -Wshadow, with gcc and with clang; --standalone as well, of
# models that differ in what they take of the runtime: images, records, texts, files that functions write. gcc warns of some things only while it
# optimises: those models are optimised, and every fifth of the others (all with FULL=1; five minutes).
source "$(dirname "$0")/../common.sh"
need_nnc
models=("$NNC_SOURCE_DIR"/models/*.lua)
number=0
[ -f "${models[0]}" ] || die "there are no models"
for model in "${models[@]}"; do
  grep -q 'nn\.program' "$model" || continue # part of another model
  extras=("") level=-fsyntax-only
  [[ $(basename "$model") != @(fashion_mlp|resnet20|char_lstm|vae).lua ]] || extras+=(--standalone) level=-O1
  [ $((number++ % 5)) != 0 ] && [ -z "${FULL:-}" ] || level=-O1
  for extra in "${extras[@]}"; do
    # shellcheck disable=SC2086
    "$NNC" "$model" $extra -o "$work/train.c" || { fail "$(basename "$model") $extra: nnc failed" && continue; }
    for compiler in gcc clang-14 clang-19; do
      have $compiler || { echo "SKIPPED in part: there is no $compiler" && continue; }
      optimise=$level
      [ $compiler = gcc ] || optimise=-fsyntax-only # clang warns before it optimises
      if $compiler -std=c17 $optimise -march=native -Wall -Wextra -Wshadow -Werror -I"$NNC_SOURCE_DIR/runtime" -c "$work/train.c" -o "$work/train.o" 2>"$work/out"; then
        echo "clean: $(basename "$model") $extra, $compiler, $(wc -l <"$work/train.c") lines"
      else
        head -n 20 "$work/out"
        fail "$(basename "$model") $extra: $compiler warns"
      fi
    done
  done
done
finish
