#!/bin/sh
# Runs one fuzz target: fuzz.sh <folder of the build> <seconds> <target>. Inputs that reach new code are kept below that
# folder for the next run, and so is what makes the target fail.
set -eu
build=$1 seconds=$2 target=$3
here=$(dirname "$0")
[ -x "$build/bin/$target" ] || { echo "$build/bin/$target is missing: ./dev fuzz builds it" >&2; exit 1; }
mkdir -p "$build/corpus/$target" "$build/failures"
log=$build/$target.log
# Inputs that are quick to run are tried more often than those that fill buffers.
if ! "$build/bin/$target" -max_total_time="$seconds" -timeout=25 -entropic_scale_per_exec_time=1 \
  -print_final_stats=1 -dict="$here/json.dict" -artifact_prefix="$build/failures/$target-" \
  "$build/corpus/$target" "$here/corpus/$target" >"$log" 2>&1; then
  tail -n 60 "$log" >&2
  exit 1
fi
echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") executions in $seconds s"
