#!/usr/bin/env bash
# What Yosys makes of the RTL of published networks: LUT, INV, CARRY4, FF, one line per network.
#   bench_yosys NIB SHARED_FOLDER [jets|econt] [BUILD OPTION...]
# jets: seven jet taggers (xcvu13p-2, 360 MHz); econt: three encoders (the same part, 320 MHz).
# --latency 0 makes the designs combinational.
set -euo pipefail
nib=$1 shared=$2
shift 2
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
    tee -o $work/stat stat" >"$work/yosys.log" 2>&1)
  awk -v name="$name" -v latency="$latency" '
    $1 ~ /^LUT[1-6]$/ { lut += $2 } $1 == "INV" { inv += $2 } $1 == "CARRY4" { carry += $2 }
    $1 ~ /^FD/ { ff += $2 }
    END { printf "| %s | %s | %d | %d | %d | %d |\n", name, latency, lut, inv, carry, ff }' \
    "$work/stat"
}

yosys -V | cut -d'(' -f1
printf '| network | latency | LUT | INV | CARRY4 | FF |\n|---|---|---|---|---|---|\n'
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
