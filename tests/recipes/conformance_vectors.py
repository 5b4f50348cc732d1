# Writes tests/golden_text/conformance_vectors.txt: what every quantiser gives for a list of inputs,
# in exact rationals, from the specification alone (the operators' documents in qonnx and ONNX;
# where they are silent, the settled points of the numeric contract). Shares nothing with Nib.
#
#   python3 conformance_vectors.py > ../golden_text/conformance_vectors.txt
#
# Lines: "x N:numbers", the inputs of all that follows, then one for each quantiser: its
# parameters, ":", and the outputs as whole numbers n, where the value is n * unit + offset; unit
# and offset stand in the line; "n*k" is k times n. All numbers are rationals a/b.
import itertools
import math
from fractions import Fraction as F

HALF = F(1, 2)
MODES = ["ROUND", "HALF_EVEN", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN",
         "ROUND_TO_ZERO", "DPU"]


def sign(t):
    return (t > 0) - (t < 0)


def half_even(t):
    low = math.floor(t)
    rest = t - low
    if rest != HALF:
        return low + (rest > HALF)
    return low + low % 2


def rounded(mode, t):
    """The whole number that a rounding mode gives for a rational."""
    if mode in ("ROUND", "HALF_EVEN"):
        return half_even(t)
    if mode == "CEIL":
        return math.ceil(t)
    if mode == "FLOOR":
        return math.floor(t)
    if mode == "UP":  # away from zero
        return sign(t) * math.ceil(abs(t))
    if mode in ("DOWN", "ROUND_TO_ZERO"):
        return sign(t) * math.floor(abs(t))
    if mode == "HALF_UP":  # ties away from zero
        return sign(t) * math.floor(abs(t) + HALF)
    if mode == "HALF_DOWN":  # ties toward zero
        return sign(t) * math.ceil(abs(t) - HALF)
    # DPU: half to even, but negative ties up
    return math.ceil(t) if t < 0 and t - math.floor(t) == HALF else half_even(t)


def limits(bits, signed, narrow):
    """Least and largest code of an integer quantiser."""
    if bits == 0:
        return 0, 0
    if signed:
        return -(1 << (bits - 1)) + narrow, (1 << (bits - 1)) - 1
    return 0, (1 << bits) - 1 - narrow


def quant(x, mode, signed, narrow, bits, scale, zero):
    """Code of Quant: the zero point comes before the clip, the clip before the rounding."""
    t = x / scale + zero
    if bits == 1 and signed:
        return 1 if t >= 0 else -1
    low, high = limits(bits, signed, narrow)
    return rounded(mode, min(max(t, F(low)), F(high)))


def quantize_linear(x, scale, zero, low, high):
    """Code of QuantizeLinear (and a Clip): the zero point comes after the rounding."""
    return min(max(half_even(x / scale) + zero, low), high)


def trunc1(x, mode, scale, zero, shift):
    q = half_even(x / scale + zero)
    return rounded(mode, F(q) / F(2) ** shift)


def trunc2(x, mode, signed, narrow, scale, zero, ratio, bits):
    q = F(half_even(x / scale + zero)) / ratio
    low, high = limits(bits, signed, narrow)
    return rounded(mode, min(max(q, F(low)), F(high)))


def float_quant(x, mode, scale, e, m, bias, top):
    """Value before the scale, in steps of the least spacing."""
    t = x / scale
    least = F(2) ** (1 - bias - m)
    spacing = least
    while t != 0 and abs(t) >= spacing * 2 ** (m + 1):
        spacing *= 2
    value = spacing * rounded(mode, t / spacing)
    limit = min(top, (2 - F(1, 2**m)) * F(2) ** (2**e - 1 - bias))
    value = min(max(value, -limit), limit)
    return value / least, least


def text(x):
    return str(F(x))


def float32(x):
    """The float32 nearest to a decimal, as a rational."""
    import struct

    return F(struct.unpack("<f", struct.pack("<f", x))[0])


def inputs():
    """On the grid 1/64: ties of the scales below and their neighbours, ends, zero."""
    points = {F(0), F(1, 64), F(-1, 64), F(511), F(-512), F(100), F(-100), F(33, 64)}
    for scale in (F(1, 2), F(1), F(3, 4)):
        for k in (-3, -2, -1, 0, 1, 2):
            tie = (k + HALF) * scale
            points.add(tie)
            if k in (-1, 0):
                points.update((tie - F(1, 64), tie + F(1, 64)))
    for k in (-2, -1, 1, 2, 3):
        points.add(F(k, 1))
        points.add(F(k, 2))
        points.add(F(math.floor((k + HALF) * F(3, 10) * 64), 64))
    return sorted(points)


def line(kind, parameters, unit, offset, numbers):
    head = " ".join([kind, *parameters, text(unit), text(offset)])
    runs = [(number, len(list(same))) for number, same in itertools.groupby(numbers)]
    print(head + ":" + " ".join(text(n) + (f"*{k}" if k > 1 else "") for n, k in runs))


def integer_quantisers(xs):
    scales = [F(1, 2), F(1), F(1, 128), F(3, 4), float32(0.3), F(-1, 2)]
    zeros = [F(0), F(1), F(-3), F(1, 2)]
    for mode, signed, narrow, bits in itertools.product(MODES, (1, 0), (0, 1), (0, 1, 2, 3, 8, 16)):
        if mode in ("HALF_EVEN", "ROUND_TO_ZERO") and bits != 3:
            continue  # the same as ROUND and DOWN: their names are what is looked at
        for scale, zero in itertools.product(scales, zeros):
            codes = [quant(x, mode, signed, narrow, bits, scale, zero) for x in xs]
            line("quant", [mode, str(signed), str(narrow), str(bits), text(scale), text(zero)],
                 scale, -zero * scale, codes)


def main():
    xs = inputs()
    print("x " + " ".join(text(x) for x in xs))
    integer_quantisers(xs)
    for scale in (F(1), F(-1, 2), float32(0.3)):
        line("bipolar", [text(scale)], scale, 0, [1 if x >= 0 else -1 for x in xs])
    for kind, low, high in (("int8", -128, 127), ("uint8", 0, 255), ("int16", -32768, 32767),
                            ("uint16", 0, 65535), ("int4", -8, 7), ("uint4", 0, 15)):
        for scale, zero in itertools.product((F(1, 2), F(1), float32(0.3)), (0, 1, 5)):
            zero = -zero if low < 0 else zero
            codes = [quantize_linear(x, scale, zero, low, high) for x in xs]
            line("pair", [kind, text(scale), text(zero)], scale, -zero * scale, codes)
            if kind in ("int8", "uint8"):
                for a, b in ((-3, 4), (0, 6)):
                    a = max(a, low)
                    codes = [quantize_linear(x, scale, zero, a, b) for x in xs]
                    line("clipped", [kind, text(scale), text(zero), str(a), str(b)], scale,
                         -zero * scale, codes)
    for mode, scale, zero, shift in itertools.product(
        MODES, (F(1, 2), F(1, 8), float32(0.3)), (F(0), F(3)), (0, 2, 4)
    ):
        codes = [trunc1(x, mode, scale, zero, shift) for x in xs]
        line("trunc1", [mode, text(scale), text(zero), str(shift)], scale, -zero * scale, codes)
    for mode, signed, narrow, ratio in itertools.product(
        MODES, (1, 0), (0, 1), (F(1, 2), F(1), F(4), F(16))
    ):
        for scale, zero, bits in ((F(1, 8), F(0), 4), (F(1, 2), F(4), 3), (float32(0.3), F(0), 8)):
            codes = [trunc2(x, mode, signed, narrow, scale, zero, ratio, bits) for x in xs]
            out = scale * ratio
            line("trunc2", [mode, str(signed), str(narrow), text(scale), text(zero), text(out),
                            str(bits)], out, -zero / ratio * out, codes)
    for mode, (e, m, bias, top) in itertools.product(
        MODES, ((4, 3, 7, F(448)), (2, 1, 1, F(6)), (3, 2, 3, F(100)), (3, 0, 1, F(3, 4)))
    ):
        for scale in (F(1), F(1, 4), float32(0.3)):
            values = [float_quant(x, mode, scale, e, m, bias, top) for x in xs]
            least = values[0][1]
            line("float", [mode, text(scale), str(e), str(m), str(bias), text(top)],
                 least * scale, 0, [value for value, _ in values])
    for thresholds in ((F(-1), F(0), F(1, 2)), (F(1, 2), F(1, 2), F(-3)), (F(33, 64),)):
        for out_scale, out_bias in ((F(1), F(0)), (F(2), F(-1)), (F(-1, 4), F(1, 2))):
            counts = [sum(x >= t for t in thresholds) for x in xs]
            line("threshold", [",".join(map(text, thresholds)), text(out_scale), text(out_bias)],
                 out_scale, out_bias, counts)


if __name__ == "__main__":
    main()
