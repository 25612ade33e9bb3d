#!/usr/bin/env bash
# How often the audit is wrong: runs it RUNS times (1000) beside BUSY busy processes (0), then each of the smallest leaks RUNS/10 times.
# Prints how many failed without a leak and how many leaks were found; exit code 1 when any was wrong. Options go to the audit without a leak.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${RUNS:-1000}
gainswarm=${GAINSWARM:-${CARGO_TARGET_DIR:-target}/release/gainswarm}
output=$(mktemp -d)
busy=()
trap 'rm -rf "$output"; [ ${#busy[@]} = 0 ] || kill "${busy[@]}"' EXIT
for _ in $(seq "${BUSY:-0}"); do
  (while :; do :; done) &
  busy+=($!)
done

audit() { "$gainswarm" audit --quick --quiet --output "$output" "$@" 2>>"$output/messages"; }

failed=0
for _ in $(seq "$runs"); do
  audit "$@" || failed=$((failed + 1))
done
echo "without a leak: $failed of $runs failed"
[ "$failed" = 0 ] || sort "$output/messages" | uniq -c
RUNS=$(((runs + 9) / 10)) cargo test --release --locked --quiet --test leaks -- --ignored --nocapture the_smallest_leaks_are_found_every_time
[ "$failed" = 0 ]
