#!/usr/bin/env bash
# What Yosys makes of the RTL of published networks, one line per network (columns: cell_counts).
#   bench_yosys NIB SHARED_FOLDER CELL_COUNTS [jets|econt] [BUILD OPTION...]
# jets: seven jet taggers (xcvu13p-2, 360 MHz); econt: three encoders (the same part, 320 MHz).
# --latency 0 makes the designs combinational.
set -euo pipefail
nib=$1 shared=$2 counts=$3
shift 3
set_of_networks=jets
case "${1-}" in jets | econt) set_of_networks=$1; shift ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# row NAME MODEL [BUILD OPTION...]
row() {
  local name=$1 path=$2 latency sources
  shift 2
  "$nib" build "$path" -o "$work/$name" --name "$name" --force "$@" >"$work/log"
  latency=$(sed -n 's/.*latency  *\([0-9]*\) cycles.*/\1/p' "$work/log" | head -n 1)
  sources=$(grep '^rtl' "$work/$name/rtl/files.f" | tr '\n' ' ')
  (cd "$work/$name" && yosys -q -p "read_verilog -sv $sources; synth_xilinx \
    -family xc7 -top ${name}_top -noiopad -noclkbuf -nodsp -nosrl -flatten; \
    write_json $work/netlist.json" >"$work/yosys.log" 2>&1)
  printf '| %s | %s | %s |\n' "$name" "$latency" "$("$counts" "$work/netlist.json")"
}

yosys -V | cut -d'(' -f1
printf '| network | latency | LUT | INV | CARRY4 | FF | BRAM36 | DSP | HW |\n'
printf '|---|---|---|---|---|---|---|---|---|\n'
if [ "$set_of_networks" = jets ]; then
  for path in "$shared"/models/jsc_hgq_openml_*_qonnx.onnx; do
    row "$(basename "$path" _qonnx.onnx)" "$path" "$@"
  done
  row zoo_qkeras_jettagging "$shared/models/zoo_qkeras_jettagging.onnx" --input-type s16.10 "$@"
else
  for path in "$shared"/models/econt_encoder_*_qonnx.onnx; do
    row "$(basename "$path" _qonnx.onnx)" "$path" --clock-mhz 320 "$@"
  done
fi
