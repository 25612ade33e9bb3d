#!/usr/bin/env bash
# Fuzzes what reads models and configs, from the shipped ones and the words of fuzz/words.dict, for SECONDS each:
#   scripts/fuzz.sh [SECONDS]
# A panic, 10 s for an input or more than 2 GiB fail, and the input is shown; it stays in fuzz/artifacts/. cargo-fuzz is installed
# into the target directory where there is none. No sanitizer, and so any toolchain: there is no `unsafe` to watch here. Skipped with
# a line where the machine cannot.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-30}
built="${CARGO_TARGET_DIR:-target}/fuzz"
export PATH="$PWD/$built/tool/bin:$built/tool/bin:$PATH"

if ! command -v "${CXX:-c++}" >/dev/null; then
  echo "skipped: libFuzzer needs a C++ compiler"
  exit 0
fi
if ! cargo fuzz --version >/dev/null 2>&1 &&
  ! cargo install cargo-fuzz@0.13.2 --locked --debug --quiet --root "$built/tool"; then
  echo "skipped: cargo-fuzz cannot be installed here"
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/model" "$work/config"
for text in models/*/*.toml; do cp "$text" "$work/model/${text//\//-}"; done
find configs -name '*.toml' | while read -r text; do cp "$text" "$work/config/${text//\//-}"; done

options=(--sanitizer none --codegen-units 16 --target-dir "$built")
cargo fuzz build "${options[@]}"
for target in model config; do
  touch "$work/start"
  # Nothing to read from: a config may say `file = "/dev/stdin"`.
  if ! cargo fuzz run "${options[@]}" "$target" "$work/$target" -- -dict=fuzz/words.dict -max_total_time="$seconds" \
    -timeout=10 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 </dev/null >"$work/log" 2>&1; then
    tail -n 60 "$work/log"
    find "fuzz/artifacts/$target" -type f -newer "$work/start" | while read -r input; do
      echo "== $target: this input, $input, fails:"
      cat -v "$input"
      echo
    done
    exit 1
  fi
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
  echo "$target: ${runs:-no} inputs, no panic"
done
