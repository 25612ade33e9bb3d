"""Plants, controllers and signals, as a study takes them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Optional, Union

import numpy as np

from gainswarm import _gainswarm
from gainswarm._checks import floats, known, path_of, refuse
from gainswarm._toml import dumps

Table = dict[str, Any]


class Model:
    """A plant or a control law by its equations, `Plant` or `Law`."""

    kind = ""
    _numbers = "parameters"

    def __init__(
        self,
        equations: str,
        *,
        states: Union[Mapping[str, Any], Sequence[str]] = (),
        inputs: Union[Mapping[str, Any], Sequence[str]] = (),
        outputs: Union[Mapping[str, Any], Sequence[str]] = (),
        name: Optional[str] = None,
        **rest: Any,
    ) -> None:
        numbers = rest.pop(self._numbers, {})
        self.table: Table = {"name": name or self.kind, "equations": equations}
        for key, declared in (("states", states), ("inputs", inputs), ("outputs", outputs), (self._numbers, numbers)):
            entries = _declared(key, declared)
            if entries:
                self.table[key] = entries
        self.table.update(rest)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.table['name']}>"


class Plant(Model):
    """A plant by its equations.

    ``equations`` are lines such as ``x' = e`` (the derivative of a state), ``q'' = e`` or ``name = e`` (a value). ``states``, ``inputs`` and
    ``outputs`` are names, or a mapping from each to its unit or to a dictionary as in a model file (``unit``, ``doc``, ``default``,
    ``limit``); ``parameters`` maps each to its value or to such a dictionary. An input that is a disturbance needs a ``default``. Further
    keywords are what a model file has above its tables, such as ``fail``.

    >>> Plant("omega' = (K*u - D*omega)/J", states={"omega": "rad/s"}, inputs=["u"], parameters={"K": 1.0, "D": 0.1, "J": 0.01})
    <Plant plant>
    """

    kind = "plant"
    _numbers = "parameters"


class Law(Model):
    """A control law by its equations.

    As `Plant`, with ``gains`` instead of ``parameters``: a mapping to values, to ``(default, lower, upper)`` where they are searched, or to
    dictionaries. In a law ``z' = e`` means z + dt·e, once a control period.

    >>> Law("u = Kp*(reference - measurement)", inputs=["reference", "measurement"], outputs=["u"], gains={"Kp": (1.0, 0.0, 10.0)})
    <Law controller>
    """

    kind = "controller"
    _numbers = "gains"


def _declared(key: str, declared: Union[Mapping[str, Any], Sequence[str]]) -> Table:
    if isinstance(declared, str):
        declared = declared.replace(",", " ").split()
    if not isinstance(declared, Mapping):
        return {name: {} for name in declared}
    entries: Table = {}
    for name, what in declared.items():
        if isinstance(what, Mapping):
            entries[name] = dict(what)
        elif isinstance(what, str):
            entries[name] = {"unit": what}
        elif isinstance(what, tuple) and len(what) == 3:
            entries[name] = {"default": what[0], "search": [what[1], what[2]]}
        elif what is None:
            entries[name] = {}
        elif key in ("parameters", "gains"):
            entries[name] = {"default": what}
        else:
            raise refuse(f"{key}[{name!r}] = {what!r}", "allowed: a unit, or a dictionary with unit, doc, default")
    return entries


class Controller:
    """A control law that ships, by its name, with what is said of it: its gains' values, limits and choices.

    ``gainswarm.controllers()`` lists them; `PID`, `PI` and the others are the same by another name.

    >>> Controller("pid", Kp=2.0, u_max=24.0)
    Controller('pid', Kp=2.0, u_max=24.0)
    """

    def __init__(self, type: str, /, **said: Any) -> None:
        self.type = type
        self.said = said

    def __repr__(self) -> str:
        return f"Controller({', '.join([repr(self.type), *(f'{key}={value!r}' for key, value in self.said.items())])})"


def P(**said: Any) -> Controller:
    """Proportional control of the error: gain ``Kp``, in the unit of what it drives over that of the error."""
    return Controller("p", **said)


def PI(**said: Any) -> Controller:
    """PI on the error without windup: gains ``Kp`` and ``Ki`` (1/s), limits ``u_max`` and ``rate_max``, set-point weight ``b``."""
    return Controller("pi", **said)


def PID(**said: Any) -> Controller:
    """PID on the error in parallel form, without windup: gains ``Kp``, ``Ki`` (1/s) and ``Kd`` (s), cut-off ``N`` of the derivative's filter
    in 1/s, set-point weights ``b`` and ``c``, limits ``u_max`` and ``rate_max`` of the output.

    >>> PID(u_max=24.0)
    Controller('pid', u_max=24.0)
    """
    return Controller("pid", **said)


def PID2DOF(**said: Any) -> Controller:
    """PID with two degrees of freedom, feedforward type: ``Kp``, ``Ti`` and ``Td`` in s."""
    return Controller("pid_2dof", **said)


def LQR(**said: Any) -> Controller:
    """Linear-quadratic regulator: the weights of up to six states, ``q1`` …, and ``r`` of the control are tuned, and K follows by the Riccati
    equation. ``connect={"x1": "theta", …}`` says which states they weigh."""
    return Controller("lqr", **said)


def StateFeedback(**said: Any) -> Controller:
    """State feedback u = Kr r − K x, with integral action where ``Ki`` is above 0; its inputs are joined by ``connect={"x1": "position", …}``."""
    return Controller("state_feedback", **said)


def plants() -> dict[str, str]:
    """The plants that ship: their names, and what each is, in a line.

    >>> plants()["dc_motor"]
    'armature-controlled DC motor with viscous friction'
    """
    return dict(_gainswarm.models("plant"))


def controllers() -> dict[str, str]:
    """The control laws that ship: their names, and what each is, in a line.

    >>> "pid" in controllers()
    True
    """
    return dict(_gainswarm.models("controller"))


def constant(amplitude: float = 1.0) -> Table:
    """A signal that is the same all the time; here and below ``amplitude`` is in the unit of what the signal is for."""
    return {"type": "constant", "amplitude": amplitude}


def step(amplitude: float = 1.0, start: float = 0.0) -> Table:
    """A signal that is 0 before ``start`` in s, and constant from then on.

    >>> step(2.0)
    {'type': 'step', 'amplitude': 2.0, 'start': 0.0}
    """
    return {"type": "step", "amplitude": amplitude, "start": start}


def ramp(amplitude: float = 1.0, duration: float = 1.0, start: float = 0.0) -> Table:
    """A signal that goes from 0 at ``start`` to its amplitude within ``duration``, both in s, and then is constant."""
    return {"type": "ramp", "amplitude": amplitude, "duration": duration, "start": start}


def pulse(amplitude: float = 1.0, duration: float = 1.0, start: float = 0.0) -> Table:
    """A signal that is constant for ``duration`` from ``start`` on, both in s."""
    return {"type": "pulse", "amplitude": amplitude, "duration": duration, "start": start}


def sine(amplitude: float = 1.0, frequency: float = 1.0, start: float = 0.0) -> Table:
    """A sine of ``frequency`` in Hz, from ``start`` in s on."""
    return {"type": "sine", "amplitude": amplitude, "frequency": frequency, "start": start}


def noise(amplitude: float = 1.0, frequency: float = 1.0, start: float = 0.0) -> Table:
    """A random signal with components up to ``frequency`` in Hz; the amplitude is its standard deviation."""
    return {"type": "noise", "amplitude": amplitude, "frequency": frequency, "start": start}


def plant_of(plant: Any) -> tuple[Optional[str], Optional[Table]]:
    """A plant as a study takes it: the name of one that ships or the path of one, or a table of its equations or coefficients."""
    if isinstance(plant, Plant):
        return None, plant.table
    if isinstance(plant, Law):
        raise refuse(f"plant={plant!r}", "allowed: a Plant; a Law is a controller")
    return _named("plant", plant) or (None, {"name": "plant", **_linear(plant)})


def controller_of(controller: Any) -> tuple[Optional[str], Optional[Table]]:
    """A controller as a study takes it, as `plant_of`; and what is said of one that ships."""
    if isinstance(controller, Controller):
        return controller.type, dict(controller.said)
    if isinstance(controller, Law):
        return None, controller.table
    if callable(controller) and controller in (P, PI, PID, PID2DOF, LQR, StateFeedback):
        return controller_of(controller())
    found = _named("controller", controller)
    if found is None:
        remedy = "allowed: gs.PID() and the like, the name of one that ships, a Law, a path or a text of TOML"
        raise refuse(f"controller={controller!r}", remedy)
    return found


def _named(kind: str, model: Any) -> Optional[tuple[Optional[str], Optional[Table]]]:
    """A model that is a name, a path, or a text of TOML."""
    if isinstance(model, Mapping):
        return None, {"name": kind, **model}
    if isinstance(model, str) and ("\n" in model or "=" in model):
        table = _gainswarm.parse_toml(model)
        wrong = table.pop("kind", kind)
        if wrong != kind:
            raise refuse(f"{kind} is the text of a {wrong}", f"give the text of a {kind}")
        return None, {"name": kind, **table}
    if isinstance(model, (str, os.PathLike)):
        path = path_of(kind, model)
        if not os.path.exists(path):
            known(kind, path, dict(_gainswarm.models(kind)))
        return path, None
    return None


def _linear(plant: Any) -> Table:
    """A linear plant: of python-control, of scipy.signal, or as coefficients or matrices."""
    if isinstance(plant, tuple) and len(plant) == 2:
        return _transfer(*plant)
    if isinstance(plant, tuple) and len(plant) == 4:
        return _matrices(*plant)
    step_s = getattr(plant, "dt", None)
    if step_s not in (None, 0, 0.0):
        found = f"plant is sampled, with a period of {step_s!r} s"
        raise refuse(found, "give the continuous plant: gainswarm samples the controller itself")
    if all(hasattr(plant, name) for name in "ABCD"):
        return _matrices(plant.A, plant.B, plant.C, plant.D)
    if hasattr(plant, "num") and hasattr(plant, "den"):
        return _transfer(_only(plant.num), _only(plant.den))
    if hasattr(plant, "to_tf"):
        return _linear(plant.to_tf())
    remedy = (
        "allowed: the name of one that ships, a path, a text of TOML, a Plant, control.tf or control.ss, a system of scipy.signal, "
        "(numerator, denominator) or (A, B, C, D)"
    )
    raise refuse(f"plant={plant!r}", remedy)


def _only(coefficients: Any) -> Any:
    """The coefficients of the one transfer function of a system."""
    rows = coefficients
    if isinstance(rows, np.ndarray) and rows.dtype == object:
        rows = rows.tolist()
    if isinstance(rows, (list, tuple)) and rows and isinstance(rows[0], (list, tuple)):
        if len(rows) != 1 or len(rows[0]) != 1:
            raise refuse("plant has several transfer functions", "give it as a state space: control.ss(plant)")
        return rows[0][0]
    return rows


def _transfer(numerator: Any, denominator: Any) -> Table:
    numerator, denominator = (
        floats(name, np.atleast_1d(np.asarray(values)), (None,))
        for name, values in (("numerator", numerator), ("denominator", denominator))
    )
    return {"numerator": numerator.tolist(), "denominator": denominator.tolist()}


def _matrices(A: Any, B: Any, C: Any, D: Any) -> Table:
    tables = {}
    for name, matrix in (("A", A), ("B", B), ("C", C), ("D", D)):
        array = np.asarray(matrix)
        if name == "B" and array.ndim == 1:
            array = array[:, None]
        tables[name] = floats(name, np.atleast_2d(array), (None, None)).tolist()
    return tables


def text_of(kind: str, table: Table) -> str:
    """The text of a model file."""
    return dumps({"kind": kind, **{key: value for key, value in table.items() if key != "name"}})
