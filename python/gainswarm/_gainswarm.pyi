"""The native half of the package: not public, what it does is reached by `gainswarm`."""

from collections.abc import Callable
from typing import Any, Optional

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

__version__: str
PARTICLES_MAX: int
GENERATIONS_MAX: int
EVALUATIONS_MAX: int
STEPS_MAX: int

class Study:
    """A checked study."""

    @staticmethod
    def load(path: str) -> Study:
        """Reads and checks a config."""
    @staticmethod
    def parse(path: str, text: str) -> Study:
        """Checks the text of a config."""
    def to_toml(self) -> str:
        """The study with every default, as TOML that makes the same study."""
    def questionable(self) -> list[str]:
        """What is allowed in it and yet hardly meant."""
    def facts(self) -> dict[str, Any]:
        """Names, units and numbers."""
    def changed(
        self,
        seed: Optional[int],
        particles: Optional[int],
        generations: Optional[int],
        evaluations: Optional[int],
        memory_limit: Optional[int],
        backend: Optional[str],
        warm_start: list[str],
        from_rules: bool,
    ) -> Study:
        """The study with what the caller says otherwise."""
    def tune(
        self,
        threads: Optional[int],
        simd: Optional[str],
        progress: Optional[Callable[..., None]],
        state: Optional[bytes],
        output: Optional[str],
        resume: bool,
        force: bool,
        checkpoint_every: int,
    ) -> tuple[Tuning, Optional[BaseException], Optional[str]]:
        """Tunes: the result, what stopped it early, and what the user should know."""
    def simulate(
        self,
        values: list[float],
        scenario: int,
        initial_state: Optional[list[float]],
        replay: Optional[str],
        duration: Optional[float],
        dt: Optional[float],
        every: int,
    ) -> dict[str, Any]:
        """Simulates gains once."""
    def certify(self, values: list[float]) -> dict[str, Any]:
        """The certificate of gains, and their loops over frequency."""
    def validate(
        self,
        values: list[float],
        against: Optional[list[float]],
        samples: int,
        seed: int,
        threads: Optional[int],
        simd: Optional[str],
        files: list[str],
    ) -> tuple[dict[str, Any], list[dict[str, Floats]]]:
        """Gains on the sets of the validation, and others on the same scenarios."""
    def read_gains(self, path: str) -> tuple[list[float], list[str]]:
        """The values of a ``gains.csv``, and the parameters that it does not name."""
    def gains_csv(self, values: list[float]) -> str:
        """A ``gains.csv`` as text."""

class Tuning:
    """What a tuning has come to."""

    @property
    def study(self) -> Study: ...
    @property
    def values(self) -> list[float]: ...
    @property
    def cost(self) -> float: ...
    @property
    def is_feasible(self) -> bool: ...
    @property
    def reason(self) -> str: ...
    @property
    def state(self) -> bytes: ...
    def summary(self) -> dict[str, Any]:
        """A row of ``summary.csv``."""
    def certificate(self) -> dict[str, Any]:
        """As ``gainswarm certify --json``."""
    def history(self) -> dict[str, Floats]:
        """The columns of ``convergence.csv``."""
    def records(self) -> list[dict[str, Any]]:
        """What the tuned gains do in each scenario."""
    def front(self) -> list[dict[str, Any]]:
        """The trade-offs of several objectives."""
    def objections(self) -> list[str]:
        """Why the gains are not what was asked for."""
    def doubts(self) -> list[str]:
        """What else the user should know of the gains."""
    def write(self, directory: str) -> None:
        """Writes the files that ``gainswarm tune`` writes."""
    def export(self, format: str, math: Optional[str], precision: str) -> str:
        """The gains in a format of ``gainswarm export``; a controller with these functions and numbers."""

class Search:
    """A search, and how far it is."""

    def __init__(self, text: str) -> None: ...
    def ask(self) -> Floats:
        """The positions to judge, a row each."""
    def tell(self, costs: Floats, violations: Floats) -> None:
        """Takes the costs of all positions, a row each, and how far each is from feasible."""
    @property
    def ended(self) -> Optional[tuple[str, str]]: ...
    @property
    def generations(self) -> int: ...
    @property
    def evaluations(self) -> int: ...
    @property
    def restarts(self) -> int: ...
    @property
    def rejected(self) -> int: ...
    @property
    def objectives(self) -> int: ...
    @property
    def hypervolume(self) -> Optional[float]: ...
    @property
    def is_open(self) -> bool: ...
    def best(self) -> Optional[tuple[Floats, Floats, float]]:
        """The best position, its costs and its violation."""
    def front(self) -> tuple[Floats, Floats, list[float]]:
        """Positions, costs and violations of the trade-offs."""
    def config(self) -> dict[str, Any]:
        """The config with every default."""
    def save(self) -> bytes:
        """The state of the search."""
    def restore(self, bytes: bytes, open: bool) -> None:
        """Goes on from a saved state."""

def models(kind: str) -> list[tuple[str, str]]:
    """Names and summaries of the models that ship."""

def starting_point(
    plant: tuple[str, Optional[str]], controller: Optional[tuple[str, Optional[str]]]
) -> tuple[dict[str, Any], list[str]]:
    """What ``gainswarm init`` writes, and the names of the values that the law makes."""

def parse_toml(text: str) -> dict[str, Any]:
    """A text of TOML as a dictionary."""

def load_batch(path: str) -> tuple[str, list[tuple[Study, str]]]:
    """Name, studies and groups of a batch."""

def write_batch(directory: str, tunings: list[tuple[Tuning, str]]) -> None:
    """Writes the tables of a batch."""

def write_report(directory: str, plots: bool) -> None:
    """Writes the page of the results in a directory."""

def live_bytes() -> Optional[int]:
    """Bytes that the native half has allocated and not freed; of all threads of the process."""

def rules(study: Study, values: Optional[list[float]], step: Optional[float], simd: Optional[str]) -> dict[str, Any]:
    """What published rules come to on a study."""

def sensitivity(study: Study, values: list[float], measurements: Optional[int], simd: Optional[str]) -> dict[str, Any]:
    """How flat the cost is about gains."""
