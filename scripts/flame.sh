#!/usr/bin/env bash
# Writes a flame graph of a tuning as SVG: where a core's time goes, by function, with what was inlined.
#   scripts/flame.sh [OUT.svg [CONFIG [OPTIONS of tune ...]]]
# It samples one thread with Linux perf, which must be there; inferno draws, and is installed into target/tools where it is not there.
# The program is built for it, with frame pointers and line tables. Where perf may not sample: sysctl kernel.perf_event_paranoid=1.
set -euo pipefail
cd "$(dirname "$0")/.."
svg=${1:-flame.svg}
config=${2:-configs/classical.toml}
target=${CARGO_TARGET_DIR:-target}
export PATH="$PWD/$target/tools/bin:$PATH"

command -v perf >/dev/null || { echo "error: there is no perf; on Debian: apt-get install linux-perf" >&2; exit 1; }
command -v inferno-flamegraph >/dev/null || cargo install inferno --locked --quiet --root "$target/tools"

CARGO_PROFILE_RELEASE_DEBUG=line-tables-only RUSTFLAGS="-Cforce-frame-pointers=yes" \
  cargo build --release --locked --quiet --target-dir "$target/flame"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
perf record --quiet --event cpu-clock --freq 997 --call-graph fp --output "$work/perf.data" -- \
  "$target/flame/release/gainswarm" tune "$config" --threads 1 --output "$work/out" --quiet "${@:3}"
perf script --input "$work/perf.data" 2>/dev/null | inferno-collapse-perf >"$work/stacks" 2>/dev/null
inferno-flamegraph --title "gainswarm tune $config ${*:3}" --subtitle "one thread; width is a share of its time" --minwidth 0.2 \
  <"$work/stacks" >"$svg"
echo "$svg: $(awk '{ n += $NF } END { print n }' "$work/stacks") samples"
