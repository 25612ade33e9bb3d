#!/usr/bin/env bash
# The tests of what threads share under ThreadSanitizer: the queue of jobs and the records, the meter, the evaluator and its recovery from
# a panic, checkpoints and signals, machine code and compiled plants; also in the programs that tests start. Fails where there is a race.
#   scripts/threads.sh [FILTER of tests ...]
# By hand: std itself is built for it, from the component rust-src, and the first build takes minutes. RUSTC_BOOTSTRAP=1 lets a stable compiler
# do that. What a C compiler makes is not watched. A test that counts allocations or waits for a moment may fail under it: that is told and
# is no race.
set -euo pipefail
cd "$(dirname "$0")/.."
host=$(rustc -vV | sed -n 's/^host: //p')
if [ -z "$(find "$(rustc --print target-libdir)" -name '*tsan*' -print -quit)" ]; then
  echo "skipped: this toolchain has no ThreadSanitizer for $host"
  exit 0
fi
[ -d "$(rustc --print sysroot)/lib/rustlib/src/rust/library/std" ] || rustup component add rust-src
[ $# -gt 0 ] || set -- engine:: determinism:: plugins:: native:: resume::

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=thread -Cdebuginfo=line-tables-only"
test=(cargo test --profile sanitized --locked --package gainswarm --test main --target "$host"
  --target-dir "${CARGO_TARGET_DIR:-target}/thread" -Zbuild-std)
"${test[@]}" --no-run
# A test asks for more memory than there is and wants null for it. Every process writes its reports into a file of its own.
export TSAN_OPTIONS="exitcode=0:second_deadlock_stack=1:allocator_may_return_null=1:log_path=$work/report"
# One test waits for a tuning of many generations, which takes too long under it.
"${test[@]}" -- --test-threads 2 --skip native::a_long_tuning "$@" || echo "some tests fail under ThreadSanitizer; what counts here are its reports"
reports=$(find "$work" -name 'report.*' -exec grep -l 'WARNING: ThreadSanitizer' {} +) || true
[ -z "$reports" ] || { cat $reports; exit 1; }
echo "no race was reported"
