"""media.py: the files in media/ and what tests/train/media.sh expects of them, by PIL and by definitions.

Images: PIL decodes; 16 bits are round(v / 257); grey is PIL's convert("L"). The resizing is written out in fractions (means over overlaps where an axis
shrinks, two nearest pixels with centres on centres where it grows) and compared here with torch's interpolate: bilinear always, area where the
factor is whole. Sounds: soundfile writes them; what is expected are the numbers that it was given,
over 2^31 where they are whole, f64 until they are rounded to f32 once.
`media.py images` and `media.py sounds` make one kind. Run by a Python with pillow, numpy, soundfile and torch, in this folder."""
import pathlib
import struct
import sys
import zlib
from fractions import Fraction

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).parent / "media"


# ---- images ----
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(path, width, height, depth, colour, rows, interlaced=0):
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def adam7(path, pixels):
    """8-bit RGB in the seven passes of PNG's interlacing, filter 0"""
    rows = b""
    for y0, x0, dy, dx in [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]:
        part = pixels[y0::dy, x0::dx]
        rows += b"".join(b"\0" + row.tobytes() for row in part if row.size)
    png(path, pixels.shape[1], pixels.shape[0], 8, 2, rows, 1)


def picture(height, width, channels, seed):
    """smooth, so that JPEG has something to keep, with a little noise"""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    smooth = 128 + 90 * np.sin(0.35 * x + c) * np.cos(0.3 * y - 0.7 * c)
    noise = np.random.default_rng(seed).integers(-25, 26, smooth.shape)
    return np.clip(smooth + noise, 0, 255).astype(np.uint8)


def make_images():
    """path below images/ -> RGB or grey as an array, in the order of rows"""
    root, found = HERE / "images", {}
    for name in ("ant", "bee", "cow"):
        (root / name).mkdir(parents=True, exist_ok=True)
    a = picture(4, 6, 3, 1)
    Image.fromarray(a).save(root / "ant/a.png")
    found["ant/a.png"] = a
    palette = Image.fromarray(picture(12, 10, 3, 2)).quantize(16)
    palette.save(root / "ant/b_palette.PNG", transparency=3)
    found["ant/b_palette.PNG"] = np.asarray(palette.convert("RGB"))
    wide = np.random.default_rng(3).integers(0, 65536, (5, 9)).astype(np.uint16)
    png(root / "bee/a_grey16.png", 9, 5, 16, 0, b"".join(b"\0" + row.astype(">u2").tobytes() for row in wide))
    found["bee/a_grey16.png"] = np.floor(wide / 257 + 0.5).astype(np.uint8)
    b = np.dstack([picture(8, 8, 1, 4), picture(8, 8, 1, 5)])
    Image.fromarray(b, "LA").save(root / "bee/b_alpha.png")
    found["bee/b_alpha.png"] = b[:, :, 0]
    c = picture(11, 13, 3, 6)
    adam7(root / "bee/c_adam7.png", c)
    found["bee/c_adam7.png"] = c
    assert np.array_equal(np.asarray(Image.open(root / "bee/c_adam7.png")), c)
    d = np.random.default_rng(7).integers(0, 2, (3, 3)).astype(bool)
    Image.fromarray(d).save(root / "bee/d_bits.png")
    found["bee/d_bits.png"] = d.astype(np.uint8) * 255
    e = Image.fromarray(np.dstack([picture(6, 7, 3, 8), picture(6, 7, 1, 9)]), "RGBA")
    e.save(root / "bee/e_alpha.png")
    found["bee/e_alpha.png"] = np.asarray(e)[:, :, :3]
    for name, mode, options in [("cow/a.jpg", 3, {"quality": 88}), ("cow/b_progressive.jpeg", 3, {"quality": 80, "progressive": True}),
                                ("cow/c_grey.JPG", 1, {"quality": 95})]:
        f = picture(19, 17, mode, 10)
        Image.fromarray(f[:, :, 0] if mode == 1 else f).save(root / name, **options)
        found[name] = np.asarray(Image.open(root / name))
    return found


def weights(size, to):
    """[to][size] fractions"""
    table = [[Fraction(0)] * size for _ in range(to)]
    for o in range(to):
        if size >= to:
            low, high = Fraction(o * size, to), Fraction((o + 1) * size, to)
            for i in range(size):
                table[o][i] = max(Fraction(0), min(high, i + 1) - max(low, i)) / (high - low)
        else:
            at = min(max((o + Fraction(1, 2)) * Fraction(size, to) - Fraction(1, 2), Fraction(0)), Fraction(size - 1))
            i = int(at)
            table[o][i] += 1 - (at - i)
            if at > i:
                table[o][i + 1] += at - i
    return table


def resized(plane, h, w):
    y, x = weights(plane.shape[0], h), weights(plane.shape[1], w)
    rows = [[sum(wx * int(v) for wx, v in zip(of, row) if wx) for of in x] for row in plane]
    return [[int(sum(wy * row[k] for wy, row in zip(of, rows) if wy) + Fraction(1, 2)) for k in range(w)] for of in y]


def check_with_torch():
    import torch
    x = torch.rand(1, 1, 6, 8, dtype=torch.float64)
    for h, w, mode in [(3, 4, "area"), (2, 2, "area"), (9, 11, "bilinear"), (18, 8, "bilinear")]:
        y, z = (torch.tensor([[float(f) for f in of] for of in weights(n, to)], dtype=torch.float64) for n, to in ((6, h), (8, w)))
        ours = y @ x[0, 0] @ z.T
        theirs = torch.nn.functional.interpolate(x, size=(h, w), mode=mode)[0, 0]
        assert (ours - theirs).abs().max() < 1e-12, (h, w, mode)


def images_expected(found, channels, h, w):
    lines = []
    for pixels in found.values():
        image = Image.fromarray(pixels).convert("RGB" if channels == 3 else "L")
        planes = np.asarray(image).reshape(*pixels.shape[:2], -1)
        for c in range(channels):
            lines += [" ".join(map(str, row)) for row in resized(planes[:, :, c], h, w)]
    return "\n".join(lines) + "\n"


def main_images():
    check_with_torch()
    found = make_images()
    (HERE / "colours.txt").write_text(images_expected(found, 3, 4, 5))
    (HERE / "greys.txt").write_text(images_expected(found, 1, 7, 9))
    Image.fromarray(picture(8, 8, 4, 11), "CMYK").save(HERE / "cmyk.jpg")


# ---- sounds: 8000 samples a second ----
def make_sounds():
    """path below sounds/ -> the samples as the model is to see them, in the order of rows"""
    import soundfile
    root, found, random = HERE / "sounds", {}, np.random.default_rng(20)
    for name in ("high", "low"):
        (root / name).mkdir(parents=True, exist_ok=True)

    def put(name, subtype, stored, divisor, channels=1, **options):
        """stored: whole numbers as 32-bit samples hold them in their upper bits, or floats"""
        soundfile.write(root / name, stored.reshape(-1, channels), 8000, subtype, **options)
        found[name] = stored.reshape(-1, channels).astype(np.float64).mean(1) / divisor

    whole = lambda n, bits: (random.integers(-2 ** (bits - 1), 2 ** (bits - 1), n) << (32 - bits)).astype(np.int32)
    put("high/a_8.wav", "PCM_U8", whole(11, 8), 2**31)
    put("high/b_16.wav", "PCM_16", whole(5, 16), 2**31)
    put("high/c_24.WAV", "PCM_24", whole(9, 24), 2**31)
    put("low/a_32.wav", "PCM_32", whole(8, 32), 2**31)
    put("low/b_float.wav", "FLOAT", random.uniform(-2, 2, 10).astype(np.float32), 1)
    put("low/c_stereo.wav", "PCM_16", whole(14, 16), 2**31, channels=2)
    put("low/d_extensible.wav", "PCM_16", whole(3, 16), 2**31, format="WAVEX")
    soundfile.write(HERE / "law.wav", np.zeros(20), 8000, "ULAW")
    soundfile.write(HERE / "rate.wav", np.zeros(20), 16000, "PCM_16")
    return found


def main_sounds():
    lines = []
    for samples in make_sounds().values():
        row = np.concatenate([samples, np.zeros(8)])[:8].astype(np.float32)
        lines.append(" ".join("%.9g" % v for v in row))
    (HERE / "sounds.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    if "sounds" not in sys.argv:
        main_images()
    if "images" not in sys.argv:
        main_sounds()
