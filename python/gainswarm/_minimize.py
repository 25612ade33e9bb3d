"""Minimisation in SciPy's manner."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Optional, Union

import numpy as np

from gainswarm import _gainswarm
from gainswarm._checks import Floats, optional_whole, refuse, whole
from gainswarm._constraints import Constraints
from gainswarm._swarm import Swarm, parameters_of


class OptimizeResult(dict[str, Any]):
    """What `minimize` has found, as SciPy's ``OptimizeResult``: a dictionary whose keys are attributes too.

    ``x`` (d,), ``fun``, ``success``, ``message``, ``nfev``, ``nit``, ``maxcv`` (how far x is from feasible); of several objectives ``x`` is the
    knee, ``fun`` its costs (m,), and ``pareto_x`` (k, d) and ``pareto_fun`` (k, m) are the trade-offs.
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    __setattr__ = dict.__setitem__
    __delattr__ = dict.__delitem__

    def __dir__(self) -> list[str]:
        return list(self.keys())

    def __repr__(self) -> str:
        width = max(map(len, self), default=0)
        return "\n".join(f"{key:>{width}}: {value!r}" for key, value in self.items())


def minimize(
    fun: Callable[..., Any],
    bounds: Any,
    *,
    args: tuple[Any, ...] = (),
    vectorized: bool = False,
    constraints: Any = (),
    integrality: Any = False,
    log: Any = False,
    objectives: int = 1,
    x0: Any = None,
    seed: int = 1,
    maxfev: Optional[int] = None,
    maxiter: Optional[int] = None,
    particles: Optional[int] = None,
    target: Optional[float] = None,
    restarts: bool = True,
    polish: bool = True,
    workers: Union[None, int, Callable[..., Iterable[Any]]] = None,
    callback: Optional[Callable[[OptimizeResult], Any]] = None,
    options: Optional[Mapping[str, Any]] = None,
) -> OptimizeResult:
    """Minimises a function over a box by a particle swarm.

    Args:
        fun: ``fun(x, *args)`` of a position of shape (d,), which gives a cost, or m costs with ``objectives=m``. With ``vectorized=True`` it
            is given a whole generation, an array of shape (n, d), and gives an array of shape (n,) or (n, m). A NaN or infinite cost is a
            failed evaluation.
        bounds: a pair (lower, upper) for each dimension, SciPy's ``Bounds``, or whatever else `Swarm` takes.
        constraints: one or several, in any of these forms. A relation as text, ``"x1*x2 >= 4"``: what breaks it is not evaluated. A function
            of what ``fun`` is given (without ``args``), which says how far that is off: a number or several, those above 0 count; of a whole
            generation with ``vectorized=True``, (n, d) → (n,) or (n, k). As SciPy takes them, of a position of shape (d,) each in any case:
            ``NonlinearConstraint``, ``LinearConstraint``, or dictionaries with ``type`` (``eq``, within 1e-8, or ``ineq``, which is ≥ 0),
            ``fun`` and ``args``. What is off ranks behind all that is not, by how far.
        integrality, log: which dimensions are whole numbers, and which are searched by their logarithm.
        x0: positions to start from, of shape (d,) or (k, d).
        seed: of every random number; the same seed and function give the same bits.
        maxfev, maxiter: most evaluations and generations; 1000 d evaluations without either.
        particles, target, restarts, polish: see `Swarm`; of several objectives there is neither restart nor polish.
        workers: with a number, so many processes judge a generation (``fun`` must be picklable), -1 for one a core; or what maps as ``map``
            does, such as that of a pool.
        callback: called with the best so far after each generation; when it returns ``True`` or raises ``StopIteration`` the search ends.
        options: further arguments of `Swarm`.

    >>> def rosenbrock(x):
    ...     return ((1 - x[:, :-1]) ** 2 + 100 * (x[:, 1:] - x[:, :-1] ** 2) ** 2).sum(axis=1)
    >>> found = minimize(rosenbrock, [(-2, 2)] * 2, vectorized=True, maxfev=2000)
    >>> found.x.round(4), found.success, found.nfev <= 2000
    (array([1., 1.]), True, True)
    >>> inside = minimize(rosenbrock, [(-2, 2)] * 2, vectorized=True, maxfev=2000, constraints="x1^2 + x2^2 <= 1")
    >>> inside.x.round(3), inside.maxcv    # on the circle
    (array([0.786, 0.618]), 0.0)
    """
    is_single = objectives == 1
    maxfev = optional_whole("maxfev", maxfev, 1, _gainswarm.EVALUATIONS_MAX)
    maxiter = optional_whole("maxiter", maxiter, 1, _gainswarm.GENERATIONS_MAX)
    for name, value in (("callback", callback), ("options", options)):
        if value is not None and not (callable(value) if name == "callback" else isinstance(value, Mapping)):
            raise refuse(f"{name}={value!r}", f"allowed: {'a function of the result so far' if name == 'callback' else 'a dictionary'}")
    must = Constraints(constraints, vectorized)
    if maxfev is None and maxiter is None:
        maxfev = 1000 * len(parameters_of(bounds, integrality, log))
    swarm = Swarm(
        bounds,
        seed=seed,
        evaluations=maxfev,
        generations=maxiter,
        particles=particles,
        objectives=objectives,
        integrality=integrality,
        log=log,
        x0=x0,
        target=target,
        restarts=restarts and is_single,
        polish=polish and restarts and is_single,
        constraints=[*must.relations, *([must.violations] if must.functions else [])],
        **(options or {}),
    )
    with _Judge(fun, args, vectorized, workers) as judge:
        stopped = False
        while not swarm.done and not stopped:
            swarm.tell(judge(swarm.ask()))
            stopped = callback is not None and _stops(callback, _result(swarm, False))
    return _result(swarm, stopped)


def _stops(callback: Callable[[OptimizeResult], Any], now: OptimizeResult) -> bool:
    try:
        return callback(now) is True
    except StopIteration:
        return True


def _result(swarm: Swarm, stopped: bool) -> OptimizeResult:
    x, cost, violation = swarm.best_x, swarm.best_cost, swarm.best_violation
    found = bool(np.all(np.isfinite(x))) and bool(np.all(np.isfinite(cost))) and violation <= 0.0
    if stopped:
        message = "the callback has ended the search"
    elif not found:
        message = "no position is feasible and has a cost"
    else:
        message = swarm.reason or "the search goes on"
    result = OptimizeResult(
        x=x,
        fun=cost,
        success=found and not stopped,
        status=0 if found and not stopped else 1,
        message=message,
        nfev=swarm.evaluations,
        nit=swarm.generations,
        maxcv=violation,
    )
    if swarm._search.objectives > 1:
        front = swarm.front
        result.update(pareto_x=front.x, pareto_fun=front.costs, hypervolume=swarm.hypervolume)
    return result


class _Judge:
    """Judges a generation, alone or with the help of other processes."""

    def __init__(
        self, fun: Callable[..., Any], args: tuple[Any, ...], vectorized: bool, workers: Union[None, int, Callable[..., Iterable[Any]]]
    ) -> None:
        if not callable(fun):
            raise refuse(f"fun={fun!r}", "allowed: a function of a position")
        if vectorized and workers is not None:
            raise refuse("workers with vectorized=True", "a vectorized function is given the whole generation: leave workers out")
        self.one = _One(fun, args)
        self.vectorized = vectorized
        self.pool: Any = None
        self.map: Callable[..., Iterable[Any]] = map
        if callable(workers):
            self.map = workers
        elif workers is not None and workers != 1:
            from multiprocessing import get_context

            count = None if isinstance(workers, int) and workers == -1 else whole("workers", workers, 1, 1024)
            self.pool = get_context("spawn").Pool(count)
            self.map = self.pool.map

    def __enter__(self) -> _Judge:
        return self

    def __exit__(self, *_: Any) -> None:
        if self.pool is not None:
            self.pool.terminate()
            self.pool.join()

    def __call__(self, x: Floats) -> Any:
        if self.vectorized:
            return self.one(x)
        costs = list(self.map(self.one, list(x)))
        return [cost.item() if isinstance(cost, np.ndarray) and cost.size == 1 else cost for cost in costs]


class _One:
    """A function with its further arguments."""

    def __init__(self, fun: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.fun = fun
        self.args = args if isinstance(args, tuple) else (args,)

    def __call__(self, x: Floats) -> Any:
        return self.fun(x, *self.args)
