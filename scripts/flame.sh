#!/usr/bin/env bash
# Writes a flame graph of a tuning as SVG: where the time of one thread goes, by function.
#   scripts/flame.sh [OUT.svg [CONFIG [OPTIONS of tune ...]]]
# Linux perf samples and must be there; inferno draws, and is installed into target/tools where it is not there. Functions of rayon and std
# are left out, and what was inlined is in its caller: a program over lanes is one function, `vectorize_…`, and machine code another,
# `gainswarm_step_…`. GAINSWARM is the program, by default the release build.
set -euo pipefail
cd "$(dirname "$0")/.."
svg=${1:-flame.svg}
config=${2:-configs/classical.toml}
target=${CARGO_TARGET_DIR:-target}
gainswarm=${GAINSWARM:-$target/release/gainswarm}
export PATH="$PWD/$target/tools/bin:$PATH"

command -v perf >/dev/null || { echo "error: there is no perf; on Debian: apt-get install linux-perf" >&2; exit 1; }
command -v inferno-flamegraph >/dev/null || cargo install inferno --locked --quiet --root "$target/tools"
[ -n "${GAINSWARM:-}" ] || cargo build --release --locked --quiet

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Stacks are unwound by the tables that every program has for panics, so that no build of its own is needed.
perf record --quiet --event cpu-clock --freq 199 --call-graph dwarf,16384 --output "$work/perf.data" -- \
  "$gainswarm" tune "$config" --threads 1 --output "$work/out" --quiet "${@:3}"
perf script --no-inline --input "$work/perf.data" 2>/dev/null | inferno-collapse-perf 2>/dev/null | awk '{
  count = $NF
  sub(/ [0-9]+$/, "")
  gsub(/;(<*&?(std|core|alloc|rayon|rayon_core)(::|>)|__rust|__libc|_start|clone3|start_thread|\[unknown\])[^;]*/, "")
  print $0, count
}' >"$work/stacks"
inferno-flamegraph --title "gainswarm tune $config ${*:3}" --subtitle "one thread; a width is a share of its time" --minwidth 0.1 --countname ns \
  <"$work/stacks" >"$svg"
echo "$svg: $(wc -l <"$work/stacks") stacks"
