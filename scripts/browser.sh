#!/usr/bin/env bash
# Looks at the reports of two real tunings in a real browser (tests/browser/report.py): a pendulum, and a motor under a PID, with all that is told of a set
# point and of the loop. A report that is wrong must be found. With a directory it leaves screenshots there, those of the motor in its folder `pid`. Skipped with a line where Chromium cannot be installed.
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
look() {
  "$work/venv/bin/python" tests/browser/report.py "$@"
}
"$gainswarm" tune configs/dc_motor_pid.toml --quiet --output "$work/pid"
"$gainswarm" sensitivity "$work/pid" >/dev/null 2>&1
"$gainswarm" validate configs/dc_motor_pid.toml --gains "$work/pid/gains.csv" --samples 100 --quiet --report --output "$work/pid"
look "$work/pid/report.html" "$work/pid/gains.csv" ${1:+"$1/pid"} >"$work/pid.txt" 2>&1 &
pid=$!
look "$work/out/report.html" "$work/out/gains.csv" "$@"
wait "$pid" || { echo "the report of the motor:"; cat "$work/pid.txt"; exit 1; }
sed 's/$/, motor/' "$work/pid.txt"
# A gain that is off in its last digit, and a plot without its curves.
sed 's/data-value="\([0-9.]*\)[0-8]"/data-value="\19"/; s/<polyline/<g/g' "$work/out/report.html" >"$work/wrong.html"
if look "$work/wrong.html" "$work/out/gains.csv" >"$work/wrong.txt" 2>&1; then
  echo "a wrong report was not found"; exit 1
fi
grep -q "FAIL.*plots show something" "$work/wrong.txt" && grep -q "FAIL.*gains are those of" "$work/wrong.txt"
