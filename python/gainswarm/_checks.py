"""Arguments, checked: each error names the argument, what was given and what is allowed."""

from __future__ import annotations

import difflib
import operator
import os
from collections.abc import Iterable, Sequence
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

from gainswarm._errors import OptionError

Path = Union[str, "os.PathLike[str]"]
Floats = npt.NDArray[np.float64]


def refuse(found: str, remedy: str) -> OptionError:
    """The error of an argument."""
    return OptionError(f"{found}\n  {remedy}", remedy)


def whole(name: str, value: Any, least: int, most: int) -> int:
    """A whole number from ``least`` to ``most``."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or not least <= number <= most:
        raise refuse(f"{name}={value!r}", f"allowed: a whole number from {least} to {most}")
    return number


def optional_whole(name: str, value: Any, least: int, most: int) -> Optional[int]:
    """The same, or ``None``."""
    return None if value is None else whole(name, value, least, most)


def real(name: str, value: Any) -> float:
    """A finite number."""
    try:
        if isinstance(value, (str, bytes, bool, np.bool_)):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if not np.isfinite(number):
        raise refuse(f"{name}={value!r}", "allowed: a finite number")
    return number


def optional_real(name: str, value: Any) -> Optional[float]:
    """The same, or ``None``."""
    return None if value is None else real(name, value)


def floats(name: str, value: Any, shape: tuple[Optional[int], ...]) -> Floats:
    """An array of real numbers of this shape (``None``: any length), of any real type, byte order and stride."""
    wanted = "(" + ", ".join("n" if side is None else str(side) for side in shape) + ("," if len(shape) == 1 else "") + ")"
    remedy = f"allowed: real numbers of shape {wanted}"
    if isinstance(value, np.ma.MaskedArray) and value.dtype.kind in "fiub":
        # What is masked is not known.
        value = np.ma.filled(value.astype(np.float64), np.nan)
    try:
        array = np.asarray(value)
    except ValueError as error:  # ragged
        raise refuse(f"{name} is no array: {error}", remedy) from None
    if array.dtype.kind == "O" and array.size:
        # None stands for a number that is not known.
        try:
            array = np.array([np.nan if one is None else one for one in array.ravel()], dtype=np.float64).reshape(array.shape)
        except (TypeError, ValueError, OverflowError):
            raise refuse(f"{name} of type {array.dtype}", remedy) from None
    if array.dtype.kind not in "fiub":
        raise refuse(f"{name} of type {array.dtype}", remedy)
    fits = array.ndim == len(shape) and all(want is None or want == side for want, side in zip(shape, array.shape))
    if not fits:
        raise refuse(f"{name} of shape {array.shape}", remedy)
    return np.ascontiguousarray(array, dtype=np.float64)


def known(name: str, value: str, allowed: Iterable[str]) -> str:
    """One of some names."""
    names = list(allowed)
    if value in names:
        return value
    near = difflib.get_close_matches(str(value), names, 1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise refuse(f"{name} {value!r} is unknown", f"allowed: {', '.join(names)}{hint}")


def path_of(name: str, value: Any) -> str:
    """A path as a string."""
    try:
        path = os.fspath(value)
    except TypeError:
        raise refuse(f"{name}={value!r}", "allowed: a path, as a str or pathlib.Path") from None
    return os.fsdecode(path)


def pair(name: str, value: Any) -> tuple[float, float]:
    """A lower and an upper bound."""
    low, high = (float(number) for number in floats(name, value, (2,)))
    if not (np.isfinite(low) and np.isfinite(high) and low <= high):
        raise refuse(f"{name} = ({low:g}, {high:g})", "allowed: finite numbers, the lower one first")
    return low, high


def pairs(name: str, value: Any) -> list[tuple[float, float]]:
    """Lower and upper bounds: a sequence of pairs, an (n, 2) array, or an object with ``lb`` and ``ub``, as SciPy's ``Bounds``."""
    if hasattr(value, "lb") and hasattr(value, "ub"):
        lower, upper = np.broadcast_arrays(np.atleast_1d(value.lb), np.atleast_1d(value.ub))
        value = np.stack([lower, upper], axis=-1)
    array = floats(name, value, (None, 2))
    if not len(array):
        raise refuse(f"{name} has no pairs", "allowed: a pair (lower, upper) for each dimension")
    return [pair(f"{name}[{place}]", row) for place, row in enumerate(array)]


def is_sequence(value: Any) -> bool:
    """Whether it is a sequence, and no text."""
    return isinstance(value, (Sequence, np.ndarray)) and not isinstance(value, (str, bytes))
