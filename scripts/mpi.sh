#!/usr/bin/env bash
# Tunes, validates and compares over the ranks of an MPI job, built with the feature `mpi`: the bytes of one process at any number of ranks and threads,
# and again after a rank was killed. scripts/mpi.sh DIR, with Open MPI; with MPICH, too:
# CARGO_TARGET_DIR=target/mpich MPICC=mpicc.mpich MPIRUN=mpirun.mpich scripts/mpi.sh DIR
set -euo pipefail
command -v mpirun >/dev/null && command -v mpicc >/dev/null || { echo "skipped: MPI cannot be installed here"; exit 0; }
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

read -ra mpirun <<<"${MPIRUN:-mpirun -q --allow-run-as-root --oversubscribe}"
ranks() { # their number, and a command
  timeout 120 "${mpirun[@]}" -n "$1" "$gainswarm" "${@:2}"
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

# Four studies: over 2 and 5 ranks all are dealt, and over 3 a long one is shared out first.
printf 'studies = ["%s/robust_classical.toml", "%s/dc_motor_pid.toml"]\n[grid]\nseed = [1, 2]\n' "$configs" "$configs" >batch.toml
same_batch() { # two directories
  cmp "$1/gains.csv" "$2/gains.csv"
  diff <(facts "$1") <(facts "$2")
  local each
  for each in "$1"/*/; do same_tuning "$each" "$2/$(basename "$each")"; done
}
"$gainswarm" batch batch.toml --evaluations 200 --quiet --output brief
for n in 1 2 3 5; do
  for threads in 1 2; do
    ranks $n batch batch.toml --evaluations 200 --threads $threads --quiet --output "brief-$n-$threads"
    same_batch brief "brief-$n-$threads"
  done
done
"$gainswarm" batch batch.toml --evaluations 300 --quiet --output batch
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

signal() { # which one, to which rank, which has this word in its command
  for process in /proc/[0-9]*; do
    if grep -qzxE "(OMPI_COMM_WORLD|PMI)_RANK=$2" "$process/environ" 2>/dev/null && grep -qzx "$3" "$process/cmdline"; then
      kill "-$1" "${process#/proc/}"
    fi
  done
}

# A rank that is killed ends the run; it goes on from its checkpoint.
killed() { # which rank, the directory that they write into, a file that is there before, and a command over 3 ranks
  "${mpirun[@]}" -n 3 "$gainswarm" "${@:4}" --threads 1 --checkpoint-every 1 --quiet --output "$2" >killed.txt 2>&1 &
  local job=$! code=0
  for _ in $(seq 600); do [ -s "$2/$3" ] && break; sleep 0.05; done
  signal KILL "$1" "$2"
  wait $job || code=$?
  # Of Open MPI and of MPICH.
  [ "$code" = 137 ] || [ "$code" = 9 ]
}
for rank in 1 0; do
  killed $rank "killed-$rank" checkpoint.bin tune "${study[@]}" --evaluations 1000000
  [ ! -e "killed-$rank/gains.csv" ]
  killed $rank "batch-killed-$rank" robust_classical-seed2/checkpoint.bin batch batch.toml --evaluations 300
  [ "$(ls "batch-killed-$rank"/*/gains.csv 2>/dev/null | wc -l)" -lt 4 ]
  ranks 2 batch batch.toml --evaluations 300 --threads 1 --resume --quiet --output "batch-killed-$rank"
  same_batch batch "batch-killed-$rank"
done
ranks 2 tune "${study[@]}" --evaluations 1000000 --generations 30 --threads 1 --resume --quiet --output killed-1
"$gainswarm" tune "${study[@]}" --evaluations 1000000 --generations 30 --resume --quiet --output killed-0
"$gainswarm" tune "${study[@]}" --evaluations 1000000 --generations 30 --quiet --output unbroken
for rank in 0 1; do same_tuning unbroken "killed-$rank"; done
echo "killed and resumed: the same bytes"

# SIGTERM ends it after a generation.
"${mpirun[@]}" -n 3 "$gainswarm" tune "${study[@]}" --evaluations 1000000 --threads 1 --quiet --output stopped &
job=$!
for _ in $(seq 600); do [ -s stopped/checkpoint.bin ] && break; sleep 0.05; done
kill -TERM $job
code=0
wait $job || code=$?
[ "$code" -ne 0 ]
[ -s stopped/gains.csv ]

# Asked to end, rank 0 calls off what the others have.
"${mpirun[@]}" -n 2 "$gainswarm" batch batch.toml --evaluations 1000000 --threads 1 --quiet --output batch-stopped 2>stopped.txt &
job=$!
for _ in $(seq 600); do [ "$(ls batch-stopped/*/checkpoint.bin 2>/dev/null | wc -l)" = 2 ] && break; sleep 0.05; done
signal TERM 0 batch-stopped
code=0
wait $job || code=$?
[ "$code" = 143 ]
grep -q "interrupted: 0 of 4 studies are done" stopped.txt
[ "$(ls batch-stopped/*/gains.csv | wc -l)" = 2 ]
echo "interrupted: results so far"
