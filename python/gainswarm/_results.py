"""What simulations, certificates and validations come to."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Optional, Union

import numpy as np
import numpy.typing as npt

from gainswarm import _look
from gainswarm._checks import Floats, Path, known, path_of, refuse
from gainswarm._frequency import Loop, Margins
from gainswarm._look import Html, number, with_unit


class Simulation:
    """One closed loop over time.

    Attributes:
        t: time in s, of shape (n,).
        names: the columns behind the time: states and outputs of the plant, what drives it, signals, outputs of the law.
        units: the unit of each.
        roles: what each is: ``state``, ``output``, ``drive`` (what drives the plant), ``signal`` (of the scenario), ``law``.
        data: a row a step: the time and the columns, of shape (n, 1 + columns), float64.
        survived: whether the plant stayed within its limits to the end; ``ending`` says it in a word.
        steps, dt: how many control periods it went on, and their length in s.
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
        self.names: tuple[str, ...] = tuple(name for name, *_ in rest["columns"])
        self.units: dict[str, str] = {name: unit for name, unit, _ in rest["columns"]}
        self.roles: dict[str, str] = {name: role for name, _, role in rest["columns"]}
        self._references: dict[str, str] = {one["of"][0]: one["of"][1] for one in rest.get("responses", [])}
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
        how = "survived" if self.survived else f"FAILED at t = {self._end:g} s"
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

    def plot(self, names: Optional[Sequence[str]] = None, ax: Any = None, *, label: Optional[str] = None) -> Any:
        """Draws columns over time by Matplotlib, all without ``names``: the axes, an array of them where there are several units, one each.

        ``ax`` are the axes of another simulation, to draw on the same; ``label`` stands before the names there.
        """
        panels = self._panels([known("column", name, self.names) for name in (names or self.names)])
        if ax is not None:
            given = list(np.ravel(np.asarray(ax)))
            shown = panels if len(given) == len(panels) else [[name for panel in panels for name in panel]]
            for axes, panel in zip(given, shown):
                self._draw(axes, panel, label)
            return ax
        with _look.style() as plt:
            height = max(1.9, min(3.2, 7.0 / len(panels))) * len(panels)
            _, drawn = plt.subplots(len(panels), 1, sharex=True, layout="constrained", figsize=(7.5, height), squeeze=False)
            for axes, panel in zip(drawn[:, 0], panels):
                self._draw(axes, panel, label)
            if not self.survived:
                drawn[0, 0].set_title(f"FAILED at t = {self._end:g} s", color=_look.WRONG)
            for axes in drawn[:-1, 0]:
                axes.set_xlabel("")
        return drawn[:, 0] if len(panels) > 1 else drawn[0, 0]

    def _panels(self, names: list[str]) -> list[list[str]]:
        """Columns of one unit together, in their order; a set point beside what it is for."""
        outputs = {reference: output for output, reference in self._references.items() if output in names}
        panels: dict[str, list[str]] = {}
        for name in names:
            panels.setdefault(self.units[outputs.get(name, name)], []).append(name)
        return list(panels.values())

    def _draw(self, axes: Any, names: list[str], label: Optional[str]) -> None:
        """Columns on axes, which say the unit once."""
        units = {self.units[name] for name in names if name not in self._references.values()} or {self.units[name] for name in names}
        before = "" if label is None else f"{label}: "
        for name in names:
            is_wanted = name in self._references.values()
            look = {"color": _look.GREY, "linestyle": "--", "linewidth": 1.1, "zorder": 1.5} if is_wanted else {}
            steps = {"drawstyle": "steps-post"} if self.roles[name] in ("drive", "law") else {}
            text = name if len(units) == 1 else with_unit(name, self.units[name])
            axes.plot(self.t, self[name], label=before + text, **look, **steps)
            if not self.survived:
                axes.plot(self.t[-1], self[name][-1], "x", color=_look.WRONG, markersize=8, markeredgewidth=2)
        unit = units.pop() if len(units) == 1 else ""
        axes.set_ylabel(with_unit(names[0], unit) if len(names) == 1 and label is None else ("" if unit == "1" else unit))
        if len(axes.get_legend_handles_labels()[1]) > 1:
            axes.legend()
        axes.set_xlabel("time in s")

    @property
    def _end(self) -> float:
        """When it ended, in s."""
        return (self.steps if self.survived else self.steps - 1) * self.dt

    def _repr_html_(self) -> str:
        how = _look.badge("survived", _look.GOOD) if self.survived else _look.badge(f"FAILED at t = {self._end:g} s", _look.WRONG)
        badges = [how, Html(f"<span>cost {number(self.cost)}</span>")]
        columns = (
            [name, self.units[name], self.roles[name], *map(number, (self[name].min(), self[name].max(), self[name][-1]))]
            for name in self.names
        )
        ranges = _look.table(["column", "unit", "", "least", "largest", "last"], columns, (3, 4, 5))
        told = [[output, name, number(value)] for output, measures in self.responses.items() for name, value in measures.items()]
        response = _look.table(["response", "", ""], told, (2,)) if told else Html("")
        return _look.card("Simulation", f"{len(self)} rows, {self.steps * self.dt:g} s", badges, _look.side(ranges, response))


class Certificate:
    """Whether the loop as it is sampled is stable about its equilibrium.

    Attributes:
        verdict: ``stable``, ``unstable`` or ``unknown``.
        reason: what beside the eigenvalues decides, in a sentence; empty where they say all.
        scope: what it is of: the period, dead time, lag.
        max_real_part: the largest real part of the eigenvalues in 1/s.
        period_factor: how many times longer the control period may be until the loop is no longer stable.
        eigenvalues: in 1/s, complex, of the closed loop or of the sliding dynamics.
        spectral_radius: of the map of a control period; below 1 where it is stable.
        margins: `Margins`, the least of all loops; ``None`` where they are not known, as of a law that slides.
        loops: the `Loop` over frequency of each driven input; empty where there is none.
        details: everything, as ``gainswarm certify --json``.
    """

    def __init__(self, found: dict[str, Any]) -> None:
        numbers = found.pop("numbers")
        self.loops: list[Loop] = [Loop(told) for told in found.pop("responses")]
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

    def _facts(self) -> list[list[str]]:
        """Names and values of what is known."""
        longest = {float("inf"): "more than 256 times as long", 0.0: "none"}.get(self.period_factor, f"{number(self.period_factor, 4)} times as long")
        facts = [["largest real part", f"{number(self.max_real_part)} 1/s"], ["longest stable period", longest]]
        if self.margins is not None:
            of = self.margins
            facts += [
                ["gain margin", f"{number(of.gain, 4)} up, {number(of.gain_down, 4) if of.gain_down > 0.0 else '∞'} down"],
                ["phase margin", f"{number(of.phase, 4)}°"],
                ["delay margin", f"{number(of.delay, 4)} s"],
                ["Ms, Mt", f"{number(of.sensitivity, 4)}, {number(of.complementary_sensitivity, 4)}"],
            ]
        return facts

    def _repr_html_(self) -> str:
        facts = _look.table(["", ""], self._facts())
        values = ([number(value.real), number(value.imag)] for value in self.eigenvalues[:8])
        shown = _look.table(["eigenvalues, real", "imaginary"], values, (0, 1))
        why = _look.notes([self.reason] if self.reason else [], _look.GREY if self.stable else _look.WRONG)
        return _look.card("Certificate", self.scope, [_look.verdict(self.verdict)], why, _look.side(facts, shown))

    def plot(self, axes: Any = None) -> Any:
        """Draws the first loop over frequency by Matplotlib; see `Loop.plot`."""
        if not self.loops:
            raise refuse("this certificate has no loop over frequency", "one is there where the loop has an equilibrium about which it is smooth")
        return self.loops[0].plot(axes)


class Difference(NamedTuple):
    """By how much gains differ from others in one measure of a set, on the same scenarios: this minus other.

    ``pairs`` is the number of scenarios that it is of, ``mean`` the mean difference with its 95 % interval ``(value, low, high)``, ``None`` of
    fewer than two pairs. ``p`` is the p-value after Holm over all differences: of McNemar's exact test for ``success`` and ``failed`` (shares of
    all runs), else of Wilcoxon's signed-rank test.
    """

    pairs: int
    mean: Optional[tuple[float, float, float]]
    p: Optional[float]

    @property
    def is_beyond_chance(self) -> bool:
        """Whether p is below 0.05."""
        return self.p is not None and self.p < 0.05


class Found(NamedTuple):
    """How gains do on a set: shares and costs with 95 % intervals ``(value, low, high)``.

    ``runs``, and of these ``failed`` before their end; ``success`` is the share that survives, settles and keeps the limits; ``mean_cost`` that
    of the runs that survive, ``None`` without any; ``costs`` the cost of every run, of shape (runs,), NaN where it failed; ``details`` the rest.
    Against other gains, ``other_costs`` are theirs in the same scenarios and ``differences`` those in each measure by name.
    """

    runs: int
    failed: int
    success: tuple[float, float, float]
    mean_cost: Optional[tuple[float, float, float]]
    costs: Floats
    details: dict[str, Any]
    other_costs: Optional[Floats] = None
    differences: Mapping[str, Difference] = {}


class Validation:
    """How gains do on sets of scenarios that no tuning saw: a mapping from sets to `Found`.

    ``validation["same"].success`` is the share of runs that succeed with its 95 % interval, ``.costs`` has the cost of every run, NaN where
    it failed, of shape (runs,). ``details`` is everything, as ``validation.json``.
    """

    def __init__(self, found: dict[str, Any], costs: Sequence[dict[str, Floats]]) -> None:
        self.details = found
        self._sets: dict[str, Found] = {}
        for one in found["sets"]:
            name = one["set"]
            mean = one["cost"] and _estimate(one["cost"]["mean"])
            differences = {
                of["measure"]: Difference(of["pairs"], of["mean"] and _estimate(of["mean"]), of["p"])
                for of in found["differences"]
                if of["set"] == name
            }
            success = _estimate(one["success"])
            self._sets[name] = Found(one["runs"], one["failed"], success, mean, costs[0][name], one, costs[1].get(name), differences)

    def __getitem__(self, name: str) -> Found:
        return self._sets[known("set", name, self._sets)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sets)

    def __len__(self) -> int:
        return len(self._sets)

    def __repr__(self) -> str:
        told = (f"{name}: {100 * one.success[0]:.4g} % of {one.runs} succeed" for name, one in self._sets.items())
        return f"<Validation {'; '.join(told)}>"

    def _repr_html_(self) -> str:
        head = ["set", "runs", "fell", "succeed", "95 % interval", "", "mean cost", "95 % interval", "worst"]
        rows = ([name, one.runs, one.failed, *_shares(one.success), *_costs(one)] for name, one in self._sets.items())
        parts = [_look.table(head, rows, (1, 2, 3, 4, 6, 7, 8))]
        differing = [[name, measure, *_differing(of)] for name, one in self._sets.items() for measure, of in one.differences.items()]
        if differing:
            parts.append(_look.table(["this − other", "", "pairs", "difference", "95 % interval", "p"], differing, (2, 3, 4, 5)))
        return _look.card("Validation", f"of {self.details['study']}, seed {self.details['seed']}", [], *parts)

    def plot(self, ax: Any = None) -> Any:
        """Draws by Matplotlib how the costs of the runs that survive are spread, a curve a set, those of other gains dashed; the axes."""
        with _look.style() as plt:
            axes = plt.subplots(layout="constrained", figsize=(7.5, 3.6))[1] if ax is None else ax
            for place, (name, one) in enumerate(self._sets.items()):
                colour = _look.COLOURS[place % len(_look.COLOURS)]
                for costs, line, who in ((one.costs, "-", ""), (one.other_costs, "--", ", other gains")):
                    if costs is None:
                        continue
                    shown = np.sort(costs[np.isfinite(costs)])
                    share = np.arange(1, len(shown) + 1) / len(costs)
                    fell = f", {len(costs) - len(shown)} fell" if len(shown) < len(costs) else ""
                    axes.step(shown, share, where="post", color=colour, linestyle=line, label=f"{name}{who}{fell}")
            axes.set(xlabel="cost", ylabel="share of runs with at most this cost", ylim=(0.0, 1.02))
            finite = [costs[np.isfinite(costs)] for one in self._sets.values() for costs in (one.costs, one.other_costs) if costs is not None]
            every = np.concatenate(finite) if finite else np.zeros(0)
            if len(every) and every.min() > 0.0 and every.max() > 20.0 * every.min():
                axes.set_xscale("log")
            axes.legend(loc="lower right")
        return axes


def _shares(of: tuple[float, float, float]) -> list[object]:
    share, low, high = (100.0 * value for value in of)
    return [f"{share:.4g} %", f"{low:.4g} … {high:.4g}", _look.span(low / 100.0, high / 100.0)]


def _costs(of: Found) -> list[str]:
    if of.mean_cost is None:
        return ["–", "", "–"]
    mean, low, high = of.mean_cost
    return [number(mean), f"{number(low, 4)} … {number(high, 4)}", number(float(np.nanmax(of.costs)))]


def _differing(of: Difference) -> list[object]:
    mean, low, high = of.mean or (float("nan"),) * 3
    p = "–" if of.p is None else f"{of.p:.2g}"
    strong = Html(f"<b>{p}</b>") if of.is_beyond_chance else p
    return [of.pairs, number(mean), f"{number(low, 4)} … {number(high, 4)}", strong]


def _estimate(of: Any) -> tuple[float, float, float]:
    if isinstance(of, dict):
        return (of["value"], *of["interval"])
    value, low, high = of
    return (value, low, high)


def _written(text: str, path: Union[None, Path]) -> str:
    if path is not None:
        with open(path_of("path", path), "w", encoding="utf-8", newline="") as file:
            file.write(text)
    return text
