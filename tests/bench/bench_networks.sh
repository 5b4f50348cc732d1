#!/usr/bin/env bash
# Published networks folded for the Arty A7-100T: cycles as planned, RTL against golden on real
# vectors, times of the commands (CPU seconds) and, with --cells, what Yosys makes of the design.
#   bench_networks NIB SHARED_FOLDER CELL_COUNTS IMAGE_VECTORS ECONT_VECTORS [--cells] [NAME...]
# NAME: tfc_1w1a tfc_1w2a tfc_2w2a lfc kws ad08 cnv rn07 resnet8 resnet8_qdq econt; default all.
set -uo pipefail
nib=$1 shared=$2 counts=$3 images=$4 modules=$5
shift 5
cells=
[ "${1-}" != --cells ] || { cells=1; shift; }
models=$shared/models data=$shared/data
work=${NIB_BENCH_FOLDER:-$(mktemp -d)}
[ -n "${NIB_BENCH_FOLDER-}" ] || trap 'rm -rf "$work"' EXIT
mkdir -p "$work"
wanted=" $* "
TIMEFORMAT='%U %S'

# cpu COMMAND...: runs it, its output in $work/log, and prints the CPU seconds.
cpu() { { time "$@" >"$work/log" 2>&1; } 2>&1 | awk '{printf "%.1f", $1 + $2}'; }
fact() { sed -n "s/^ *\"$1\": \([0-9]*\),*$/\1/p" "$2" | head -n 1; }

# row NAME MODEL [BUILD OPTION...] -- [VERIFY OPTION...]
row() {
  local name=$1 path=$2 build=() built verified result sources
  shift 2
  [ "$wanted" = "  " ] || [[ $wanted == *" $name "* ]] || return 0
  while [ "$1" != -- ]; do
    build+=("$1")
    shift
  done
  shift
  built=$(cpu "$nib" build "$path" -o "$work/$name" --name "$name" --force --style streaming \
    --board arty-a7-100t "${build[@]}")
  verified=$(cpu "$nib" verify "$work/$name" --json "$@")
  cp "$work/log" "$work/$name.verify.json"
  result=$(sed -n 's/^ *"result": "\(.*\)",*$/\1/p' "$work/log")
  local latency interval measured every
  latency=$(fact latency_cycles "$work/$name/manifest.json")
  interval=$(fact interval_cycles "$work/$name/manifest.json")
  measured=$(fact measured_latency_cycles "$work/log")
  every=$(fact measured_interval_cycles "$work/log")
  printf '| %s | %s / %s | %s / %s | %s | %s | %s | %s |' "$name" "$latency" "$measured" \
    "$interval" "$every" "$result" \
    "$(fact vectors "$work/log")" "$built" "$verified"
  if [ -n "$cells" ]; then
    sources=$(grep '^rtl' "$work/$name/rtl/files.f" | tr '\n' ' ')
    (cd "$work/$name" && yosys -q -p "read_verilog -sv $sources; synth_xilinx -family xc7 \
      -top ${name}_top -noiopad -noclkbuf -flatten; write_json $work/netlist.json" \
      >"$work/yosys.log" 2>&1) && printf ' %s |' "$("$counts" "$work/netlist.json")"
  fi
  printf '\n'
}

printf '| network | latency, planned / measured | interval | result | vectors | build s |'
printf ' verify s |'
[ -z "$cells" ] || printf ' LUT | INV | CARRY4 | FF | BRAM36 | DSP | HW |'
printf '\n|---|---|---|---|---|---|---|'
[ -z "$cells" ] || printf -- '---|---|---|---|---|---|---|'
printf '\n'

digits=$data/mnist-t10k-images-idx3-ubyte.gz pictures=$data/cifar10_jpeg_test1000_x_u8.npy
"$images" "$digits" 500 1 0 nchw "$work/digits.npy"
"$images" "$digits" 500 2 -1 nchw "$work/digits_centred.npy"
"$images" "$pictures" 20 2 -1 nchw "$work/pictures_centred.npy"
"$images" "$pictures" 20 codes 0 nchw "$work/pictures.npy"
"$images" "$pictures" 20 codes -128 nchw "$work/pictures_s8.npy"
"$images" "$pictures" 20 codes -128 nhwc "$work/pictures_s8_nhwc.npy"
"$modules" "$data/hgcal_calq_6050x48.csv" 200 "$work/modules.npy"
for name in 1W1A 1W2A 2W2A; do
  row "tfc_${name,,}" "$models/zoo_TFC_$name.onnx" -- \
    --input "$work/digits.npy" --round-input --random 200 --sc
done
row lfc "$models/bnnpynq_mnist_lfc_w1a1_qonnx.onnx.gz" -- \
  --input "$work/digits_centred.npy" --round-input --random 50 --sc
row kws "$models/mlperf_kws_w3a3_submission_qonnx.onnx" -- \
  --input "$data/kws01_finn_x_i8.npy" --random 50 --sc
row ad08 "$models/mlperf_ad08_qonnx.onnx" -- \
  --input "$data/ad08_ref10_x_f32.npy" --round-input --random 500 --sc
row cnv "$models/bnnpynq_cifar10_cnv_w1a1_qonnx.onnx" -- \
  --input "$work/pictures_centred.npy" --round-input --random 2
row rn07 "$models/mlperf_rn07_qonnx.onnx" -- --input "$work/pictures.npy" --random 2
row resnet8 "$models/nn2fpga_resnet8_a8w8b16_qonnx.onnx" -- \
  --input "$work/pictures_s8.npy" --random 2
row resnet8_qdq "$models/mlperf_ic_resnet8_int8_qdq.onnx" -- \
  --input "$work/pictures_s8_nhwc.npy" --random 2
row econt "$models/econt_encoder_8x8_c8_S2_tele_qK_6bit_qonnx.onnx" -- \
  --input "$work/modules.npy" --random 50 --sc
