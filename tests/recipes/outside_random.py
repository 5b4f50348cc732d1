# Random networks of tests/random against onnxruntime and qonnx, tensor by tensor.
#
#   NIB_RANDOM_FOLDER=DIR NIB_RANDOM_NETWORKS=300 test_random --test-case='random*'
#   python3 outside_random.py NIB DIR
#
# Every tensor of the file that nib knows is compared. float32 noise may flip a code near a tie, and
# what depends on it: after the first difference of a network's row, which must be explained by such
# a tie (NEAR), the rest of that row is left out.
import argparse
import collections
import pathlib
import re
import sys

import numpy as np
import onnx

from outside import Refused, run_nib, run_outside
from outside_networks import distance

NEAR = 1e-3
QUANTISERS = ("Quant", "IntQuant", "BipolarQuant", "MultiThreshold", "QuantizeLinear", "Trunc",
              "TruncQuant", "FloatQuant", "QLinearConv", "QLinearMatMul", "ArgMax", "ArgMin",
              "TopK", "Sign", "Floor", "Ceil", "Round")


def rows_of(model, rng):
    info = model.graph.input[0]
    dims = [d.dim_value for d in info.type.tensor_type.shape.dim]
    rows = dims[0] or 1  # shapes of the file may say 1 where the input says N
    x = np.round(rng.normal(size=(rows, *dims[1:])) * 2 * 16) / 16
    return info.name, x.astype(np.float32)


def near_tie(node, context):
    """The least distance to a decision of a node's inputs, or 0 where it is not looked at."""
    if node.op_type in ("Quant", "IntQuant", "BipolarQuant", "QuantizeLinear"):
        scale = np.asarray(context[node.input[1]])
        if node.op_type == "QuantizeLinear" and scale.size > 1:
            return 0.0
        return distance(node, context)
    return 0.0


def check(path, nib, counts):
    model = onnx.load(path)
    rng = np.random.default_rng(int(path.stem.split("_")[1]))
    name, x = rows_of(model, rng)
    removed = {n.output[0]: n.input[0] for n in model.graph.node if n.op_type == "Softmax"}
    varies, wanted = {name}, []
    for node in model.graph.node:
        if not any(i in varies for i in node.input):
            continue
        varies.update(node.output)
        wanted += [(node, o) for o in node.output if o and o not in removed]
    # Tensors that nib has joined with others (codes of a pair) are not there: each is named by the
    # error, and left out.
    kept = list(wanted)
    while True:
        try:
            mine, _ = run_nib(nib, model, {name: x}, [t for _, t in kept], renamed=removed)
            break
        except Refused as error:
            missing = re.search(r'E0218[^"]*"([^"]+)"', str(error))
            left = [(n, t) for n, t in kept if missing and t != missing.group(1)]
            if missing is None or len(left) == len(kept):
                counts["refused"] += 1
                return
            kept = left
    try:
        context = run_outside(model, {name: x})
    except Exception:  # noqa: BLE001: a combination that the executors do not have
        counts["not run outside"] += 1
        return
    counts["networks"] += 1
    for node, tensor in kept:
        a = np.asarray(mine[tensor]).reshape(-1)
        b = np.asarray(context[tensor]).astype(np.float64).reshape(-1)
        counts["values"] += a.size
        bad = ~np.isclose(a, b, rtol=1e-4, atol=1e-5 * max(1.0, float(np.abs(b).max(initial=0))))
        if not bad.any():
            continue
        chain = {t for n in model.graph.node for t in n.output}
        source = next((n for n in model.graph.node if n.output[0] == node.input[0]), None)
        first = source if node.op_type == "DequantizeLinear" and source is not None else node
        if first.op_type == "Clip":
            first = next(n for n in model.graph.node if n.output[0] == first.input[0])
        away = near_tie(first, context)
        away = np.broadcast_to(away, np.shape(context[first.output[0]])).reshape(-1)
        worst = float(away[bad].max()) if away.size == bad.size else 0.0
        if first.op_type in QUANTISERS and worst <= NEAR:
            counts["rows left out behind a tie"] += 1
            return
        counts["DIFFERENT"] += 1
        at = int(np.argmax(bad))
        print(f"{path.name}: {tensor} ({first.op_type}): {a[at]}, outside {b[at]}, {worst:.2g} "
              f"from a tie, {len(chain)} tensors")
        return


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nib")
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    counts = collections.Counter()
    for path in sorted(arguments.folder.glob("random_*.onnx")):
        try:
            check(path, arguments.nib, counts)
        except Exception as error:  # noqa: BLE001: one network does not end the sweep
            counts["FAULT"] += 1
            print(f"{path.name}: FAULT {type(error).__name__}: {error}"[:300])
    print(dict(counts))
    return 1 if counts["DIFFERENT"] or counts["FAULT"] else 0


if __name__ == "__main__":
    sys.exit(main())
