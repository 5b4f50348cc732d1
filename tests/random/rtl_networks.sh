#!/usr/bin/env bash
# Random networks of every dialect through the command: each is built with random options, linted,
# simulated against golden and proven. Everything comes from the seeds FIRST .. FIRST + COUNT - 1.
#   rtl_networks.sh NIB TEST_RANDOM WORK_FOLDER FIRST COUNT [streaming]
# streaming: folded, with stalls and resets in place of the proof.
# A network may be refused, for the reasons below; "unproven" is one whose proof says that it does
# not reach so far, and nothing else. Any other outcome is a fault; its folder is kept.
set -uo pipefail
nib=$1 generator=$2 work=$3 first=$4 count=$5 style=${6-unrolled}
may_refuse='E0309|E0502|E0503|E0505|E0703|E0704'
checks=(--random 300 --prove)
[ "$style" = unrolled ] || { may_refuse+='|E0706' checks=(--random 60); }
mkdir -p "$work"
equal=0 refused=0 unproven=0 faults=0

# Prints options that depend on the seed alone.
options() {
  RANDOM=$(($1 % 32768))
  if [ "$style" = streaming ]; then
    ((RANDOM % 2 == 0)) && echo -n "--target xc7a100t-1 "
    ((RANDOM % 3 == 0)) && echo -n "--objective interval "
    ((RANDOM % 3 == 0)) && echo -n "--budget lut=$((RANDOM % 3000 + 300)) "
    ((RANDOM % 3 == 0)) && echo -n "--budget port-bits=$((RANDOM % 60 + 1)) "
    echo "--style streaming"
    return
  fi
  case $((RANDOM % 3)) in
    0) echo -n "--latency $((RANDOM % 6 + 1)) " ;;
    1) echo -n "--clock-mhz $((RANDOM % 5 * 80 + 100)) " ;;
  esac
  case $((RANDOM % 4)) in
    0) echo -n "--target xc7a100t-1 " ;;
    1) echo -n "--target xc7z020-1 " ;;
  esac
  ((RANDOM % 4 == 0)) && echo -n "--input-register "
  ((RANDOM % 4 == 0)) && echo -n "--output-register "
  ((RANDOM % 5 == 0)) && echo -n "--reset "
  ((RANDOM % 8 == 0)) && echo -n "--wrap axis "
  ((RANDOM % 4 == 0)) && echo -n "--depth-excess $((RANDOM % 3 - 1)) "
  echo "--style unrolled"
}

for ((seed = first; seed < first + count; ++seed)); do
  NIB_RANDOM_ONLY=$seed NIB_RANDOM_FOLDER=$work "$generator" --test-case="random networks*" \
    >"$work/generator.log" 2>&1
  model=$work/random_$seed.onnx out=$work/out_$seed log=$work/log_$seed
  read -r -a arguments <<<"$(cat "$work/random_$seed.args") $(options "$seed")"
  if ! "$nib" build "$model" -o "$out" --force "${arguments[@]}" >"$log" 2>&1; then
    if grep -qE "error ($may_refuse)" "$log"; then
      refused=$((refused + 1))
    else
      faults=$((faults + 1))
      echo "network $seed ${arguments[*]}: $(grep -m 1 -E 'error|fault' "$log" || tail -n 1 "$log")"
      continue
    fi
  elif "$nib" verify "$out" "${checks[@]}" >"$log" 2>&1; then
    equal=$((equal + 1))
  elif [ "$(grep -c '^FAIL' "$log")" = 1 ] && grep -q '^FAIL  prove: .*not provable' "$log"; then
    unproven=$((unproven + 1))
    echo "network $seed: $(grep -m 1 '^FAIL' "$log" | cut -c 1-160)"
  else
    faults=$((faults + 1))
    echo "network $seed ${arguments[*]}: $(grep -m 1 -E '^FAIL|error' "$log" || tail -n 1 "$log")"
    continue
  fi
  rm -rf "$out" "$model" "$work/random_$seed.args" "$log"
done
echo "$count networks, $style: $equal equal (unrolled: and proven), $unproven equal and unproven," \
  "$refused refused, $faults faults"
[ "$faults" -eq 0 ]
