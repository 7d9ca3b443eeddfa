"""A byte pair encoder of its own, straight from the definition (every merge looks at all neighbours), for tests of runtime/host/tokens.c.

    python3 tests/oracle/bpe.py                      makes tests/oracle/bpe: a vocabulary as text with scores, as text without, as .bin, and cases.tsv:
                                                     vocabulary, text in hexadecimal, tokens
    python3 tests/oracle/bpe.py ids VOCABULARY TEXT  prints the tokens of a text, one a line

The standard library alone. The rules: a blank goes in front of a text that is not empty; characters, or the <0xHH> of their bytes, or <unk>; then the
neighbours that together are the token of the highest score, the leftmost of equal ones, are joined until there are none.
"""
import os
import random
import struct
import sys

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bpe")


def read_bin(path):
    with open(path, "rb") as f:
        data = f.read()
    at, pieces = 4, []
    while at < len(data):
        score, n = struct.unpack_from("<fi", data, at)
        pieces.append((data[at + 8 : at + 8 + n], score))
        at += 8 + n
    return pieces


def unescape(text):
    out, i = bytearray(), 0
    while i < len(text):
        if text[i : i + 1] != b"\\":
            out += text[i : i + 1]
            i += 1
        elif text[i + 1 : i + 2] == b"x":
            out.append(int(text[i + 2 : i + 4], 16))
            i += 4
        else:
            out += {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"\\": b"\\"}[text[i + 1 : i + 2]]
            i += 2
    return bytes(out)


def read_text(path):
    with open(path, "rb") as f:
        lines = f.read().split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    pieces = []
    for number, line in enumerate(lines):
        piece, tab, score = line.partition(b"\t")
        pieces.append((unescape(piece), float(score) if tab else -float(number)))
    return pieces


def encode(pieces, text):
    index = {}
    for token, (piece, _) in enumerate(pieces):
        index.setdefault(piece, token)
    tokens = [index[b" "]] if text and b" " in index else []
    at = 0
    while at < len(text):
        n = 1
        while n < 4 and at + n < len(text) and text[at + n] & 0xC0 == 0x80:
            n += 1
        character = text[at : at + n]
        names = [b"<0x%02X>" % byte for byte in character]
        if character in index:
            tokens.append(index[character])
        elif all(name in index for name in names):
            tokens += [index[name] for name in names]
        else:
            tokens.append(index[b"<unk>"])
        at += n
    while True:
        best = None
        for i in range(len(tokens) - 1):
            joined = index.get(pieces[tokens[i]][0] + pieces[tokens[i + 1]][0])
            if joined is not None and (best is None or pieces[joined][1] > best[0]):
                best = (pieces[joined][1], i, joined)
        if best is None:
            return tokens
        tokens[best[1] : best[1] + 2] = [best[2]]


def escape(piece):
    known = {10: "\\n", 9: "\\t", 13: "\\r", 92: "\\\\"}
    return "".join(known.get(b) or (chr(b) if 32 <= b < 127 else "\\x%02x" % b) for b in piece)


def vocabulary():
    """Marks, bytes, characters and joins of them with scores of which several are equal."""
    pieces = [(b"<unk>", 0.0), (b"\n<s>\n", 0.0), (b"\n</s>\n", 0.0)] + [(b"<0x%02X>" % b, 0.0) for b in range(256)]
    joins = ["th", "he", "the", " t", " the", "in", "ing", "er", "an", "and", " a", " and", "aa", "aaa", "aaaa", "ab", "ba", "bab", "\n\n", "é ", "€€", "\t\\"]
    scores = [-1, -1, -4, -2, -3, -5, -6, -5, -7, -8, -2, -9, -10, -10, -11, -12, -12, -11.5, -13, -14, -15, -16]
    pieces += [(join.encode(), float(score)) for join, score in zip(joins, scores, strict=True)]
    pieces += [(c.encode(), -100.0 - i) for i, c in enumerate(" \n\t\\abdeghinrtyzAT.é€ß")]
    return pieces + [(b"th", -0.5)]  # again: the first counts


def texts():
    draw = random.Random(1)
    yield from ["", " ", "a", "the", "  the  theater and then the\n\nend", "aaaaaaaaaaa", "abababab", "ababaab", "é €€€ß\t\\n", "Tim & Zoë", "\x01\x7f", "日本 \U0001f600",
                "the and the end, aaaa bab in the ring"]
    for n in (3, 9, 33, 200):
        for _ in range(6):
            yield "".join(draw.choice("aabbthhe n\n\té€ßx") for _ in range(n))
    yield b"\xff\xc3 broken \x80\x80\x80\x80\x80".decode("latin-1")


def make():
    pieces = vocabulary()
    os.makedirs(FOLDER, exist_ok=True)
    path = lambda name: os.path.join(FOLDER, name)
    with open(path("scores.txt"), "w", newline="") as f:
        f.writelines("%s\t%g\n" % (escape(piece), score) for piece, score in pieces)
    ranked = sorted(pieces, key=lambda p: -p[1])
    with open(path("ranks.txt"), "w", newline="") as f:
        f.writelines(escape(piece) + "\n" for piece, _ in ranked)
    with open(path("plain.bin"), "wb") as f:
        f.write(struct.pack("<i", max(len(piece) for piece, _ in pieces)))
        for piece, score in pieces:
            f.write(struct.pack("<fi", score, len(piece)) + piece)
    assert read_bin(path("plain.bin")) == pieces == read_text(path("scores.txt"))
    with open(path("cases.tsv"), "w") as f:
        f.write("# made by bpe.py: vocabulary, text in hexadecimal, tokens\n")
        for name in ("scores.txt", "ranks.txt"):
            held = read_text(path(name))
            for text in texts():
                data = text.encode() if max(map(ord, text), default=0) > 255 or "broken" not in text else text.encode("latin-1")
                f.write("%s\t%s\t%s\n" % (name, data.hex(), " ".join(map(str, encode(held, data)))))


if len(sys.argv) == 1:
    make()
else:
    read = read_bin if sys.argv[2].endswith(".bin") else read_text
    print("\n".join(map(str, encode(read(sys.argv[2]), os.fsencode(sys.argv[3])))))
