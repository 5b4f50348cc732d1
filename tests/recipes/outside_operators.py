# Single-node models with random parameters: nib emulate against onnxruntime and qonnx.
#
#   python3 outside_operators.py NIB [--seed S] [--rounds N] [--only NAME] [--keep FOLDER]
#
# Values and scales are multiples of powers of two, small enough for float32 to be exact, so the
# results must be equal; where an operator is transcendental or a scale is no power of two, results
# must be close. Prints, by operator: compared, refused by nib (with the reason), refused outside.
import argparse
import collections
import os
import sys

import numpy as np
import onnx

from outside import Refused, run_nib, run_outside, single_node

MODES = ["ROUND", "HALF_EVEN", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN", "round"]
QONNX = "qonnx.custom_op.general"
FINN = "finn.custom_op.general"
LAST = "qonnx.custom_op.channels_last"
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


class Draw:
    """Random choices."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def of(self, *choices):
        return choices[self.rng.integers(len(choices))]

    def int(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def reals(self, *shape, bits=6, point=3):
        limit = 1 << bits
        codes = self.rng.integers(-limit, limit, size=shape)
        return (codes / float(1 << point)).astype(np.float32)

    def codes(self, kind, *shape):
        info = np.iinfo(kind)
        return self.rng.integers(info.min, info.max + 1, size=shape).astype(kind)

    def few(self, low, high, *shape, kind=np.int64):
        return self.rng.integers(low, high + 1, size=shape).astype(kind)

    def pow2(self, *shape, low=-4, high=2):
        return np.exp2(self.rng.integers(low, high + 1, size=shape)).astype(np.float32)

    def shape(self, rank, low=1, high=5):
        return [1] + [self.int(low, high) for _ in range(rank - 1)]


def f32(*values):
    return np.asarray(values[0] if len(values) == 1 else values, np.float32)


def single(*arguments, mode="exact", **named):
    return (*single_node(*arguments, **named), mode)


def chained(first, second):
    """The nodes of two models, the second reading what the first computes."""
    model = onnx.ModelProto()
    model.CopyFrom(first[0])
    model.graph.node.extend(second[0].graph.node)
    model.graph.node[-1].name = "last"
    del model.graph.output[:]
    model.graph.output.extend(second[0].graph.output)
    known = {name for node in first[0].graph.node for name in node.output}
    model.graph.input.extend(i for i in second[0].graph.input if i.name not in known)
    stored = {t.name for t in model.graph.initializer}
    model.graph.initializer.extend(t for t in second[0].graph.initializer if t.name not in stored)
    feed = {**first[1], **{k: v for k, v in second[1].items() if k not in known}}
    return model, feed, second[2]


# Quantisers.


@case
def quant(d):
    shape = d.shape(d.int(2, 4))
    scale = d.pow2(*d.of((), (1,), (1, shape[1], *([1] * (len(shape) - 2)))))
    if d.int(0, 5) == 0:
        scale = -scale
    mode = "exact"
    if d.int(0, 3) == 0:
        scale, mode = d.rng.uniform(0.05, 3, scale.shape).astype(np.float32), "near"
    zero = f32(d.of(0, 0, 1, -3, 0.5, 2.25))
    bits = f32(d.of(1, 2, 3, 4, 8, 16))
    signed = d.int(0, 1)
    attributes = {"signed": signed, "narrow": d.int(0, 1), "rounding_mode": d.of(*MODES)}
    x = d.reals(*shape, bits=d.int(3, 9), point=d.int(1, 5))
    return single(d.of("Quant", "IntQuant"),
                  [("x", x), ("s", scale), ("z", zero), ("b", bits)], "szb", attributes,
                  domain=d.of(QONNX, FINN, "onnx.brevitas"), mode=mode)


@case
def quant_bits_per_channel(d):
    shape = d.shape(4)
    bits = d.few(2, 8, 1, shape[1], 1, 1, kind=np.float32)
    attributes = {"signed": d.int(0, 1), "narrow": d.int(0, 1), "rounding_mode": d.of(*MODES)}
    return single("Quant", [("x", d.reals(*shape)), ("s", d.pow2()), ("z", f32(0)), ("b", bits)],
                  "szb", attributes, domain=QONNX)


@case
def quant_weights(d):
    """Stored weights: quotient and sum in float32. A code more or less is beyond the tolerance."""
    k, n = d.int(1, 5), d.int(1, 4)
    scale = d.rng.uniform(0.1, 0.3, d.of((), (1,), (1, n))).astype(np.float32)
    codes = d.few(-9, 9, k, n) + d.of(0, 0.5)
    w = (codes * scale).astype(np.float32)
    attributes = {"signed": d.int(0, 1), "narrow": d.int(0, 1), "rounding_mode": d.of(*MODES)}
    weights = single("Quant", [("v", w), ("s", scale), ("z", f32(d.of(0, 0, 1, 0.5))),
                               ("b", f32(d.int(2, 8)))], "vszb", attributes, domain=QONNX,
                     outputs=("w",))
    product = single("MatMul", [("x", np.eye(k, dtype=np.float32)[None]), ("w", w)], "",
                     mode="near")
    return chained(weights, product)


@case
def bipolar_quant(d):
    shape = d.shape(d.int(2, 4))
    x = d.reals(*shape)
    x.flat[0] = -0.0
    return single("BipolarQuant", [("x", x), ("s", d.pow2(*d.of((), (1,))) * d.of(1, -1))], "s",
                  domain=QONNX)


@case
def trunc1(d):
    into = d.of(8, 10, 6)
    scale, zero = d.pow2(*d.of((), (1,))), f32(d.of(0, 0, 1, 3, -2, 4))
    return single("Trunc", [("x", d.reals(*d.shape(3), bits=10)), ("s", scale), ("z", zero),
                            ("i", f32(into)), ("o", f32(d.int(2, into)))], "szio",
                  {"rounding_mode": d.of(*MODES)}, domain=QONNX)


@case
def trunc2(d):
    into = d.of(8, 10, 6)
    scale, zero = d.pow2(*d.of((), (1,))), f32(d.of(0, 0, 1, 3, -2, 4, 0.5))
    ratio = f32(2.0 ** d.int(-2, 5))
    attributes = {"rounding_mode": d.of(*MODES), "signed": d.int(0, 1), "narrow": d.int(0, 1)}
    return single("Trunc", [("x", d.reals(*d.shape(3), bits=10)), ("s", scale), ("z", zero),
                            ("i", f32(into)), ("t", scale * ratio), ("o", f32(d.int(2, into)))],
                  "szito", attributes, domain=QONNX)


@case
def trunc2_bits_per_channel(d):
    shape = d.shape(3)
    bits = d.few(2, 8, 1, shape[1], 1, kind=np.float32)
    return single("Trunc", [("x", d.reals(*shape, bits=10)), ("s", d.pow2()), ("z", f32(0)),
                            ("i", f32(8)), ("t", f32(0.5)), ("o", bits)], "szito",
                  {"rounding_mode": d.of(*MODES), "signed": d.int(0, 1), "narrow": 0},
                  domain=QONNX)


@case
def float_quant(d):
    e, m = d.int(1, 5), d.int(0, 6)
    bias = f32(d.of(2 ** (e - 1) - 1, 0, 3, -2))
    scale = d.pow2(*d.of((), (1,)))
    full = (2 - 2.0**-m) * 2.0 ** (2**e - 1 - float(bias))
    top = f32(d.of(full, full / 2, 448.0, 3.0, 0.75))
    x = d.reals(*d.shape(3), bits=12, point=d.int(2, 9))
    attributes = {"has_inf": d.int(0, 1), "has_nan": d.int(0, 1), "has_subnormal": d.int(0, 1),
                  "saturation": 1, "rounding_mode": d.of(*MODES)}
    return single("FloatQuant", [("x", x), ("s", scale), ("e", f32(e)), ("m", f32(m)),
                                 ("c", bias), ("t", top)], "semct", attributes, domain=QONNX)


@case
def multi_threshold(d):
    rank = d.int(2, 4)
    shape = d.shape(rank, 2, 5)
    last = rank == 4 and d.int(0, 2) == 0
    if rank == 3:
        last = True
        shape[1] = shape[2] + 1  # else it is a guess which axis has the channels
    rows = d.of(1, shape[-1 if last else 1])
    thresholds = d.reals(rows, d.int(1, 9))
    if d.int(0, 1):
        thresholds = np.sort(thresholds, axis=1)
    attributes = {"out_dtype": "INT8", "out_scale": d.of(1.0, 2.0, 0.25, -1.0),
                  "out_bias": d.of(0.0, -1.0, 0.5)}
    if rank == 4:
        attributes["data_layout"] = "NHWC" if last else "NCHW"
    return single("MultiThreshold", [("x", d.reals(*shape)), ("t", thresholds)], "t", attributes,
                  domain=d.of(QONNX, FINN))


@case
def quant_avg_pool(d):
    k, last = d.int(1, 3), d.int(0, 1)
    h, w, c = d.int(k, 6), d.int(k, 6), d.int(1, 3)
    shape = (1, h, w, c) if last else (1, c, h, w)
    signed, ibits = d.int(0, 1), d.int(2, 6)
    low = -(1 << (ibits - 1)) if signed else 0
    x = d.few(low, low + (1 << ibits) - 1, *shape, kind=np.float32)
    quantiser = single("Quant", [("x", x), ("s", f32(1)), ("z", f32(0)), ("b", f32(ibits))],
                       "szb", {"signed": signed, "narrow": 0, "rounding_mode": "ROUND"},
                       domain=FINN, outputs=("q",))
    pool = single("QuantAvgPool2d", [("q", x)], "",
                  {"kernel": k, "stride": d.int(1, 3), "ibits": ibits, "obits": d.int(2, 8),
                   "signed": signed, "data_layout": "NHWC" if last else "NCHW"}, domain=FINN)
    return chained(quantiser, pool)


@case
def xnor(d):
    k, n = d.int(1, 9), d.int(1, 4)
    return single("XnorPopcountMatMul", [("x", d.few(0, 1, 1, k, kind=np.float32)),
                                         ("w", d.few(0, 1, k, n, kind=np.float32))], "w",
                  domain=FINN)


@case
def im2col(d):
    h, w, c = d.int(3, 6), d.int(3, 6), d.int(1, 3)
    k = [d.int(1, 3), d.int(1, 3)]
    attributes = {"stride": [d.int(1, 2), d.int(1, 2)], "kernel_size": k,
                  "input_shape": f"(1,{h},{w},{c})", "pad_amount": [d.int(0, 1) for _ in range(4)],
                  "dilations": [1, 1], "pad_value": 0, "depthwise": d.int(0, 1)}
    return single("Im2Col", [("x", d.reals(1, h, w, c))], "", attributes, domain=FINN)


@case
def max_pool_nhwc(d):
    h, w, c = d.int(3, 6), d.int(3, 6), d.int(1, 3)
    return single("MaxPoolNHWC", [("x", d.reals(1, h, w, c))], "",
                  {"kernel_shape": [2, 2], "strides": [d.int(1, 2)] * 2, "pads": [0] * 4,
                   "ceil_mode": 0}, domain=FINN)


def zero_point(d, kind, shape=(), some=True):
    if kind in (np.int32,) or not some:
        return np.zeros(shape, kind)
    info = np.iinfo(kind)
    return d.rng.integers(max(info.min, -200), min(info.max, 200) + 1, size=shape).astype(kind)


def even(zero):
    """onnx's reference adds the zero point before it rounds: the same for even ones."""
    return zero & zero.dtype.type(-2 if zero.dtype.kind == "i" else 0xFE)


@case
def quantize_linear(d):
    shape = d.shape(d.int(2, 4))
    kind = d.of(np.int8, np.uint8, np.int16, np.uint16)
    axis = d.int(1, len(shape) - 1)
    per = d.int(0, 1)
    size = (shape[axis],) if per else ()
    zero = zero_point(d, kind, size) if d.int(0, 3) else None
    opset = 21 if kind in (np.int16, np.uint16) else d.of(13, 19, 21, 23)
    attributes = {"axis": axis - d.of(0, len(shape))} if per else {}
    return single("QuantizeLinear", [("x", d.reals(*shape, bits=12)), ("s", d.pow2(*size)),
                                     ("z", zero)], "sz", attributes, opset=opset)


@case
def dequantize_linear(d):
    shape = d.shape(d.int(2, 4))
    kind = d.of(np.int8, np.uint8, np.int16, np.uint16, np.int32)
    axis = d.int(1, len(shape) - 1)
    per = d.int(0, 1)
    size = (shape[axis],) if per else ()
    zero = zero_point(d, kind, size) if d.int(0, 3) else None
    opset = 21 if kind in (np.int16, np.uint16) else d.of(13, 19, 21)
    x = d.codes(kind, *shape) if kind != np.int32 else d.few(-9999, 9999, *shape, kind=kind)
    attributes = {"axis": axis} if per else {}
    return single("DequantizeLinear", [("x", x), ("s", d.pow2(*size)), ("z", zero)], "sz",
                  attributes, opset=opset)


@case
def four_bits(d):
    """Codes of four bits: stored weights, or a quantised input."""
    import ml_dtypes

    kind, low = d.of((ml_dtypes.int4, -8), (ml_dtypes.uint4, 0))
    n = d.int(1, 5)
    zero = d.few(low, low + 15, *d.of((), (n,))).astype(kind)
    scale = d.pow2(*zero.shape)
    attributes = {"axis": 1} if zero.size > 1 or zero.ndim else {}
    if d.int(0, 1):
        w = d.few(low, low + 15, 3, n).astype(kind)
        first = single("DequantizeLinear", [("q", w), ("s", scale), ("z", zero)], "qsz",
                       attributes, opset=21, outputs=("w",))
        return chained(first, single("MatMul", [("x", d.reals(1, 3)), ("w", f32(0))], "",
                                     opset=21))
    first = single("QuantizeLinear", [("x", d.reals(1, n)), ("s", scale), ("z", zero)], "sz",
                   attributes, opset=21, outputs=("q",))
    return chained(first, single("DequantizeLinear", [("q", zero), ("s", scale), ("z", zero)],
                                 "sz", attributes, opset=21))


@case
def qlinear_matmul(d):
    m, k, n = d.int(1, 3), d.int(1, 6), d.int(1, 4)
    a, b, y = (d.of(np.int8, np.uint8) for _ in range(3))
    per = d.int(0, 1)
    size = (n,) if per else ()
    return single("QLinearMatMul",
                  [("x", d.codes(a, 1, m, k)), ("as", d.pow2()), ("az", zero_point(d, a)),
                   ("w", d.codes(b, k, n)), ("bs", d.pow2(*size)), ("bz", zero_point(d, b, size)),
                   ("ys", d.pow2(low=2, high=8)), ("yz", even(zero_point(d, y)))],
                  {"as", "az", "w", "bs", "bz", "ys", "yz"}, opset=d.of(10, 13, 21))


@case
def matmul_integer(d):
    m, k, n = d.int(1, 3), d.int(1, 6), d.int(1, 4)
    a, b = (d.of(np.int8, np.uint8) for _ in range(2))
    return single("MatMulInteger",
                  [("x", d.codes(a, 1, m, k)), ("w", d.codes(b, k, n)),
                   ("az", zero_point(d, a) if d.int(0, 1) else None),
                   ("bz", zero_point(d, b, d.of((), (n,))) if d.int(0, 1) else None)],
                  {"w", "az", "bz"})


def conv_parts(d, rank=None, depthwise=True):
    rank = rank or d.int(1, 2)
    groups = d.of(1, 1, 2, 3) if depthwise else 1
    c, o = groups * d.int(1, 2), groups * d.int(1, 3)
    spatial = [d.int(3, 7) for _ in range(rank)]
    kernel = [d.int(1, 3) for _ in range(rank)]
    attributes = {"kernel_shape": kernel, "group": groups,
                  "strides": [d.int(1, 3) for _ in range(rank)]}
    if d.int(0, 2) == 0:
        attributes["auto_pad"] = d.of("SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET")
    else:
        attributes["pads"] = [d.int(0, 2) for _ in range(2 * rank)]
        if d.int(0, 2) == 0:
            attributes["dilations"] = [d.int(1, 2) for _ in range(rank)]
    return c, o, groups, spatial, kernel, attributes


@case
def conv(d):
    c, o, groups, spatial, kernel, attributes = conv_parts(d)
    bias = d.reals(o) if d.int(0, 1) else None
    return single("Conv", [("x", d.reals(d.of(1, 2), c, *spatial)),
                           ("w", d.reals(o, c // groups, *kernel, bits=3)), ("b", bias)], "wb",
                  attributes, opset=d.of(11, 13, 22))


@case
def conv_channels_last(d):
    c, o, groups, spatial, kernel, attributes = conv_parts(d, 2)
    bias = d.reals(o) if d.int(0, 1) else None
    return single("Conv", [("x", d.reals(1, *spatial, c)),
                           ("w", d.reals(o, *kernel, c // groups, bits=3)), ("b", bias)], "wb",
                  attributes, domain=LAST)


@case
def conv_transpose(d):
    rank = d.int(1, 2)
    groups = d.of(1, 1, 2)
    c, o = groups * d.int(1, 2), groups * d.int(1, 2)
    spatial = [d.int(2, 5) for _ in range(rank)]
    kernel = [d.int(1, 3) for _ in range(rank)]
    strides = [d.int(1, 3) for _ in range(rank)]
    attributes = {"kernel_shape": kernel, "group": groups, "strides": strides}
    kind = d.int(0, 3)
    if kind == 0:
        attributes["auto_pad"] = d.of("SAME_UPPER", "SAME_LOWER", "VALID")
        # Beyond the kernel, onnxruntime and onnx's reference give different lengths.
        strides[:] = [min(s, k) for s, k in zip(strides, kernel)]
    elif kind == 1:
        attributes["pads"] = [d.int(0, min(1, k - 1)) for k in kernel * 2]
        attributes["output_padding"] = [d.int(0, s - 1) for s in strides]
    elif kind == 2:
        attributes["output_shape"] = [s * (n - 1) + k - d.int(0, 1) if k > 1 else s * (n - 1) + k
                                      for s, n, k in zip(strides, spatial, kernel)]
        attributes["auto_pad"] = d.of("SAME_UPPER", "SAME_LOWER", "NOTSET")
    bias = d.reals(o) if d.int(0, 1) else None
    return single("ConvTranspose", [("x", d.reals(1, c, *spatial)),
                                    ("w", d.reals(c, o // groups, *kernel, bits=3)), ("b", bias)],
                  "wb", attributes, opset=d.of(11, 13))


@case
def qlinear_conv(d):
    c, o, groups, spatial, kernel, attributes = conv_parts(d, 2)
    x, y = d.of(np.int8, np.uint8), None
    y = x
    w = np.int8 if x == np.int8 else d.of(np.int8, np.uint8)
    per = d.int(0, 1)
    size = (o,) if per else ()
    wz = np.zeros(size, w) if w == np.int8 else zero_point(d, w)
    if w == np.uint8:
        size = ()
    bias = d.few(-500, 500, o, kind=np.int32) if d.int(0, 1) else None
    return single("QLinearConv",
                  [("x", d.codes(x, 1, c, *spatial)), ("xs", d.pow2()), ("xz", zero_point(d, x)),
                   ("w", d.codes(w, o, c // groups, *kernel)), ("ws", d.pow2(*size)), ("wz", wz),
                   ("ys", d.pow2(low=2, high=8)), ("yz", zero_point(d, y)), ("b", bias)],
                  {"xs", "xz", "w", "ws", "wz", "ys", "yz", "b"}, attributes)


@case
def conv_integer(d):
    c, o, groups, spatial, kernel, attributes = conv_parts(d, 2)
    x = d.of(np.int8, np.uint8)
    w = d.of(np.int8, np.uint8)
    return single("ConvInteger",
                  [("x", d.codes(x, 1, c, *spatial)), ("w", d.codes(w, o, c // groups, *kernel)),
                   ("xz", zero_point(d, x) if d.int(0, 1) else None),
                   ("wz", zero_point(d, w) if d.int(0, 1) else None)],
                  {"w", "xz", "wz"}, attributes)


# Pools and reductions.


def pool_parts(d):
    rank = d.int(1, 2)
    spatial = [d.int(4, 9) for _ in range(rank)]
    kernel = [d.int(1, 4) for _ in range(rank)]
    attributes = {"kernel_shape": kernel, "strides": [d.int(1, 3) for _ in range(rank)]}
    if d.int(0, 2) == 0:
        attributes["auto_pad"] = d.of("SAME_UPPER", "SAME_LOWER", "VALID")
    elif d.int(0, 1):
        attributes["pads"] = [d.int(0, (k - 1) // 2) for k in kernel * 2]
    if d.int(0, 1):
        attributes["ceil_mode"] = 1
    return spatial, attributes


@case
def max_pool(d):
    spatial, attributes = pool_parts(d)
    opset = d.of(10, 11, 12, 13, 22)
    if d.int(0, 3) == 0 and "auto_pad" not in attributes:  # onnxruntime pads as if without them
        attributes["dilations"] = [d.int(1, 2) for _ in spatial]
    return single("MaxPool", [("x", d.reals(1, d.int(1, 3), *spatial))], "", attributes,
                  opset=opset)


@case
def average_pool(d):
    spatial, attributes = pool_parts(d)
    attributes["count_include_pad"] = d.int(0, 1)
    if "auto_pad" in attributes:  # onnxruntime's pads may be negative where a stride is too long
        attributes["strides"] = [min(a, b) for a, b in zip(attributes["strides"],
                                                           attributes["kernel_shape"])]
    return single("AveragePool", [("x", d.reals(1, d.int(1, 3), *spatial, bits=4, point=1))], "",
                  attributes, opset=d.of(10, 11, 13, 19, 22), mode="float")


@case
def global_pools(d):
    shape = d.shape(d.int(3, 4))
    return single(d.of("GlobalAveragePool", "GlobalMaxPool"), [("x", d.reals(*shape))], "",
                  mode="float")


@case
def reduce(d):
    shape = d.shape(d.int(2, 4))
    op = d.of("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin")
    axes = sorted(d.rng.choice(np.arange(1, len(shape)), d.int(1, len(shape) - 1), False).tolist())
    if d.int(0, 1):
        axes = [a - len(shape) for a in axes]
    opset = d.of(11, 13, 18)
    keep = {"keepdims": d.int(0, 1)}
    since = 13 if op == "ReduceSum" else 18
    inputs, constants = [("x", d.reals(*shape))], ""
    if opset >= since:
        inputs.append(("a", np.asarray(axes, np.int64)))
        constants = "a"
    else:
        keep["axes"] = axes
    return single(op, inputs, constants, keep, opset=opset, mode="float")


@case
def arg_max(d):
    shape = d.shape(d.int(2, 4))
    axis = d.int(1, len(shape) - 1)
    attributes = {"axis": axis, "keepdims": d.int(0, 1)}
    if d.int(0, 3) == 0:
        attributes["select_last_index"] = 1
    return single(d.of("ArgMax", "ArgMin"), [("x", d.reals(*shape, bits=2))], "", attributes)


@case
def top_k(d):
    shape = d.shape(d.int(2, 3), 2, 6)
    axis = d.int(1, len(shape) - 1)
    k = d.int(1, shape[axis])
    return single("TopK", [("x", d.reals(*shape, bits=2)), ("k", np.asarray([k], np.int64))], "k",
                  {"axis": axis, "largest": d.int(0, 1)}, outputs=("y", "i"), opset=d.of(11, 13))


# Selections.


@case
def slices(d):
    shape = d.shape(d.int(2, 4), 2, 7)
    axes = d.rng.choice(np.arange(1, len(shape)), d.int(1, len(shape) - 1), False)
    top = np.iinfo(np.int64).max
    steps = [d.of(1, 1, 2, -1, -2, 3) for _ in axes]
    starts, ends = [], []
    for axis, step in zip(axes, steps):
        while True:  # something has to be left
            start, end = d.of(d.int(-9, 9), d.int(-3, 3)), d.of(d.int(-9, 9), top, -top)
            if len(range(shape[axis])[start:end:step]):
                break
        starts.append(start)
        ends.append(end)
    return single("Slice", [("x", d.reals(*shape)), ("s", np.asarray(starts, np.int64)),
                            ("e", np.asarray(ends, np.int64)), ("a", axes.astype(np.int64)),
                            ("t", np.asarray(steps, np.int64))], "seat", opset=d.of(10, 13))


@case
def split(d):
    shape = d.shape(d.int(2, 3), 3, 8)
    axis = d.int(1, len(shape) - 1)
    opset = d.of(11, 13, 18)
    parts = d.int(1, 3)
    outputs = tuple(f"y{k}" for k in range(parts))
    inputs, attributes, constants = [("x", d.reals(*shape))], {"axis": axis}, ""
    if d.int(0, 1) or (opset < 18 and shape[axis] % parts):
        cuts = np.sort(d.rng.choice(np.arange(1, shape[axis]), parts - 1, False))
        lengths = np.diff(np.concatenate([[0], cuts, [shape[axis]]])).astype(np.int64)
        if opset >= 13:
            inputs.append(("l", lengths))
            constants = "l"
        else:
            attributes["split"] = lengths.tolist()
    elif opset >= 18:
        attributes["num_outputs"] = parts
    return single("Split", inputs, constants, attributes, outputs=outputs, opset=opset)


@case
def gather(d):
    shape = d.shape(d.int(2, 4))
    axis = d.int(1, len(shape) - 1)
    n = shape[axis]
    index = d.few(-n, n - 1, *d.of((), (3,), (2, 2)))
    return single("Gather", [("x", d.reals(*shape)), ("i", index)], "i", {"axis": axis},
                  opset=d.of(11, 13))


@case
def pad(d):
    shape = d.shape(d.int(2, 4), 3, 5)
    mode = d.of("constant", "reflect", "edge", "wrap")
    opset = 19 if mode == "wrap" else d.of(11, 13, 18)
    low = -1 if mode == "constant" else 0
    begin = [0] + [d.int(low, 2) for _ in shape[1:]]
    end = [0] + [d.int(low, 2) for _ in shape[1:]]
    inputs = [("x", d.reals(*shape)), ("p", np.asarray(begin + end, np.int64))]
    inputs.append(("v", f32(d.of(0, 1.5))) if mode == "constant" and d.int(0, 1) else ("v", None))
    if opset >= 18 and d.int(0, 1):
        axes = np.asarray(range(1, len(shape)), np.int64)
        inputs[1] = ("p", np.asarray(begin[1:] + end[1:], np.int64))
        inputs.append(("a", axes))
    while inputs[-1][1] is None:
        inputs.pop()
    return single("Pad", inputs, "pva", {"mode": mode}, opset=opset)


@case
def tile(d):
    shape = d.shape(d.int(2, 4))
    repeats = np.asarray([1] + [d.int(1, 3) for _ in shape[1:]], np.int64)
    return single("Tile", [("x", d.reals(*shape)), ("r", repeats)], "r")


@case
def expand(d):
    shape = [1] + [d.of(1, 3) for _ in range(d.int(1, 3))]
    target = [1] + [n if n > 1 else d.int(1, 4) for n in shape[1:]]
    if d.int(0, 2) == 0:
        target = target[1:]
    return single("Expand", [("x", d.reals(*shape)), ("t", np.asarray(target, np.int64))], "t")


@case
def resize(d):
    rank = d.int(3, 4)
    shape = d.shape(rank, 2, 6)
    opset = d.of(11, 13, 18, 19)
    transform = d.of("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric",
                     *(["tf_half_pixel_for_nn"] if opset == 11 else []),
                     *(["half_pixel_symmetric"] if opset == 19 else []))
    attributes = {"mode": "nearest", "coordinate_transformation_mode": transform,
                  "nearest_mode": d.of("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")}
    inputs = [("x", d.reals(*shape)), ("roi", np.zeros(0, np.float32) if opset < 13 else None)]
    if d.int(0, 1):
        scales = [1.0, 1.0] + [d.of(2.0, 3.0, 0.5, 1.5, 1.0, 2.5, 0.75) for _ in shape[2:]]
        inputs.append(("s", f32(scales)))
    else:
        sizes = shape[:2] + [d.int(1, 9) for _ in shape[2:]]
        inputs += [("s", np.zeros(0, np.float32) if opset < 13 else None),
                   ("z", np.asarray(sizes, np.int64))]
    return single("Resize", inputs, {"roi", "s", "z"}, attributes, opset=opset)


@case
def resize10(d):
    shape = d.shape(4, 2, 6)
    scales = [1.0, 1.0, d.of(1.0, 2.0, 3.0, 0.5), d.of(1.0, 2.0, 1.5)]
    op, opset = d.of(("Resize", 10), ("Upsample", 9))
    if op == "Upsample":
        scales = [max(1.0, s) for s in scales]
    return single(op, [("x", d.reals(*shape)), ("s", f32(scales))], "s", {"mode": "nearest"},
                  opset=opset)


@case
def blocks(d):
    b = d.int(1, 3)
    if d.int(0, 1):
        return single("DepthToSpace", [("x", d.reals(1, b * b * d.int(1, 3), 2, 3))], "",
                      {"blocksize": b, "mode": d.of("DCR", "CRD")}, opset=d.of(11, 13))
    return single("SpaceToDepth", [("x", d.reals(1, 2, b * d.int(1, 2), b * 2))], "",
                  {"blocksize": b})


# Elementwise.


@case
def exact_functions(d):
    op = d.of("Relu", "Sign", "Abs", "Floor", "Ceil", "Round", "Neg", "HardSwish", "HardSigmoid",
              "LeakyRelu", "Clip", "Identity", "ThresholdedRelu", "Celu", "Shrink")
    inputs, attributes, mode, opset = [("x", d.reals(*d.shape(3)))], {}, "exact", 14
    if op in ("HardSwish", "Celu"):
        mode = "float"
    elif op == "HardSigmoid":
        attributes, mode = {"alpha": d.of(0.25, 0.2), "beta": 0.5}, "float"
    elif op == "LeakyRelu":
        attributes, mode = {"alpha": d.of(0.125, 0.1, -0.5)}, "float"
    elif op == "Clip":
        low, high = sorted([float(d.reals()), float(d.reals())])
        inputs += [("l", d.of(None, f32(low))), ("h", d.of(None, f32(high)))]
        while inputs[-1][1] is None:
            inputs.pop()
    return single(op, inputs, "lh", attributes, opset=opset, mode=mode)


@case
def clip6(d):
    return single("Clip", [("x", d.reals(*d.shape(3)))], "", {"min": -1.0, "max": d.of(1.0, 6.0)},
                  opset=6)


@case
def smooth_functions(d):
    op = d.of("Sigmoid", "Tanh", "Elu", "Selu", "Softplus", "Softsign", "Exp", "Erf", "Sqrt",
              "Gelu", "Mish", "Reciprocal", "Log")
    x = d.reals(*d.shape(3))
    if op in ("Sqrt", "Reciprocal", "Log"):
        x = np.abs(x) + np.float32(0.125)
    return single(op, [("x", x)], "", opset=20 if op in ("Gelu", "Mish") else 13, mode="float")


@case
def p_relu(d):
    shape = d.shape(4)
    return single("PRelu", [("x", d.reals(*shape)),
                            ("s", d.reals(*d.of((shape[1], 1, 1), (1,), tuple(shape[1:]))))], "s")


@case
def arithmetic(d):
    shape = d.shape(d.int(2, 4))
    other = tuple(d.of(n, 1) for n in shape[d.int(0, len(shape) - 1):])
    if other and len(other) == len(shape):
        other = (1, *other[1:])
    op = d.of("Add", "Sub", "Mul", "Div", "Min", "Max", "Pow")
    a, b = d.reals(*shape), d.reals(*other)
    if op == "Div":
        b = d.pow2(*other) * d.of(1, -1)
    if op == "Pow":
        b = d.few(0, 4, *other, kind=np.float32)
    if op in ("Add", "Sub", "Mul", "Min", "Max") and d.int(0, 1):
        return single(op, [("c", b), ("x", a)], "c", opset=d.of(8, 13))
    return single(op, [("x", a), ("c", b)], "c", opset=d.of(8, 13),
                  mode="float" if op == "Pow" else "exact")


@case
def two_tensors(d):
    shape = d.shape(d.int(2, 4))
    other = (1, *(d.of(n, 1) for n in shape[1:]))
    op = d.of("Add", "Sub", "Mul", "Min", "Max", "Sum")
    return single(op, [("x", d.reals(*shape)), ("c", d.reals(*other))], "", opset=13)


@case
def many(d):
    shape = d.shape(3)
    op = d.of("Sum", "Mean", "Max", "Min")
    return single(op, [("x", d.reals(*shape)), ("c", d.reals(*shape)), ("e", d.reals(*shape))], "",
                  opset=13, mode="float")


@case
def batch_norm(d):
    shape = d.shape(d.int(2, 4))
    n = shape[1]
    return single("BatchNormalization",
                  [("x", d.reals(*shape)), ("g", d.reals(n)), ("b", d.reals(n)),
                   ("m", d.reals(n)), ("v", np.abs(d.reals(n)) + f32(0.25))], "gbmv",
                  {"epsilon": d.of(1e-5, 1e-3)}, opset=d.of(9, 14, 15), mode="float")


@case
def norms(d):
    shape = d.shape(3)
    op = d.of("LpNormalization", "InstanceNormalization", "LayerNormalization", "LRN")
    if op == "LpNormalization":
        return single(op, [("x", d.reals(*shape))], "", {"axis": 1})
    if op == "LRN":
        return single(op, [("x", d.reals(*d.shape(4)))], "", {"size": 3}, mode="float")
    n = shape[1] if op == "InstanceNormalization" else shape[2]
    return single(op, [("x", d.reals(*shape)), ("g", d.reals(n)), ("b", d.reals(n))], "gb",
                  opset=17, mode="float")


@case
def gemm(d):
    m, k, n = d.of(1, 3), d.int(1, 6), d.int(1, 4)
    trans_b = d.int(0, 1)
    attributes = {"alpha": d.of(1.0, 0.5, 2.0), "beta": d.of(1.0, 0.25), "transB": trans_b}
    c = d.of(None, d.reals(n), d.reals(1, n), d.reals())
    return single("Gemm", [("x", d.reals(m, k)), ("w", d.reals(*((n, k) if trans_b else (k, n)))),
                           ("c", c)], "wc", attributes, opset=d.of(11, 13))


@case
def matmul(d):
    k, n = d.int(1, 6), d.int(1, 4)
    left = d.of((1, k), (1, 3, k), (1, 2, 3, k))
    return single("MatMul", [("x", d.reals(*left)), ("w", d.reals(k, n))], "w")


@case
def shapes(d):
    shape = d.shape(d.int(2, 4))
    op = d.of("Flatten", "Transpose", "Squeeze", "Unsqueeze", "Reshape", "Concat")
    x = ("x", d.reals(*shape))
    rank = len(shape)
    if op == "Flatten":
        return single(op, [x], "", {"axis": d.of(1, 1, 0, -1)})
    if op == "Transpose":
        perm = [0, *(1 + d.rng.permutation(rank - 1)).tolist()]
        return single(op, [x], "", {"perm": perm})
    if op == "Unsqueeze":
        return single(op, [x, ("a", np.asarray([d.int(1, rank)], np.int64))], "a")
    if op == "Squeeze":
        ones = d.reals(1, 1, 3, 1)
        return single(op, [("x", ones), ("a", np.asarray(d.of([1], [-1], [1, 3]), np.int64))], "a")
    if op == "Reshape":
        target = d.of([1, -1], [0, -1], [-1], [1, 1, -1], [0, 0, -1] if rank > 2 else [1, -1, 1])
        return single(op, [x, ("t", np.asarray(target, np.int64))], "t")
    axis = d.int(1, rank - 1)
    return single(op, [x, ("c", d.reals(*shape)), ("e", d.reals(*shape))], "ce", {"axis": axis})


@case
def conditional(d):
    """Operators that nib refuses so far: that they are refused with a number is what is seen."""
    shape = d.shape(3)
    x, c = ("x", d.reals(*shape)), ("c", d.reals(*shape))
    op = d.of("Greater", "Less", "Equal", "Softmax", "CumSum", "Einsum", "MatMulNBits", "Hardmax")
    if op == "CumSum":
        return single(op, [x, ("a", np.asarray(1, np.int64))], "a", mode="float")
    if op == "Einsum":
        return single(op, [x], "", {"equation": "abc->acb"})
    if op in ("Softmax", "Hardmax"):
        return single(op, [x], "")
    return single(op, [x, c], "c")


def compare(mine, theirs, mode):
    """None where equal as `mode` says, else a line about the first difference."""
    mine = np.asarray(mine, np.float64)
    theirs = np.asarray(theirs).astype(np.float64)
    if mine.shape == (1, *theirs.shape):  # nib's arrays are batch first, always
        mine = mine[0]
    if mine.shape != theirs.shape:
        return f"shape {mine.shape}, outside {theirs.shape}"
    if mode == "exact":
        bad = mine != theirs
    else:
        bad = ~np.isclose(mine, theirs, rtol=2e-5 if mode == "float" else 1e-5, atol=1e-5)
    if not bad.any():
        return None
    at = np.unravel_index(np.argmax(bad), bad.shape) if bad.ndim else ()
    return f"{int(bad.sum())} of {bad.size}; at {list(map(int, at))}: {mine[at]}, outside " \
           f"{theirs[at]}"


def run_case(name, seed, nib, counts, keep):
    model, feed, mode = CASES[name](Draw(seed))
    op = model.graph.node[0].op_type
    try:
        theirs = run_outside(model, feed)
    except Exception as error:  # noqa: BLE001: whatever the executors throw
        theirs, reason = None, str(error).strip().splitlines()[-1][:110]
    try:
        mine, _ = run_nib(nib, model, feed)
    except Refused as error:
        text = str(error).splitlines()[0][:150]
        counts[op]["refused" if theirs is not None else "refused by both"] += 1
        if theirs is not None:
            counts[op]["nib: " + text.split("m.onnx")[-1][:120]] += 1
        return
    if theirs is None:
        counts[op]["outside failed"] += 1
        counts[op]["outside: " + reason] += 1
        return
    for output in (o.name for o in model.graph.output):
        line = compare(mine[output], theirs[output], mode)
        counts[op]["compared"] += 1
        if line is None:
            continue
        counts[op]["DIFFERENT"] += 1
        attributes = {a.name: onnx.helper.get_attribute_value(a)
                      for a in model.graph.node[0].attribute}
        print(f"{name} {seed}: {op} {output} opset {model.opset_import[0].version} {attributes} "
              f"{[ (k, v.shape) for k, v in feed.items()]}: {line}")
        if keep:
            onnx.save(model, os.path.join(keep, f"{name}_{seed}.onnx"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nib")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only")
    parser.add_argument("--keep")
    arguments = parser.parse_args()
    counts = collections.defaultdict(collections.Counter)
    for name in CASES:
        if arguments.only and arguments.only not in name.split(","):
            continue
        for k in range(arguments.rounds):
            seed = arguments.seed * 1000003 + k
            try:
                run_case(name, seed, arguments.nib, counts, arguments.keep)
            except Exception as error:  # noqa: BLE001: one bad case does not end the sweep
                print(f"{name} {seed}: FAULT {type(error).__name__}: {error}")
                counts[name]["FAULT"] += 1
    for op in sorted(counts):
        print(op, dict(counts[op]))
    bad = sum(c["DIFFERENT"] + c["FAULT"] for c in counts.values())
    total = sum(c["compared"] for c in counts.values())
    print(f"{total} tensors compared, {bad} differ")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
