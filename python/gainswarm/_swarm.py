"""The swarm for objectives of one's own: ask for positions, tell what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional, Union

import numpy as np
import numpy.typing as npt

from gainswarm import _gainswarm
from gainswarm._checks import Floats, floats, is_sequence, optional_real, optional_whole, pair, pairs, refuse, whole
from gainswarm._constraints import Constraints
from gainswarm._toml import dumps

SEED_MAX = 2**63 - 1


class Front(NamedTuple):
    """Trade-offs: positions of shape (k, d), costs of shape (k, m), and how far each is from feasible, of shape (k,)."""

    x: Floats
    costs: Floats
    violations: Floats


class Swarm:
    """A search over a box: `ask` gives positions, `tell` takes what they cost, until `done`.

    The same search as ``gainswarm ask-tell`` and as every tuning; the same seed gives the same bits. It can be pickled at any time, and goes
    on from there.

    Args:
        bounds: a pair (lower, upper) for each of the d dimensions, an array of shape (d, 2), or SciPy's ``Bounds``; a dictionary gives names,
            ``{"K": (0, 20), "kd": (0, 1)}``, otherwise they are ``x1`` …. In place of a pair may stand a dictionary as in a ``[[parameters]]``
            table of ``gainswarm ask-tell``: ``{"lower": 0, "upper": 6, "step": 0.5}``, ``{"values": [1, 2.2, 4.7]}``,
            ``{"choices": ["a", "b"]}``, whose positions are the places in the list, from 0.
        seed: of every random number.
        evaluations, generations: where it ends; 200 generations without either.
        particles: of the swarm at first; 4 + 2 d without it, at most 24. After four generations one leaves each, until half of
            them and two are left.
        objectives: how many costs a position has; from two to four are traded off.
        integrality: which dimensions are whole numbers: a bool for all, or for each.
        log: which dimensions are searched by their logarithm: a bool for all, or for each.
        x0: positions that particles start from, of shape (d,) or (k, d).
        restarts, polish: whether a new, larger swarm follows one that has settled, and whether an evolution strategy polishes its best; for
            long budgets (more than 300 d evaluations).
        constraints: one or several. A relation of the names as text, ``"K*kd >= 4"``: positions that break it are not asked for and count as
            evaluations; by a linear equality one parameter follows from the others. Or a function (n, d) → (n,) or (n, k) of positions
            that says how far each is off; what is above 0 is added to the ``violations`` that are told. SciPy's forms, too: see `minimize`.
        target: a cost that is good enough.
        stall_generations, stall_gain: ends after so many generations in a row in which the best cost fell by no more than this share.
        wall_time: in s, after which it ends; such a search is not reproducible.
        swarm: what else a config says in ``[swarm]``.

    Attributes:
        dimensions, names: how many dimensions there are, d, and their names.

    >>> swarm = Swarm([(-5, 5)] * 3, seed=1, evaluations=600)
    >>> while not swarm.done:
    ...     x = swarm.ask()                         # (n, 3)
    ...     swarm.tell((x**2).sum(axis=1))          # (n,)
    >>> bool(swarm.best_cost < 1e-6), swarm.best_x.shape, swarm.evaluations
    (True, (3,), 600)
    """

    def __init__(
        self,
        bounds: Any,
        *,
        seed: int = 1,
        evaluations: Optional[int] = None,
        generations: Optional[int] = None,
        particles: Optional[int] = None,
        objectives: int = 1,
        integrality: Union[bool, Sequence[bool], npt.NDArray[Any]] = False,
        log: Union[bool, Sequence[bool], npt.NDArray[Any]] = False,
        x0: Any = None,
        restarts: bool = False,
        polish: bool = False,
        constraints: Any = (),
        target: Optional[float] = None,
        stall_generations: Optional[int] = None,
        stall_gain: Optional[float] = None,
        wall_time: Optional[float] = None,
        swarm: Optional[Mapping[str, Any]] = None,
    ) -> None:
        parameters = parameters_of(bounds, integrality, log)
        dimensions = len(parameters)
        must = Constraints(constraints, vectorized=True)
        stopping = {
            "evaluations": optional_whole("evaluations", evaluations, 1, _gainswarm.EVALUATIONS_MAX),
            "generations": optional_whole("generations", generations, 1, _gainswarm.GENERATIONS_MAX),
            "target": optional_real("target", target),
            "stall_generations": optional_whole("stall_generations", stall_generations, 1, _gainswarm.GENERATIONS_MAX),
            "stall_gain": optional_real("stall_gain", stall_gain),
            "wall_time": optional_real("wall_time", wall_time),
        }
        table = {
            "particles": optional_whole("particles", particles, 2, _gainswarm.PARTICLES_MAX),
            "initial": None if x0 is None else _starts(x0, dimensions).tolist(),
            "restarts": {} if restarts else None,
            "polish": {} if polish else None,
            "stopping": stopping,
            **(swarm or {}),
        }
        self._text = dumps(
            {
                "seed": whole("seed", seed, 0, SEED_MAX),
                "objectives": whole("objectives", objectives, 1, 4),
                "constraints": must.relations or None,
                "swarm": table,
                "parameters": parameters,
            }
        )
        self._search = _gainswarm.Search(self._text)
        self._must = must
        self.dimensions = dimensions
        self.names = tuple(str(table.get("name", f"x{place}")) for place, table in enumerate(parameters, 1))

    def __repr__(self) -> str:
        how = f"ended: {self.reason}" if self.done else "goes on"
        return f"<Swarm in {self.dimensions} dimensions, {self.evaluations} evaluations, {how}>"

    def ask(self) -> Floats:
        """The positions to judge, of shape (n, d), in the units of the bounds. The same again until they are told. The array is the caller's."""
        return self._search.ask()

    def tell(self, costs: Any, violations: Any = None) -> None:
        """Takes the cost of each position, in their order.

        ``costs`` has shape (n,), or (n, m) of m objectives; a NaN or infinite cost, or ``None``, is a failed evaluation, which is worse than
        all others. ``violations``, of shape (n,), says how far each position is from feasible: 0 where it is.
        """
        objectives = self._search.objectives
        rows = floats("costs", costs, (None,) if objectives == 1 else (None, objectives))
        if objectives == 1:
            rows = rows[:, None]
        broken = np.zeros(len(rows)) if violations is None else floats("violations", violations, (len(rows),))
        if self._must.functions and self._search.is_open:
            off = self._must.violations(self._search.ask())
            # A wrong number of costs is refused below.
            broken = broken + off if off is not None and len(off) == len(broken) else broken
        self._search.tell(rows, broken)

    @property
    def done(self) -> bool:
        """Whether the search has ended."""
        return self._search.ended is not None

    @property
    def reason(self) -> Optional[str]:
        """Why it has ended, in a sentence; ``None`` while it goes on."""
        ended = self._search.ended
        return None if ended is None else ended[1]

    @property
    def best_x(self) -> Floats:
        """The best position so far, of shape (d,); of several objectives the knee. NaN where every evaluation has failed."""
        best = self._search.best()
        return np.full(self.dimensions, np.nan) if best is None else best[0]

    @property
    def best_cost(self) -> Any:
        """Its cost; of m objectives an array of shape (m,). NaN where it is not known."""
        best = self._search.best()
        costs = np.full(self._search.objectives, np.nan) if best is None else best[1]
        return float(costs[0]) if self._search.objectives == 1 else costs

    @property
    def best_violation(self) -> float:
        """How far the best position is from feasible: 0 where it is."""
        best = self._search.best()
        return float("nan") if best is None else best[2]

    @property
    def front(self) -> Front:
        """The trade-offs of several objectives, by the first."""
        x, costs, violations = self._search.front()
        return Front(x, costs, np.asarray(violations, dtype=np.float64))

    @property
    def hypervolume(self) -> Optional[float]:
        """The hypervolume of the front; ``None`` for one objective."""
        return self._search.hypervolume

    @property
    def evaluations(self) -> int:
        """Positions judged."""
        return self._search.evaluations

    @property
    def generations(self) -> int:
        """Generations done."""
        return self._search.generations

    @property
    def rejected(self) -> int:
        """Positions that were not asked for, since they break a relation; they count as evaluations."""
        return self._search.rejected

    @property
    def restarts(self) -> int:
        """Swarms that followed the first."""
        return self._search.restarts

    def __getstate__(self) -> dict[str, Any]:
        return {
            "text": self._text,
            "state": self._search.save(),
            "open": self._search.is_open,
            "dimensions": self.dimensions,
            "names": self.names,
            "must": self._must,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._text = state["text"]
        self.dimensions = state["dimensions"]
        self.names = state["names"]
        self._must = state["must"]
        self._search = _gainswarm.Search(self._text)
        self._search.restore(state["state"], state["open"])


def parameters_of(bounds: Any, integrality: Any = False, log: Any = False) -> list[dict[str, Any]]:
    """The tables of ``[[parameters]]``, one a dimension."""
    tables: list[dict[str, Any]] = []
    if isinstance(bounds, Mapping):
        for name, where in bounds.items():
            tables.append({"name": name, **_where(f"bounds[{name!r}]", where)})
        if not tables:
            raise refuse("bounds is empty", "allowed: a pair (lower, upper) for each dimension")
    elif is_sequence(bounds) and any(isinstance(one, Mapping) for one in bounds):
        tables = [_where(f"bounds[{place}]", where) for place, where in enumerate(bounds)]
    else:
        tables = [{"lower": low, "upper": high} for low, high in pairs("bounds", bounds)]
    flags = [_flags(name, value, len(tables)) for name, value in (("integrality", integrality), ("log", log))]
    for table, whole_number, logarithmic in zip(tables, *flags):
        if whole_number:
            table["integer"] = True
        if logarithmic:
            table["scale"] = "log10"
    return tables


def _where(name: str, where: Any) -> dict[str, Any]:
    """Where a dimension is searched."""
    if isinstance(where, Mapping):
        return dict(where)
    if not (is_sequence(where) and len(where) == 2):
        raise refuse(f"{name} = {where!r}", "allowed: (lower, upper), or a dictionary with lower, upper, scale, integer, step, values, choices")
    low, high = pair(name, where)
    return {"lower": low, "upper": high}


def _flags(name: str, value: Any, dimensions: int) -> list[bool]:
    array = np.asarray(value)
    if array.ndim == 0 and array.dtype.kind in "biuf":
        array = np.full(dimensions, bool(array))
    if array.shape != (dimensions,) or array.dtype.kind not in "biuf":
        raise refuse(f"{name}={value!r} of shape {array.shape}", f"allowed: a bool, or {dimensions} of them, one for each dimension")
    return [bool(one) for one in array]


def _starts(x0: Any, dimensions: int) -> Floats:
    return floats("x0", np.atleast_2d(np.asarray(x0)), (None, dimensions))
