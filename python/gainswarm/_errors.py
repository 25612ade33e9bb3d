"""What can go wrong, with what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from gainswarm._tuning import Tuning


class GainswarmError(Exception):
    """Any error of gainswarm. Its text names what was read, what is allowed and the remedy.

    ``remedy`` is the part of the text that says what is allowed or what to do; empty where there is none.
    """

    remedy: str

    def __init__(self, text: str, remedy: str = "") -> None:
        super().__init__(text)
        self.remedy = remedy

    def __reduce__(self) -> Any:
        return _again, (type(self), str(self), dict(self.__dict__))


class OptionError(GainswarmError, ValueError):
    """An argument is refused."""


class ConfigError(GainswarmError, ValueError):
    """A study, or a file of gains, is refused.

    ``path`` is the file (``study.toml`` for a study that was made of keyword arguments), ``line`` its line from 1 or ``None``,
    ``problem`` what was read and why it is refused, ``remedy`` what is allowed.
    """

    path: str
    line: Optional[int]
    problem: str

    def __init__(
        self, text: str, remedy: str = "", path: str = "", line: Optional[int] = None, problem: str = ""
    ) -> None:
        super().__init__(text, remedy)
        self.path = path
        self.line = line
        self.problem = problem


class ModelError(ConfigError):
    """The equations of a model are refused.

    Beside what a `ConfigError` says, ``column`` is the place in the line, from 1, and ``mark`` that line with a mark below the place.
    """

    column: int
    mark: str

    def __init__(
        self,
        text: str,
        remedy: str = "",
        path: str = "",
        line: Optional[int] = None,
        problem: str = "",
        column: int = 0,
        mark: str = "",
    ) -> None:
        super().__init__(text, remedy, path, line, problem)
        self.column = column
        self.mark = mark


class AnswerError(GainswarmError, ValueError):
    """What a swarm was told does not fit to what it asked."""


class StateError(GainswarmError, ValueError):
    """A saved state is not one of this search, or cannot go on under these limits."""


class RefusedError(GainswarmError, OSError):
    """What stands where a run wants to write or to go on is refused, such as the results of another study."""


class WriteError(GainswarmError, OSError):
    """A result cannot be written."""


class MemoryLimitError(GainswarmError, MemoryError):
    """A run would need more memory than it may use, or than the machine has."""


class InternalError(GainswarmError, RuntimeError):
    """A bug of gainswarm; please report it."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C has ended a tuning after a whole generation.

    ``tuning`` is what it had come to; ``tuning.resume()`` goes on, and so does ``resume=True`` where it had an ``output`` directory, whose
    checkpoint is kept.
    """

    tuning: Tuning

    def __init__(self, text: str, tuning: Tuning) -> None:
        super().__init__(text)
        self.tuning = tuning


class StudyWarning(UserWarning):
    """What is allowed and yet hardly meant, or should be known of tuned gains."""


def _again(of: type[GainswarmError], text: str, parts: dict[str, Any]) -> GainswarmError:
    error = of(text)
    error.__dict__.update(parts)
    return error
