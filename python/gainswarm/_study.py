"""Studies: a plant, a law, what it costs and how its gains are searched."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Optional, Union

import numpy as np

from gainswarm import _gainswarm
from gainswarm._build import build
from gainswarm._checks import Path, is_sequence, known, optional_real, optional_whole, path_of, real, refuse, whole
from gainswarm._errors import StudyWarning
from gainswarm._toml import dumps

if TYPE_CHECKING:
    from gainswarm._advice import Rules, Sensitivity
    from gainswarm._results import Certificate, Simulation, Validation
    from gainswarm._tuning import Progress, Tuning

SEED_MAX = 2**63 - 1


class Study:
    """A study: what is tuned, on what, and how it is judged; read and checked.

    ``Study(path)`` reads a config, `Study.parse` its text, and `Study.build` makes one of keyword arguments, through the same reading, so
    that all defaults and errors are those of a file. A study does not change, and can be pickled.

    Attributes:
        name: its name, that of its directory of results.
        plant, controller: the names of the two.
        parameters: all parameters of the controller and their values.
        units: the unit of each.
        bounds: what is searched, each with its lower and upper bound.
        choices: the names of each parameter that is a choice of the law which is tuned; its value is a place among them, from 0.
        states: the states of the plant and their units.
        objectives: names of the objectives; empty where the cost is one.
        dt, duration: control period and length of a simulation, in s.

    >>> study = Study.build("dc_motor", "pid", bounds={"Kp": (0, 20), "Ki": (0, 20)}, cost="itae")
    >>> study
    <Study study: pid on dc_motor, tunes Kp, Ki>
    >>> study.bounds
    {'Kp': (0.0, 20.0), 'Ki': (0.0, 20.0)}
    """

    name: str
    plant: str
    controller: str
    parameters: dict[str, float]
    units: dict[str, str]
    bounds: dict[str, tuple[float, float]]
    choices: dict[str, tuple[str, ...]]
    states: dict[str, str]
    objectives: tuple[str, ...]
    dt: float
    duration: float

    def __init__(self, path: Path) -> None:
        self._take(_gainswarm.Study.load(path_of("path", path)), warn=True)

    @classmethod
    def parse(cls, text: str, path: Path = "study.toml") -> Study:
        """A study by the text of its config; ``path`` names it in errors, and files that it names are looked for beside it."""
        return cls._of(_gainswarm.Study.parse(path_of("path", path), text), warn=True)

    @classmethod
    def build(cls, plant: Any, controller: Any = None, **keywords: Any) -> Study:
        """A study of keyword arguments: what ``gainswarm init`` writes for plant and controller, with what is said otherwise.

        Args:
            plant: the name of one that ships (`gainswarm.plants`), the path or the text of a model, a `Plant`, ``control.tf`` or
                ``control.ss``, a system of ``scipy.signal``, ``(numerator, denominator)`` with the highest power first, or matrices
                ``(A, B, C, D)``. A linear plant has the input ``u`` and the output ``y``.
            controller: ``gs.PID()`` and the like, a name, a `Law`, a path or a text; without one, that which suits the plant.
            bounds: what is searched: ``{"Kp": (0, 20), "Ki": (1e-3, 10, "log")}``, or dictionaries with ``lower``, ``upper``, ``scale``
                and one of ``integer``, ``step``, ``values``. Without a scale it is the law's own; linear from 0 or below.
            cost: the name of a term (``"itae"``), an expression to integrate, or terms with weights or what a config says of them.
            reference: what the controller is to follow: a number or a signal, such as ``gs.step(1)``.
            objectives: `Pareto`, for trade-offs instead of one best.
            signals: other signals by name, such as a disturbance: ``{"load": gs.step(0.05, start=3)}``.
            connect: from inputs to the values that they take, where the names differ.
            measure: the value of the plant that the controller measures.
            dt, duration: control period and length of a simulation in s.
            limits: the largest allowed value of terms (``{"overshoot": 5}``) and limits of the certificate (``{"max_sensitivity": 1.6}``).
            constraints: relations between gains or of what is measured, such as ``"Kp > Ki"``.
            scenarios, validation: groups of scenarios, as in a config.
            initial_state, ranges, count: where scenarios start, in the units of the states; how far from there, and how many are drawn.
            noise, quantisation: of the sensor of each state, in its unit.
            uncertainty: of parameters of the plant, in ± %.
            dead_time, control_period: whole steps of ``dt``.
            actuator_lag, rate_limit: a time constant in s; the unit of what drives the plant over s.
            swarm: what a config says in ``[swarm]``.
            name: the name of the study.
            settings: anything else, as the tables of a config; laid over the rest.
        """
        return cls.parse(dumps(build(plant, controller, **keywords)))

    @classmethod
    def _of(cls, native: _gainswarm.Study, warn: bool = False) -> Study:
        study = cls.__new__(cls)
        study._take(native, warn)
        return study

    def _take(self, native: _gainswarm.Study, warn: bool) -> None:
        facts = native.facts()
        self._native = native
        self._followers: list[str] = facts["followers"]
        self.name = facts["study"]
        self.plant = facts["plant"]
        self.controller = facts["controller"]
        self.parameters = {one["name"]: one["value"] for one in facts["parameters"]}
        self.units = {one["name"]: one["unit"] for one in facts["parameters"]}
        self.bounds = {one["name"]: (one["lower"], one["upper"]) for one in facts["tuned"]}
        self.choices = {one["name"]: tuple(one["choices"]) for one in facts["parameters"] if one["choices"]}
        self._logarithmic: list[str] = [one["name"] for one in facts["tuned"] if one["logarithmic"]]
        self.states = dict(facts["states"])
        self.objectives = tuple(facts["objectives"])
        self.dt = facts["dt"]
        self.duration = facts["duration"]
        if warn:
            for text in native.questionable():
                warnings.warn(text, StudyWarning, stacklevel=4)

    def __repr__(self) -> str:
        return f"<Study {self.name}: {self.controller} on {self.plant}, tunes {', '.join(self.bounds)}>"

    def __reduce__(self) -> Any:
        return _again, (f"{self.name}.toml", self.to_toml())

    def _share(self, name: str, value: float) -> float:
        """Where a value is between the bounds of its gain, from 0 to 1 on its scale."""
        low, high = self.bounds[name]
        if name in self._logarithmic and value > 0.0:
            low, high, value = (float(np.log(number)) for number in (low, high, value))
        return (value - low) / (high - low) if high > low else 0.0

    def _repr_html_(self) -> str:
        from gainswarm import _look

        about = f"{self.controller} on {self.plant}, {self.duration:g} s in steps of {self.dt:g} s"
        rows = (
            [name, self.units[name], " / ".join(self.choices[name]) if name in self.choices else f"{_look.number(low)} … {_look.number(high)}"]
            for name, (low, high) in self.bounds.items()
        )
        parts = [_look.table(["tuned", "unit", "searched"], rows), _look.table(["state", "unit"], self.states.items())]
        if self.objectives:
            parts.append(_look.table(["objective"], ([name] for name in self.objectives)))
        return _look.card(self.name, about, [], _look.side(*parts))

    def to_toml(self) -> str:
        """The study with every default, as a config that makes the same study."""
        return self._native.to_toml()

    def values(self, gains: Any = None) -> list[float]:
        """The values of all parameters of the controller, in its order.

        ``gains`` is a `Tuning`, a mapping from names to values (what is not named keeps the study's value), the path of a ``gains.csv``, or
        an array with a number for each parameter, or for each that is tuned; without it they are the study's.
        """
        if gains is None:
            return list(self.parameters.values())
        if hasattr(gains, "parameters") and isinstance(gains.parameters, Mapping):
            gains = gains.parameters
        if isinstance(gains, Mapping):
            for name in gains:
                known("gain", name, self.parameters)
            return [self._value(name, gains.get(name, value)) for name, value in self.parameters.items()]
        if isinstance(gains, (str, os.PathLike)):
            values, unnamed = self._native.read_gains(path_of("gains", gains))
            if unnamed:
                text = f"{os.fspath(gains)} does not name {', '.join(unnamed)}: the study's values are used"
                warnings.warn(text, StudyWarning, stacklevel=3)
            return values
        return self._of_array(gains)

    def _value(self, name: str, value: Any) -> float:
        if name in self.choices and isinstance(value, str):
            return float(self.choices[name].index(known(name, value, self.choices[name])))
        return real(name, value)

    def _of_array(self, gains: Any) -> list[float]:
        remedy = f"allowed: a number for each of {', '.join(self.parameters)}, or for each of {', '.join(self.bounds)}"
        if not (is_sequence(gains) and np.ndim(gains) == 1 and len(gains) in (len(self.parameters), len(self.bounds))):
            raise refuse(f"gains={gains!r}", remedy)
        numbers = [real(f"gains[{place}]", gain) for place, gain in enumerate(gains)]
        if len(numbers) == len(self.parameters):
            return numbers
        return self.values(dict(zip(self.bounds, numbers)))

    def tune(
        self,
        *,
        seed: Optional[int] = None,
        particles: Optional[int] = None,
        generations: Optional[int] = None,
        evaluations: Optional[int] = None,
        threads: Optional[int] = None,
        simd: Optional[str] = None,
        backend: Optional[str] = None,
        memory_limit: Optional[int] = None,
        warm_start: Union[None, Path, Sequence[Path]] = None,
        output: Optional[Path] = None,
        resume: bool = False,
        force: bool = False,
        checkpoint_every: int = 10,
        progress: Union[None, bool, Callable[[Progress], Any]] = None,
    ) -> Tuning:
        """Tunes the gains; see `gainswarm.tune`."""
        from gainswarm._tuning import run

        starts = [] if warm_start is None else list(warm_start) if isinstance(warm_start, (list, tuple)) else [warm_start]
        paths = [path_of("warm_start", one) for one in starts]
        native = self._native.changed(
            optional_whole("seed", seed, 0, SEED_MAX),
            optional_whole("particles", particles, 2, _gainswarm.PARTICLES_MAX),
            optional_whole("generations", generations, 1, _gainswarm.GENERATIONS_MAX),
            optional_whole("evaluations", evaluations, 1, _gainswarm.EVALUATIONS_MAX),
            optional_whole("memory_limit", memory_limit, 1, SEED_MAX),
            backend,
            [path for path in paths if path != "rules"],
            "rules" in paths,
        )
        if resume and force:
            raise refuse("resume=True and force=True", "give one of them")
        if (resume or force) and output is None:
            raise refuse("resume=True or force=True without output=", "say in which directory the run is")
        return run(
            native,
            threads=optional_whole("threads", threads, 1, 1024),
            simd=simd,
            output=None if output is None else path_of("output", output),
            resume=bool(resume),
            force=bool(force),
            checkpoint_every=whole("checkpoint_every", checkpoint_every, 1, _gainswarm.GENERATIONS_MAX),
            progress=progress,
        )

    def simulate(
        self,
        gains: Any = None,
        *,
        scenario: int = 0,
        initial_state: Union[None, Mapping[str, float], Sequence[float]] = None,
        replay: Optional[str] = None,
        duration: Optional[float] = None,
        dt: Optional[float] = None,
        every: int = 1,
    ) -> Simulation:
        """Simulates one closed loop; see `gainswarm.simulate`."""
        from gainswarm._results import Simulation

        start = self._start(initial_state)
        if replay is not None and not (start is None and duration is None and dt is None):
            raise refuse("replay= with another start, duration or dt", "a run is repeated as it was: leave them out")
        if replay is not None and not isinstance(replay, str):
            raise refuse(f"replay={replay!r}", "allowed: a text, set/seed/index")
        run = self._native.simulate(
            self.values(gains),
            whole("scenario", scenario, 0, 2**31),
            start,
            replay,
            optional_real("duration", duration),
            optional_real("dt", dt),
            whole("every", every, 1, _gainswarm.STEPS_MAX),
        )
        return Simulation(run["rows"], run["rest"])

    def _start(self, start: Union[None, Mapping[str, float], Sequence[float]]) -> Optional[list[float]]:
        if start is None:
            return None
        if isinstance(start, Mapping):
            for name in start:
                known("initial_state", name, self.states)
            return [real(f"initial_state[{name!r}]", start.get(name, 0.0)) for name in self.states]
        if not (is_sequence(start) and np.ndim(start) == 1):
            raise refuse(f"initial_state={start!r}", f"allowed: a number for each of {', '.join(self.states)}")
        return [real(f"initial_state[{place}]", number) for place, number in enumerate(start)]

    def certify(self, gains: Any = None) -> Certificate:
        """Whether the loop is stable, and by which margins; see `gainswarm.certify`."""
        from gainswarm._results import Certificate

        return Certificate(self._native.certify(self.values(gains)))

    def validate(
        self,
        gains: Any = None,
        *,
        against: Any = None,
        samples: int = 1000,
        seed: int = 1,
        threads: Optional[int] = None,
        simd: Optional[str] = None,
    ) -> Validation:
        """How gains do on scenarios that no tuning saw, alone or against others; see `gainswarm.validate`."""
        from gainswarm._results import Validation

        found, costs = self._native.validate(
            self.values(gains),
            None if against is None else self.values(against),
            whole("samples", samples, 1, 1_000_000),
            whole("seed", seed, 0, SEED_MAX),
            optional_whole("threads", threads, 1, 1024),
            simd,
            [f"{self.name}.toml", "gains.csv"],
        )
        return Validation(found, costs)

    def rules(self, gains: Any = None, *, step: Optional[float] = None, simd: Optional[str] = None) -> Rules:
        """What published rules for PID give; see `gainswarm.rules`."""
        from gainswarm._advice import Rules

        size = optional_real("step", step)
        if size == 0.0:
            raise refuse("step=0", "allowed: a number other than 0, in units of what the law drives")
        return Rules(_gainswarm.rules(self._native, None if gains is None else self.values(gains), size, simd))

    def sensitivity(self, gains: Any = None, measurements: Optional[int] = None, *, simd: Optional[str] = None) -> Sensitivity:
        """How flat the cost is about gains; see `gainswarm.sensitivity`."""
        from gainswarm._advice import Sensitivity

        count = optional_whole("measurements", measurements, 1, 1_000_000_000)
        return Sensitivity(_gainswarm.sensitivity(self._native, self.values(gains), count, simd))


def _again(path: str, text: str) -> Study:
    return Study._of(_gainswarm.Study.parse(path, text))


def study_of(study: Any, keywords: Mapping[str, Any]) -> Study:
    """A study of a path, of itself, or of keyword arguments."""
    if study is None:
        if "plant" not in keywords:
            raise TypeError("give a study: its path, a Study, or plant=… and what belongs to it")
        rest = dict(keywords)
        return Study.build(rest.pop("plant"), rest.pop("controller", None), **rest)
    if keywords:
        names = ", ".join(keywords)
        raise TypeError(f"{names}: a study that is given says so itself; these are for a study that is made of plant=…")
    return study if isinstance(study, Study) else Study(study)
