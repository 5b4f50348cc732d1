# One line of Markdown for each shared network: what is in it, and how nib's results compare with
# onnxruntime and qonnx (outside_networks.py), for tests/README.md.
#
#   python3 model_table.py NIB SHARED_FOLDER [--rows N] [--only NAME]
import argparse
import collections
import gzip
import json
import math
import pathlib
import re
import subprocess

import onnx

from outside_networks import check, quantisers_of


TYPED = "s16.8"


def inspect(nib, path, *options):
    command = [nib, "inspect", path, "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        return None, "refused: " + done.stderr.strip().splitlines()[0]
    found = json.loads(done.stdout)
    if found.get("macs"):
        return found["macs"], "yes"
    return None, "no: " + ", ".join(sorted({o["code"] for o in found["obstacles"]}))


def macs_of_shapes(model):
    """Multiply-accumulates of one row, from the shapes alone."""
    model = onnx.shape_inference.infer_shapes(model)
    graph = model.graph
    shapes = {t.name: list(t.dims) for t in graph.initializer}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        dims = value.type.tensor_type.shape.dim
        shapes.setdefault(value.name, [d.dim_value if d.HasField("dim_value") else 1 for d in dims])
    total = 0
    for node in graph.node:
        if node.op_type not in ("Conv", "MatMul", "Gemm"):
            continue
        out, weights = shapes[node.output[0]], shapes[node.input[1]]
        transposed = any(a.name == "transB" and a.i for a in node.attribute)
        if node.op_type == "Conv":
            inner = math.prod(weights[1:])
        else:
            inner = weights[1] if transposed else weights[0]
        total += math.prod(out[1:]) * inner  # without the batch
    return total


def facts(nib, path, model):
    """MACs, and whether there is an integer graph: what `nib inspect` says."""
    macs, lowered = inspect(nib, path)
    if macs is None:
        typed, why = inspect(nib, path, "--input-type", TYPED)
        if typed is not None:
            return typed, f"with --input-type {TYPED}"
        lowered = why
    return macs if macs is not None else macs_of_shapes(model), lowered


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nib")
    parser.add_argument("shared", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=10)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    print("| file | operators | quantisers | MACs | integer graph | against onnxruntime, qonnx "
          "| time of nib |")
    print("|---|---|---|---|---|---|---|")
    for path in sorted((arguments.shared / "models").glob("*.onnx*")):
        if arguments.only not in path.name:
            continue
        raw = path.read_bytes()
        model = onnx.load_from_string(gzip.decompress(raw) if path.suffix == ".gz" else raw)
        counts = collections.Counter(node.op_type for node in model.graph.node)
        operators = ", ".join(f"{op} {n}" for op, n in counts.most_common(7))
        macs, lowered = facts(arguments.nib, path, model)
        try:
            line, _ = check(path, arguments.nib, arguments.shared, arguments.rows)
        except Exception as error:  # noqa: BLE001: one network does not end the table
            line = f"not compared ({type(error).__name__})"
        found = re.match(
            r"(\d+ rows), (\d+) codes of \d+ quantisers, (\d+) differ.*; nib ([0-9.]+ s)", line
        )
        seconds = ""
        if found:
            rows, codes, different, seconds = found.groups()
            line = f"{rows}, {int(codes):,} codes, {different} differ"
            line += "" if different == "0" else " (near ties)"
        name = path.name.removesuffix(".gz").removesuffix(".onnx")
        print(f"| {name} | {operators} | {len(quantisers_of(model))} | {macs:,} | {lowered} | "
              f"{line} | {seconds} |", flush=True)


if __name__ == "__main__":
    main()
