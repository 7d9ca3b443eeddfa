#!/usr/bin/env bash
# labels: plain
# timeout: 1800
# The C that nnc emits for every model compiles without a warning under -std=c17 -Wall -Wextra -Wshadow, with gcc and with clang; --standalone as well, of
# models that differ in what they take of the runtime: images, records, texts, files that functions write.
source "$(dirname "$0")/../common.sh"
need_nnc
models=("$NNC_SOURCE_DIR"/models/*.lua)
[ -f "${models[0]}" ] || die "there are no models"
for model in "${models[@]}"; do
  grep -q 'nn\.program' "$model" || continue # part of another model
  extras=("")
  [[ $(basename "$model") != @(fashion_mlp|resnet20|char_lstm|vae).lua ]] || extras+=(--standalone)
  for extra in "${extras[@]}"; do
    # shellcheck disable=SC2086
    "$NNC" "$model" $extra -o "$work/train.c" || { fail "$(basename "$model") $extra: nnc failed" && continue; }
    for compiler in gcc clang-14 clang-19; do
      level=-fsyntax-only # clang warns before it optimises, gcc in between
      [ $compiler != gcc ] || level=-O1
      have $compiler || { echo "SKIPPED in part: there is no $compiler" && continue; }
      if $compiler -std=c17 $level -march=native -Wall -Wextra -Wshadow -Werror -I"$NNC_SOURCE_DIR/runtime" -c "$work/train.c" -o "$work/train.o" 2>"$work/out"; then
        echo "clean: $(basename "$model") $extra, $compiler, $(wc -l <"$work/train.c") lines"
      else
        head -n 20 "$work/out"
        fail "$(basename "$model") $extra: $compiler warns"
      fi
    done
  done
done
finish
