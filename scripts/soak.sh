#!/usr/bin/env bash
# The long soak: an hour of tuning each controller (or DURATION, such as 10m), live bytes and pages watched; four hours in all, unless
# --controllers names fewer. Results are written after each. Exit code 1 when a byte is kept.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo run --release --locked -- audit --soak "${1:-1h}" --output "outputs/soak" "${@:2}"
