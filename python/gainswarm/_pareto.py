"""Several objectives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Union

from gainswarm._checks import refuse


class Pareto:
    """Two to four objectives to trade off, each minimised.

    A positional argument is the name of a term (``"settling_time"``, ``"control_effort"``), a keyword gives a name to a sum of terms (a
    mapping to weights) or to an expression of terms (a text).

    >>> Pareto("settling_time", effort={"control_effort": 1.0})
    Pareto('settling_time', effort={'control_effort': 1.0})
    """

    def __init__(self, *terms: Union[str, Mapping[str, Any]], **named: Union[str, Mapping[str, float]]) -> None:
        self._terms = terms
        self._named = named

    def __repr__(self) -> str:
        parts = [*(repr(term) for term in self._terms), *(f"{name}={what!r}" for name, what in self._named.items())]
        return f"Pareto({', '.join(parts)})"

    def tables(self) -> list[dict[str, Any]]:
        """The tables of ``[[objectives]]``."""
        tables: list[dict[str, Any]] = []
        for term in self._terms:
            if not isinstance(term, (str, Mapping)):
                raise refuse(f"the objective {term!r}", "allowed: the name of a term, or name={term: weight}")
            tables.append({"name": term} if isinstance(term, str) else dict(term))
        for name, what in self._named.items():
            tables.append({"name": name, "expression": what} if isinstance(what, str) else {"name": name, "cost": dict(what)})
        return tables
