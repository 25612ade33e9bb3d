"""What simulations, certificates and validations come to."""

from __future__ import annotations

import csv
import html
import io
from typing import Any, NamedTuple, Optional, Union

import numpy as np
import numpy.typing as npt

from gainswarm._checks import Floats, Path, known, path_of


class Simulation:
    """One closed loop over time.

    Attributes:
        t: time in s, of shape (n,).
        names: the columns behind the time: states and outputs of the plant, what drives it, signals, outputs of the law.
        units: the unit of each.
        data: a row a step: the time and the columns, of shape (n, 1 + columns), float64.
        survived: whether the plant stayed within its limits to the end.
        cost: the cost; a penalty where it did not survive.
        terms: the value of each term of the cost, in its unit.
        responses: of each ``[[response]]`` its measures by name: rise time, overshoot, settling time and others.

    ``run["omega"]`` is a column: a view of ``data``.

    >>> import gainswarm as gs
    >>> run = gs.simulate(plant="dc_motor", controller=gs.PID(Kp=5.0, Ki=5.0), duration=2.0)
    >>> run["omega"].shape, run.data.dtype, run["omega"].base is not None
    ((2001,), dtype('float64'), True)
    """

    def __init__(self, rows: Floats, rest: dict[str, Any]) -> None:
        self.data = rows
        self.t: Floats = rows[:, 0]
        self.names: tuple[str, ...] = tuple(name for name, _ in rest["columns"])
        self.units: dict[str, str] = dict(rest["columns"])
        self.survived: bool = rest["survived"]
        self.ending: str = rest["ending"]
        self.steps: int = rest["steps"]
        self.dt: float = rest["dt"]
        self.cost: float = float("nan") if rest["cost"] is None else rest["cost"]
        self.terms: dict[str, Optional[float]] = rest["terms"]
        self.responses: dict[str, dict[str, Optional[float]]] = {
            one["of"][0]: one["measures"] for one in rest.get("responses", [])
        }

    def __repr__(self) -> str:
        how = "survived" if self.survived else f"FAILED at t = {(self.steps - 1) * self.dt:g} s"
        return f"<Simulation of {self.steps * self.dt:g} s, {how}, cost {self.cost:g}>"

    def __getitem__(self, name: str) -> Floats:
        if name == "t":
            return self.t
        column: Floats = self.data[:, 1 + self.names.index(known("column", name, self.names))]
        return column

    def __len__(self) -> int:
        return len(self.t)

    def to_csv(self, path: Optional[Path] = None) -> str:
        """The rows as CSV below their names, in full precision; written to ``path`` where one is given."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["t", *self.names])
        writer.writerows([repr(float(number)) for number in row] for row in self.data)
        return _written(text.getvalue(), path)

    def plot(self, names: Optional[list[str]] = None, ax: Any = None) -> Any:
        """Draws columns over time by Matplotlib, all without ``names``; the axes."""
        axes = ax if ax is not None else new_axes()
        for name in names or self.names:
            axes.plot(self.t, self[name], label=f"{name} in {self.units[name]}" if self.units[name] != "1" else name)
        axes.set_xlabel("time in s")
        axes.legend()
        return axes


class Margins(NamedTuple):
    """How far a loop is from the limit of stability; infinite where there is none.

    ``gain`` and ``gain_down`` are factors, ``phase`` is in degrees, ``delay`` in s, ``sensitivity`` is Ms and ``complementary_sensitivity`` Mt.
    """

    gain: float
    gain_down: float
    phase: float
    delay: float
    sensitivity: float
    complementary_sensitivity: float


class Certificate:
    """Whether the loop as it is sampled is stable about its equilibrium.

    Attributes:
        verdict: ``stable``, ``unstable`` or ``unknown``.
        reason: what beside the eigenvalues decides, in a sentence; empty where they say all.
        scope: what it is of: the period, dead time, lag.
        max_real_part: the largest real part of the eigenvalues in 1/s.
        period_factor: how many times longer the control period may be until the loop is no longer stable.
        eigenvalues: in 1/s, complex, of the closed loop or of the sliding dynamics.
        margins: `Margins`; ``None`` where they are not known, as of a law that slides.
        details: everything, as ``gainswarm certify --json``.
    """

    def __init__(self, found: dict[str, Any]) -> None:
        numbers = found.pop("numbers")
        self.verdict: str = found["verdict"]
        self.reason: str = found.pop("summary") or ""
        self.scope: str = found["of"]
        self.max_real_part: float = numbers["max_real_part"]
        self.spectral_radius: float = numbers["spectral_radius"]
        self.period_factor: float = numbers["period_factor"]
        values = found["closed_loop"] or found["sliding_dynamics"] or []
        self.eigenvalues: npt.NDArray[np.complex128] = np.array([complex(*value) for value in values], dtype=np.complex128)
        self.margins: Optional[Margins] = Margins(*numbers["margins"]) if "margins" in numbers else None
        self.details = found

    @property
    def stable(self) -> bool:
        """Whether the verdict is ``stable``."""
        return self.verdict == "stable"

    def __repr__(self) -> str:
        return f"<Certificate {self.verdict}, largest real part {self.max_real_part:g} 1/s>"


class Found(NamedTuple):
    """How gains do on a set: shares and costs with 95 % intervals ``(value, low, high)``."""

    runs: int
    failed: int
    success: tuple[float, float, float]
    mean_cost: Optional[tuple[float, float, float]]
    costs: Floats
    details: dict[str, Any]


class Validation:
    """How gains do on sets of scenarios that no tuning saw: a mapping from sets to `Found`.

    ``validation["same"].success`` is the share of runs that succeed with its 95 % interval, ``.costs`` has the cost of every run, NaN where
    it fell, of shape (runs,). ``details`` is everything, as ``validation.json``.
    """

    def __init__(self, found: dict[str, Any], costs: dict[str, Floats]) -> None:
        self.details = found
        self._sets: dict[str, Found] = {}
        for one in found["sets"]:
            mean = one["cost"] and _estimate(one["cost"]["mean"])
            success = _estimate(one["success"])
            self._sets[one["set"]] = Found(one["runs"], one["failed"], success, mean, costs[one["set"]], one)

    def __getitem__(self, name: str) -> Found:
        return self._sets[known("set", name, self._sets)]

    def __iter__(self) -> Any:
        return iter(self._sets)

    def __len__(self) -> int:
        return len(self._sets)

    def __repr__(self) -> str:
        told = (f"{name}: {100 * one.success[0]:.4g} % of {one.runs} succeed" for name, one in self._sets.items())
        return f"<Validation {'; '.join(told)}>"


def _estimate(of: Any) -> tuple[float, float, float]:
    if isinstance(of, dict):
        return (of["value"], *of["interval"])
    value, low, high = of
    return (value, low, high)


def new_axes(count: int = 1) -> Any:
    """New axes of Matplotlib: one, or an array of them below each other."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError("plot() needs Matplotlib\n  pip install matplotlib") from None
    return plt.subplots(count, 1, layout="constrained", figsize=(7.0, 2.6 * max(count, 1.4)))[1]


def html_table(head: list[str], rows: list[list[str]]) -> str:
    """A table as HTML; texts are escaped."""
    cells = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    lines = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"


def _written(text: str, path: Union[None, Path]) -> str:
    if path is not None:
        with open(path_of("path", path), "w", encoding="utf-8", newline="") as file:
            file.write(text)
    return text
