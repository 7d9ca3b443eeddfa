"""picture.py FILE.svg LOG NAMES...: is the picture of --plot well-formed, alone in its file, and does it say what the log says?

NAMES are the panels in their order, each a title with its curves: loss=train.loss,validate.loss. Curves are read back from the
paths through the axes' labels, and compared with means over equally many calls of the log: to 0.3 of a pixel.
"""
import json
import math
import re
import sys
import xml.etree.ElementTree as ElementTree

picture, log, wanted = sys.argv[1], sys.argv[2], [p.split("=") for p in sys.argv[3:]]
text = open(picture, encoding="utf-8").read()
SVG = "{http://www.w3.org/2000/svg}"
root = ElementTree.fromstring(text)
bad = []


def expect(good, what):
    if not good:
        bad.append(what)


for forbidden in ("http", "script", "url(", "@import", "href", "@font-face"):
    expect(forbidden not in text.replace("http://www.w3.org/2000/svg", ""), f"the picture has {forbidden}")
expect("prefers-color-scheme:dark" in text, "there is no dark dress")
expect(len(text) < 20480, f"{len(text)} bytes")


def number(label):
    return float(label.replace(",", ""))


def is_round(x):
    return any(abs(x / 10 ** math.floor(math.log10(x) + 1e-9) - m) < 1e-6 for m in (1, 2, 5, 10))


class Axis:
    def __init__(self, marks):  # (pixel, value), in order
        self.log = len(marks) > 2 and abs(marks[0][1] + marks[2][1] - 2 * marks[1][1]) > 1e-6 * abs(marks[2][1])
        self.marks = [(p, math.log(v) if self.log else v) for p, v in marks]
        values = [v for _, v in marks]
        if self.log:
            expect(all(map(is_round, values)), f"a logarithmic axis has the marks {values}")
        else:
            expect(all(is_round(b - a) for a, b in zip(values, values[1:])), f"marks {values} are not round steps apart")

    def pixel(self, value):
        value = math.log(value) if self.log else value
        (p, a), (q, b) = self.marks[0], self.marks[-1]
        return p + (value - a) / (b - a) * (q - p)


# ---- what is drawn: in the order of the file, each panel has title, legend, marks of y, marks of x, curves ----
panels, marks = [], None
for node in root:
    kind, shape = node.get("class") or "", node.get("d") or ""
    if node.tag == SVG + "text" and kind == "b" and not node.get("font-size"):
        panels.append({"title": node.text, "legend": [], "x": [], "y": [], "curves": []})
    elif not panels:
        continue
    elif match := re.fullmatch(r"M[\d.]+ ([\d.]+)H[\d.]+", shape):
        marks = ("y", float(match[1]))
    elif match := re.fullmatch(r"M([\d.]+) [\d.]+V[\d.]+", shape):
        marks = ("x", float(match[1]))
    elif kind.startswith("l ") and shape.endswith("h22"):
        panels[-1]["legend"].append([None, kind])
    elif kind.startswith("l "):
        panels[-1]["curves"].append([kind, shape])
    elif node.tag == SVG + "text" and marks:
        panels[-1][marks[0]].append((marks[1], number(node.text)))
        marks = None
    elif node.tag == SVG + "text" and panels[-1]["legend"] and not panels[-1]["legend"][-1][0]:
        panels[-1]["legend"][-1][0] = node.text.rsplit(" ", 1)[0]

# ---- what the log says ----
series = {}
for line in open(log, encoding="utf-8"):
    call = json.loads(line)
    for name, value in call.items():
        if name not in ("step", "epoch", "func") and not isinstance(value, bool):
            series.setdefault(f"{call['func']}.{name}", []).append((call["step"], float(value)))


def thinned(points):
    calls = 1
    while len(points) >= 256 * calls:
        calls *= 2
    groups = [points[i : i + calls] for i in range(0, len(points), calls)]
    if len(groups) > 1 and 2 * len(groups[-1]) < calls:  # the mean of few would stand out
        groups.pop()
    return [[sum(column) / len(group) for column in zip(*group)] for group in groups]


expect([[p["title"], ",".join(name for name, _ in p["legend"])] for p in panels] == wanted, f"panels: {[(p['title'], p['legend']) for p in panels]}")
worst, count = 0, 0
for panel in panels:
    x, y = Axis(panel["x"]), Axis(panel["y"])
    expect(len(panel["legend"]) == len(panel["curves"]), f"{panel['title']}: {len(panel['curves'])} curves")
    expect([k for _, k in panel["legend"]] == [k for k, _ in panel["curves"]], f"{panel['title']}: legend and curves look different")
    expect(len({k for k, _ in panel["curves"]}) == len(panel["curves"]), f"{panel['title']}: two curves look the same")
    for (name, _), (_, shape) in zip(panel["legend"], panel["curves"]):
        drawn = [(m, float(a), float(b)) for m, a, b in re.findall(r"([ML])([\d.]+) ([\d.]+)", shape)]
        points, at = thinned(series[name]), 0
        before = False
        for step, value in points:
            if not math.isfinite(value):
                before = False
                continue
            if at == len(drawn):
                break
            move, px, py = drawn[at]
            worst = max(worst, abs(px - x.pixel(step)), abs(py - y.pixel(value)))
            expect((move == "L") == before, f"{name}: the line is broken or not at step {step}")
            before, at = True, at + 1
        count += at
        expect(at == len(drawn) == sum(math.isfinite(v) for _, v in points), f"{name}: {len(drawn)} points are drawn")
expect(worst <= 0.3, f"a point is {worst:.2f} pixels off")
print(f"{picture}: {len(text)} bytes, {count} points, at most {worst:.2f} pixels off")
for what in bad:
    print(f"FAILED: {what}")
sys.exit(bool(bad))
