#!/usr/bin/env bash
# Builds the libraries of plugins/examples whose compiler is there, and has each checked and tried: scripts/plugins.sh GAINSWARM DIR
set -euo pipefail
command -v make >/dev/null && command -v cc >/dev/null || { echo "skipped: there is no make or no C compiler"; exit 0; }
gainswarm=$(realpath "$1")
mkdir -p "$2"
room=$(realpath "$2")
cd "$(dirname "$0")/.."
make -s -C plugins/examples OUT="$room"

study() { # name, plant, law and how they are joined
  printf '%s\n[simulation]\ndt = 0.01\nduration = 5.0\n[[scenarios]]\nsignals = { reference = 0.2 }\n[cost.apart]\nunit = "1"\nintegrate = "(%s - 0.2)^2"\n[swarm.stopping]\nevaluations = 100\n' "$2" "$3" >"$room/$1.toml"
  "$gainswarm" check "$room/$1.toml" >/dev/null
  "$gainswarm" tune "$room/$1.toml" --quiet --force --output "$room/$1" >/dev/null
  echo "$1: checked and tuned"
}

tuned=$'[[tune]]\nparameter = "Kp"\nlower = 0.01\nupper = 10.0\n[[tune]]\nparameter = "Ki"\nlower = 0.01\nupper = 10.0'
study double_pendulum $'[plant]\nlibrary = "libdouble_pendulum.so"\n[controller]\ntype = "state_feedback"\nK1 = 10.0\nK2 = -266.0\nK3 = 343.0\nK4 = 14.0\nK5 = 2.7\nK6 = 32.6\n[connect]\nx1 = "x"\nx2 = "theta1"\nx3 = "theta2"\nx4 = "x_dot"\nx5 = "theta1_dot"\nx6 = "theta2_dot"\n[[tune]]\nparameter = "K1"\nlower = 5.0\nupper = 20.0' x
law=$'[controller]\nlibrary = "libpi_law.so"\nu_max = 1.0\n[connect]'
[ ! -f "$room/libvalve.so" ] || study valve $'[plant]\nlibrary = "libvalve.so"\n'"$law"$'\nmeasurement = "level"\ncommand = "u"\n'"$tuned" level
[ ! -f "$room/libmotor.so" ] || study motor $'[plant]\nlibrary = "libmotor.so"\n'"$law"$'\nmeasurement = "omega"\nvoltage = "u"\n'"$tuned" omega
[ ! -f "$room/libtank.so" ] || study tank $'[plant]\nlibrary = "libtank.so"\n'"$law"$'\nmeasurement = "level"\nvoltage = "u"\n'"$tuned" level
