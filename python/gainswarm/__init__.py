"""Tunes controller gains: a particle swarm proposes gains, thousands of closed-loop simulations on SIMD lanes judge them.

A study is a config file, or keyword arguments:

>>> import gainswarm as gs
>>> tuning = gs.tune(plant="dc_motor", controller=gs.PID(u_max=24.0), bounds={"Kp": (0, 20), "Ki": (0, 20), "Kd": (0, 1)},
...                  cost="itae", reference=gs.step(1), duration=4.0, evaluations=200)
>>> list(tuning.gains), tuning.feasible, tuning.certificate.verdict
(['Kp', 'Ki', 'Kd'], True, 'stable')

`tune`, `simulate`, `certify`, `validate`, `rules`, `sensitivity` and `batch` are the commands of ``gainswarm``, by the same engine: the same
config and seed give the same bits as the command line. `minimize` and `Swarm` are the search for objectives of one's own. Errors are `GainswarmError` and below.
"""

from gainswarm._advice import Flatness, Rule, Rules, Sensitivity
from gainswarm._api import batch, certify, rules, sensitivity, simulate, tune, validate
from gainswarm._errors import (
    AnswerError,
    ConfigError,
    GainswarmError,
    InternalError,
    Interrupted,
    MemoryLimitError,
    ModelError,
    OptionError,
    RefusedError,
    StateError,
    StudyWarning,
    WriteError,
)
from gainswarm._frequency import Loop, Margins
from gainswarm._gainswarm import __version__
from gainswarm._minimize import OptimizeResult, minimize
from gainswarm._models import (
    LQR,
    PI,
    PID,
    PID2DOF,
    Controller,
    Law,
    P,
    Plant,
    StateFeedback,
    constant,
    controllers,
    noise,
    plants,
    pulse,
    ramp,
    sine,
    step,
)
from gainswarm._pareto import Pareto
from gainswarm._results import Certificate, Difference, Found, Simulation, Validation
from gainswarm._study import Study
from gainswarm._swarm import Front, Swarm
from gainswarm._tuning import Progress, TradeOff, Tuning

__all__ = [
    "LQR",
    "PI",
    "PID",
    "PID2DOF",
    "AnswerError",
    "Certificate",
    "ConfigError",
    "Controller",
    "Difference",
    "Flatness",
    "Found",
    "Front",
    "GainswarmError",
    "InternalError",
    "Interrupted",
    "Law",
    "Loop",
    "Margins",
    "MemoryLimitError",
    "ModelError",
    "OptimizeResult",
    "OptionError",
    "P",
    "Pareto",
    "Plant",
    "Progress",
    "RefusedError",
    "Rule",
    "Rules",
    "Sensitivity",
    "Simulation",
    "StateError",
    "StateFeedback",
    "Study",
    "StudyWarning",
    "Swarm",
    "TradeOff",
    "Tuning",
    "Validation",
    "WriteError",
    "__version__",
    "batch",
    "certify",
    "constant",
    "controllers",
    "minimize",
    "noise",
    "plants",
    "pulse",
    "ramp",
    "rules",
    "sensitivity",
    "simulate",
    "sine",
    "step",
    "tune",
    "validate",
]
