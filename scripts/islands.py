#!/usr/bin/env python3
"""Islands, swarms that exchange their bests, against one swarm, a larger one and swarms apart: docs/swarm.md.

The islands are a prototype that was not taken. To build it in a clone:

    git checkout c6dcb28 && git apply scripts/islands.patch && cargo build --release --example islands
    pip install ioh numpy
    scripts/islands.py bbob target/release/examples/islands 5 1-5      # dimension, instances
    scripts/islands.py study target/release/examples/islands configs/two_tanks_pi.toml 600 20      # evaluations, seeds

bbob: the share of 51 targets, 10^2 ... 10^-8 above the optimum, on the 24 noiseless BBOB functions by numbers of evaluations.
study: the best cost after these evaluations and after WORKERS times as many: median and 90 % quantile over the seeds.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

WORKERS = 4
TARGETS = np.logspace(2, -8, 51)
# Swarms, generations from one exchange to the next (0: never), how many times the usual particles each has.
VARIANTS = {
    "one swarm, restarts": (1, 0, 1),
    "one large swarm": (1, 0, WORKERS),
    "apart": (WORKERS, 0, 1),
    "exchange every 5": (WORKERS, 5, 1),
    "exchange every 20": (WORKERS, 20, 1),
    "exchange every 50": (WORKERS, 50, 1),
    "exchange every 100": (WORKERS, 100, 1),
}


def reached(binary, problem, dim, seed, variant, budget):
    """The evaluation at which each target falls."""
    axes = "".join(f'[[parameters]]\nname = "x{i}"\nlower = -5.0\nupper = 5.0\n' for i in range(dim))
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "swarm.toml"
        config.write_text(f"seed = {seed}\n[swarm.stopping]\nevaluations = {budget}\n{axes}")
        islands = subprocess.Popen([binary, "pipe", config, *map(str, variant), "0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        done, best, hit = 0, np.inf, np.full(len(TARGETS), np.inf)
        while done < budget and best > TARGETS[-1]:
            costs = problem(json.loads(islands.stdout.readline()))
            run = np.minimum.accumulate(np.minimum(np.array(costs) - problem.optimum.y, best))
            for target in np.flatnonzero((TARGETS >= run[-1]) & ~np.isfinite(hit)):
                hit[target] = done + 1 + int(np.argmax(run <= TARGETS[target]))
            done, best = done + len(costs), run[-1]
            islands.stdin.write(json.dumps(list(costs)) + "\n")
            islands.stdin.flush()
        islands.stdin.close()
        islands.wait()
    return hit


def bbob(binary, dim, instances):
    import ioh

    first, last = (int(instance) for instance in instances.split("-"))
    dim, shares = int(dim), (100, 250, 500, 1000, 2000, 4000)
    for name, variant in VARIANTS.items():
        hits = [
            reached(binary, ioh.get_problem(function, instance, dim, ioh.ProblemClass.BBOB), dim, instance, variant, WORKERS * 1000 * dim)
            for function in range(1, 25)
            for instance in range(first, last + 1)
        ]
        print(f"d={dim} {name:<20}", "  ".join(f"{share} d {np.mean(np.array(hits) <= share * dim):.3f}" for share in shares), flush=True)


def study(binary, config, evaluations, seeds):
    budgets = int(evaluations), WORKERS * int(evaluations)
    for name, variant in VARIANTS.items():
        found = []
        for seed in range(1, int(seeds) + 1):
            command = [binary, "study", config, *map(str, variant), "0", str(seed), str(budgets[1])]
            lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
            gains = [(int(at), float(cost)) for at, cost in map(str.split, lines)]
            found.append([min((cost for at, cost in gains if at <= budget), default=np.inf) for budget in budgets])
        for budget, costs in zip(budgets, np.array(found).T):
            print(f"{name:<20} {budget:>6}: median {np.median(costs):.6g}, 90 % {np.quantile(costs, 0.9):.6g}, best {costs.min():.6g}", flush=True)


if len(sys.argv) < 5 or sys.argv[1] not in ("bbob", "study"):
    sys.exit(__doc__)
{"bbob": bbob, "study": study}[sys.argv[1]](*sys.argv[2:])
