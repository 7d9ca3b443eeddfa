#!/usr/bin/env bash
# labels: plain
# profile.sh: --profile of programs of nnc --profile. The trace is JSON whose events lie within each other, thread by thread; its sums are the
# table's; calls are as many as the model's loops turn; work is the report's; bits are those of the program without it, which has no trace of
# it; the run overwrites nothing. FULL=1: fashion_mlp spends under 1 % of its time outside kernels and waiting for data (a quiet machine).
source "$(dirname "$0")/../common.sh"
need_nnc
cd "$work"
model=$NNC_SOURCE_DIR/tests/train/profile/work.lua
code() { local code=0 && "${@:3}" >out 2>err </dev/null || code=$?; [ "$code" = "$1" ] && grep -q -e "$2" err || fail "${*:3}: exit code $code, expected $1 and '$2': $(cat err)"; }

cat >check.py <<'PY'
"""check.py TRACE TABLE THREADS STEPS REPORT COUNTS: COUNTS is kernel=calls in all steps, …"""
import collections, json, re, sys
trace, table, threads, steps = json.load(open(sys.argv[1])), open(sys.argv[2]).read(), int(sys.argv[3]), int(sys.argv[4])
events = [e for e in trace["traceEvents"] if e["ph"] == "X"]
def check(good, *what):
    if not good: sys.exit("FAILED: " + " ".join(map(str, what)))

by_thread = collections.defaultdict(list)
for e in events: by_thread[e["tid"]].append(e)
reads = by_thread.pop(threads) # the thread that reads
check(all(e["cat"] == "read" and e["name"] == "train" for e in reads) and len(reads) >= steps - 2, "reads", len(reads))
check(sorted(by_thread) == list(range(threads)), "threads", sorted(by_thread))
holds = {"read": {None}, "step": {None}, "data": {"step"}, "call": {"step"}, "kernel": {"call", None}, "wait": {"call", None}}
for thread, list_ in list(by_thread.items()) + [(threads, reads)]:
    open_, at = [], -1
    for e in list_:
        start, end = round(e["ts"] * 1000), round(e["ts"] * 1000) + round(e["dur"] * 1000)
        check(e["dur"] >= 0 and start >= at, "order", e)
        at = start
        while open_ and (open_[-1][1] < start or (open_[-1][1] == start and end > start)): open_.pop()
        check(not open_ or end <= open_[-1][1], "overlap", e)
        above = open_[-1][0] if open_ else None
        check(above in holds[e["cat"]] and (above or thread or e["cat"] == "step"), e["cat"], "in", above)
        if e["cat"] in ("step", "call"): open_.append((e["cat"], end))
check(sum(e["cat"] == "step" for e in events) == steps, "steps")
check([e["name"] for e in events if e["cat"] == "step"] == ["step %d" % (i + 6) for i in range(steps)], "names of steps")

rows, rest = {}, {}
for line in table.splitlines():
    m = re.match(r" *([\d.]+) % +([\d.]+) +([\d.]+) +([\d.]+) +(\d+) % +([\d.]+) +(\d+) %  (\S+) +(\S.*)$", line)
    n = re.match(r" *([\d.]+) % +([\d.]+) {3,}(\S.*)$", line)
    if m: rows[m[8]] = dict(share=float(m[1]), ms=float(m[2]), calls=float(m[3]), rates=[float(m[4]), float(m[6])], of_peak=[float(m[5]), float(m[7])], start=m[9])
    elif n: rest[n[3]] = float(n[2])
check(list(rest) == ["outside kernels", "waiting for data", "waiting for other threads", "a step"], rest)
check(all(x >= 0 for x in rest.values()), rest)
peaks = [float(x) for x in re.search(r"can do ([\d.]+) GFLOP/s \(f32\) and move ([\d.]+) GB/s", table).groups()]
kernels = [e for e in events if e["cat"] == "kernel"]
check({e["name"] for e in kernels} == set(rows), "kernels of trace and table")
for name, row in rows.items():
    own = [e for e in kernels if e["name"] == name]
    ms = sum(e["dur"] for e in own) / 1000 / threads / steps
    check(abs(ms - row["ms"]) <= 0.0001, name, "sum", ms, "table", row["ms"])
    check(all(e["args"]["from"] == row["start"] for e in own), name, "lines")
    by = collections.Counter() # of each thread the time, in ns; work is the kernel's, done once by all of them
    for e in own: by[e["tid"]] += e["dur"] * 1000
    for k, work in enumerate([lambda a: a["flops"], lambda a: a["bytes_read"] + a["bytes_written"]]):
        rate = sum(work(e["args"]) for e in own if e["tid"] == 0) / max(by.values())
        check(abs(rate - row["rates"][k]) <= 0.051 + 0.01 * rate, name, "rate", rate, "table", row["rates"][k])
        check(abs(100 * row["rates"][k] / peaks[k] - row["of_peak"][k]) <= 0.51 + (5.1 + 0.051 * row["of_peak"][k]) / peaks[k], name, "of the peak", row, peaks)
    calls = sum(e["tid"] == 0 for e in own)
    check(abs(calls / steps - row["calls"]) <= 0.0005 * max(1, row["calls"]), name, "calls", calls, row["calls"])
total = sum(r["ms"] for r in rows.values()) + sum(v for k, v in rest.items() if k != "a step")
check(abs(total - rest["a step"]) <= 0.00006 * (len(rows) + 4), "the rows sum to", total, "of", rest["a step"])
step = sum(e["dur"] for e in events if e["cat"] == "step") / 1000 / steps
check(abs(step - rest["a step"]) <= 0.0001, "steps", step)
data = sum(e["dur"] for e in events if e["cat"] == "data") / 1000 / steps
check(abs(data - rest["waiting for data"]) <= 0.0001, "data", data)

# of a kernel the report's operations and bytes: "  linear   16.78 M   1.25 MiB  64.00 KiB  model.lua:10"
units = {"": 1, "K": 1e3, "M": 1e6, "G": 1e9, "B": 1, "KiB": 2**10, "MiB": 2**20}
told = collections.defaultdict(list)
for line in open(sys.argv[5]):
    m = re.match(r" +(\S+) +([\d.]+) ([KMG]?) +([\d.]+) ([KM]?i?B) +([\d.]+) ([KM]?i?B)  ", line)
    if m: told[m[1]].append([float(m[i]) * units[m[i + 1]] for i in (2, 4, 6)])
for e in kernels:
    work = [e["args"][k] for k in ("flops", "bytes_read", "bytes_written")]
    check(any(all(abs(a - b) <= 0.005 * max(a, 1) for a, b in zip(work, t)) for t in told[e["name"]]), e["name"], work, told[e["name"]])
for count in sys.argv[6:]:
    name, calls = count.split("=")
    check(sum(e["name"] == name and e["tid"] == 0 for e in kernels) == int(calls), name, "calls")
lines = open("work.lua").read().splitlines() if len(sys.argv) > 6 else []
for e in kernels if lines else []:
    check(e["args"]["line"] == lines[int(re.search(r":(\d+)", e["args"]["from"])[1]) - 1].strip(), e["name"], e["args"])
print("%s: %d events, %d kernels, as expected" % (sys.argv[1], len(events), len(rows)))
PY

# ---- the emitted text: the step that runs without --profile is the one of a program that cannot ----
cp "$model" work.lua
"$NNC" work.lua -o plain.c && "$NNC" work.lua --profile -o profiled.c && "$NNC" work.lua --report >report.txt || die "work does not compile"
without() { awk '/^\/\* The same, which notes/ { skip = 1 } !skip { print } /^}/ && skip { skip = 0; getline }' "$1" | sed '/^static const \(nnrt_\|int \|char \)/,$d'; }
without plain.c >plain.text && without profiled.c | cmp -s - plain.text || fail "--profile changes kernels or steps"
grep -q nnrt_mark plain.c && fail "a program that is not to be profiled has marks"
[ "$(grep -c '^static void .*_profiled(' profiled.c)" = 3 ] || fail "not every function has a profiled step"
build_c gcc -O1 -Wall -Wextra -Werror profiled.c profiled && build_c gcc -O0 plain.c plain || die "work does not build"

# ---- the trace, the table, the bits ----
./plain --quiet --threads 1 --log plain.log --steps 11 || fail "plain: exit code $?"
head -n 22 plain.log >steps.log # 11 steps of two functions; without `after`
rm -f x.npy A.safetensors work.checkpoint.safetensors*
# 6 recorded steps: train's scan turns 5 times in each, forwards and backwards; small's loop 1, 2 or 3 times
counts="linear_tanh_2=30 linear=30 sub=12 lt=18 assign=6 scan_adam=6"
profile() { # NAME PROGRAM THREADS
  "$2" --quiet --threads "$3" --profile "$1.json" --profile-steps 6 --log "$1.log" >"$1.txt" </dev/null || { fail "$1: exit code $?" && return; }
  cmp -s "$1.log" steps.log || fail "$1: other bits than without --profile"
  # shellcheck disable=SC2086
  if have python3; then python3 check.py "$1.json" "$1.txt" "$3" 6 report.txt $counts || fail "$1"; fi
}
have python3 || echo "SKIPPED in part: python3 is not installed, traces are not read"
profile one ./profiled 1
profile two ./profiled 2
if "$NNC" work.lua --profile -o profiled.o 2>llvm.txt; then
  cc profiled.o "$NNC_RUNTIME_LIBRARY" "${link_flags[@]}" -o by_llvm && profile llvm ./by_llvm 2 || fail "llvm does not link"
fi
for file in x.npy A.safetensors work.checkpoint.safetensors; do [ ! -e $file ] || fail "a profile writes $file"; done
[ "$(awk '/waiting for other threads/ { print $3 }' one.txt)" = 0.0000 ] || fail "one thread waits for others"

# ---- what is refused ----
code 2 "compile work.lua with nnc --profile" ./plain --profile t.json
code 2 "profile does not go with --bench" ./profiled --profile t.json --bench 3
code 2 "save does not go with --profile" ./profiled --profile t.json --save s
code 2 "profile-steps goes with --profile" ./profiled --profile-steps 3
code 1 "over after 4 steps; 5 go before the first" ./profiled --profile t.json --steps 4
code 1 "nowhere/t.json: cannot be written" ./profiled --profile nowhere/t.json
[ ! -e t.json ] || fail "a profile that failed wrote its trace"
code 2 "lib makes no program" "$NNC" work.lua --lib --profile -o lib.c

# ---- fashion_mlp ----
if [ "${FULL:-}" = 1 ]; then
  need_fashion
  first=() # before other programs, where that is allowed
  ! chrt -f 1 true 2>/dev/null || first=(chrt -f 1)
  "$NNC" "$NNC_SOURCE_DIR/models/fashion_mlp.lua" --profile -o fashion.c && build_c gcc -O3 -march=native fashion.c fashion || die "fashion_mlp does not build"
  for threads in 1 2; do
    for _ in 1 2 3; do "${first[@]}" ./fashion --quiet --threads $threads --profile f.json --profile-steps 100 | awk '/outside kernels|waiting for data/ { s += $1 } END { print s }'; done | sort -n >shares
    echo "fashion_mlp, $threads threads: $(tr '\n' ' ' <shares)% outside kernels and waiting for data"
    awk 'NR == 2 { exit !($1 < 1) }' shares || fail "fashion_mlp, $threads threads: not under 1 %"
  done
fi
finish
