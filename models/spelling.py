"""Makes of a table "word TAB PH ON EME S" (CMUdict's lines without stress) the file of words that models/spelling.lua requires.

    python3 models/spelling.py cmudict_sample.tsv > models/spelling_all.lua
    nnc -D words=spelling_all models/spelling.lua -o spelling
"""
import sys

with open(sys.argv[1], encoding="utf-8") as table:
    lines = [line.rstrip("\n").split("\t") for line in table]
print("-- Made by spelling.py of a table of words and their phonemes.\nreturn {")
for word, phonemes in lines:
    print("  {", ", ".join(f'"{part}"' for part in [word] + phonemes.split()), "},")
print("}")
