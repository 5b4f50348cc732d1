# One line of Markdown for each shared network: what is in it, and how nib's results compare with
# onnxruntime and qonnx (outside_networks.py), for tests/README.md.
#
#   python3 model_table.py NIB SHARED_FOLDER [--rows N]
import argparse
import collections
import gzip
import json
import pathlib
import re
import subprocess

import onnx

from outside_networks import check, quantisers_of


def facts(nib, path):
    """MACs, and whether there is an integer graph: what `nib inspect` says."""
    done = subprocess.run([nib, "inspect", path, "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        return "", "refused: " + done.stderr.strip().splitlines()[0]
    found = json.loads(done.stdout)
    if found.get("macs"):
        return f"{found['macs']:,}", "yes"
    return "", "no: " + ", ".join(sorted({o["code"] for o in found["obstacles"]}))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nib")
    parser.add_argument("shared", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=10)
    arguments = parser.parse_args()
    print("| file | operators | quantisers | MACs | integer graph | against onnxruntime, qonnx |")
    print("|---|---|---|---|---|---|")
    for path in sorted((arguments.shared / "models").glob("*.onnx*")):
        raw = path.read_bytes()
        model = onnx.load_from_string(gzip.decompress(raw) if path.suffix == ".gz" else raw)
        counts = collections.Counter(node.op_type for node in model.graph.node)
        operators = ", ".join(f"{op} {n}" for op, n in counts.most_common(7))
        macs, lowered = facts(arguments.nib, path)
        try:
            line, _ = check(path, arguments.nib, arguments.shared, arguments.rows)
        except Exception as error:  # noqa: BLE001: one network does not end the table
            line = f"not compared ({type(error).__name__})"
        found = re.match(r"(\d+ rows), (\d+) codes of \d+ quantisers, (\d+) differ", line)
        if found:
            rows, codes, different = found.groups()
            line = f"{rows}, {int(codes):,} codes, {different} differ"
            line += "" if different == "0" else " (near ties)"
        print(f"| {path.name.removesuffix('.gz').removesuffix('.onnx')} | {operators} | "
              f"{len(quantisers_of(model))} | {macs} | {lowered} | {line} |", flush=True)


if __name__ == "__main__":
    main()
