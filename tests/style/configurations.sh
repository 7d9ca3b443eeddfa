#!/usr/bin/env bash
# Every layer, loss, optimizer, schedule and initialiser has stored references at two configurations at least: configurations.txt says where, docs/library.md
# which functions there are. What is left out here is checked otherwise: primitives in tests/ops, data and programs in tests/train, laws that have one form.
source "$(dirname "$0")/../common.sh"
cd "$NNC_SOURCE_DIR"
elsewhere=" nn.mean nn.Identity nn.Sequential nn.init.constant nn.init.zeros nn.init.ones nn.init.uniform nn.init.normal nn.init.lecun_uniform nn.init.lecun_normal "
elsewhere+="nn.random.permutation nn.random.integers nn.random.gumbel nn.random.exponential nn.random.categorical nn.random.token "
of_groups=" activations attention clip conv ctc dropout init layers lbfgs losses metrics norm optim optimizers pool position recurrent regression sampling schedules select sound stack transformer "

for table in tests/oracle/library/*.tsv tests/oracle/layers.tsv tests/oracle/initial.tsv; do
  awk -F'\t' -v table="$(basename "$table" .tsv)" '!/^#/ && $2 != "f32" { print table, $1; print table, $1 "." $2 }' "$table"
done | LC_ALL=C sort -u >"$work/cases"
awk '/^ranges=/ { on = 1; next } /^"/ { on = 0 } on { for (i = 1; i + 3 <= NF; i += 4) print "moments", $(i + 1) }' tests/train/moments.sh | LC_ALL=C sort -u >>"$work/cases"
# found: function, number of configurations (a whole case where the pattern names no output)
awk 'NR == FNR { n++; table[n] = $1; name[n] = $2; next } /^#/ { next }
  { split($0, part, " [|] "); outputs = part[3] ~ /\\\./; count = 0
    for (i = 1; i <= n; i++) if (table[i] == part[2] && name[i] ~ "^(" part[3] ")$" && (outputs || name[i] !~ /\./)) count++
    k = split(part[1], of, " "); for (i = 1; i <= k; i++) print "nn." of[i], count }' "$work/cases" tests/style/configurations.txt >"$work/found"
while read -r name count; do
  grep -qx "### $name" docs/library.md || fail "configurations.txt names $name, which docs/library.md does not have"
  [ "$count" -ge 2 ] || fail "$name has $count stored configurations, two are wanted"
done <"$work/found"
awk -v groups="$of_groups" '/^## / { on = index(groups, " " $2 " ") } /^### nn/ && on { print $2 }' docs/library.md | while read -r name; do
  [[ $elsewhere == *" $name "* ]] || grep -q "^$name " "$work/found" || printf '%s\n' "$name"
done >"$work/missing"
[ ! -s "$work/missing" ] || fail "no row in configurations.txt: $(tr '\n' ' ' <"$work/missing")"
awk '{ s += $2 } END { printf "%d functions, %d configurations\n", NR, s }' "$work/found"
finish
