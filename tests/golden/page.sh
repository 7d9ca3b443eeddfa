#!/usr/bin/env bash
# page.sh: nnc --report=FILE.html: well-formed, of one file, and of one mind with the text report: its sums, every kernel call, every tensor of
# the arena, every line of the model, whose costs add up to the call.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
need_nnc
have python3 || skip "python3 is not installed"
cd "$work"
cat >check.py <<'PY'
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
