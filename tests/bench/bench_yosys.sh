#!/usr/bin/env bash
# What Yosys makes of the jet taggers' RTL: LUT, INV, CARRY4, FF, one line per network.
#   bench_yosys NIB SHARED_FOLDER [BUILD OPTION...]      e.g.  --latency 0 for combinational designs
set -euo pipefail
nib=$1 shared=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
yosys -V | cut -d'(' -f1
printf '| network | latency | LUT | INV | CARRY4 | FF |\n|---|---|---|---|---|---|\n'
for path in "$shared"/models/jsc_hgq_openml_*_qonnx.onnx; do
  name=$(basename "$path" _qonnx.onnx)
  "$nib" build "$path" -o "$work/$name" --name "${name//-/_}" --force "$@" >"$work/log"
  latency=$(sed -n 's/.*latency  *\([0-9]*\) cycles.*/\1/p' "$work/log" | head -n 1)
  sources=$(grep '^rtl' "$work/$name/rtl/files.f" | tr '\n' ' ')
  (cd "$work/$name" && yosys -q -p "read_verilog -sv $sources; synth_xilinx \
    -family xc7 -top ${name//-/_}_top -noiopad -noclkbuf -nodsp -nosrl -flatten; \
    tee -o $work/stat stat" >"$work/yosys.log" 2>&1)
  awk -v name="$name" -v latency="$latency" '
    $1 ~ /^LUT[1-6]$/ { lut += $2 } $1 == "INV" { inv += $2 } $1 == "CARRY4" { carry += $2 }
    $1 ~ /^FD/ { ff += $2 }
    END { printf "| %s | %s | %d | %d | %d | %d |\n", name, latency, lut, inv, carry, ff }' \
    "$work/stat"
done
