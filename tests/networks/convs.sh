#!/usr/bin/env bash
# Published convolutional encoders of the HGCAL trigger, end to end for one result in every cycle at
# 320 MHz: build, lint, RTL against golden on recorded, real and random vectors, latency and
# interval as printed, the proof, the SystemC bench.
#   convs.sh NIB ECONT_VECTORS SHARED_FOLDER WORK_FOLDER
set -uo pipefail
nib=$1 vectors=$2 shared=$3 work=$4
charges=$shared/data/hgcal_calq_6050x48.csv
if [ ! -e "$charges" ]; then
  echo "skipped: no $charges"
  exit 77
fi
mkdir -p "$work"
faults=0
run() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; echo "FAILED: $*"; faults=$((faults + 1)); }; }

run "$vectors" "$charges" 6050 "$work/modules.npy"
for name in econt_encoder_{8x8_c8_S2_qK,8x8_c8_S2_tele_qK_6bit,zcu102}_qonnx; do
  run "$nib" build "$shared/models/$name.onnx" -o "$work/$name" --force --clock-mhz 320
  sed -n 's/^ *\(latency .*\)/'"$name"'  \1/p' "$work/log"
  run "$nib" verify "$work/$name" --input "$work/modules.npy" --random 2000 --prove --sc
  grep -E "^(ok|FAIL) +(latency|rtl|prove|systemc)" "$work/log" | sed "s/^/$name  /"
done
# The vectors recorded on the board, in its own words.
run "$nib" verify "$work/econt_encoder_zcu102_qonnx" --random 0 \
  --input "$shared/data/econt_zcu102_golden_in_f64.npy"
grep -E "^(ok|FAIL) +rtl" "$work/log" | sed "s/^/recorded  /"
[ "$faults" -eq 0 ]
