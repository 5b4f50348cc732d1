#!/usr/bin/env bash
# Published networks as streams, end to end: build, lint, RTL against golden on real and random
# vectors, latency and interval as printed, stalls, resets, the SystemC model, the answers that a
# board gave.
#   streams.sh NIB SHARED_FOLDER WORK_FOLDER
set -uo pipefail
nib=$1 shared=$2 work=$3
x=$shared/data/kws01_finn_x_i8.npy
if [ ! -e "$x" ]; then
  echo "skipped: no $x"
  exit 77
fi
mkdir -p "$work"
faults=0
run() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; echo "FAILED: $*"; faults=$((faults + 1)); }; }

# check NAME MODEL_OPTIONS -- VERIFY_OPTIONS
check() {
  local name=$1 build=()
  shift
  while [ "$1" != -- ]; do
    build+=("$1")
    shift
  done
  shift
  run "$nib" build "${build[@]}" -o "$work/$name" --force
  run "$nib" verify "$work/$name" "$@"
  grep -E "^(ok|FAIL) " "$work/log" | sed "s/^/$name  /"
}

kws=$shared/models/mlperf_kws_w3a3_submission_qonnx.onnx
cat >"$work/kws.json" <<'PLAN'
{"layers": {"matmul_10": {"simd": 10, "pe": 32},
            "matmul_22": {"simd": 16, "pe": 12},
            "matmul_34": {"simd": 16, "pe": 12, "input_stationary": true},
            "matmul_46": {"simd": 12}}}
PLAN
check kws "$kws" --plan "$work/kws.json" --target xc7a100t-1 -- --input "$x" --random 50 --sc

cat >"$work/tfc.json" <<'PLAN'
{"layers": {"matmul_16": {"simd": 49, "pe": 16}, "matmul_24": {"simd": 8, "pe": 8},
            "matmul_32": {"simd": 64, "pe": 1}, "matmul_40": {"simd": 16}}}
PLAN
check tfc "$shared/models/zoo_TFC_1W1A.onnx" --plan "$work/tfc.json" --target xc7a100t-1 -- \
  --random 200 --sc
[ "$faults" -eq 0 ]
