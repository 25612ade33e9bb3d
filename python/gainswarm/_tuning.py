"""Tunings: what they come to, and how they go on."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Optional, Union

from gainswarm import _gainswarm
from gainswarm._checks import Floats, Path, path_of, refuse
from gainswarm._errors import Interrupted, StudyWarning
from gainswarm._results import Certificate, Margins, Simulation, Validation, _written, html_table, new_axes
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
        parameters: all parameters of the controller.
        units: the unit of each.
        cost: the cost of the gains; NaN where they do not hold.
        feasible: whether they hold in every scenario, within limits and constraints.
        certificate: whether the loop is stable, and by which margins.
        history: the search, an array a column of ``convergence.csv``, each of shape (rows,), NaN where it does not apply; a choice is its place in its list.
        front: the trade-offs of several objectives, by the first; empty otherwise.
        summary: a row of ``summary.csv`` as a dictionary: counts, times, terms.
        reason: why the search ended.
        bytes_per_simulation, hot_path_allocations, growth_bytes: what memory each simulation takes, how often anything was allocated while
            generations were judged (0, unless something is wrong), and by how many bytes these made the process grow.
            ``hot_path_allocations`` is ``None`` where something else of gainswarm was going on in the process, since it is counted for all.
        study: the study as it was tuned.
        output: the directory with the results, where there is one.
        records: what the gains do in each scenario of the tuning: ``survived``, ``ending``, ``steps``, ``cost`` and the ``terms`` of the cost.
        doubts: what should be known of the gains.
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
        self.doubts: list[str] = native.doubts()
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

    def __repr__(self) -> str:
        gains = ", ".join(f"{name}={value:.6g}" for name, value in self.gains.items())
        return f"<Tuning of {self.study.name}: {gains}; cost {self.cost:.6g}, {self.certificate.verdict}>"

    def _repr_html_(self) -> str:
        bounds = self.study.bounds
        rows = [
            [name, f"{value:.6g}", self.units[name], "{:.6g} … {:.6g}".format(*bounds[name]) if name in bounds else "follows"]
            for name, value in self.gains.items()
        ]
        facts = [
            ["cost", f"{self.cost:.6g}" if self.feasible else "not feasible"],
            ["certificate", f"{self.certificate.verdict}, largest real part {self.certificate.max_real_part:.6g} 1/s"],
            ["search", f"{self.summary['generations']} generations, {self.summary['evaluations']} gain vectors, {self.reason}"],
            ["simulations", f"{self.summary['simulations']} in {self.summary['wall_s']:.3g} s"],
            ["memory", f"{self.bytes_per_simulation} bytes a simulation"],
        ]
        return html_table(["gain", "value", "unit", "searched"], rows) + html_table(["", ""], facts)

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

    def export(self, format: str = "python") -> str:
        """The controller in a format of ``gainswarm export``: ``csv``, ``json``, ``toml``, ``c``, ``c-simulation``, ``python``, ``matlab``."""
        return self._native.export(format)

    def plot(self, ax: Any = None) -> Any:
        """Draws by Matplotlib what the gains do in the first scenario and how the search went; of two objectives the front. The axes."""
        if len(self.study.objectives) >= 2:
            return self._plot_front(ax)
        axes = new_axes(2) if ax is None else [ax]
        run = self.simulate()
        run.plot([name for name in run.names if name in self.study.states] or None, ax=axes[0])
        if ax is None:
            axes[1].plot(self.history["evaluations"], self.history["best_cost"])
            axes[1].set_xlabel("gain vectors")
            axes[1].set_ylabel("best cost")
        return axes if ax is None else ax

    def _plot_front(self, ax: Any) -> Any:
        axes = new_axes() if ax is None else ax
        first, second = self.study.objectives[:2]
        axes.plot([one.objectives[first] for one in self.front], [one.objectives[second] for one in self.front], "o", label="trade-offs")
        knee = next((one for one in self.front if one.is_knee), None)
        if knee is not None:
            axes.plot(knee.objectives[first], knee.objectives[second], "s", label="knee")
        axes.set_xlabel(first)
        axes.set_ylabel(second)
        axes.legend()
        return axes


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
