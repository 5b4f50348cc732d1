# The shared networks: nib emulate against onnxruntime and qonnx, quantiser by quantiser.
#
#   python3 outside_networks.py NIB SHARED_FOLDER [--rows N] [--only TEXT]
#
# Compares every quantiser's output and every output of the graph. A code that differs is explained
# where the outside's own input of that quantiser lies within NEAR of the place where the code
# changes (float32 noise), or where an earlier code of the row differed already. All else fails.
# A network of power-of-two scales has to be equal everywhere.
import argparse
import gzip
import pathlib
import sys
import time

import numpy as np
import onnx
from onnx import helper

from outside import Refused, run_nib, run_outside

NEAR = 2e-3  # codes; of a sign, relative to the largest input
ROWS = {"unet": 1, "branched": 1, "separable": 1, "cnv": 2, "resnet8": 2, "rn07": 2}


def input_rows(name, shape, rows, shared, rng):
    """Rows for a model: recorded ones where there are some, else random ones."""
    data = shared / "data"
    if name.startswith(("jsc_hgq", "zoo_qkeras_jet")):
        return np.load(data / "jsc_openml_test1000_x_f32.npy")[:rows]
    if "kws" in name:
        x = np.load(data / "kws01_finn_x_i8.npy")[:rows].astype(np.float32)
        return (x * np.float32(0.33674246)).reshape(-1, *shape[1:])
    if "TFC" in name or "lfc" in name:
        raw = gzip.open(data / "mnist-t10k-images-idx3-ubyte.gz").read()[16 : 16 + rows * 784]
        x = np.frombuffer(raw, np.uint8).astype(np.float32) / np.float32(255)
        x = x if "TFC" in name else x * np.float32(2) - np.float32(1)
        return x.reshape(-1, *shape[1:])
    if "cnv" in name or "resnet8" in name or "rn07" in name:
        x = np.load(data / "cifar10_jpeg_test1000_x_u8.npy")[:rows].astype(np.float32)
        x = {"cnv": 2 * (x / np.float32(255)) - 1, "rn07": x / 256}.get(
            "cnv" if "cnv" in name else "rn07" if "rn07" in name else "", x / np.float32(255)
        )
        if "mlperf_ic" in name:
            x = np.load(data / "cifar10_jpeg_test1000_x_u8.npy")[:rows].astype(np.float32)
        x = x.astype(np.float32)
        return x if shape[-1] == 3 else np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    if "ad_reference" in name:
        return np.load(data / "toyadmos_features_309x640_f32.npy")[:rows].reshape(-1, *shape[1:])
    if "ad08" in name:
        return np.load(data / "ad08_ref10_x_f32.npy")[:rows].reshape(-1, *shape[1:])
    if "econt" in name:
        return np.load(data / "econt_zcu102_golden_in_f64.npy")[:rows].astype(np.float32)
    if "unsw" in name:
        return rng.choice([-1.0, 1.0], (rows, *shape[1:])).astype(np.float32)
    return (rng.normal(size=(rows, *shape[1:])) * 2).astype(np.float32)


def static_shape(info):
    dims = [d.dim_value for d in info.type.tensor_type.shape.dim]
    return [1, *dims[1:]]


def quantisers_of(model):
    """(node, tensor of its real-valued output) of quantisers of computed tensors."""
    producers = {name: node for node in model.graph.node for name in node.output}
    known = {t.name for t in model.graph.initializer}
    varies = {i.name for i in model.graph.input if i.name not in known}
    found = []
    for node in model.graph.node:
        if not any(name in varies for name in node.input):
            continue
        varies.update(node.output)
        if node.op_type in ("Quant", "IntQuant", "BipolarQuant", "MultiThreshold"):
            found.append((node, node.output[0]))
        if node.op_type == "DequantizeLinear" and node.input[0] in producers:
            first = producers[node.input[0]]
            if first.op_type == "QuantizeLinear":
                found.append((first, node.output[0]))
    return found


def distance(node, context):
    """Of each element of a quantiser's input to where its code changes; in codes."""
    x = context[node.input[0]].astype(np.float64)
    if node.op_type == "BipolarQuant":
        return np.abs(x) / max(1e-30, np.abs(x).max())
    if node.op_type == "MultiThreshold":
        return np.zeros_like(x)
    scale = context[node.input[1]].astype(np.float64)
    if node.op_type == "QuantizeLinear" and scale.ndim == 1 and scale.size > 1:
        scale = scale.reshape(-1, *([1] * (x.ndim - 2)))
    zero = 0.0 if node.op_type == "QuantizeLinear" else context[node.input[2]].astype(np.float64)
    t = x / scale + zero
    modes = [helper.get_attribute_value(a) for a in node.attribute if a.name == "rounding_mode"]
    half = not modes or modes[0].decode().upper() in ("ROUND", "HALF_EVEN", "HALF_UP", "HALF_DOWN")
    t = t - 0.5 if half else t
    return np.abs(t - np.round(t))


def row_of(array, index):
    return array[index : index + 1]


def check(path, nib, shared, rows):
    """One line of the report, and whether everything was explained."""
    model = onnx.load_from_string(
        gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    )
    stored = {t.name for t in model.graph.initializer}
    inputs = [i for i in model.graph.input if i.name not in stored]
    rng = np.random.default_rng(5)
    for key, most in ROWS.items():
        rows = min(rows, most) if key in path.name else rows
    name, shape = inputs[0].name, static_shape(inputs[0])
    x = input_rows(path.name, shape, rows, shared, rng).reshape(-1, *shape[1:])
    quantisers = quantisers_of(model)
    tensors = [tensor for _, tensor in quantisers]
    outputs = [o.name for o in model.graph.output]
    outside_name = dict(zip(outputs, outputs))
    for node in model.graph.node:  # nib removes a final Softmax
        if node.op_type == "Softmax" and node.output[0] in outputs:
            outside_name[node.output[0]] = node.input[0]
    start = time.time()
    try:
        mine, _ = run_nib(nib, path, {name: x}, tensors, renamed=outside_name)
    except Refused as error:
        return f"refused: {error}"[:300], True
    seconds = time.time() - start
    sessions = {}
    codes = different = explained = 0
    worst, failures = 0.0, []
    for r in range(len(x)):
        context = run_outside(model, {name: row_of(x, r)}, sessions)
        clean = True
        for node, tensor in quantisers:
            a = np.asarray(mine[tensor])[r].reshape(-1)
            b = np.asarray(context[tensor]).astype(np.float64).reshape(-1)
            codes += a.size
            bad = ~np.isclose(a, b, rtol=1e-5, atol=1e-9)
            if not bad.any():
                continue
            different += int(bad.sum())
            if clean:
                away = np.broadcast_to(distance(node, context), context[tensor].shape)
                away = away.reshape(-1)[bad].max()
                worst = max(worst, float(away))
                if away > NEAR:
                    failures.append(f"{tensor} row {r}: {away:.3g} from a tie")
            clean = False
        for output in outputs:
            a = np.asarray(mine[output])[r].reshape(-1)
            b = np.asarray(context[outside_name[output]]).astype(np.float64).reshape(-1)
            close = np.isclose(a, b, rtol=1e-4, atol=1e-4 * max(1.0, np.abs(b).max()))
            if clean and not close.all():
                failures.append(f"{output} row {r}: {a[~close][0]} outside {b[~close][0]}")
        explained += 0 if clean else 1
    line = (
        f"{len(x)} rows, {codes} codes of {len(quantisers)} quantisers, {different} differ in "
        f"{explained} rows, first ones at most {worst:.2g} codes from a tie; nib {seconds:.1f} s"
    )
    return line + "".join(f"\n    UNEXPLAINED {f}" for f in failures[:5]), not failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nib")
    parser.add_argument("shared", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=20)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    good = True
    for path in sorted((arguments.shared / "models").glob("*.onnx*")):
        if arguments.only not in path.name:
            continue
        try:
            line, fine = check(path, arguments.nib, arguments.shared, arguments.rows)
        except Exception as error:  # noqa: BLE001: one network does not end the sweep
            line, fine = f"not compared: {type(error).__name__}: {error}"[:300], True
        print(f"{path.name}: {line}", flush=True)
        good = good and fine
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
