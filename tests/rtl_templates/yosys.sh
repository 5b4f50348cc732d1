#!/usr/bin/env bash
# Synthesises library modules for 7-series and checks that each storage becomes what it is meant to.
#   yosys.sh LIBRARY_FOLDER
set -uo pipefail
cd "$1" || exit 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
faults=0

# expect WIDTH DEPTH STORAGE CELL: the queue's netlist holds CELL.
expect() {
  local settings="-set Width $1 -set Depth $2 -set Lat 1 -set Storage $3"
  yosys -q -p "read_verilog -sv nib_outq.sv; chparam $settings nib_outq; synth_xilinx \
    -family xc7 -top nib_outq -noiopad -noclkbuf -flatten; tee -o $work/stat stat" \
    >"$work/log" 2>&1 || { cat "$work/log"; faults=$((faults + 1)); return; }
  if ! grep -qE "^ +$4 +[1-9]" "$work/stat"; then
    echo "Width $1 Depth $2 Storage $3: no $4"
    faults=$((faults + 1))
  fi
}

expect 8 1 0 FDRE
expect 8 2 0 FDRE
expect 8 16 0 SRL16E
expect 8 32 0 SRLC32E
expect 8 64 0 RAM64M
expect 8 200 3 RAM64M
expect 36 512 0 RAMB18E1
expect 33 1024 0 RAMB36E1
expect 8 40 4 RAMB18E1

for module in nib_boundary nib_stream_fifo nib_credit_wrap; do
  case $module in
    nib_boundary) settings="-set Width 8" ;;
    nib_stream_fifo) settings="-set Width 8 -set Depth 5" ;;
    nib_credit_wrap) settings="-set InW 9 -set OutW 7 -set Latency 4" ;;
  esac
  yosys -q -e 'implicitly declared|no driver' -p "read_verilog -sv nib_*.sv; \
    chparam $settings $module; hierarchy -check -top $module; prep -flatten; check -assert" \
    >"$work/log" 2>&1 || { cat "$work/log"; faults=$((faults + 1)); }
done

# driven MODULE PARAMETERS: packed into multipliers, no bit of the unit has lost its driver.
driven() {
  printf 'module top #(parameter W = 128) (input clk, rst, iv, ordy, input [W-1:0] id,
    output ir, ov, output [W-1:0] od);
    %s #(%s) u (.clk_i(clk), .rst_i(rst), .in_valid_i(iv), .in_ready_o(ir), .in_data_i(id),
    .out_valid_o(ov), .out_ready_i(ordy), .out_data_o(od));\nendmodule\n' "$1" "$2" >"$work/top.sv"
  yosys -q -p "read_verilog -sv nib_*.sv $work/top.sv; synth_xilinx -family xc7 -top top \
    -noiopad -noclkbuf -flatten -run begin:coarse; opt_clean; select -assert-min 1 t:DSP48E1; \
    select -clear; tee -o $work/check check" >"$work/log" 2>&1 ||
    { cat "$work/log"; faults=$((faults + 1)); return; }
  if grep -q "no driver" "$work/check"; then
    echo "$1 $2: bits without a driver"
    faults=$((faults + 1))
  fi
}

word=128\'h28a5_c15b_0947_361f_7d5a_c6fd_5fa3_361b
scale=".InW(16), .InSigned(1), .FactorW(12), .BiasW(20), .Shift(12), .OutW(8), .Depth(5)"
for sign in 0 1; do
  driven nib_stream_scale "$scale, .Lanes(4), .Fold(1), .OutSigned($sign), .Table($word)"
  driven nib_stream_scale "$scale, .Lanes(2), .Fold(2), .OutSigned($sign), .Table($word)"
done
mac=".InW(8), .InKind(0), .WgtW(8), .WgtKind(1), .AccW(22), .Dsp(1), .ProductReg(1), .Depth(5)"
driven nib_mvu "$mac, .Pe(2), .Simd(4), .Sf(1), .Nf(2), .Table($word)"
driven nib_vvu "$mac, .Pe(4), .Taps(2), .Fold(2), .Table($word)"

echo "$faults faults"
[ "$faults" -eq 0 ]
