"""tensorboard_events.py DIR LOG: does TensorBoard itself read from DIR (--tensorboard) what LOG (--log) says?

Run by hand, with the package (python3 -m venv v && v/bin/pip install tensorboard); tests/train/show.sh reads the files with a parser of
its own instead. DIR may hold several files, of a run that was stopped and resumed; LOG is that of the whole run. What a killed run had
told beyond its checkpoint is told again by the next one: TensorBoard drops the first telling. A point that follows its equal (of the
same step: `after` is called again by a run that goes on where the steps were over) counts once.
"""
import json
import math
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

folder, log = sys.argv[1:3]
accumulator = EventAccumulator(folder, size_guidance={"scalars": 0})
accumulator.Reload()
read = {tag: [(e.step, e.value) for e in accumulator.Scalars(tag)] for tag in accumulator.Tags()["scalars"]}

wanted = {}
for line in open(log, encoding="utf-8"):
    call = json.loads(line)
    for name, value in call.items():
        if name not in ("step", "epoch", "func"):
            single = struct.unpack("f", struct.pack("f", float(value)))[0]
            wanted.setdefault(f"{call['func']}/{name}", []).append((call["step"], single))



def once(points):
    return [p for i, p in enumerate(points) if not i or repr(p) != repr(points[i - 1])]


bad = sorted(set(read) ^ set(wanted))
for tag in sorted(set(read) & set(wanted)):
    a, b = once(read[tag]), once(wanted[tag])
    same = len(a) == len(b) and all(s == t and (x == y or (math.isnan(x) and math.isnan(y))) for (s, x), (t, y) in zip(a, b))
    print(f"{tag}: {len(a)} points, steps {a[0][0]} to {a[-1][0]}{'' if same else f', NOT those of the log ({len(b)})'}")
    if not same:
        bad.append(tag)
print(f"FAILED: {', '.join(bad)}" if bad else "TensorBoard reads what the log says")
sys.exit(bool(bad))
