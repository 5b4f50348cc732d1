#!/usr/bin/env bash
# Lints every library module at its parameter corners: not one line may be printed.
#   lint.sh LIBRARY_FOLDER
set -uo pipefail
cd "$1" || exit 2
runs=0 faults=0

lint() {
  local top=$1
  shift
  local out
  out=$(verilator --lint-only -Wall --assert -y . --top-module "$top" "$@" "$top.sv" 2>&1)
  runs=$((runs + 1))
  if [ -n "$out" ]; then
    faults=$((faults + 1))
    printf '%s %s\n%s\n' "$top" "$*" "$out"
  fi
}

# A wrong parameter must be refused.
refuse() {
  local top=$1 why=$2
  shift 2
  runs=$((runs + 1))
  local out
  out=$(verilator --lint-only -Wall -y . --top-module "$top" "$@" "$top.sv" 2>&1)
  if ! grep -q -- "$why" <<<"$out"; then
    faults=$((faults + 1))
    printf '%s %s: not refused with "%s"\n' "$top" "$*" "$why"
  fi
}

for width in 1 8 65; do
  lint nib_boundary -GWidth=$width
  for depth in 1 2 3 32 33 64 65 512; do
    lint nib_outq -GWidth=$width -GDepth=$depth -GLat=$((depth % 4))
  done
done
for storage in 1 2 3 4; do
  lint nib_outq -GWidth=4700 -GDepth=6 -GLat=1 -GStorage=$storage
  lint nib_outq -GWidth=9 -GDepth=6 -GLat=3 -GStorage=$storage
  lint nib_stream_fifo -GWidth=9 -GDepth=6 -GStorage=$storage
done
for depth in 1 2 17 64 100; do lint nib_stream_fifo -GWidth=8 -GDepth=$depth; done
for latency in 0 1 11 100; do
  for widths in "1 1" "8 8" "9 15" "130 33"; do
    set -- $widths
    lint nib_credit_wrap -GInW=$1 -GOutW=$2 -GLatency=$latency
  done
done
for latency in 0 1 2; do
  lint nib_threshold -GChannels=2 -GLevels=3 -GInW=4 "-GInSigned=1'b1" -GOutW=2 \
    -GLatency=$latency "-GThresholds=30'h0"
  lint nib_threshold -GChannels=1 -GLevels=1 -GInW=1 "-GInSigned=1'b0" -GOutW=1 \
    -GLatency=$latency "-GThresholds=2'h1"
done

for signed in 0 1; do
  for digits in "1 8 8" "2 4 8" "3 3 8" "8 1 8" "1 1 1"; do
    for latency in 0 1 4; do
      set -- $digits
      lint nib_const_mvu -GColumns=5 -GInW=$3 "-GInSigned=1'b$signed" -GDigit=$2 -GDigits=$1 \
        -GRows=3 -GSumW=9 -GAccW=$((9 + 5 * ($1 > 1))) -GLatency=$latency -GDepth=4
    done
  done
done
lint nib_const_mvu -GColumns=1024 -GInW=8 "-GInSigned=1'b0" -GDigit=2 -GDigits=4 -GRows=1024 \
  -GSumW=12 -GAccW=20 -GLatency=3 -GDepth=2
refuse nib_const_mvu "one less must not" -GColumns=5 -GInW=8 "-GInSigned=1'b0" -GDigit=4 \
  -GDigits=3 -GRows=3 -GSumW=9 -GAccW=14 -GLatency=1 -GDepth=4

for storages in 16\'h0000 16\'h4321; do
  lint nib_fork -GWidth=9 -GOutputs=4 "-GDepths=64'h0001000200030041" "-GStorages=$storages"
done
lint nib_fork -GWidth=1 -GOutputs=1 "-GDepths=16'h0001"
for signs in "1'b0 1'b0" "1'b0 1'b1" "1'b1 1'b1"; do
  set -- $signs
  lint nib_add -GLanes=3 -GAW=4 "-GASigned=$1" -GBW=7 "-GBSigned=$2" -GOutW=9 -GDepth=3
  lint nib_add -GLanes=1 -GAW=1 "-GASigned=$1" -GBW=1 "-GBSigned=$2" -GOutW=1 -GFactorA=-1 \
    -GFactorB=5 -GOffset=-3 -GDepth=1 -GStorage=4
  lint nib_add -GLanes=1 -GAW=40 "-GASigned=$1" -GBW=3 "-GBSigned=$2" -GOutW=50 -GFactorA=257 \
    -GOffset=70000 -GDepth=40
done
for words in "1 1" "1 5" "4 4"; do
  set -- $words
  lint nib_concat -GWidth=3 -GWordsA=$1 -GWordsB=$2 -GDepth=2
done
# InLanes OutLanes Frame: same, collect, split, any ratio, frames that do not fill the last words.
for lanes in "1 1 1" "4 4 8" "1 2 2" "2 6 12" "6 2 6" "2 1 2" "3 2 6" "2 3 6" "4 4 3" "5 3 7" \
  "1 4 3" "8 3 1" "7 9 100"; do
  set -- $lanes
  lint nib_width -GLaneW=3 -GInLanes=$1 -GOutLanes=$2 -GFrame=$3 -GDepth=2
  lint nib_width -GLaneW=1 -GInLanes=$1 -GOutLanes=$2 -GFrame=$3 -GDepth=70
done
# Rows Columns Fold KernelY KernelX Stride Dilation padding before and after.
for window in "1 1 1 1 1 1 1 0 0" "5 6 2 3 3 1 1 1 1" "32 32 8 3 3 1 1 1 1" "7 5 1 2 3 2 1 0 1" \
  "9 9 3 3 2 3 2 2 0" "1 20 4 1 1 4 1 0 0" "4 4 1 4 4 1 1 3 3"; do
  set -- $window
  for order in "1'b0" "1'b1"; do
    lint nib_window -GWidth=6 -GRows=$1 -GColumns=$2 -GFold=$3 -GKernelY=$4 -GKernelX=$5 \
      -GStrideY=$6 -GStrideX=$6 -GDilationY=$7 -GDilationX=$7 -GPadTop=$8 -GPadBottom=$9 \
      -GPadLeft=0 -GPadRight=0 "-GChannelOuter=$order" "-GReleaseRows=$order" -GWords=$((3 + $3)) \
      -GDepth=3
    lint nib_window -GWidth=1 -GRows=$2 -GColumns=$1 -GFold=$3 -GKernelY=$5 -GKernelX=$4 \
      -GPadLeft=$8 -GPadRight=$9 "-GChannelOuter=$order" -GWords=1 -GDepth=1
  done
done
# Rows Columns KernelY KernelX Stride Dilation padding before and after.
for window in "1 1 1 1 1 1 0 0" "4 5 3 3 1 1 0 0" "32 32 3 3 1 1 1 1" "8 8 2 3 2 2 1 2" \
  "8 1 3 1 1 1 1 0" "1 9 1 3 4 1 1 1" "2 2 1 2 2 1 2 2" "4 2 4 2 1 1 0 0"; do
  set -- $window
  for width in 1 6; do
    lint nib_patch -GWidth=$width -GRows=$1 -GColumns=$2 -GKernelY=$3 -GKernelX=$4 -GStrideY=$5 \
      -GStrideX=$5 -GDilationY=$6 -GDilationX=$6 -GPadTop=$7 -GPadBottom=$8 -GPadLeft=$7 \
      -GPadRight=$8 -GDepth=$((5 * width))
    lint nib_patch -GWidth=$width -GRows=$1 -GColumns=$2 -GKernelY=$3 -GKernelX=$4 -GStrideY=$5 \
      -GStrideX=$5 -GDilationY=$6 -GDilationX=$6 -GPadTop=$7 -GPadBottom=$8 -GPadLeft=$7 \
      -GPadRight=$8 -GDepth=2 -GOutW=$((width * $3 * $4 / 2 > 0 ? width * $3 * $4 / 2 : 1))
  done
done
for words in 1 2 5; do
  lint nib_rom -GWidth=7 -GWords=$words -GStyle=1
  lint nib_rom -GWidth=7 -GWords=$words -GStyle=2
  lint nib_rom -GWidth=7 -GWords=$words "-GInline=1'b0" '-GFile="table.mem"'
done
# InW InKind WgtW WgtKind AccW: kinds 0 unsigned, 1 signed, 2 bipolar, 3 sign and magnitude.
for kinds in "4 0 3 1 20" "4 1 3 1 9" "1 2 1 2 2" "1 2 4 1 8" "8 0 1 2 12" "8 1 8 1 4" \
  "1 0 1 0 1" "3 0 3 3 14" "5 1 4 3 20" "1 2 2 3 8" "8 0 6 0 20" "1 1 1 0 6"; do
  set -- $kinds
  for folds in "1 1 1 1" "2 3 1 5" "3 2 4 1" "2 4 3 3" "1 1 2 2"; do
    read -r pe simd sf nf <<<"$folds"
    for bits in "1'b0 1'b0 1'b1" "1'b1 1'b0 1'b1" "1'b0 1'b1 1'b0"; do
      read -r stationary register inline <<<"$bits"
      lint nib_mvu -GPe=$pe -GSimd=$simd -GSf=$sf -GNf=$nf -GInW=$1 -GInKind=$2 -GWgtW=$3 \
        -GWgtKind=$4 -GAccW=$5 "-GInputStationary=$stationary" "-GProductReg=$register" \
        "-GInline=$inline" '-GFile="table.mem"' -GDepth=5
    done
    lint nib_vvu -GPe=$pe -GTaps=$sf -GFold=$nf -GInW=$1 -GInKind=$2 -GWgtW=$3 -GWgtKind=$4 \
      -GAccW=$5 "-GDsp=1'b1" -GRomStyle=2 -GDepth=5
  done
  for sizes in "1 1 0" "3 2 0" "2 5 2" "1 19 0" "2 57 1" "1 64 5"; do
    read -r pe simd registers <<<"$sizes"
    # Bits that are counted make few words: no levels for registers to stand between.
    [ "$1 $3" != "1 1" ] || registers=$((simd > 57 ? 1 : 0))
    lint nib_mac -GPe=$pe -GSimd=$simd -GTerms=3 -GInW=$1 -GInKind=$2 -GWgtW=$3 -GWgtKind=$4 \
      -GAccW=$5 -GBanks=$pe "-GShared=1'b$((pe % 2))" -GTreeRegs=$registers
  done
done
# The most lanes that a word has.
lint nib_mac -GPe=1 -GSimd=1024 -GTerms=1 -GInW=8 -GInKind=0 -GWgtW=8 -GWgtKind=3 -GAccW=30 \
  -GTreeRegs=3 "-GShared=1'b1"
lint nib_mac -GPe=1 -GSimd=1024 -GTerms=1 -GInW=1 -GInKind=2 -GWgtW=1 -GWgtKind=2 -GAccW=12 \
  "-GShared=1'b1"
# InW InKind WgtW WgtKind AccW Pack: outputs that share multipliers.
for kinds in "8 0 3 1 20 3" "9 1 8 1 9 2" "3 0 3 0 14 4" "1 0 2 1 8 5" "6 1 4 0 12 2"; do
  set -- $kinds
  for folds in "1 1 1 1" "2 3 1 5" "3 2 4 1" "7 4 3 3"; do
    read -r pe simd sf nf <<<"$folds"
    for bits in "1'b0 1'b0" "1'b1 1'b1"; do
      read -r stationary register <<<"$bits"
      lint nib_mvu -GPe=$pe -GSimd=$simd -GSf=$sf -GNf=$nf -GInW=$1 -GInKind=$2 -GWgtW=$3 \
        -GWgtKind=$4 -GAccW=$5 "-GInputStationary=$stationary" "-GProductReg=$register" \
        "-GDsp=1'b1" -GPack=$6 -GDepth=5
    done
  done
done
# Rows Columns Fold KernelY KernelX.
for pool in "1 1 1 1 1" "4 4 2 2 2" "5 7 1 2 3" "8 8 4 8 8" "3 9 2 1 4"; do
  set -- $pool
  lint nib_pool -GLanes=2 -GInW=4 "-GInSigned=1'b1" "-GSum=1'b0" -GOutW=4 -GRows=$1 -GColumns=$2 \
    -GFold=$3 -GKernelY=$4 -GKernelX=$5 -GDepth=2
  lint nib_pool -GLanes=1 -GInW=1 "-GInSigned=1'b0" "-GSum=1'b1" -GOutW=9 -GRows=$1 -GColumns=$2 \
    -GFold=$3 -GKernelY=$4 -GKernelX=$5 -GDepth=2
done
for sign in "1'b0" "1'b1"; do
  for fold in 1 3; do
    lint nib_stream_threshold -GLanes=2 -GFold=$fold -GLevels=3 -GInW=5 "-GInSigned=$sign" \
      -GOutW=2 "-GHitReg=$sign" -GDepth=4
    lint nib_stream_threshold -GLanes=1 -GFold=$fold -GLevels=1 -GInW=1 "-GInSigned=$sign" \
      -GOutW=4 -GOffset=-3 "-GInline=1'b0" '-GFile="table.mem"' -GDepth=4
    # InW FactorW BiasW Shift OutW
    for scale in "9 6 12 4 4" "9 6 2 0 2" "2 1 20 7 8" "24 18 40 20 8" "9 0 12 4 4" "3 0 1 0 6"; do
      set -- $scale
      lint nib_stream_scale -GLanes=2 -GFold=$fold -GInW=$1 "-GInSigned=$sign" -GFactorW=$2 \
        -GBiasW=$3 -GShift=$4 -GOutW=$5 "-GOutSigned=$sign" -GDepth=6
    done
    # Shift HalfEven OutW OutSigned Low High
    for scale in "5 1 4 1 -7 7" "1 1 1 0 0 0" "0 0 4 1 -7 -1" "3 1 31 0 3 7" "3 1 1 1 -1 0"; do
      set -- $scale
      for limited in "1'b0" "1'b1"; do
        lint nib_stream_scale -GLanes=2 -GFold=$fold -GInW=9 "-GInSigned=$sign" -GFactorW=4 \
          -GBiasW=7 -GShift=$1 "-GHalfEven=1'b$2" -GOutW=$3 "-GOutSigned=1'b$4" \
          "-GLimited=$limited" "-GLow=$5" "-GHigh=$6" -GDepth=6
      done
    done
  done
  for table in "1 1" "1 9" "5 2" "9 4"; do
    set -- $table
    lint nib_stream_table -GLanes=3 -GInW=$1 -GOutW=$2 -GDepth=4
    lint nib_stream_table -GLanes=1 -GInW=$1 -GOutW=$2 -GRomStyle=2 "-GInline=1'b0" \
      '-GFile="table.mem"' -GDepth=4
  done
  for classes in "1 1" "10 1" "10 4" "3 8"; do
    set -- $classes
    lint nib_argmax -GClasses=$1 -GLanes=$2 -GInW=3 "-GInSigned=$sign" -GDepth=2
  done
done
# In Out Width Fills
for reorder in "1 1 1 0" "1 3 9 1" "5 8 1 1" "64 3 12 0" "300 2 3 1"; do
  set -- $reorder
  lint nib_reorder -GIn=$1 -GOut=$2 -GWidth=$3 "-GFills=1'b$4" -GDepth=4
  lint nib_reorder -GIn=$1 -GOut=$2 -GWidth=$3 "-GFills=1'b$4" -GDepth=4 "-GInline=1'b0" \
    '-GFile="table.mem"'
done
for upsample in "1 1 1 1" "4 2 2 3" "8 1 1 2"; do
  set -- $upsample
  lint nib_upsample -GWidth=3 -GColumns=$1 -GFold=$2 -GFactorY=$3 -GFactorX=$4 -GDepth=3
done
for width in 1 8 9; do
  lint nib_axis_in -GWidth=$width -GFrame=$width
  lint nib_axis_out -GWidth=$width -GFrame=$width
done

refuse nib_outq "Depth must be at least 1" -GWidth=8 -GDepth=0 -GLat=0
refuse nib_outq "Storage must be 0 to 4" -GWidth=8 -GDepth=4 -GLat=0 -GStorage=5
refuse nib_boundary "Width must be at least 1" -GWidth=0
refuse nib_threshold "Latency must be 0, 1 or 2" -GChannels=1 -GLevels=1 -GInW=1 \
  "-GInSigned=1'b0" -GOutW=1 -GLatency=3 "-GThresholds=2'h1"
refuse nib_threshold "must ascend" -GChannels=1 -GLevels=2 -GInW=2 "-GInSigned=1'b0" \
  -GOutW=3 "-GThresholds=6'b000001"

refuse nib_window "smaller than the kernel" -GWidth=1 -GRows=4 -GColumns=4 -GFold=1 -GKernelY=2 \
  -GKernelX=2 -GPadTop=2 -GWords=4 -GDepth=1
refuse nib_window "fit into the padded frame" -GWidth=1 -GRows=2 -GColumns=4 -GFold=1 -GKernelY=3 \
  -GKernelX=2 -GWords=4 -GDepth=1
refuse nib_patch "fit into the padded frame" -GWidth=1 -GRows=2 -GColumns=4 -GKernelY=3 \
  -GKernelX=2 -GDepth=1
refuse nib_mvu "bipolar values have one bit" -GPe=1 -GSimd=1 -GSf=1 -GNf=1 -GInW=2 -GInKind=2 \
  -GWgtW=1 -GWgtKind=2 -GAccW=2 -GDepth=1
refuse nib_mac "inputs are packed" -GPe=2 -GSimd=1 -GTerms=1 -GInW=2 -GInKind=0 -GWgtW=2 \
  -GWgtKind=1 -GAccW=8 "-GDsp=1'b1" -GPack=2
refuse nib_mac "inputs are packed" -GPe=2 -GSimd=1 -GTerms=1 -GInW=2 -GInKind=0 -GWgtW=2 \
  -GWgtKind=1 -GAccW=8 "-GShared=1'b1" -GPack=2
refuse nib_sum_tree "less than the levels" -GWords=4 -GWidth=3 "-GSigned=1'b0" -GOutW=5 -GRegs=2
refuse nib_pool "hold the result" -GLanes=1 -GInW=4 "-GInSigned=1'b0" "-GSum=1'b0" -GOutW=5 \
  -GRows=2 -GColumns=2 -GFold=1 -GKernelY=1 -GKernelX=1 -GDepth=1
refuse nib_stream_threshold "do not hold Offset" -GLanes=1 -GFold=1 -GLevels=4 -GInW=3 \
  "-GInSigned=1'b0" -GOutW=2 -GDepth=1

echo "$runs lint runs, $faults faults"
[ "$faults" -eq 0 ] && [ "$runs" -gt 300 ]
