#!/usr/bin/env bash
# Two things that need a build of their own, which they share:
# - the allocation tests under AddressSanitizer with leak detection;
# - fuzzing of what reads models and configs, from the shipped ones and the words of fuzz/words.dict, for SECONDS:
#     scripts/sanitize.sh [SECONDS]
#   A panic, 10 s for an input or more than 2 GiB fail, and the input is shown; it stays in fuzz/artifacts/.
# RUSTC_BOOTSTRAP=1 lets a stable compiler have AddressSanitizer. Without its runtime, texts are fuzzed all the same; without a C++
# compiler all is skipped with a line.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-10}
host=$(rustc -vV | sed -n 's/^host: //p')

if ! command -v "${CXX:-c++}" >/dev/null; then
  echo "skipped: libFuzzer needs a C++ compiler"
  exit 0
fi
# The coverage that libFuzzer steers by; the same flags as cargo-fuzz has.
flags="-Cpasses=sancov-module"
for option in level=4 inline-8bit-counters pc-table; do
  flags+=" -Cllvm-args=-sanitizer-coverage-$option"
done
if [ -n "$(find "$(rustc --print target-libdir)" -name '*asan*' -print -quit)" ]; then
  export RUSTC_BOOTSTRAP=1
  # A test asks for more memory than there is and wants null for it.
  export ASAN_OPTIONS="detect_leaks=1:allocator_may_return_null=1"
  flags+=" -Zsanitizer=address"
else
  echo "not sanitized: this toolchain has no AddressSanitizer for $host"
fi
build=(--profile sanitized --locked --package gainswarm-fuzz --target "$host" --target-dir "${CARGO_TARGET_DIR:-target}/fuzz")
export RUSTFLAGS="$flags"
cargo test "${build[@]}" --no-run
bin="${CARGO_TARGET_DIR:-target}/fuzz/$host/sanitized"

work=$(mktemp -d)
trap 'rm -rf "$work"; kill $(jobs -p) 2>/dev/null || true' EXIT

# One target on its texts, in the background, since it takes one core.
fuzz() {
  local target=$1 status=0
  mkdir -p "fuzz/artifacts/$target"
  touch "$work/$target.start"
  # Nothing to read from: a config may say `file = "/dev/stdin"`.
  "$bin/$target" "$work/$target" -artifact_prefix="fuzz/artifacts/$target/" -dict=fuzz/words.dict -max_total_time="$seconds" \
    -timeout=10 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 </dev/null >"$work/$target.log" 2>&1 || status=$?
  if [ "$status" != 0 ]; then
    tail -n 60 "$work/$target.log"
    find "fuzz/artifacts/$target" -type f -newer "$work/$target.start" | while read -r input; do
      echo "== $target: this input, $input, fails:"
      cat -v "$input"
      echo
    done
    return 1
  fi
  echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$target.log") inputs, no panic"
}

mkdir "$work/model" "$work/config"
for text in models/*/*.toml; do cp "$text" "$work/model/${text//\//-}"; done
find configs -name '*.toml' | while read -r text; do cp "$text" "$work/config/${text//\//-}"; done
fuzz model & model=$!
fuzz config & config=$!
wait "$model"
wait "$config"
cargo test "${build[@]}" --test zero_allocation
