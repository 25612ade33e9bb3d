"""What must hold beside the bounds: relations as texts, functions that say how far a position is off, and SciPy's forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Optional

import numpy as np

from gainswarm._checks import Floats, floats, refuse

#: How far a generation of shape (n, d) is off: an array of shape (n,).
Broken = Callable[[Floats], Floats]

#: Equalities in SciPy's forms hold within this.
EQUAL = 1e-8

_ALLOWED = (
    'allowed: a relation such as "x1 + x2 <= 1", a function that says how far a position is off, NonlinearConstraint, LinearConstraint, '
    "or dictionaries with type and fun; one, or a list of them"
)


class Constraints:
    """Constraints in any form; those that are texts are relations of the search, the others say how far each position is off."""

    def __init__(self, constraints: Any, vectorized: bool) -> None:
        single = isinstance(constraints, (str, Mapping)) or callable(constraints) or hasattr(constraints, "lb")
        if constraints is None:
            constraints = ()
        try:
            parts = [constraints] if single else list(constraints)
        except TypeError:
            raise refuse(f"constraints={constraints!r}", _ALLOWED) from None
        self.relations = [part for part in parts if isinstance(part, str)]
        self.functions = [_function(part, vectorized) for part in parts if not isinstance(part, str)]

    def violations(self, x: Floats) -> Optional[Floats]:
        """How far positions of shape (n, d) are off, summed up: an array of shape (n,); ``None`` without functions."""
        if not self.functions:
            return None
        total: Floats = np.sum([function(x) for function in self.functions], axis=0)
        return total


def _function(of: Any, vectorized: bool) -> Broken:
    if isinstance(of, Mapping):
        kind, function = of.get("type"), of.get("fun")
        if kind not in ("eq", "ineq") or not callable(function):
            raise refuse(f"constraints: {of!r}", 'allowed: {"type": "eq" or "ineq", "fun": a function}, with "args" if wanted')
        return _Each(_Within(function, 0.0, 0.0 if kind == "eq" else np.inf, tuple(of.get("args", ()))))
    if hasattr(of, "lb") and hasattr(of, "ub"):
        if hasattr(of, "A"):
            matrix = np.asarray(of.A.toarray() if hasattr(of.A, "toarray") else of.A, dtype=np.float64)
            return _Each(_Within(matrix.__matmul__, of.lb, of.ub))
        if callable(getattr(of, "fun", None)):
            return _Each(_Within(of.fun, of.lb, of.ub))
    if callable(of):
        return _Whole(of) if vectorized else _Each(_Off(of))
    raise refuse(f"constraints: {of!r}", _ALLOWED)


class _Each:
    """How far each position is off, one after the other."""

    def __init__(self, one: Callable[[Floats], float]) -> None:
        self.one = one

    def __call__(self, x: Floats) -> Floats:
        return np.array([self.one(position) for position in x], dtype=np.float64)


class _Within:
    """By how much the values of a function are beyond their bounds, summed up."""

    def __init__(self, function: Callable[..., Any], low: Any, high: Any, args: tuple[Any, ...] = ()) -> None:
        self.function, self.low, self.high, self.args = function, low, high, args

    def __call__(self, position: Floats) -> float:
        values = floats("the value of a constraint", np.atleast_1d(self.function(position, *self.args)), (None,))
        try:
            low, high = np.broadcast_to(self.low, values.shape), np.broadcast_to(self.high, values.shape)
        except ValueError:
            raise refuse(f"a constraint with {len(values)} values", "allowed: as many as it has bounds") from None
        over = np.maximum(np.maximum(low - values, values - high), 0.0)
        return float(np.where((low == high) & (over <= EQUAL), 0.0, over).sum())


class _Off:
    """What a function says of one position: a number, or several, that count where they are above 0."""

    def __init__(self, function: Callable[[Floats], Any]) -> None:
        self.function = function

    def __call__(self, position: Floats) -> float:
        values = floats("the violations of a position", np.atleast_1d(self.function(position)), (None,))
        return float(np.maximum(values, 0.0).sum())


class _Whole:
    """What a function says of a whole generation, of shape (n,) or (n, k)."""

    def __init__(self, function: Callable[[Floats], Any]) -> None:
        self.function = function

    def __call__(self, x: Floats) -> Floats:
        values = np.asarray(self.function(x))
        rows = floats("the violations of a generation", values, (len(x), None) if values.ndim == 2 else (len(x),))
        over: Floats = np.maximum(rows, 0.0).reshape(len(x), -1).sum(axis=1)
        return over
