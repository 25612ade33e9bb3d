#!/usr/bin/env bash
# The Python package in a fresh virtual environment: scripts/python.sh fetch|test DIR. `fetch` makes the environment DIR with what the tests
# need; `test` does so where it is not there, installs the package as a user does, from the release build, and runs its tests with the command
# line of that build.
set -euo pipefail
environment=$(realpath -m "$2")
cd "$(dirname "$0")/.."
if [ ! -x "$environment/bin/pytest" ]; then
  python3 -m venv "$environment"
  "$environment/bin/pip" install -q 'maturin>=1.9,<2' numpy scipy control matplotlib tqdm pytest mypy distributed nbclient nbformat ipykernel
fi
[ "$1" = test ] || exit 0
export PATH="$environment/bin:$PATH"
# Without an isolation of its own: maturin is there, and what it compiles is what the other steps have compiled, as far as it is the same.
"$environment/bin/pip" install -q --no-deps --no-build-isolation --force-reinstall ./python
cargo build --release --locked --quiet
MPLBACKEND=agg "$environment/bin/pytest" -q python/tests
