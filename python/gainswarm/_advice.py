"""What published rules for PID give, and how flat the cost is about gains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Optional

import numpy as np

from gainswarm import _look
from gainswarm._checks import known
from gainswarm._look import Html, number, with_unit

#: From where to where; NaN where it is not known, or where the range of the gain ends before.
Between = tuple[float, float]


class Rule(NamedTuple):
    """Gains on a study: those of a published rule, or tuned ones beside them.

    ``name`` and ``shape`` (``P``, ``PI``, ``PID``) say which rule, ``source`` where it was published; ``tuned`` and empty texts of tuned ones.
    ``is_made_for`` says whether the plant is one for which it is made. ``gains`` maps the gains of the law to values, ``cost`` is NaN where it
    is not known, ``feasible`` says whether they hold; ``certificate`` is a verdict, ``max_sensitivity`` is Ms, NaN where it is not known.
    """

    name: str
    shape: str
    source: str
    is_made_for: bool
    gains: dict[str, float]
    cost: float
    feasible: bool
    certificate: str
    max_sensitivity: float


class Rules:
    """What published rules for PID give for a study's plant, and what that costs: a sequence of `Rule`, the best first.

    Attributes:
        step: what a step of the plant's input tells: ``gain``, ``time_constant`` and ``dead_time`` in s, or ``integrating_gain`` in 1/s and
            ``dead_time``; ``None`` where it tells nothing, ``no_step`` says why.
        ultimate: ``gain`` and ``period`` in s of the ultimate oscillation, ``by_relay`` how it was found; ``None`` likewise, ``no_ultimate``.

    >>> import gainswarm as gs
    >>> rules = gs.rules(plant="dc_motor", controller=gs.PI(u_max=24.0), reference=gs.step(1), cost="itae")
    >>> rules.best is rules[0], "SIMC" in {one.name.split(",")[0] for one in rules}
    (True, True)
    """

    def __init__(self, told: Mapping[str, Any]) -> None:
        self._study: str = told["study"]
        self.step: Optional[dict[str, float]] = told["step"]
        self.no_step: Optional[str] = told["no_step"]
        self.ultimate: Optional[dict[str, float]] = told["ultimate"]
        self.no_ultimate: Optional[str] = told["no_ultimate"]
        self._rules = [_rule(line) for line in told["lines"]]

    def __len__(self) -> int:
        return len(self._rules)

    def __getitem__(self, place: int) -> Rule:
        return self._rules[place]

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules)

    @property
    def best(self) -> Optional[Rule]:
        """The best rule whose gains hold; ``None`` where none does. Tuned gains beside them do not count."""
        return next((one for one in self._rules if one.feasible and one.source), None)

    def __repr__(self) -> str:
        best = self.best
        told = "none holds" if best is None else f"best {best.name} ({best.shape}), cost {best.cost:.4g}"
        return f"<Rules for {self._study}: {len(self)} lines, {told}>"

    def _repr_html_(self) -> str:
        gains = list(self._rules[0].gains) if self._rules else []
        rows = (
            [_named(one), *(number(one.gains[gain]) for gain in gains), number(one.cost), _holds(one), number(one.max_sensitivity, 3)]
            for one in self
        )
        head = ["rule", *gains, "cost", "", "Ms"]
        places = [*range(1, len(gains) + 2), len(gains) + 3]
        told = _look.table(head, rows, places) if self._rules else _look.notes(["no rule gives gains for this plant"], _look.DOUBTFUL)
        known = ((name, of or why) for name, of, why in (("step", self.step, self.no_step), ("ultimate", self.ultimate, self.no_ultimate)))
        lines = ([name, _experiment(of)] for name, of in known)
        others = Html("" if all(one.is_made_for for one in self) else "<p class='quiet'>* the plant is not one for which the rule is made</p>")
        return _look.card("Published rules", f"for {self._study}", [], told, others, _look.table(["experiment", ""], lines))


def _rule(line: Mapping[str, Any]) -> Rule:
    known_number = {key: float("nan") if line[key] is None else float(line[key]) for key in ("cost", "max_sensitivity")}
    return Rule(
        line["rule"] or "tuned",
        line["shape"] or "",
        line["source"] or "",
        line["is_made_for"] is not False,
        line["gains"],
        known_number["cost"],
        line["feasible"],
        line["certificate"],
        known_number["max_sensitivity"],
    )


def _named(one: Rule) -> Html:
    name = f"{one.name}, {one.shape}" if one.shape else f"{one.name}"
    text = _look.escaped(name) if one.source else f"<b>{_look.escaped(name)}</b>"
    return Html(text if one.is_made_for else f"<span class='quiet'>{text} *</span>")


def _holds(one: Rule) -> Html:
    if one.certificate == "unstable":
        return _look.verdict("unstable")
    return Html("holds") if one.feasible else Html(f"<span style='color:{_look.WRONG}'>does not hold</span>")


def _experiment(of: Any) -> str:
    if not isinstance(of, Mapping):
        return f"not known: {of}"
    return ", ".join(f"{key.replace('_', ' ')} {number(value)}" for key, value in of.items() if not isinstance(value, bool))


class Flatness(NamedTuple):
    """How far a gain may move until the cost is worse by a share in per cent, the keys of ``fixed`` and ``retuned``: 1, 5 and 10.

    ``fixed`` with the other gains as they are, ``retuned`` with them tuned again, as far as the curvature of the cost tells (``None`` where it
    does not, as at a bound); from where to where in the gain's unit, NaN where its range ends before. ``interval`` is its 95 % interval where
    the number of measurements was given.
    """

    value: float
    unit: str
    fixed: dict[int, Between]
    retuned: Optional[dict[int, Between]]
    interval: Optional[Between]


class Sensitivity:
    """How flat the cost is about gains: a mapping from the tuned gains to `Flatness`. ``cost`` is theirs.

    >>> import gainswarm as gs
    >>> study = gs.Study.build("dc_motor", gs.PI(u_max=24.0), bounds={"Kp": (0, 20), "Ki": (0, 20)}, cost="itae", dt=0.01, duration=2.0)
    >>> tuning = study.tune(evaluations=600)
    >>> found = gs.sensitivity(tuning)
    >>> list(found), found["Kp"].fixed[5][0] < tuning.gains["Kp"]
    (['Kp', 'Ki'], True)
    """

    def __init__(self, told: Mapping[str, Any]) -> None:
        self._study: str = told["study"]
        self.cost: float = told["cost"]
        self._gains = {one["gain"]: _flatness(one) for one in told["gains"]}

    def __getitem__(self, gain: str) -> Flatness:
        return self._gains[known("gain", gain, self._gains)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._gains)

    def __len__(self) -> int:
        return len(self._gains)

    def __repr__(self) -> str:
        told = (f"{name} {number(of.fixed[5][0], 4)} … {number(of.fixed[5][1], 4)}" for name, of in self._gains.items())
        return f"<Sensitivity of {self._study}, 5 % worse: {'; '.join(told)}>"

    def _repr_html_(self) -> str:
        has_interval = any(one.interval for one in self._gains.values())
        head = ["gain", "value", "unit", *(f"{share} % worse" for share in (1, 5, 10)), "5 % worse, others tuned again"]
        head += ["95 % interval"] if has_interval else []
        rows = (
            [name, number(of.value), of.unit, *(_ends(of.fixed[share]) for share in (1, 5, 10)), _ends(None if of.retuned is None else of.retuned[5])]
            + ([_ends(of.interval)] if has_interval else [])
            for name, of in self._gains.items()
        )
        return _look.card("Sensitivity", f"of {self._study}, cost {number(self.cost)}", [], _look.table(head, rows, (1, 3, 4, 5, 6, 7)))

    def plot(self, ax: Any = None) -> Any:
        """Draws by Matplotlib from where to where each gain may go, as a share of its value, until the cost is 1, 5 and 10 % worse; the axes."""
        with _look.style() as plt:
            axes = plt.subplots(layout="constrained", figsize=(7.5, 1.1 + 0.65 * len(self)))[1] if ax is None else ax
            has_marks = False
            for row, of in enumerate(self._gains.values()):
                for share, height in ((10, 0.26), (5, 0.42), (1, 0.58)):
                    low, high = (100.0 * (end / of.value - 1.0) if of.value else float("nan") for end in of.fixed[share])
                    low, high = (end if np.isfinite(end) else 0.0 for end in (low, high))
                    label = f"{share} % worse" if row == 0 else None
                    axes.barh(row, high - low, height, left=low, color=_look.COLOURS[0], alpha={1: 1.0, 5: 0.5, 10: 0.25}[share], label=label)
                if of.retuned is not None and of.value:
                    ends = [100.0 * (end / of.value - 1.0) for end in of.retuned[5]]
                    label = None if has_marks else "5 % worse, others tuned again"
                    has_marks = True
                    axes.plot(ends, [row, row], "|", color=_look.COLOURS[1], markersize=16, markeredgewidth=1.8, label=label)
            axes.axvline(0.0, color=_look.GREY, linewidth=0.9)
            axes.set_yticks(range(len(self)), [f"{with_unit(name, of.unit)}\n{number(of.value)}" for name, of in self._gains.items()])
            axes.invert_yaxis()
            axes.grid(visible=False, axis="y")
            axes.set_xlabel("change of the gain in %")
            handles, labels = axes.get_legend_handles_labels()
            order = sorted(range(len(labels)), key=lambda place: (len(labels[place]) > 12, int(labels[place].split()[0])))
            axes.legend(
                [handles[place] for place in order],
                [labels[place] for place in order],
                ncols=4,
                loc="upper center",
                bbox_to_anchor=(0.45, 1.0 + 0.4 / (0.65 * len(self))),
                columnspacing=1.2,
                handlelength=1.2,
            )
        return axes


def _flatness(one: Mapping[str, Any]) -> Flatness:
    worse = {int(of["percent"]): of for of in one["worse"]}
    fixed = {share: _between(of["fixed"]) for share, of in worse.items()}
    is_known = all(of["retuned"] is not None for of in worse.values())
    retuned = {share: _between(of["retuned"]) for share, of in worse.items()} if is_known else None
    interval = None if one["interval_95"] is None else _between(one["interval_95"])
    return Flatness(one["value"], one["unit"], fixed, retuned, interval)


def _between(ends: Any) -> Between:
    low, high = (float("nan") if end is None else float(end) for end in ends)
    return low, high


def _ends(of: Optional[Between]) -> str:
    return "–" if of is None else f"{number(of[0], 4)} … {number(of[1], 4)}"
