#!/usr/bin/env bash
# Seven published jet taggers, end to end: build, lint, RTL against golden on real and random
# vectors, latency and interval as printed, the proof, the SystemC bench.
#   jets.sh NIB SHARED_FOLDER WORK_FOLDER
set -uo pipefail
nib=$1 shared=$2 work=$3
x=$shared/data/jsc_openml_test1000_x_f32.npy
if [ ! -e "$x" ]; then
  echo "skipped: no $x"
  exit 77
fi
mkdir -p "$work"
faults=0
run() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; echo "FAILED: $*"; faults=$((faults + 1)); }; }

for name in jsc_hgq_openml_{75p86,75p99,76p27,76p47,76p61,76p86}_qonnx zoo_qkeras_jettagging; do
  type=() round=()
  if [ "$name" = zoo_qkeras_jettagging ]; then
    type=(--input-type s16.10) round=(--round-input)
  fi
  run "$nib" build "$shared/models/$name.onnx" -o "$work/$name" --force "${type[@]}"
  run "$nib" verify "$work/$name" --input "$x" --random 2000 --prove --sc \
    "${round[@]}"
  grep -E "^(ok|FAIL) +(latency|rtl|prove|systemc)" "$work/log" | sed "s/^/$name  /"
done
[ "$faults" -eq 0 ]
