#!/usr/bin/env bash
# The library's unit tests and the allocation tests under AddressSanitizer with leak detection. Sanitizers are not stable yet:
# RUSTC_BOOTSTRAP=1 lets a stable compiler have them. A test asks for more memory than there is and wants null for it. Skipped with a line where the compiler has no such runtime.
set -euo pipefail
cd "$(dirname "$0")/.."
host=$(rustc -vV | sed -n 's/^host: //p')
runtime=$(find "$(rustc --print target-libdir)" -name '*asan*' -print -quit)
if [ -z "$runtime" ]; then
  echo "skipped: this toolchain has no AddressSanitizer for $host"
  exit 0
fi
export RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address" ASAN_OPTIONS="detect_leaks=1:allocator_may_return_null=1"
CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/asan" \
  cargo test --locked --target "$host" --lib --test zero_allocation "$@"
