#!/usr/bin/env bash
# A training step of Conv2d, MaxPool2d, attention and LSTM keeps no more in scratch than PyTorch allocates at its peak for the same step
# (tests/oracle/memory.tsv, made by the script beside it).
source "$(dirname "$0")/../common.sh"
need_nnc
while IFS=$'\t' read -r name theirs; do
  [[ $name != \#* ]] || continue
  "$NNC" -D "case=$name" --report "$NNC_SOURCE_DIR/tests/train/memory/steps.lua" >"$work/report" || { fail "$name does not compile" && continue; }
  ours=$(awk '/^  scratch  / { gsub(",", "", $2); print $2 }' "$work/report")
  printf '%-16s %11d bytes, PyTorch %11d: %.2f\n' "$name" "$ours" "$theirs" "$(awk "BEGIN { print $ours / $theirs }")"
  [ "${ours:-0}" -gt 0 ] && [ "$ours" -le "$theirs" ] || fail "$name keeps more than PyTorch"
done <"$NNC_SOURCE_DIR/tests/oracle/memory.tsv"
finish
