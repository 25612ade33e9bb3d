#!/usr/bin/env bash
# Looks at the report of a real tuning in a real browser (tests/browser/report.py), and at one that is wrong, which must be found.
# With a directory it leaves screenshots there. Skipped with a line where Chromium cannot be installed.
set -euo pipefail
cd "$(dirname "$0")/.."
gainswarm="${GAINSWARM:-${CARGO_TARGET_DIR:-target}/release/gainswarm}"
if ! { command -v chromium && command -v chromedriver; } >/dev/null; then
  { apt-get update -qq && apt-get install -y -qq chromium chromium-driver python3-venv; } >/dev/null 2>&1 || {
    echo "skipped: Chromium cannot be installed here"
    exit 0
  }
fi
export PYTHONDONTWRITEBYTECODE=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check -r tests/browser/requirements.txt
"$gainswarm" tune configs/classical.toml --quiet --output "$work/out"
"$gainswarm" validate configs/classical.toml --gains "$work/out/gains.csv" --samples 200 --quiet --report --output "$work/out"
"$work/venv/bin/python" tests/browser/report.py "$work/out/report.html" "$work/out/gains.csv" "$@"
# A gain that is off in its last digit, and a plot without its curves.
sed 's/data-value="\([0-9.]*\)[0-8]"/data-value="\19"/; s/<polyline/<g/g' "$work/out/report.html" >"$work/wrong.html"
if "$work/venv/bin/python" tests/browser/report.py "$work/wrong.html" "$work/out/gains.csv" >"$work/wrong.txt" 2>&1; then
  echo "a wrong report was not found"; exit 1
fi
grep -q "FAIL.*plots show something" "$work/wrong.txt" && grep -q "FAIL.*gains are those of" "$work/wrong.txt"
