"""A study from keyword arguments: what ``gainswarm init`` would write, with what the caller says otherwise."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Optional, Union

from gainswarm import _gainswarm
from gainswarm._checks import is_sequence, refuse
from gainswarm._models import Table, controller_of, plant_of, text_of
from gainswarm._pareto import Pareto

#: Usual costs of what is off, as expressions of reference and output.
_TRACKING = {
    "ise": "({r} - {y})^2",
    "iae": "abs({r} - {y})",
    "itae": "t*abs({r} - {y})",
    "itse": "t*({r} - {y})^2",
}
#: Names of what a controller is told, and does not measure.
_REFERENCES = ("reference", "set_point", "setpoint", "target")
#: What a response tells, beside the terms of the cost.
_ASPECTS = ("rise_time", "settling_time", "overshoot", "undershoot", "steady_state_error", "peak", "unsettled")
#: What a scenario says, beside its signals.
_SCENARIO = (
    "initial_state", "ranges", "count", "sampling", "noise", "quantisation", "uncertainty", "dead_time", "actuator_lag",
    "rate_limit", "control_period",
)  # fmt: skip


def build(
    plant: Any,
    controller: Any = None,
    *,
    bounds: Optional[Mapping[str, Any]] = None,
    cost: Union[None, str, Mapping[str, Any]] = None,
    reference: Any = None,
    objectives: Union[None, Pareto, Sequence[Any]] = None,
    signals: Optional[Mapping[str, Any]] = None,
    connect: Optional[Mapping[str, str]] = None,
    measure: Optional[str] = None,
    dt: Optional[float] = None,
    duration: Optional[float] = None,
    limits: Optional[Mapping[str, float]] = None,
    constraints: Union[None, str, Sequence[str]] = None,
    scenarios: Optional[Sequence[Mapping[str, Any]]] = None,
    validation: Optional[Sequence[Mapping[str, Any]]] = None,
    swarm: Optional[Mapping[str, Any]] = None,
    name: Optional[str] = None,
    settings: Optional[Mapping[str, Any]] = None,
    **scenario: Any,
) -> Table:
    """The tables of a study."""
    stray = [key for key in scenario if key not in _SCENARIO]
    if stray:
        raise TypeError(f"a study has no keyword {stray[0]!r}; what has no keyword of its own goes into settings={{…}}")
    base, values = _base(plant, controller)
    if connect:
        base["connect"] = {**base.get("connect", {}), **connect}
    if measure is not None:
        _measure(base, measure)
    _scenarios(base, scenarios, validation, reference, signals, scenario)
    term = _Terms(base, values)
    if objectives is not None:
        tables = objectives.tables() if isinstance(objectives, Pareto) else Pareto(*objectives).tables()
        base["objectives"] = tables
        base["cost"] = term.of_objectives(tables, cost)
    elif cost is not None:
        base["cost"] = term.of_cost(cost)
    if bounds is not None:
        base["tune"] = _bounds(bounds)
    for key, value in (("dt", dt), ("duration", duration)):
        if value is not None:
            base.setdefault("simulation", {})[key] = float(value) if isinstance(value, int) else value
    if limits:
        base["limits"] = {_limit(key): value for key, value in limits.items()}
    if constraints:
        base["constraints"] = [constraints] if isinstance(constraints, str) else list(constraints)
    if swarm:
        _merge(base.setdefault("swarm", {}), swarm)
    if name is not None:
        base["study"] = name
    if settings:
        _merge(base, settings)
    return base


def _base(plant: Any, controller: Any) -> tuple[Table, list[str]]:
    """What the template of plant and controller says, and the values that the law makes."""
    plant_name, plant_table = plant_of(plant)
    asked_plant = (plant_name or plant_table_name(plant_table), None if plant_table is None else text_of("plant", plant_table))
    asked_law, said, law_table = _asked_law(controller)
    base, values = _gainswarm.starting_point(asked_plant, asked_law)
    if plant_table is not None:
        base["plant"] = copy.deepcopy(plant_table)
    if law_table is not None:
        base["controller"] = copy.deepcopy(law_table)
    base["controller"].update(said)
    return base, values


def plant_table_name(table: Optional[Table]) -> str:
    """What a plant of a table is called."""
    return str((table or {}).get("name", "plant"))


def _asked_law(controller: Any) -> tuple[Optional[tuple[str, Optional[str]]], Table, Optional[Table]]:
    """The law that the template is asked for, what is said of it, and its table where it is not one that ships."""
    if controller is None:
        return None, {}, None
    law_name, law_table = controller_of(controller)
    if law_name is None:
        table = law_table or {}
        return (plant_table_name(table), text_of("controller", table)), {}, table
    return (law_name, None), law_table or {}, None


def _measure(base: Table, measure: str) -> None:
    """What the controller measures."""
    connected = base.setdefault("connect", {})
    connected["measurement"] = measure
    for response in base.get("response", []):
        response["output"] = measure


def _merge(into: Table, other: Mapping[str, Any]) -> None:
    """Lays tables over others, key by key; anything else replaces what was there."""
    for key, value in other.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = dict(value) if isinstance(value, Mapping) else value


def _scenarios(
    base: Table,
    scenarios: Optional[Sequence[Mapping[str, Any]]],
    validation: Optional[Sequence[Mapping[str, Any]]],
    reference: Any,
    signals: Optional[Mapping[str, Any]],
    scenario: Table,
) -> None:
    first = dict(base.get("scenarios", [{}])[0])
    usual_signals = dict(first.get("signals", {}))
    if scenarios is not None:
        base["scenarios"] = [{"signals": dict(usual_signals), **one} if usual_signals else dict(one) for one in scenarios]
    if validation is not None:
        base["validation"] = [{"signals": dict(usual_signals), **one} if usual_signals else dict(one) for one in validation]
    said = dict(signals or {})
    if reference is not None:
        named = [key for key in usual_signals if key in _REFERENCES]
        said[named[0] if named else "reference"] = reference
    for group in (*base.get("scenarios", []), *base.get("validation", [])):
        if said:
            group["signals"] = {**group.get("signals", {}), **said}
    for group in base.get("scenarios", []):
        if "initial_state" in scenario or "ranges" in scenario:
            for key in ("initial_state", "ranges", "count"):
                group.pop(key, None)
        for key, value in scenario.items():
            group[key] = dict(value) if isinstance(value, Mapping) else value


class _Terms:
    """The terms of a cost."""

    def __init__(self, base: Table, values: Sequence[str]) -> None:
        self.base = base
        self.values = values

    def of_cost(self, cost: Union[str, Mapping[str, Any]]) -> Table:
        """The tables of ``[cost]``."""
        if isinstance(cost, str):
            cost = {cost: {}} if cost.isidentifier() else {"own": {"integrate": cost}}
        if not isinstance(cost, Mapping):
            raise refuse(f"cost={cost!r}", "allowed: the name of a term, an expression to integrate, or a dictionary of terms")
        return {name: self._term(name, what) for name, what in cost.items() if name not in _ASPECTS or what != {}} or {
            name: {"weight": 1.0} for name in cost
        }

    def of_objectives(self, objectives: Sequence[Table], cost: Union[None, str, Mapping[str, Any]]) -> Table:
        """The tables of ``[cost]`` that the objectives need."""
        tables = self.of_cost(cost) if cost is not None else {}
        for objective in objectives:
            named = objective.get("cost", {} if "expression" in objective else {objective["name"]: 1.0})
            for name in named:
                if name not in tables and name not in _ASPECTS:
                    tables[name] = self._term(name, {})
        return tables

    def _term(self, name: str, what: Any) -> Table:
        if isinstance(what, Mapping):
            table = dict(what)
        elif isinstance(what, str):
            return {"integrate": what}
        else:
            table = {"weight": float(what) if isinstance(what, int) else what}
        own = ("integrate", "maximum", "final", "mean", "tail", "signals")
        if name in _TRACKING and not any(key in table for key in own):
            table = {**self._tracking(name), **table}
        return table

    def _tracking(self, name: str) -> Table:
        if "error" in self.values:
            return {"signals": ["error"]}
        response = (self.base.get("response") or [{}])[0]
        output = response.get("output")
        groups = self.base.get("scenarios") or [{}]
        reference = next((key for key in groups[0].get("signals", {}) if key in _REFERENCES), None)
        if output is None or reference is None:
            return {}
        return {"integrate": _TRACKING[name].format(r=reference, y=output)}


def _limit(key: str) -> str:
    return key if key.startswith(("max_", "min_")) else f"max_{key}"


def _bounds(bounds: Mapping[str, Any]) -> list[Table]:
    """The tables of ``[[tune]]``."""
    if not isinstance(bounds, Mapping):
        raise refuse(f"bounds={bounds!r}", "allowed: a dictionary from gains to (lower, upper)")
    tables: list[Table] = []
    for gain, where in bounds.items():
        table: Table = {"parameter": gain}
        if isinstance(where, Mapping):
            table.update(where)
        elif is_sequence(where) and len(where) == 2:
            table.update(lower=where[0], upper=where[1])
            if isinstance(where[0], (int, float)) and where[0] <= 0:
                table["scale"] = "linear"  # where the law's own is logarithmic, too
        elif is_sequence(where) and len(where) == 3 and isinstance(where[2], str):
            table.update(lower=where[0], upper=where[1], scale="log10" if where[2] == "log" else where[2])
        else:
            remedy = 'allowed: (lower, upper), (lower, upper, "log"), or a dictionary with lower, upper, scale, integer, step, values'
            raise refuse(f"bounds[{gain!r}] = {where!r}", remedy)
        tables.append(table)
    return tables
