#!/usr/bin/env bash
# Breaks one rule at a time in a copy of the library; the comparison must notice each.
#   rtl_mutants.sh PROGRAMS LIBRARY BENCH RUNTIME SEED DESIGNS ROUNDS CYCLES
set -uo pipefail
programs=$1 library=$2 bench=$3 runtime=$4
shift 4
here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
missed=0

# mutant NAME MODULE OLD NEW
mutant() {
  rm -rf "$work/library"
  cp -r "$library" "$work/library"
  local file="$work/library/$2.sv"
  local text
  text=$(<"$file")
  if [ "${text/"$3"/}" = "$text" ]; then
    echo "$1: $2 does not hold \"$3\""
    missed=$((missed + 1))
    return
  fi
  printf '%s\n' "${text/"$3"/"$4"}" >"$file"
  local log
  log=$(bash "$here/batch.sh" "$programs" "$work/library" "$bench" "$runtime" mutated \
    "${run[@]}" 2>&1)
  # It must have run to its end and have found something.
  if ! grep -q "^seed .* [1-9][0-9]* faults" <<<"$log"; then
    echo "$1: not noticed"
    missed=$((missed + 1))
  else
    echo "$1: noticed, $(grep -o "[0-9]* faults" <<<"$log")"
  fi
}

run=("$@")
mutant "words survive a reset" nib_outq "if (rst_i) held_q <= '0;" "if (1'b0) held_q <= '0;"
mutant "room is usable when it is freed" nib_outq "assign space_o = !credits_q[CntW-1];" \
  "assign space_o = !credits_q[CntW-1] || pop;"
mutant "an eager fork" nib_fork "assign in_ready_o = &space;" "assign in_ready_o = |space;"
mutant "a join that is ready too early" nib_add "assign a_ready_o = space && b_valid_i;" \
  "assign a_ready_o = space;"
mutant "steps that make nothing wait for room" nib_mvu \
  "assign in_ready_o = want && (!make || space);" "assign in_ready_o = want && space;"
mutant "padding waits for words" nib_window "(padding || !ahead_q[CntW-1])" "!ahead_q[CntW-1]"
mutant "rows are released too early" nib_window \
  "assign lower = y_q > YW'(EndY - StrideY) || oy_last;" "assign lower = 1'b1;"
mutant "padding that waits for pixels" nib_patch "(!pixel || !first || in_valid_i)" \
  "(!first || in_valid_i)"
mutant "a window that moves between its words" nib_patch "fire && first && !rst_i" \
  "fire && !rst_i"
mutant "lines that keep the padding" nib_patch "pixel ? in_data_i : PadWord" "in_data_i"
mutant "a boundary slice that is ready at power-up" nib_boundary "ready_q = 1'b0;" "ready_q = 1'b1;"
mutant "a sum that is never begun anew" nib_mvu "first_q <= sf_q == '0;" "first_q <= step_q == '0;"
mutant "a clamp too low" nib_stream_scale "if (over) code = OutSigned ? OutMax >> 1 : OutMax;" \
  "if (over) code = '0;"
mutant "a table one entry off" nib_stream_table ".addr_i(x_q[l*InW +: InW])" \
  ".addr_i(x_q[l*InW +: InW] + InW'(1))"
run=(23 "${@:2}")  # matrices by digits
mutant "digits that go on without a step" nib_const_mvu "if (fire) x_q" "if (1'b1) x_q"
mutant "signed elements that stay too great" nib_const_mvu "assign start = Start[r*AccW +: AccW];" \
  "assign start = '0;"
run=(25 "${@:2}")  # multipliers of several outputs
mutant "fields of a multiplier that keep what they took" nib_mac "= product[l*FieldW-1];" "= 1'b0;"
echo "$missed missed"
[ "$missed" -eq 0 ]
