#!/usr/bin/env bash
# ./dev demo: builds the digits network, verifies its RTL on every test row, says where to look.
#   demo.sh NIB OUT_FOLDER
set -euo pipefail
nib=$1 out=$2
models=$(dirname "$0")

printf '\n-- The network\n'
"$nib" inspect "$models/digits.onnx"

printf '\n-- ONNX to SystemVerilog\n'
"$nib" build "$models/digits.onnx" -o "$out" --target xc7a100t-1 --clock-mhz 200 --force

printf '\n-- RTL against the golden model: 450 test rows, directed and random vectors\n'
"$nib" verify "$out" --input "$models/digits_test_x.npy" --random 10000 --prove

printf '\n-- Accuracy of what the RTL was verified against\n'
"$nib" emulate "$models/digits.onnx" --input "$models/digits_test_x.npy" \
  --labels "$models/digits_test_y.npy"

cat <<TXT

Where to look
  $out/rtl/               one module per layer, and the top
  $out/manifest.json      ports, shapes, scales, latency, cost
  $out/constraints/       out-of-context timing, for vivado/ooc.tcl
  $out/sim/               emulator header, golden vectors, a bench to run by hand
TXT
