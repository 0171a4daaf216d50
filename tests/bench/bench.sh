#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `make bench`: all scenarios, as `make run` runs them, by the clock, then what rundown_bench measures. Prints a table and writes
# build/bench.json. Ends with 69 when something could not be measured, and with 1 when a scenario was not green.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${RUNDOWN_BUILD:-$PWD/build}
ninja -C "$build/host" --quiet rundown_bench

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
echo "bench: all scenarios on e1000, virtio-net and both, idle and under heavy load" >&2
begin=$(date +%s.%N)
status=0
"$build/rundown" run --all --nic e1000,virtio-net,mixed --load idle,heavy --accel tcg --seed 1 --out "$out" >"$out/log" || status=$?
end=$(date +%s.%N)
if ((status != 0)); then
    cat "$out/log" >&2
    echo "bench: the scenarios ended with exit code $status: their time says nothing" >&2
    exit "$status"
fi
seconds=$(awk -v b="$begin" -v e="$end" 'BEGIN { printf "%.1f", e - b }')
RUNDOWN_ASSETS=$build "$build/host/tests/rundown_bench" "$build/bench.json" \
    "--runs=$(echo "$out"/*/report.json)" "all scenarios, both NICs, idle and heavy=$seconds=s=90"
echo "written: $build/bench.json"
