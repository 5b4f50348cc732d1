#!/usr/bin/env bash
# Builds and runs one batch of random streaming designs.
#   batch.sh PROGRAMS LIBRARY BENCH RUNTIME SEED DESIGNS ROUNDS CYCLES [mutants]
# PROGRAMS: folder of stream_gen and stream_run; LIBRARY: rtl_templates; BENCH: sim/bench; RUNTIME:
# Verilator's runtime as a library. CXX may name another compiler.
set -euo pipefail
programs=$1 library=$2 bench=$3 runtime=$4
shift 4
here=$(dirname "$(readlink -f "$0")")
headers=$(verilator --getenv VERILATOR_ROOT)/include
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$programs/stream_gen" "$1" "$2" "$work/stream_top.sv"
verilator --cc -Wall --assert -O3 --x-assign unique --x-initial unique --Mdir "$work" \
  --prefix Vstream_top --top-module stream_top -y "$library" "$work/stream_top.sv"
(cd "$work" && for part in Vstream_top*.cpp; do echo "#include \"$part\""; done >all.cpp)
${CXX-g++} -std=c++20 -O1 -w -fPIC -shared -faligned-new -DVM_COVERAGE=0 -DVM_SC=0 -DVM_TRACE=0 \
  -DVM_TRACE_FST=0 -DVM_TRACE_VCD=0 -I"$work" -I"$here" -I"$bench" -isystem "$headers" \
  -isystem "$headers/vltstd" "$here/rtl_top.cpp" "$runtime" -o "$work/top.so"
"$programs/stream_run" "$work/top.so" "$@"
