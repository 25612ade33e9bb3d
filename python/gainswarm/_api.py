"""What a user calls."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Optional, Union

from gainswarm import _gainswarm
from gainswarm._advice import Rules, Sensitivity
from gainswarm._checks import Path, path_of
from gainswarm._results import Certificate, Simulation, Validation
from gainswarm._study import Study, study_of
from gainswarm._tuning import Progress, Tuning


def tune(
    study: Union[None, Path, Study] = None,
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
    **keywords: Any,
) -> Tuning:
    """Tunes the gains of a controller.

    Args:
        study: the path of a config, or a `Study`. Without it ``plant``, ``controller``, ``bounds``, ``cost``, ``reference`` and whatever else
            `Study.build` takes make one.
        seed: of every random number of the search; the same seed gives the same bits, at any number of threads.
        particles, generations, evaluations: size of the swarm, and where the search ends; otherwise as the study says.
        threads: worker threads, all cores without it. They do not change the result.
        simd: the instructions to use (``auto``, ``avx512``, ``avx2``, …). They do not change the result.
        backend: ``auto``, ``program`` or ``native`` (machine code from the start). It does not change the result.
        memory_limit: bytes that the run may use. It is counted for the whole process.
        warm_start: paths of ``gains.csv`` files that particles start from; ``"rules"`` for published rules for PID.
        output: a directory for the files that ``gainswarm tune`` writes, with a checkpoint every ``checkpoint_every`` generations.
        resume, force: go on with the run that is there; start anew and replace it.
        progress: ``True`` for a bar of tqdm, or what is called with a `Progress` after each generation, in the thread that called. If it
            returns ``True`` the tuning ends there; if it raises, the tuning ends and the exception goes on.

    Ctrl-C ends it after the generation that runs and raises `Interrupted`, whose ``tuning`` is what there is.

    Raises:
        ConfigError, ModelError: the study is refused; the text says line, value and what is allowed.
        OptionError: an argument is refused.
        RefusedError: ``output`` holds something else.

    >>> import gainswarm as gs
    >>> tuning = gs.tune(plant="dc_motor", controller=gs.PI(), bounds={"Kp": (0, 20), "Ki": (0, 20)}, cost="itae",
    ...                  reference=gs.step(1), duration=4.0, evaluations=200)
    >>> sorted(tuning.gains), tuning.certificate.stable, tuning.hot_path_allocations
    (['Ki', 'Kp'], True, 0)
    """
    return study_of(study, keywords).tune(
        seed=seed,
        particles=particles,
        generations=generations,
        evaluations=evaluations,
        threads=threads,
        simd=simd,
        backend=backend,
        memory_limit=memory_limit,
        warm_start=warm_start,
        output=output,
        resume=resume,
        force=force,
        checkpoint_every=checkpoint_every,
        progress=progress,
    )


def simulate(
    study: Union[None, Path, Study, Tuning] = None,
    gains: Any = None,
    *,
    scenario: int = 0,
    initial_state: Union[None, Mapping[str, float], Sequence[float]] = None,
    replay: Optional[str] = None,
    duration: Optional[float] = None,
    dt: Optional[float] = None,
    every: int = 1,
    **keywords: Any,
) -> Simulation:
    """Simulates one closed loop, by the code that tuning uses.

    Args:
        study: as `tune`; or a `Tuning`, whose gains are used.
        gains: a `Tuning`, a mapping, the path of a ``gains.csv`` or an array; the study's without it.
        scenario: which of the tuning's scenarios, from 0.
        initial_state: another start: a number a state in its unit, or a mapping from some of them (the others start at 0).
        replay: repeats a run of the validation, named by set/seed/index.
        duration, dt: another length and control period, in s.
        every: only every n-th step.

    >>> import gainswarm as gs
    >>> run = gs.simulate(plant=([1.0], [1.0, 1.0]), controller=gs.P(Kp=1.0), reference=1.0, duration=10.0)
    >>> round(float(run["y"][-1]), 3)    # Kp/(1 + Kp)
    0.5
    """
    if isinstance(study, Tuning):
        study, gains = study.study, study if gains is None else gains
    return study_of(study, keywords).simulate(
        gains, scenario=scenario, initial_state=initial_state, replay=replay, duration=duration, dt=dt, every=every
    )


def certify(study: Union[None, Path, Study, Tuning] = None, gains: Any = None, **keywords: Any) -> Certificate:
    """Whether the loop as it is sampled is stable about its equilibrium, with its eigenvalues and margins.

    >>> import gainswarm as gs
    >>> gs.certify(plant=([1.0], [1.0, 1.0]), controller=gs.P(Kp=1.0)).stable
    True
    """
    if isinstance(study, Tuning):
        study, gains = study.study, study if gains is None else gains
    return study_of(study, keywords).certify(gains)


def validate(
    study: Union[None, Path, Study, Tuning] = None,
    gains: Any = None,
    *,
    against: Any = None,
    samples: int = 1000,
    seed: int = 1,
    threads: Optional[int] = None,
    simd: Optional[str] = None,
    **keywords: Any,
) -> Validation:
    """How gains do on ``samples`` fresh scenarios of each set of the study's validation.

    Args:
        study, gains: as `simulate`.
        against: other gains, in any form that ``gains`` may have, on the same scenarios: what differs is told with p-values.
        samples: runs in each set.
        seed: of every random number.
        threads, simd: as `tune`; they do not change the result.

    >>> import gainswarm as gs
    >>> study = gs.Study.build("dc_motor", gs.PI(), duration=2.0)
    >>> found = gs.validate(study, {"Kp": 5.0, "Ki": 5.0}, against={"Kp": 1.0, "Ki": 5.0}, samples=50)
    >>> list(found), found["uncertain"].runs, found["uncertain"].differences["cost"].is_beyond_chance
    (['uncertain'], 50, True)
    """
    if isinstance(study, Tuning):
        study, gains = study.study, study if gains is None else gains
    return study_of(study, keywords).validate(gains, against=against, samples=samples, seed=seed, threads=threads, simd=simd)


def rules(
    study: Union[None, Path, Study, Tuning] = None,
    gains: Any = None,
    *,
    step: Optional[float] = None,
    simd: Optional[str] = None,
    **keywords: Any,
) -> Rules:
    """What published rules for PID (Ziegler–Nichols, SIMC and others) give for a study's plant, and what that costs there.

    A step of the plant's input and its ultimate oscillation are simulated for it. The law measures one value and has a table of rules, as P, PI
    and PID that ship have.

    Args:
        study: as `tune`; or a `Tuning`, whose gains stand beside the rules.
        gains: gains to show beside them, as `simulate`.
        step: size of the step of the plant's input, in its unit; a tenth of its limit, or 1, without.
        simd: as `tune`.

    Raises:
        RefusedError: the loop cannot be tuned by rules; the text says why.

    >>> import gainswarm as gs
    >>> found = gs.rules(plant=([1.0], [1.0, 3.0, 3.0, 1.0]), controller=gs.PI(), dt=0.002, duration=20.0)   # 1/(s + 1)³
    >>> round(found.ultimate["gain"], 1), round(found.ultimate["period"], 2)    # theory: 8 and 2π/√3 s, but for the sampling
    (8.0, 3.63)
    """
    if isinstance(study, Tuning):
        study, gains = study.study, study if gains is None else gains
    return study_of(study, keywords).rules(gains, step=step, simd=simd)


def sensitivity(
    study: Union[None, Path, Study, Tuning] = None,
    gains: Any = None,
    measurements: Optional[int] = None,
    *,
    simd: Optional[str] = None,
    **keywords: Any,
) -> Sensitivity:
    """How flat the cost is about gains: how far each may move until the cost is 1, 5 and 10 % worse. Ctrl-C is heard when that is done.

    Args:
        study, gains: as `simulate`; gains that a tuning has found.
        measurements: independent measurements of which the cost is a sum of squares, as in an identification: then there are 95 % intervals.
        simd: as `tune`.

    Raises:
        OptionError: the gains do not hold on the study.
    """
    if isinstance(study, Tuning):
        study, gains = study.study, study if gains is None else gains
    return study_of(study, keywords).sensitivity(gains, measurements, simd=simd)


def batch(
    studies: Union[Path, Sequence[Union[Path, Study]]],
    *,
    output: Optional[Path] = None,
    force: bool = False,
    progress: Optional[Callable[[str, Progress], Any]] = None,
    **options: Any,
) -> list[Tuning]:
    """Tunes many studies one after the other.

    ``studies`` is the path of a batch (``studies = […]`` and ``[grid]``), or a list of paths and studies. With ``output`` each study has a
    directory of its own there, with ``gains.csv`` and ``summary.csv`` of all beside them, as ``gainswarm batch`` writes them; what is
    complete there is not run again, and what was interrupted goes on. ``progress`` is called with the name of the study and its `Progress`;
    ``options`` are those of `tune`.
    """
    if isinstance(studies, (str, os.PathLike)):
        _, entries = _gainswarm.load_batch(path_of("studies", studies))
        todo = [(Study._of(native), group) for native, group in entries]
    else:
        todo = [(study, study.name) for study in (study_of(one, {}) for one in studies)]
    where = None if output is None else path_of("output", output)
    done: list[tuple[Tuning, str]] = []
    for study, group in todo:
        if where is not None:
            options.update(output=os.path.join(where, study.name), resume=not force, force=force)
        done.append((study.tune(progress=_named(study.name, progress), **options), group))
        if where is not None:
            _gainswarm.write_batch(where, [(tuning._native, of) for tuning, of in done])
    return [tuning for tuning, _ in done]


def _named(name: str, progress: Optional[Callable[[str, Progress], Any]]) -> Optional[Callable[[Progress], Any]]:
    return None if progress is None else lambda now: progress(name, now)
