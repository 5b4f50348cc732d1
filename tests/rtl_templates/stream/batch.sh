#!/usr/bin/env bash
# Builds and runs one batch of random streaming designs.
#   batch.sh PROGRAMS LIBRARY BENCH RUNTIME MODE SEED DESIGNS ROUNDS CYCLES
# PROGRAMS: folder of stream_gen and stream_run; LIBRARY: rtl_templates; BENCH: sim/bench; RUNTIME:
# Verilator's runtime as a library. CXX may name another compiler. MODE:
#   rtl        random designs
#   large      with larger frames
#   sized      with the depths that sizing finds
#   netlist    what Yosys makes of the RTL
#   mutants    wrong token models as well: each must be noticed
#   mutated    a library that may not be clean (rtl_mutants.sh)
# Nothing is optimised: compiling takes longer than running.
set -euo pipefail
programs=$1 library=$2 bench=$3 runtime=$4 mode=$5
shift 5
here=$(dirname "$(readlink -f "$0")")
headers=$(verilator --getenv VERILATOR_ROOT)/include
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$programs/stream_gen" "$1" "$2" "$mode" "$work/stream_top.sv"
top="$work/stream_top.sv"
checks=(-Wall --assert -y "$library")
if [ "$mode" = mutated ]; then
  checks=(-Wno-lint -Wno-style -Wno-UNOPTFLAT --assert -y "$library")
elif [ "$mode" = netlist ]; then
  top="$work/netlist.v"
  checks=(-Wno-lint -Wno-style -Wno-UNOPTFLAT)
  yosys -q -e 'implicitly declared|no driver' -p "read_verilog -sv $library/nib_*.sv \
    $work/stream_top.sv; hierarchy -check -top stream_top; prep -flatten; check -assert; \
    write_verilog -noattr $top"
fi
verilator --cc "${checks[@]}" -O3 --x-assign unique --x-initial unique --Mdir "$work" \
  --prefix Vstream_top --top-module stream_top "$top"
(cd "$work" && for part in Vstream_top*.cpp; do echo "#include \"$part\""; done >all.cpp)
${CXX-g++} -std=c++20 -O0 -w -fPIC -shared -faligned-new -DVM_COVERAGE=0 -DVM_SC=0 -DVM_TRACE=0 \
  -DVM_TRACE_FST=0 -DVM_TRACE_VCD=0 -I"$work" -I"$here" -I"$bench" -isystem "$headers" \
  -isystem "$headers/vltstd" "$here/rtl_top.cpp" "$runtime" -o "$work/top.so"
"$programs/stream_run" "$work/top.so" "$@" "$mode"
