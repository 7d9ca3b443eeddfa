#!/usr/bin/env bash
# labels: plain
# Every C file is as clang-format 14 lays it out (./dev format does it).
source "$(dirname "$0")/../common.sh"
have clang-format-14 || skip "there is no clang-format-14"
cd "$NNC_SOURCE_DIR"
git rev-parse --git-dir >/dev/null 2>&1 || skip "not a git tree: which files are ours is not known"
git ls-files -- '*.c' '*.h' ':!generated/*' | xargs -r clang-format-14 --dry-run -Werror 2>"$work/out" || {
  grep -oE '^[^:]+:[0-9]+' "$work/out" | sort -u | head -40
  die "clang-format-14 would change these lines; run ./dev format"
}
