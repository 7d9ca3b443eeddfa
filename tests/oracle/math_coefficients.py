#!/usr/bin/env python3
"""Derives the polynomials of compiler/kernel/math.ir by the Remez exchange (needs mpmath).

Each row below is: minimise max |w(x) * (f(x) - sum c_k x^k)| over an interval, w making the error relative to the result
of the whole function. The lowest coefficients are rounded to the working precision one by one and the rest fitted again,
as long as that pays, so that rounding costs little. Prints the coefficients, highest power first as Horner's rule reads them, with
the error that is left (log2). Usage: math_coefficients.py [name]
"""
import struct
import sys

from mpmath import mp, mpf, mpmathify, matrix, lu_solve, exp, expm1, log, log1p, sin, cos, tanh, erf, erfc, sqrt, pi, cos as mcos, floor, frexp, ldexp, nstr, atanh

mp.prec = 220


def round_to(x, bits):
    """x rounded to `bits` bits of mantissa, nearest."""
    if x == 0:
        return mpf(0)
    m, e = frexp(x)
    n = floor(ldexp(m, bits) + mpf(1) / 2)
    return ldexp(n, e - bits)


def text(x, bits):
    """The shortest decimal that reads back to the same float of that precision."""
    for digits in range(1, 20):
        s = nstr(x, digits, strip_zeros=True, min_fixed=-4, max_fixed=3)
        value = float(s)
        if bits == 24:
            value = struct.unpack("f", struct.pack("f", value))[0]
        if mpf(value) == x:
            return s
    raise ValueError(x)


def solve(f, w, powers, points):
    n = len(powers)
    a, b = matrix(n + 1, n + 1), matrix(n + 1, 1)
    for i, x in enumerate(points):
        for j, p in enumerate(powers):
            a[i, j] = x**p
        a[i, n] = (-1) ** i / max(abs(w(x)), mpf(2) ** -30)
        b[i] = f(x)
    c = lu_solve(a, b)
    return [c[j] for j in range(n)], abs(c[n])


def remez(f, w, powers, lo, hi):
    """Coefficients and error of the best weighted approximation by the given powers on [lo, hi]."""
    n = len(powers)
    lo, hi = mpf(lo), mpf(hi)
    at = lambda t: (lo + hi) / 2 - (hi - lo) / 2 * mcos(pi * t)
    points = [at((mpf(i) + mpf(1) / 4) / (n + mpf(1) / 2)) for i in range(n + 1)]
    grid = [at(mpf(i) / (40 * n)) for i in range(40 * n + 1)]
    values = [(x, f(x), abs(w(x))) for x in grid]
    for _ in range(25):
        c, level = solve(f, w, powers, points)
        error = [wx * (fx - sum(ck * x**p for ck, p in zip(c, powers))) for x, fx, wx in values]
        peaks = []  # one extremum in each run of one sign
        for i, e in enumerate(error):
            if peaks and (e > 0) == (error[peaks[-1]] > 0):
                if abs(e) > abs(error[peaks[-1]]):
                    peaks[-1] = i
            else:
                peaks.append(i)
        while len(peaks) > n + 1:
            peaks.pop(0 if abs(error[peaks[0]]) < abs(error[peaks[-1]]) else -1)
        if len(peaks) < n + 1:
            break
        points = [grid[i] for i in peaks]
        if max(abs(e) for e in error) < level * mpf("1.0005"):
            break
    return c, max(abs(e) for e in error)


def worst_error(f, w, fixed, lo, hi):
    at = [mpf(lo) + (mpf(hi) - mpf(lo)) * i / 2001 for i in range(2002)]
    return max(abs(w(x) * (f(x) - sum(c * x**p for p, c in fixed.items()))) for x in at)


def fit_rounded(f, w, powers, lo, hi, bits, first):
    """The `first` lowest coefficients are rounded one by one, the rest fitted again each time; then all are rounded."""
    fixed, rest = {}, list(powers)
    while rest:
        g = lambda x: f(x) - sum(c * x**p for p, c in fixed.items())
        c, _ = remez(g, w, rest, lo, hi)
        n = 1 if len(fixed) < first else len(rest)
        for k in range(n):
            fixed[rest[k]] = round_to(c[k], bits)
        rest = rest[n:]
    return fixed


def fit(name, f, w, powers, lo, hi, bits):
    tries = [fit_rounded(f, w, powers, lo, hi, bits, first) for first in range(5)]
    errors = [worst_error(f, w, fixed, lo, hi) for fixed in tries]
    best = errors.index(min(errors))
    print(f"{name}: error 2^{float(mp.log(errors[best], 2)):.1f}")
    for p in reversed(powers):
        print(f"  x^{p:<2d} {text(tries[best][p], bits)}")


def away(f, limit):
    """f with its limit at 0."""
    return lambda x: limit if abs(x) < mpf(2) ** -60 else f(x)


H = log(mpf(2)) / 2 * mpf("1.001")  # reduced argument of exp
Q = pi / 4 * mpf("1.001")  # of sin and cos


def atanh_tail(z):
    """(log((1+s)/(1-s))/s - 2 - 2/3 z) / z^2, z = s^2"""
    return away(lambda y: (2 * atanh(sqrt(y)) / sqrt(y) - 2 - mpf(2) / 3 * y) / y**2, mpf(2) / 5)(z)


def erfcx(a):
    return exp(a * a) * erfc(a)


def rows():
    one, half = mpf(1), mpf(1) / 2
    exp_tail = away(lambda r: (expm1(r) - r) / r**2, half)
    exp_weight = away(lambda r: r**2 / expm1(r), mpf(2) ** -60)
    log_tail = away(lambda f: (log1p(f) - f + f * f / 2) / f**3, one / 3)
    log_weight = away(lambda f: f**3 / log1p(f), mpf(2) ** -120)
    sin_tail = away(lambda z: (sin(sqrt(z)) - sqrt(z)) / sqrt(z) ** 3, -one / 6)
    cos_tail = away(lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, one / 24)
    tanh_tail = away(lambda z: (tanh(sqrt(z)) - sqrt(z)) / sqrt(z) ** 3, -one / 3)
    erf_tail = away(lambda z: erf(sqrt(z)) / sqrt(z) - 1, 2 / sqrt(pi) - 1)
    erf_weight = away(lambda z: sqrt(z) / erf(sqrt(z)), sqrt(pi) / 2)
    exp2_tail = away(lambda r: (mpf(2) ** r - 1) / r, log(mpf(2)))
    exp2_weight = lambda r: abs(r) + mpf(2) ** -60
    S = (sqrt(mpf(2)) - 1) / (sqrt(mpf(2)) + 1)
    f32, f64 = 24, 53
    low = mpf(2) ** -80
    yield "exp_f32", exp_tail, exp_weight, range(5), -H, H, f32
    yield "exp_f64", exp_tail, exp_weight, range(11), -H, H, f64
    yield "log_f32", log_tail, log_weight, range(9), -one / 3, one / 3, f32
    yield "log_f64", away(lambda z: 2 * atanh(sqrt(z)) / sqrt(z) - 2, mpf(0)), lambda z: half, range(1, 9), low, S**2, f64
    yield "tanh_f32", tanh_tail, lambda z: z, range(5), low, mpf("0.625") ** 2, f32
    yield "erf_f32", erf_tail, erf_weight, range(7), low, mpf("0.921875") ** 2, f32
    yield "erf_tail_f32", lambda a: -log(erfc(a)), lambda a: erfc(a) / erf(a), range(9), mpf("0.92"), mpf(4), f32
    yield "erf_f64", erf_tail, erf_weight, range(15), low, one, f64
    from_v = lambda v: 1 / (mpf(9) / 32 + v * 9 / 64) - mpf(11) / 8  # a in [1, 5.74] for v in [1, -1]
    yield "erf_tail_f64", lambda v: erfcx(from_v(v)), lambda v: exp(-from_v(v) ** 2), range(14), -1, 1, f64
    yield "sin_f32", sin_tail, lambda z: z, range(4), low, Q**2, f32
    yield "cos_f32", cos_tail, lambda z: z**2, range(4), low, Q**2, f32
    yield "sin_f64", sin_tail, lambda z: z, range(7), low, Q**2, f64
    yield "cos_f64", cos_tail, lambda z: z**2, range(7), low, Q**2, f64
    yield "log2_f32", atanh_tail, lambda z: z**2 / 2, range(4), low, S**2, f32
    yield "log2_f64", atanh_tail, lambda z: z**2 / 2, range(8), low, S**2, f64
    yield "exp2_f32", exp2_tail, exp2_weight, range(7), -half, half, f32
    yield "exp2_f64", exp2_tail, exp2_weight, range(12), -half, half, f64


def constants():
    """Constants in pieces: each piece holds what the sum of the ones before leaves."""
    for name, value, bits, widths in [
        ("ln2_f32", log(mpf(2)), 24, [15, 24]),
        ("ln2_f64", log(mpf(2)), 53, [42, 53]),
        ("log2e_f32", 1 / log(mpf(2)), 24, [24, 24]),
        ("log2e_f64", 1 / log(mpf(2)), 53, [53, 53]),
        ("pi/2_f32", pi / 2, 24, [24, 24, 24]),
        ("pi/2_f64", pi / 2, 53, [53, 53, 53]),
        ("2/pi_f32", 2 / pi, 24, [24]),
        ("2/pi_f64", 2 / pi, 53, [53]),
        ("2/3_f32", mpf(2) / 3, 24, [24, 24]),
        ("2/3_f64", mpf(2) / 3, 53, [53, 53]),
    ]:
        rest, parts = value, []
        for width in widths:
            parts.append(round_to(rest, width))
            rest -= parts[-1]
        print(name, ", ".join(text(p, bits) for p in parts))
    digits, rest = [], 2 / pi
    mp.prec = 1500
    rest = 2 / pi
    for _ in range(42):
        rest *= mpf(2) ** 32
        digits.append(int(floor(rest)))
        rest -= floor(rest)
    print("2/pi in words of 32 bits:", " ".join(f"0x{d:08x}" for d in digits))
    mp.prec = 220


if __name__ == "__main__":
    for row in rows():
        if len(sys.argv) < 2 or sys.argv[1] in row[0]:
            name, f, w, powers, lo, hi, bits = row
            fit(name, f, w, list(powers), lo, hi, bits)
    if len(sys.argv) < 2 or sys.argv[1] == "constants":
        constants()
