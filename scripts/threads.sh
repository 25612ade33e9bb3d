#!/usr/bin/env bash
# The tests of what threads share under ThreadSanitizer: the queue of jobs, the records, the meter, the evaluator and its recovery from a
# panic, checkpoints and signals, and the loading of compiled code.
#   scripts/threads.sh [FILTER of tests ...]
# By hand: std itself is built for it, from the component rust-src, which takes minutes the first time. RUSTC_BOOTSTRAP=1 lets a stable
# compiler do that. What a C compiler makes, machine code and plug-ins, is not watched. A race is told with both stacks and fails.
set -euo pipefail
cd "$(dirname "$0")/.."
host=$(rustc -vV | sed -n 's/^host: //p')
if [ -z "$(find "$(rustc --print target-libdir)" -name '*tsan*' -print -quit)" ]; then
  echo "skipped: this toolchain has no ThreadSanitizer for $host"
  exit 0
fi
[ -d "$(rustc --print sysroot)/lib/rustlib/src/rust/library" ] || rustup component add rust-src
[ $# -gt 0 ] || set -- engine:: determinism:: constraints:: resume:: plugins:: native::

export RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=thread -Cdebuginfo=line-tables-only"
build=(--profile sanitized --locked --package gainswarm --target "$host" --target-dir "${CARGO_TARGET_DIR:-target}/threads" -Zbuild-std)
# Races are told and counted; the first does not end a test.
export TSAN_OPTIONS="halt_on_error=0:exitcode=66:second_deadlock_stack=1:suppressions=$PWD/scripts/threads.txt"
cargo test "${build[@]}" --test main -- --test-threads 1 "$@"
cargo test "${build[@]}" --test zero_allocation
