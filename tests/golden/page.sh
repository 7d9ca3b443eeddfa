#!/usr/bin/env bash
# page.sh: nnc --report=FILE.html: well-formed, of one file, and of one mind with the text report: its sums, every kernel call, every tensor of
# the arena, every line of the model, whose costs add up to the call.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
need_nnc
have python3 || skip "python3 is not installed"
cd "$work"
cat >check.py <<'PY'
import math
import re
import sys
import xml.dom.minidom

page, text, dump = (open(path, encoding="utf-8").read() for path in sys.argv[1:4])
dom = xml.dom.minidom.parseString(page.replace("<!DOCTYPE html>", "", 1))  # it is XML, too
bad = []


def expect(good, what):
    if not good:
        bad.append(what)


def content(node):
    return "".join(n.data if n.nodeType == n.TEXT_NODE else content(n) for n in node.childNodes)


for forbidden in ("http://", "https://", " src=", "@import", "url("):
    rest = page.replace("http://www.w3.org/1999/xhtml", "").replace("url(#arrow)", "")
    expect(forbidden not in rest, f"the page has {forbidden}")

words = content(dom.documentElement)
hosts = re.findall(r"^(\S+): (\d+) kernel calls, (\d+) barriers.*?, (.*?)FLOP, (.*?) read, (.*?) written a call", text, re.M)
expect(hosts, "the text report names no function")
for name, calls, barriers, flops, reads, writes in hosts:
    want = f"{calls} kernel calls, {barriers} barriers, {flops}FLOP, {reads} read, {writes} written."
    expect(want in words, f"{name}: no '{want}'")
for line in re.findall(r"scratch ([\d,]+) bytes, lower bound ([\d,]+)", text):
    expect(line[0] == "0" or f"{line[0]} bytes; at least {line[1]} are alive" in words, f"no arena of {line}")
for bytes_ in re.findall(r"^  (?:parameters|state|scratch) +([\d,]+) bytes", text, re.M):
    expect(bytes_ in words, f"no arena of {bytes_} bytes")
expect(re.search(r"parameters  ([\d,]+) in", text)[1] in words, "another number of parameters")

# kernels: calls of the text report with their three numbers
def table_rows():
    for row in dom.getElementsByTagName("tr"):
        cells = row.getElementsByTagName("td")
        if len(cells) == 6 and cells[0].getElementsByTagName("code"):
            yield (content(cells[0].getElementsByTagName("code")[0]), *(content(c).strip() for c in cells[1:4]))


kernels = set(re.findall(r"^kernel (\w+)", dump, re.M))
ours = sorted(table_rows())
told = re.findall(r"^ +(\S+) +([\d.]+(?: [KMGTP])?) +([\d.]+ [KMGT]?i?B) +([\d.]+ [KMGT]?i?B)  ", text, re.M)
theirs = sorted(t for t in told if t[0] in kernels)
expect({k[0] for k in ours} == kernels, f"kernels missing: {sorted(kernels - {k[0] for k in ours})[:5]}")
expect(ours == theirs, f"{len(ours)} kernel rows, the text has {len(theirs)}: {sorted(set(ours) ^ set(theirs))[:4]}")

# tensors: what the program's text places in scratch for itself, and some call uses, is a rectangle: its name, shape and offset
shown = set()
for title in (content(t).split("\n") for t in dom.getElementsByTagName("title")):
    at = re.search(r" at ([\d,]+), intervals", title[1]) if len(title) > 1 else None
    if at:
        shown.add((title[0], int(at[1].replace(",", ""))))

# the picture of each function: what is alive at once shares no byte, but where a result takes its operand's place in the interval that is the
# last of the one and the first of the other; and it is the bound that the page tells; rectangles are drawn to scale
width = {"f64": 8, "i64": 8, "f16": 2, "bf16": 2, "u8": 1, "bool": 1}


def tensors_of(svg):
    for rect in svg.getElementsByTagName("rect"):
        for title in rect.getElementsByTagName("title"):
            m = re.match(r".* (\w+)\[([\d,]*)\]\n.* at ([\d,]+), intervals (\d+) to (\d+)\n", content(title))
            if m:
                size = math.prod(int(d) for d in m[2].split(",") if d) * width.get(m[1], 4)
                yield (int(m[3].replace(",", "")), size, int(m[4]), int(m[5]), *(float(rect.getAttribute(k)) for k in ("x", "width", "y", "height")))


def scale(pairs):  # of pairs (drawn, meant) the factor, from the largest
    return max(pairs, key=lambda p: p[1])[0] / max(p[1] for p in pairs)


def covered(ranges):  # bytes of them together
    total, end = 0, 0
    for low, high in ranges:
        total, end = total + max(0, high - max(low, end)), max(end, high)
    return total


def frame(svg):  # where interval 0 and byte 0 are, and the right border: the lowest line of the grid
    grid = [l for l in svg.getElementsByTagName("line") if l.getAttribute("class") == "grid"]
    return [float(max(grid, key=lambda l: float(l.getAttribute("y1"))).getAttribute(k)) for k in ("x1", "y1", "x2")]


pictures = [(list(tensors_of(svg)), svg) for svg in dom.getElementsByTagName("svg")]
pictures = [(p, frame(svg)) for p, svg in pictures if p]
expect(sum(len(p) for p, _ in pictures) == len([t for t in dom.getElementsByTagName("title") if ", intervals " in content(t)]), "tensors are left out")
bounds = [int(b.replace(",", "")) for b in re.findall(r"bytes; at least ([\d,]+) are alive", words)]
for p, (left, bottom, right) in pictures:
    for at, size, first, last, *_ in p:
        over = [t for t in p if t[2] < last and t[3] > first and t[0] < at + size and t[0] + t[1] > at]
        expect(len(over) <= 1, f"{len(over) - 1} tensors lie over the one at {at} while it is alive")
    alive = max(covered(sorted((t[0], t[0] + (t[1] + 63) // 64 * 64) for t in p if t[2] <= now <= t[3])) for now in range(1 + max(t[3] for t in p)))
    # a loop's frame counts whole in the bound, with what its tensors leave free
    expect(any(0.999 * b <= alive <= b for b in bounds), f"{alive} bytes are drawn alive at once, the bounds are {bounds}")
    low, high = min(p), max(p)
    across = scale([(t[5], t[3] - t[2] + 1) for t in p])
    upward = scale([(low[6] + low[7] - high[6] - high[7], high[0] - low[0])] if high[0] > low[0] else [(t[7], t[1]) for t in p])
    expect(all(t[4] + t[5] < right + 0.3 for t in p), "tensors are drawn behind the end")
    for at, size, first, last, x, wide, y, high in p:
        expect(abs(wide - (last - first + 1) * across) < 0.3 and abs(x - left - first * across) < 0.3, f"the one at {at} is not drawn over its intervals")
        expect(abs(high - max(size * upward, 1.2)) < 0.3 and abs(bottom - at * upward - high - y) < 0.5, f"the one at {at} is not drawn over its bytes")
slots, parents = {}, {}
for name, quoted, number, shape, home, at, parent in re.findall(
        r'^slot (?:([^".\s]\S*?)|"([^"]*)")\.(\d+): (\S+) in (\w+)(?: at (\d+))?(?: state "[^"]*")?(?: part of \S*?\.(\d+) )?', dump, re.M):
    slots[number] = (f"{name or quoted} {shape}", int(at or 0), home)
    parents[number] = parent
frames = {n for n, s in slots.items() if s[0].startswith("frame u8")}
used = set()
for number in re.findall(r"\.(\d+)\b(?!:)", "\n".join(l for l in dump.split("\n") if re.match(r" *(call|if|while|for) ", l))):
    while parents.get(number) and parents[number] not in frames:
        number = parents[number]
    used.add(number)
want = {s[:2] for n, s in slots.items() if n in used and s[2] == "scratch" and n not in frames}
expect(want, "the program's text has no tensors in scratch")
expect(want == shown, f"{len(want - shown)} of {len(want)} tensors are missing, {len(shown - want)} too many: {sorted(want ^ shown)[:4]}")

# lines: their operations add up to those of the function that the page is about
source = dom.getElementsByTagName("table")
lines = [r for t in source if t.getAttribute("class") == "source" for r in t.getElementsByTagName("tr")]
model = open(sys.argv[4], encoding="utf-8").read()
rows = [content(r.getElementsByTagName("pre")[0]) for r in lines if r.getElementsByTagName("pre")]
expect(rows[: len(model.splitlines())] == model.splitlines(), "the model's text differs")
scale = {"": 1, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}


def number(words):
    m = re.match(r"([\d.]+) ?([KMGT]?)", words)
    return float(m[1]) * scale[m[2]] if m else 0


total = sum(number(content(r.getElementsByTagName("span")[0])) for r in lines if r.getElementsByTagName("span"))
first = next(h for h in hosts if re.search(rf'<h2 id="{h[0]}"', page) and page.index(f'<h2 id="{h[0]}"') < page.index("id=\"memory\""))
want = number(first[3])
expect(abs(total - want) <= 0.01 * want, f"the lines have {total:g} operations, {first[0]} has {want:g}")
print(f"{sys.argv[1]}: {len(page)} bytes, {len(ours)} kernel calls, {len(shown)} tensors")
for what in bad[:8]:
    print("  " + what)
sys.exit(1 if bad else 0)
PY
page() { # MODEL FLAGS…
  local model=$NNC_SOURCE_DIR/models/$1.lua
  "$NNC" --cpu=x86-64-v3 "$model" "${@:2}" --report="$1.html" --report --dump=memory >"$1.all" || fail "$1: no page"
  sed -n '/^model  /,$p' "$1.all" >"$1.txt"
  python3 check.py "$1.html" "$1.txt" "$1.all" "$model" || fail "$1: see above"
}
page fashion_mlp
page lenet_mnist
page hmc
page char_lstm
page gpt -D layers=6 -D dim=384 -D heads=6
[ "$(wc -c <gpt.html)" -lt 3000000 ] || fail "gpt: the page has $(wc -c <gpt.html) bytes"

expect() { # exit code, text, arguments
  local code=0
  "$NNC" "$NNC_SOURCE_DIR/models/regression.lua" "${@:3}" 2>err >out || code=$?
  [ "$code" = "$1" ] && grep -qF -- "$2" err || fail "${*:3}: exit code $code, $(cat err)"
}
expect 2 "--report=x.pdf: a page is written to a file that ends in .html" --report=x.pdf
expect 1 "cannot be written" --report=no/such/folder.html
finish
