"""Tunings: what they come to, and how they go on."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any, NamedTuple, Optional, Union

import numpy as np

from gainswarm import _gainswarm, _look
from gainswarm._advice import Rules, Sensitivity
from gainswarm._checks import Floats, Path, path_of, refuse
from gainswarm._errors import Interrupted, StudyWarning
from gainswarm._frequency import Loop, Margins
from gainswarm._look import Html, number
from gainswarm._results import Certificate, Simulation, Validation, _written
from gainswarm._study import Study


class Progress(NamedTuple):
    """How far a tuning is, after a generation.

    ``best_cost`` is NaN while nothing is feasible, ``best_violation`` how far the best is from feasible, ``seconds`` the time since the
    start; ``generations_max`` and ``evaluations_max`` are where it ends. Of several objectives ``kept`` is the number of trade-offs and
    ``hypervolume`` theirs, otherwise both are ``None``.
    """

    generation: int
    evaluations: int
    best_cost: float
    best_violation: float
    simulations: int
    seconds: float
    generations_max: int
    evaluations_max: int
    kept: Optional[int]
    hypervolume: Optional[float]

    @property
    def share(self) -> float:
        """How much of the search is done, at least: 0 to 1."""
        return max(self.generation / self.generations_max, self.evaluations / self.evaluations_max)


class TradeOff(NamedTuple):
    """A trade-off: what is tuned, all parameters, the cost in each objective, and what is special about it."""

    gains: dict[str, float]
    parameters: dict[str, float]
    objectives: dict[str, float]
    is_knee: bool
    best_of: tuple[str, ...]


class Tuning:
    """What a tuning has come to. It can be pickled, and goes on with `resume`.

    Attributes:
        gains: what was tuned, by name; of several objectives those of the knee.
        choices: the options of the law that were tuned, by name, as the texts that were chosen; in `gains` they stand as places in their lists.
        parameters: all parameters of the controller.
        units: the unit of each.
        cost: the cost of the gains; NaN where they do not hold.
        feasible: whether they hold in every scenario, within limits and constraints.
        certificate: whether the loop is stable, and by which margins.
        history: the search, an array a column of ``convergence.csv``, each of shape (rows,), NaN where it does not apply; a choice is its
            place in its list.
        front: the trade-offs of several objectives, by the first; empty otherwise.
        summary: a row of ``summary.csv`` as a dictionary: counts, times, terms.
        reason: why the search ended.
        bytes_per_simulation, hot_path_allocations, growth_bytes: what memory each simulation takes, how often anything was allocated while
            generations were judged (0, unless something is wrong), and by how many bytes these made the process grow.
            ``hot_path_allocations`` is ``None`` where something else of gainswarm was going on in the process, since it is counted for all.
        study: the study as it was tuned.
        output: the directory with the results, where there is one.
        records: what the gains do in each scenario of the tuning: ``survived``, ``ending``, ``steps``, ``cost`` and the ``terms`` of the cost.
        objections: why the gains are not what was asked for, a sentence each: they do not hold, the loop is unstable, the response never
            settles. Empty where all is well; `gainswarm.tune` warns of them.
        doubts: what else should be known of the gains, such as that the search had not converged.
    """

    def __init__(self, native: _gainswarm.Tuning, study: Optional[Study] = None, output: Optional[str] = None) -> None:
        self._native = native
        self.study = Study._of(native.study) if study is None else study
        self.output = output
        self.parameters: dict[str, float] = dict(zip(self.study.parameters, native.values))
        self.units: dict[str, str] = dict(self.study.units)
        self.gains: dict[str, float] = self._tuned(self.parameters)
        self.cost: float = native.cost
        self.feasible: bool = native.is_feasible
        self.reason: str = native.reason
        self.certificate = Certificate(native.certificate())
        self.history: dict[str, Floats] = native.history()
        self.summary: dict[str, Any] = native.summary()
        self.front: list[TradeOff] = [self._trade_off(point) for point in native.front()]
        self.records: list[dict[str, Any]] = native.records()
        self.objections: list[str] = native.objections()
        self.doubts: list[str] = native.doubts()
        self.choices: dict[str, str] = {name: of[int(self.gains[name])] for name, of in self.study.choices.items() if name in self.gains}
        self.bytes_per_simulation: int = self.summary["bytes_per_simulation"]
        self.hot_path_allocations: Optional[int] = self.summary["hot_path_allocations"]
        self.growth_bytes: int = self.summary["growth_bytes"]

    def _tuned(self, parameters: Mapping[str, float]) -> dict[str, float]:
        names = [*self.study.bounds, *self.study._followers]
        return {name: parameters[name] for name in names}

    def _trade_off(self, point: Mapping[str, Any]) -> TradeOff:
        parameters = dict(zip(self.study.parameters, point["values"]))
        objectives = dict(zip(self.study.objectives, point["objectives"]))
        return TradeOff(self._tuned(parameters), parameters, objectives, point["is_knee"], tuple(point["ends"]))

    @property
    def margins(self) -> Optional[Margins]:
        """The margins of the certificate."""
        return self.certificate.margins

    @property
    def complete(self) -> bool:
        """Whether the search has come to its end."""
        return self.reason not in ("interrupted", "memory")

    @property
    def loops(self) -> list[Loop]:
        """The loops over frequency of the certificate: L, S, T, PS and CS as arrays."""
        return self.certificate.loops

    def __repr__(self) -> str:
        gains = ", ".join(f"{name}={self.choices.get(name, f'{value:.6g}')}" for name, value in self.gains.items())
        holds = "" if self.feasible else ", DOES NOT HOLD"
        return f"<Tuning of {self.study.name}: {gains}; cost {self.cost:.6g}, {self.certificate.verdict}{holds}>"

    def _repr_html_(self) -> str:
        told = f"{len(self.front)} trade-offs" if self.front else f"cost <b>{number(self.cost)}</b>"
        cost = Html(f"<span>{told}</span>") if self.feasible else _look.badge("does not hold", _look.WRONG)
        about = f"{self.study.controller} on {self.study.plant}"
        notes = Html(_look.notes(self.objections, _look.WRONG) + _look.notes(self.doubts, _look.DOUBTFUL))
        parts = [_look.side(self._gains_html(), self._facts_html())]
        if self.front:
            parts.append(self._front_html())
        return _look.card(self.study.name, about, [_look.verdict(self.certificate.verdict), cost], notes, *parts)

    def _gains_html(self) -> Html:
        rows: list[list[object]] = []
        for name, value in self.gains.items():
            if name in self.choices:
                rows.append([name, self.choices[name], "", "a choice", ""])
            elif name in self.study.bounds:
                low, high = self.study.bounds[name]
                where = _look.place(self.study._share(name, value))
                rows.append([name, number(value, 6), self.units[name], f"{number(low)} … {number(high)}", where])
            else:
                rows.append([name, number(value, 6), self.units[name], "follows", ""])
        head = ["knee" if self.front else "gain", "value", "unit", "searched", ""]
        return _look.table(head, rows, (1,))

    def _facts_html(self) -> Html:
        summary = self.summary
        search = [
            ["search", f"{summary['generations']} generations, {summary['evaluations']} gain vectors"],
            ["", f"ended by: {self.reason}"],
            ["simulations", f"{summary['simulations']:,} in {summary['wall_s']:.3g} s".replace(",", " ")],
            ["memory", f"{self.bytes_per_simulation} bytes a simulation"],
        ]
        return _look.table(["", ""], [*self.certificate._facts(), *search])

    def _front_html(self, most: int = 9) -> Html:
        """Some of the trade-offs: the ends, the knee, and evenly between them."""
        count = len(self.front)
        even = {round(place * (count - 1) / max(most - 1, 1)) for place in range(most)}
        special = {place for place, one in enumerate(self.front) if one.is_knee or one.best_of}
        rows = []
        for place in sorted(even | special):
            one = self.front[place]
            what = ", ".join([*(["knee"] if one.is_knee else []), *(f"best {name}" for name in one.best_of)])
            rows.append([*map(number, one.objectives.values()), *map(number, one.gains.values()), what])
        numbers = range(len(self.study.objectives) + len(self.gains))
        return _look.table([*self.study.objectives, *self.gains, f"of {count} trade-offs"], rows, numbers)

    def __reduce__(self) -> Any:
        return _restored, (self.study, self._native.state, self.output)

    def resume(self, **options: Any) -> Tuning:
        """Goes on for longer, or from where it was interrupted: with ``generations`` or ``evaluations`` as the new limits, and whatever else
        `gainswarm.tune` takes of ``threads``, ``simd``, ``memory_limit`` and ``progress``. The result is bit for bit that of a search that
        was never stopped.

        >>> import gainswarm as gs
        >>> keywords = dict(plant="dc_motor", controller=gs.PI(), duration=1.0, cost="itae")
        >>> whole = gs.tune(**keywords, evaluations=80)
        >>> gs.tune(**keywords, evaluations=40).resume(evaluations=80).gains == whole.gains
        True
        """
        changes = {key: options.pop(key, None) for key in ("particles", "generations", "evaluations", "memory_limit")}
        native = self.study._native.changed(
            None, changes["particles"], changes["generations"], changes["evaluations"], changes["memory_limit"], None, [], False
        )
        return run(native, state=self._native.state, **options)

    def simulate(self, gains: Any = None, **options: Any) -> Simulation:
        """Simulates the tuned gains, or others; see `gainswarm.simulate`."""
        return self.study.simulate(self.parameters if gains is None else gains, **options)

    def validate(self, **options: Any) -> Validation:
        """How the tuned gains do on scenarios that the tuning never saw; see `gainswarm.validate`."""
        return self.study.validate(self.parameters, **options)

    def report(self, path: Path) -> None:
        """Writes a page that shows all of it, one HTML file that needs nothing else.

        Where the tuning has an ``output`` directory, the page also shows a validation that is there.
        """
        target = path_of("path", path)
        if self.output is not None:
            _gainswarm.write_report(self.output, False)
            source = os.path.join(self.output, "report.html")
            if not (os.path.exists(target) and os.path.samefile(source, target)):
                shutil.copyfile(source, target)
            return
        with tempfile.TemporaryDirectory(prefix="gainswarm-") as directory:
            self._native.write(directory)
            _gainswarm.write_report(directory, False)
            shutil.copyfile(os.path.join(directory, "report.html"), target)

    def save(self, directory: Path) -> None:
        """Writes the files of ``gainswarm tune`` into a directory: ``gains.csv``, ``summary.csv``, ``convergence.csv``, ``manifest.json``, and
        ``pareto.csv`` of several objectives."""
        self._native.write(path_of("directory", directory))

    def to_csv(self, path: Optional[Path] = None) -> str:
        """A ``gains.csv``: every parameter of the controller, a row each; written to ``path`` where one is given."""
        return _written(self.study._native.gains_csv(list(self.parameters.values())), path)

    def export(self, format: str = "python", *, math: Optional[str] = None, precision: str = "double") -> str:
        """The controller in a format of ``gainswarm export``.

        The gains, for a program that has the law: ``csv``, ``json``, ``toml``, ``c``, ``python``, ``matlab``. The whole law as code:
        ``c-controller``, ``rust-controller``, ``python-controller``, ``matlab-function``, ``st``; with functions of its own (``math="own"``,
        the bits of the simulation) or those of the target's library (``math="libm"``), and numbers of 64 bits or of 32
        (``precision="float"``, which says in its head what it loses). The simulation in C: ``c-simulation``, and of the plant alone ``fmu``.
        """
        return self._native.export(format, math, precision)

    def sensitivity(self, measurements: Optional[int] = None, *, simd: Optional[str] = None) -> Sensitivity:
        """How flat the cost is about the tuned gains; see `gainswarm.sensitivity`."""
        return self.study.sensitivity(self.parameters, measurements, simd=simd)

    def rules(self, *, step: Optional[float] = None, simd: Optional[str] = None) -> Rules:
        """What published rules for PID give for the study, with the tuned gains beside them; see `gainswarm.rules`."""
        return self.study.rules(self.parameters, step=step, simd=simd)

    def plot(self, ax: Any = None) -> Any:
        """Draws by Matplotlib what responds in the first scenario, what drives the plant, and how the search went, an array of axes; of
        several objectives the front, a pair of them each. With ``ax`` the first of these alone, on these axes."""
        if self.front:
            return self._plot_front(ax)
        run = self.simulate()
        responding = [name for name in run.names if name in run._references or name in run._references.values()]
        states = [name for name in run.names if run.roles[name] == "state"]
        first = responding or states or list(run.names)
        if ax is not None:
            run.plot(first, ax=ax)
            return ax
        shown = [*run._panels(first)[:3]]
        drives = [name for name in run.names if run.roles[name] == "drive"]
        shown += run._panels(drives)[:2] if drives else []
        with _look.style() as plt:
            size = (7.5, 1.9 * (len(shown) + 1) + 0.5)
            axes = plt.subplots(len(shown) + 1, 1, layout="constrained", figsize=size)[1]
            for at, names in zip(axes, shown):
                run._draw(at, names, None)
                at.sharex(axes[0])
            for at in axes[: len(shown) - 1]:
                at.set_xlabel("")
                at.tick_params(labelbottom=False)
            self._plot_search(axes[-1])
            self._title(axes[0])
        return axes

    def _title(self, axes: Any) -> None:
        """What was tuned; what is wrong with it in red."""
        of = f"{self.study.name}: {self.study.controller} on {self.study.plant}"
        text = "\n".join(text.split("\n")[0] for text in self.objections) if self.objections else f"{of}, {self.certificate.verdict}"
        axes.set_title(text, color=_look.WRONG if self.objections else "black")

    def _plot_search(self, axes: Any) -> None:
        at, best, median = (self.history[name] for name in ("evaluations", "best_cost", "median_personal_best"))
        axes.step(at, best, where="post", label="best")
        if np.isfinite(median).any():
            axes.plot(at, median, color=_look.GREY, linewidth=1.0, label="median of the particles' bests")
        shown = np.concatenate([best, median])
        shown = shown[np.isfinite(shown)]
        if len(shown) and shown.min() > 0.0 and shown.max() > 3.0 * shown.min():
            axes.set_yscale("log")
        axes.set(xlabel="gain vectors", ylabel="cost")
        axes.legend()

    def _plot_front(self, ax: Any) -> Any:
        pairs = list(combinations(self.study.objectives, 2))
        costs = {name: np.array([one.objectives[name] for one in self.front]) for name in self.study.objectives}
        with _look.style() as plt:
            if ax is None:
                columns = min(len(pairs), 3)
                size = (7.0, 4.2) if columns == 1 else (3.9 * columns, 3.5 * -(-len(pairs) // columns))
                drawn = plt.subplots(-(-len(pairs) // columns), columns, layout="constrained", figsize=size, squeeze=False)[1].ravel()
            else:
                drawn = np.ravel(np.asarray(ax))
            for axes, (first, second) in zip(drawn, pairs):
                axes.plot(costs[first], costs[second], "o", markersize=4, alpha=0.75, label=f"{len(self.front)} trade-offs")
                for place, one in enumerate(self.front):
                    if one.is_knee:
                        axes.plot(costs[first][place], costs[second][place], "D", color=_look.COLOURS[1], markersize=8, label="knee")
                axes.set(xlabel=first, ylabel=second)
                for costs_of, scale in ((costs[first], axes.set_xscale), (costs[second], axes.set_yscale)):
                    if costs_of.min() > 0.0 and costs_of.max() > 30.0 * costs_of.min():
                        scale("log")
            drawn[0].legend()
            drawn[0].set_title(f"{self.study.name}: {self.study.controller} on {self.study.plant}")
        return drawn[0] if len(pairs) == 1 and ax is None else (drawn if ax is None else ax)


class _Stop(Exception):
    """A callback wants the tuning to end."""


def run(
    native: _gainswarm.Study,
    *,
    threads: Optional[int] = None,
    simd: Optional[str] = None,
    progress: Union[None, bool, Callable[[Progress], Any]] = None,
    state: Optional[bytes] = None,
    output: Optional[str] = None,
    resume: bool = False,
    force: bool = False,
    checkpoint_every: int = 10,
) -> Tuning:
    """Tunes a checked study."""
    show, close = _shown(progress)
    try:
        tuned, stopped, note = native.tune(threads, simd, show, state, output, resume, force, checkpoint_every)
    finally:
        close()
    for text in (note or "").splitlines():
        warnings.warn(text.removeprefix("warning: "), StudyWarning, stacklevel=4)
    tuning = Tuning(tuned, output=output)
    if stopped is None:
        for text in tuning.objections:
            warnings.warn(text, StudyWarning, stacklevel=4)
    if isinstance(stopped, KeyboardInterrupt):
        where = "tuning.resume() goes on" if output is None else f"its checkpoint is in {output}, and resume=True goes on"
        text = f"interrupted after generation {tuning.summary['generations']}: {where}"
        raise Interrupted(text, tuning) from None
    if stopped is not None and not isinstance(stopped, _Stop):
        raise stopped
    return tuning


def _shown(progress: Union[None, bool, Callable[[Progress], Any]]) -> tuple[Optional[Callable[..., None]], Callable[[], None]]:
    """What is called after each generation, and at the end."""
    if progress is None or progress is False:
        return None, lambda: None
    if progress is True:
        return _bar()
    if not callable(progress):
        raise refuse(f"progress={progress!r}", "allowed: True for a bar of tqdm, or what is to be called with a Progress")
    callback = progress

    def show(numbers: tuple[Any, ...]) -> None:
        if callback(_progress(numbers)) is True:
            raise _Stop

    return show, lambda: None


def _bar() -> tuple[Callable[..., None], Callable[[], None]]:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        raise ImportError("progress=True needs tqdm\n  pip install tqdm, or give a function that is called with a Progress") from None
    bar = tqdm(total=100, unit="%", bar_format="{l_bar}{bar}| {postfix}")

    def show(numbers: tuple[Any, ...]) -> None:
        now = _progress(numbers)
        bar.n = round(100 * now.share)
        best = f"hypervolume {now.hypervolume:.6g}" if now.hypervolume is not None else f"best {now.best_cost:.6g}"
        bar.set_postfix_str(f"{best}, {now.simulations / max(now.seconds, 1e-9):.4g} simulations/s")

    return show, bar.close


def _progress(numbers: tuple[Any, ...]) -> Progress:
    return Progress(*numbers[:-1], *(numbers[-1] or (None, None)))


def _restored(study: Study, state: bytes, output: Optional[str]) -> Tuning:
    tuned, _, _ = study._native.tune(None, None, None, state, None, False, False, 10)
    return Tuning(tuned, study, output)
