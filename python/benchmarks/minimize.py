"""`gainswarm.minimize` against pyswarms, pymoo's PSO, SciPy's differential evolution and cma on ten functions.

Every function is vectorised, in ten dimensions, with its optimum (value 0) shifted away from the middle of the box. Told are medians over
seeds of the evaluations until a value of 1e-6 is reached, within a budget (``–`` where most runs did not, with how many did), and the time
that a tool takes for an evaluation, and for a call of the function with a generation, beside the function's own. Tools are used as their
documentation says, with their defaults; where a population must be given, it is named in `TOOLS`. Needs pyswarms, pymoo, scipy and cma.

    python minimize.py [--seeds 11] [--budget 20000] [--dimensions 10]
"""

from __future__ import annotations

import argparse
import logging
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import gainswarm as gs
import numpy as np

TARGET = 1e-6


def rosenbrock(x: Any) -> Any:
    z = x + 1
    return (100 * (z[:, 1:] - z[:, :-1] ** 2) ** 2 + (1 - z[:, :-1]) ** 2).sum(1)


def ackley(x: Any) -> Any:
    d = x.shape[1]
    return 20 + np.e - 20 * np.exp(-0.2 * np.sqrt((x**2).sum(1) / d)) - np.exp(np.cos(2 * np.pi * x).sum(1) / d)


def griewank(x: Any) -> Any:
    return 1 + (x**2).sum(1) / 4000 - np.cos(x / np.sqrt(1 + np.arange(x.shape[1]))).prod(1)


def levy(x: Any) -> Any:
    w = 1 + x / 4
    inner = (w[:, :-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:, :-1] + 1) ** 2)
    return np.sin(np.pi * w[:, 0]) ** 2 + inner.sum(1) + (w[:, -1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[:, -1]) ** 2)


def zakharov(x: Any) -> Any:
    s = (0.5 * (1 + np.arange(x.shape[1])) * x).sum(1)
    return (x**2).sum(1) + s**2 + s**4


#: Each with the half width of its box; the optimum of each is at 0 before it is shifted.
FUNCTIONS: dict[str, tuple[Callable[[Any], Any], float]] = {
    "sphere": (lambda x: (x**2).sum(1), 5.0),
    "ellipsoid": (lambda x: (1e6 ** (np.arange(x.shape[1]) / (x.shape[1] - 1)) * x**2).sum(1), 5.0),
    "rosenbrock": (rosenbrock, 5.0),
    "rastrigin": (lambda x: (x**2 + 10 * (1 - np.cos(2 * np.pi * x))).sum(1), 5.12),
    "ackley": (ackley, 32.0),
    "griewank": (griewank, 100.0),
    "levy": (levy, 10.0),
    "zakharov": (zakharov, 5.0),
    "different powers": (lambda x: (np.abs(x) ** (2 + 4 * np.arange(x.shape[1]) / (x.shape[1] - 1))).sum(1), 5.0),
    "schwefel 2.22": (lambda x: np.abs(x).sum(1) + np.abs(x).prod(1), 10.0),
}


class Reached(Exception):
    """The target has been reached, or the budget is used."""


class Counted:
    """A function that counts, and says when the target is reached."""

    def __init__(self, function: Callable[[Any], Any], shift: Any, budget: int) -> None:
        self.function, self.shift, self.budget = function, shift, budget
        self.evaluations = self.calls = 0
        self.reached: int | None = None
        self.own = 0.0

    def __call__(self, x: Any) -> Any:
        start = time.perf_counter()
        values = self.function(np.asarray(x) - self.shift)
        good = np.flatnonzero(values <= TARGET)
        if len(good):
            self.reached = self.evaluations + int(good[0]) + 1
        self.evaluations += len(values)
        self.calls += 1
        self.own += time.perf_counter() - start
        if self.reached is not None or self.evaluations >= self.budget:
            raise Reached
        return values


def with_gainswarm(fun: Counted, box: Any, seed: int) -> None:
    gs.minimize(fun, box, vectorized=True, maxfev=fun.budget, seed=seed)


def with_one_move(fun: Counted, box: Any, seed: int) -> None:
    gs.minimize(fun, box, vectorized=True, maxfev=fun.budget, seed=seed, options={"swarm": {"candidates": 1}})


def with_scipy(fun: Counted, box: Any, seed: int) -> None:
    from scipy.optimize import differential_evolution

    differential_evolution(
        lambda x: fun(x.T), box, vectorized=True, updating="deferred", seed=seed, maxiter=10**6, tol=0, polish=False
    )


def with_cma(fun: Counted, box: Any, seed: int) -> None:
    import cma

    rng = np.random.default_rng(seed)
    start = rng.uniform(*box.T)
    options = {"bounds": list(box.T), "seed": seed + 1, "verbose": -9, "tolfun": 0, "tolx": 0, "tolfunhist": 0, "tolstagnation": 10**6}
    search = cma.CMAEvolutionStrategy(start, 0.3 * (box[0, 1] - box[0, 0]), options)
    while True:
        x = search.ask()
        search.tell(x, fun(np.array(x)).tolist())


def with_pyswarms(fun: Counted, box: Any, seed: int) -> None:
    import pyswarms

    logging.disable(logging.CRITICAL)
    np.random.seed(seed)
    options = {"c1": 1.49618, "c2": 1.49618, "w": 0.7298}  # Clerc's constriction; the library has no default
    swarm = pyswarms.single.GlobalBestPSO(40, len(box), options, bounds=tuple(box.T))
    swarm.optimize(fun, iters=fun.budget, verbose=False)


def with_pymoo(fun: Counted, box: Any, seed: int) -> None:
    from pymoo.algorithms.soo.nonconvex.pso import PSO
    from pymoo.core.problem import Problem
    from pymoo.optimize import minimize

    class Of(Problem):  # type: ignore[misc,unused-ignore]
        def _evaluate(self, x: Any, out: Any, *_: Any, **__: Any) -> None:
            out["F"] = fun(x)

    problem = Of(n_var=len(box), n_obj=1, xl=box[:, 0], xu=box[:, 1])
    minimize(problem, PSO(), ("n_gen", 10**6), seed=seed, verbose=False)


TOOLS: dict[str, Callable[[Counted, Any, int], None]] = {
    "gainswarm": with_gainswarm,
    "gainswarm, `candidates` = 1": with_one_move,
    "pyswarms (40 particles)": with_pyswarms,
    "pymoo PSO": with_pymoo,
    "SciPy DE": with_scipy,
    "cma": with_cma,
}


def main() -> None:
    """One run of all tools in turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=11)
    parser.add_argument("--budget", type=int, default=20_000)
    parser.add_argument("--dimensions", type=int, default=10)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    overhead: dict[str, list[float]] = {name: [] for name in TOOLS}
    calls: dict[str, list[float]] = {name: [] for name in TOOLS}
    reached_all = dict.fromkeys(TOOLS, 0)
    print(f"evaluations until {TARGET:g}, d = {args.dimensions}, budget {args.budget}, medians of {args.seeds} seeds")
    print(f"| function | {' | '.join(TOOLS)} |\n|---|{'---|' * len(TOOLS)}")
    for name, (function, half) in FUNCTIONS.items():
        shift = np.random.default_rng(1).uniform(-0.6 * half, 0.6 * half, args.dimensions)
        box = np.array([[-half, half]] * args.dimensions)
        cells = []
        for tool, search in TOOLS.items():
            reached: list[float] = []
            for seed in range(args.seeds):
                fun = Counted(function, shift, args.budget)
                start = time.perf_counter()
                try:
                    search(fun, box, seed)
                except Reached:
                    pass
                spent = 1e6 * (time.perf_counter() - start - fun.own)
                overhead[tool].append(spent / fun.evaluations)
                calls[tool].append(spent / fun.calls)
                reached_all[tool] += fun.reached is not None
                reached.append(float("inf") if fun.reached is None else fun.reached)
            median = statistics.median(reached)
            share = sum(np.isfinite(reached))
            cells.append(f"{median:.0f}" if np.isfinite(median) else f"– ({share}/{args.seeds})")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    print(f"| runs that reach it, of {len(FUNCTIONS) * args.seeds} | {' | '.join(map(str, reached_all.values()))} |")
    for what, times in (("an evaluation", overhead), ("a call", calls)):
        cells = [f"{statistics.median(spent):.2f}" for spent in times.values()]
        print(f"| overhead, µs {what} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
