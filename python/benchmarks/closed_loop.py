"""A closed-loop tuning against the same loop in NumPy, Numba and JAX.

A DC motor (two states) under a PI with a limit, Runge–Kutta 4 with a step of 1 ms for 6 s, ITAE. The loops written here judge a whole
generation at once, and the same swarm asks them, so that every tuning judges the same gain vectors in the same order; that their costs agree
is checked first. Numba runs a loop a gain vector on all cores, JAX a ``lax.scan`` over a ``vmap`` in float64, both compiled before they are
timed; so is gainswarm's machine code in its row. Without being told gainswarm begins with its program, and goes over to machine code when that
pays. Needs numba and jax.

    python closed_loop.py [--particles 256] [--evaluations 25600] [--repeats 5] [--candidates 1]

The search takes time of its own, the same with every loop; with one move a particle, as here without being told, hardly any.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import gainswarm as gs
import numpy as np

J, D, K, KB, R, L = 0.0004, 0.0022, 0.05, 0.05, 0.4, 0.005
DT, STEPS, SET_POINT, LIMIT = 0.001, 6000, 100.0, 24.0
BOUNDS = {"Kp": (0.0, 0.5), "Ki": (0.0, 5.0)}


def study(candidates: int = 1) -> gs.Study:
    """The loop as a study."""
    plant = gs.Plant(
        "omega' = (K*current - D*omega)/J\ncurrent' = (voltage - R*current - Kb*omega)/L",
        states=["omega", "current"],
        inputs=["voltage"],
        parameters={"J": J, "D": D, "K": K, "Kb": KB, "R": R, "L": L},
    )
    law = gs.Law(
        "error = reference - measurement\nu = clamp(Kp*error + integral, -24, 24)\nintegral' = Ki*error",
        states=["integral"],
        inputs=["reference", "measurement"],
        outputs=["u"],
        gains={name: (bound[0], *bound) for name, bound in BOUNDS.items()},
    )
    return gs.Study.build(
        plant,
        law,
        measure="omega",
        connect={"voltage": "u"},
        reference=SET_POINT,
        cost={"tracking": {"integrate": "t*abs(error)"}},
        bounds=BOUNDS,
        dt=DT,
        duration=STEPS * DT,
        settings={"simulation": {"early_abandonment": False}},
        swarm={"candidates": candidates},
    )


def rates(omega: Any, current: Any, voltage: Any) -> tuple[Any, Any]:
    """The derivatives of the states."""
    return (K * current - D * omega) / J, (voltage - R * current - KB * omega) / L


def moved(omega: Any, current: Any, voltage: Any) -> tuple[Any, Any]:
    """A step of Runge–Kutta 4."""
    a1, b1 = rates(omega, current, voltage)
    a2, b2 = rates(omega + 0.5 * DT * a1, current + 0.5 * DT * b1, voltage)
    a3, b3 = rates(omega + 0.5 * DT * a2, current + 0.5 * DT * b2, voltage)
    a4, b4 = rates(omega + DT * a3, current + DT * b3, voltage)
    return omega + DT / 6 * (a1 + 2 * a2 + 2 * a3 + a4), current + DT / 6 * (b1 + 2 * b2 + 2 * b3 + b4)


def with_numpy(gains: Any) -> Any:
    """The costs of gain vectors, of shape (n, 2)."""
    kp, ki = gains.T
    omega, current, integral, cost = (np.zeros(len(gains)) for _ in range(4))
    for step in range(STEPS):
        error = SET_POINT - omega
        voltage = np.clip(kp * error + integral, -LIMIT, LIMIT)
        cost += DT * (step * DT) * np.abs(error)
        integral += DT * ki * error
        omega, current = moved(omega, current, voltage)
    return cost


def with_numba() -> Callable[[Any], Any]:
    """The same, compiled by Numba: blocks of gain vectors on all cores, the loop over a block innermost, so that it becomes SIMD."""
    import numba

    block = 64

    @numba.njit(error_model="numpy", boundscheck=False)  # type: ignore[untyped-decorator,unused-ignore]
    def some(kp: Any, ki: Any, cost: Any) -> None:
        omega, current, integral = np.zeros(block), np.zeros(block), np.zeros(block)
        for step in range(STEPS):
            now = step * DT
            for k in range(block):
                w0, c0 = omega[k], current[k]
                error = SET_POINT - w0
                voltage = min(max(kp[k] * error + integral[k], -LIMIT), LIMIT)
                cost[k] += DT * now * abs(error)
                integral[k] += DT * ki[k] * error
                a1, b1 = (K * c0 - D * w0) / J, (voltage - R * c0 - KB * w0) / L
                w, c = w0 + 0.5 * DT * a1, c0 + 0.5 * DT * b1
                a2, b2 = (K * c - D * w) / J, (voltage - R * c - KB * w) / L
                w, c = w0 + 0.5 * DT * a2, c0 + 0.5 * DT * b2
                a3, b3 = (K * c - D * w) / J, (voltage - R * c - KB * w) / L
                w, c = w0 + DT * a3, c0 + DT * b3
                a4, b4 = (K * c - D * w) / J, (voltage - R * c - KB * w) / L
                omega[k] = w0 + DT / 6 * (a1 + 2 * a2 + 2 * a3 + a4)
                current[k] = c0 + DT / 6 * (b1 + 2 * b2 + 2 * b3 + b4)

    @numba.njit(parallel=True)  # type: ignore[untyped-decorator,unused-ignore]
    def all_of(kp: Any, ki: Any) -> Any:
        costs = np.zeros(len(kp))
        for place in numba.prange(len(kp) // block):
            part = slice(place * block, (place + 1) * block)
            some(kp[part], ki[part], costs[part])
        return costs

    def padded(gains: Any) -> Any:
        count = len(gains)
        kp, ki = np.zeros((2, -(-count // block) * block))
        kp[:count], ki[:count] = gains.T
        return all_of(kp, ki)[:count]

    return padded


def with_jax() -> Callable[[Any], Any]:
    """The same, compiled by JAX."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def one(gains: Any) -> Any:
        def step(state: Any, now: Any) -> Any:
            omega, current, integral, cost = state
            error = SET_POINT - omega
            voltage = jnp.clip(gains[0] * error + integral, -LIMIT, LIMIT)
            cost = cost + DT * now * jnp.abs(error)
            omega, current = moved(omega, current, voltage)
            return (omega, current, integral + DT * gains[1] * error, cost), None

        start = (0.0, 0.0, 0.0, 0.0)
        return jax.lax.scan(step, start, DT * jnp.arange(STEPS, dtype=jnp.float64))[0][3]

    compiled = jax.jit(jax.vmap(one))
    return lambda gains: np.asarray(compiled(gains))


def main() -> None:
    """Checks that all agree, and times them in turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--particles", type=int, default=256)
    parser.add_argument("--evaluations", type=int, default=25_600)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--candidates", type=int, default=1)
    args = parser.parse_args()
    loops: dict[str, Callable[[Any], Any]] = {"NumPy": with_numpy}
    for name, make in (("Numba", with_numba), ("JAX", with_jax)):
        try:
            loops[name] = make()
        except ImportError:
            print(f"{name} is not installed")
    of = study(args.candidates)
    some = np.random.default_rng(1).uniform([0, 0], [0.5, 5], (args.particles, 2))
    known = np.array([of.simulate({"Kp": kp, "Ki": ki}).cost for kp, ki in some[:8]])
    for name, loop in loops.items():
        # Compiles, too.
        assert np.allclose(loop(some)[:8], known, rtol=1e-9), name

    def tuned(backend: str = "auto") -> float:
        return of.tune(particles=args.particles, evaluations=args.evaluations, generations=1_000_000, backend=backend).cost

    def minimized(loop: Callable[[Any], Any]) -> float:
        found = gs.minimize(
            loop,
            list(BOUNDS.values()),
            vectorized=True,
            particles=args.particles,
            maxfev=args.evaluations,
            restarts=False,
            options={"swarm": {"candidates": args.candidates}},
        )
        return float(found.fun)

    runs: dict[str, Callable[[], float]] = {"gainswarm": tuned, "gainswarm, machine code": lambda: tuned("native")}
    of.tune(particles=args.particles, evaluations=args.particles, backend="native")  # compiles
    runs |= {name: (lambda loop=loop: minimized(loop)) for name, loop in loops.items()}  # type: ignore[misc]
    times: dict[str, list[float]] = {name: [] for name in runs}
    costs: dict[str, float] = {}
    for _ in range(args.repeats):
        for name, run in runs.items():
            if name == "NumPy" and len(times[name]) >= 1 and times[name][0] > 20:
                continue
            start = time.perf_counter()
            costs[name] = run()
            times[name].append(time.perf_counter() - start)
    print(f"{args.evaluations} gain vectors of {STEPS} steps, {args.particles} at a time, candidates = {args.candidates}; medians of {args.repeats}")
    print("| loop | s | million control steps/s | times gainswarm's | best cost |")
    print("|---|---|---|---|---|")
    base = statistics.median(times["gainswarm"])
    for name, spent in times.items():
        median = statistics.median(spent)
        print(f"| {name} | {median:.3f} | {args.evaluations * STEPS / median / 1e6:.1f} | {median / base:.2f} | {costs[name]:.9g} |")


if __name__ == "__main__":
    main()
