#!/usr/bin/env bash
# Tunes, validates and compares over the ranks of an MPI job, built with the feature `mpi`: the bytes of one process at any number of ranks and threads,
# and again after a rank was killed. scripts/mpi.sh DIR
set -euo pipefail
command -v mpirun >/dev/null && command -v mpicc >/dev/null || { echo "skipped: Open MPI cannot be installed here"; exit 0; }
mkdir -p "$1"
room=$(realpath "$1")
cd "$(dirname "$0")/.."
cargo clippy --locked --features mpi -- -D warnings
cargo build --release --locked --features mpi
# The next build without the feature takes its place.
cp "${CARGO_TARGET_DIR:-target}/release/gainswarm" "$room/gainswarm"
gainswarm=$room/gainswarm
configs=$PWD/configs
cd "$room"

ranks() { # their number, and a command
  timeout 120 mpirun -q --allow-run-as-root --oversubscribe -n "$1" "$gainswarm" "${@:2}"
}
# What does not tell of times or of the machine.
facts() {
  python3 - "$1" <<'PYTHON'
import csv, sys
times = {"wall_s", "simulations_per_s", "ns_per_control_step", "threads", "simd"}
for row in csv.DictReader(open(f"{sys.argv[1]}/summary.csv")):
    print({key: value for key, value in row.items() if key not in times})
PYTHON
}
same_tuning() { # two directories
  for file in gains.csv convergence.csv; do cmp "$1/$file" "$2/$file"; done
  [ ! -f "$1/pareto.csv" ] || cmp "$1/pareto.csv" "$2/pareto.csv"
  diff <(facts "$1") <(facts "$2")
}

# Coarse first; more jobs than fill the lanes of five threads. And several objectives.
study=("$configs/robust_classical.toml" --particles 24)
two_costs=("$configs/dc_motor_trade_off.toml" --particles 160 --evaluations 640)
"$gainswarm" tune "${study[@]}" --evaluations 480 --quiet --output alone
"$gainswarm" tune "${two_costs[@]}" --quiet --output trade_off
for n in 1 2 3 5; do
  for threads in 1 2; do
    ranks $n tune "${study[@]}" --evaluations 480 --threads $threads --quiet --output "tuned-$n-$threads"
    same_tuning alone "tuned-$n-$threads"
  done
done
ranks 3 tune "${two_costs[@]}" --threads 1 --quiet --output trade_off-3
same_tuning trade_off trade_off-3
ranks 3 tune "${study[@]}" --evaluations 480 --threads 1 --backend native --quiet --output native
same_tuning alone native
echo "tuned: the same bytes over 1, 2, 3 and 5 ranks"

gains=alone/gains.csv
"$gainswarm" validate "$configs/robust_classical.toml" --gains $gains --samples 2000 --quiet --output validated
for n in 2 5; do
  ranks $n validate "$configs/robust_classical.toml" --gains $gains --samples 2000 --threads 1 --quiet --output "validated-$n"
  for file in validation.csv validation.json; do cmp "validated/$file" "validated-$n/$file"; done
done
echo "validated: the same bytes"

printf 'studies = ["%s/classical.toml", "%s/dc_motor_pid.toml"]\n[grid]\nseed = [1, 2]\n' "$configs" "$configs" >batch.toml
"$gainswarm" batch batch.toml --evaluations 300 --quiet --output batch
ranks 2 batch batch.toml --evaluations 300 --threads 1 --quiet --output batch-2
cmp batch/gains.csv batch-2/gains.csv
ranks 2 batch batch.toml --evaluations 300 --threads 1 --quiet --shard auto --output batch-shards
"$gainswarm" merge batch-shards --quiet
cmp batch/gains.csv batch-shards/gains.csv
two=("$configs/classical.toml" "$configs/super_twisting.toml")
"$gainswarm" compare "${two[@]}" --evaluations 300 --quiet --output compared
ranks 2 compare "${two[@]}" --evaluations 300 --threads 1 --quiet --output compared-2
for name in classical super_twisting; do same_tuning "compared/$name" "compared-2/$name"; done
echo "batch and compare: the same bytes, and so with a shard a rank"

# An error is told once, with its exit code, and a command that has nothing to share runs on rank 0 alone.
code=0
ranks 3 tune missing.toml 2>error.txt || code=$?
[ "$code" = 2 ]
[ "$(grep -c '^error: missing.toml' error.txt)" = 1 ]
[ "$(ranks 3 --version | wc -l)" = 1 ]

# A rank that is killed ends the run; it goes on from its checkpoint.
for rank in 1 0; do
  mpirun -q --allow-run-as-root --oversubscribe -n 3 "$gainswarm" tune "${study[@]}" --evaluations 1000000 --threads 1 \
    --checkpoint-every 1 --quiet --output "killed-$rank" >killed.txt 2>&1 &
  job=$!
  for _ in $(seq 600); do [ -s "killed-$rank/checkpoint.bin" ] && break; sleep 0.05; done
  for process in /proc/[0-9]*; do
    if grep -qzx "OMPI_COMM_WORLD_RANK=$rank" "$process/environ" 2>/dev/null && grep -qzx "killed-$rank" "$process/cmdline"; then
      kill -9 "${process#/proc/}"
    fi
  done
  code=0
  wait $job || code=$?
  [ "$code" = 137 ]
  [ ! -e "killed-$rank/gains.csv" ]
done
ranks 2 tune "${study[@]}" --evaluations 1000000 --generations 30 --threads 1 --resume --quiet --output killed-1
"$gainswarm" tune "${study[@]}" --evaluations 1000000 --generations 30 --resume --quiet --output killed-0
"$gainswarm" tune "${study[@]}" --evaluations 1000000 --generations 30 --quiet --output unbroken
for rank in 0 1; do same_tuning unbroken "killed-$rank"; done
echo "killed and resumed: the same bytes"

# SIGTERM ends it after a generation.
mpirun -q --allow-run-as-root --oversubscribe -n 3 "$gainswarm" tune "${study[@]}" --evaluations 1000000 --threads 1 --quiet --output stopped &
job=$!
for _ in $(seq 600); do [ -s stopped/checkpoint.bin ] && break; sleep 0.05; done
kill -TERM $job
code=0
wait $job || code=$?
[ "$code" -ne 0 ]
[ -s stopped/gains.csv ]
echo "interrupted: results so far"
