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

refuse nib_outq "Depth must be at least 1" -GWidth=8 -GDepth=0 -GLat=0
refuse nib_outq "Storage must be 0 to 4" -GWidth=8 -GDepth=4 -GLat=0 -GStorage=5
refuse nib_boundary "Width must be at least 1" -GWidth=0
refuse nib_threshold "Latency must be 0, 1 or 2" -GChannels=1 -GLevels=1 -GInW=1 \
  "-GInSigned=1'b0" -GOutW=1 -GLatency=3 "-GThresholds=2'h1"
refuse nib_threshold "must ascend" -GChannels=1 -GLevels=2 -GInW=2 "-GInSigned=1'b0" \
  -GOutW=3 "-GThresholds=6'b000001"

echo "$runs lint runs, $faults faults"
[ "$faults" -eq 0 ] && [ "$runs" -gt 50 ]
