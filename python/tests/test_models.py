"""Plants and laws in all their forms, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gainswarm as gs
import numpy as np
import pytest

COMMON: dict[str, Any] = {"reference": gs.step(1), "dt": 0.01, "duration": 8.0}


def end(plant: Any, controller: Any, output: str, **keywords: Any) -> float:
    return float(gs.simulate(plant=plant, controller=controller, **{**COMMON, **keywords})[output][-1])


def test_a_linear_plant_is_the_same_in_every_form() -> None:
    # 1/(s² + 3 s + 2) under P with Kp = 2 comes to Kp/(2 + Kp) = 1/2.
    control, signal = pytest.importorskip("control"), pytest.importorskip("scipy.signal")
    A, B, C, D = [[0, 1], [-2, -3]], [[0], [1]], [[1, 0]], [[0]]
    forms = [
        ([1], [1, 3, 2]),
        (np.array([1.0]), np.array([1, 3, 2])),
        (A, B, C, D),
        (np.array(A, dtype=">f8"), np.array([0, 1]), np.array([1, 0]), 0),
        control.tf([1], [1, 3, 2]),
        control.ss(A, B, C, D),
        signal.TransferFunction([1], [1, 3, 2]),
        signal.lti([1], [1, 3, 2]),
        signal.StateSpace(A, B, C, D),
        signal.ZerosPolesGain([], [-1, -2], 1),
    ]
    for plant in forms:
        assert end(plant, gs.P(Kp=2.0), "y") == pytest.approx(0.5, abs=1e-4), plant


def test_a_plant_of_equations_moves_as_its_solution() -> None:
    # x' = u − x with u = 2 (1 − x): x(t) = 2/3 (1 − e^(−3 t)), but for the sampling of the control.
    plant = gs.Plant("x' = u - x", states=["x"], inputs=["u"])
    law = gs.Law("u = K*(reference - measurement)", inputs=["reference", "measurement"], outputs=["u"], gains={"K": (2.0, 0.0, 10.0)})
    run = gs.simulate(plant=plant, controller=law, measure="x", reference=1.0, cost="(reference - x)^2", dt=1e-4, duration=2.0)
    assert np.abs(run["x"] - 2 / 3 * (1 - np.exp(-3 * run.t))).max() < 1e-4
    study = gs.Study.build(plant, law, measure="x", reference=1.0)
    assert study.bounds == {"K": (0.0, 10.0)}


def test_models_of_texts_and_paths_are_those_that_ship(configs: Path) -> None:
    models = configs.parent / "models"
    plant, law = models / "plants/dc_motor.toml", models / "controllers/pi.toml"
    wanted = end("dc_motor", gs.PI(Kp=5.0, Ki=5.0), "omega")
    said = {"controller": {"Kp": 5.0, "Ki": 5.0}}
    assert end(str(plant), "pi", "omega", settings=said) == wanted
    assert end(plant.read_text(encoding="utf-8"), law.read_text(encoding="utf-8"), "omega", settings=said) == wanted


@pytest.mark.parametrize("name", sorted(gs.plants()))
def test_every_plant_that_ships_has_a_study(name: str) -> None:
    assert gs.Study.build(name).plant == name


def test_an_error_in_equations_has_line_column_and_mark() -> None:
    plant = gs.Plant("x' = a*x + $u", states=["x"], inputs=["u"], parameters={"a": 1.0})
    with pytest.raises(gs.ModelError) as caught:
        gs.Study.build(plant, gs.PI())
    error = caught.value
    assert (error.column, error.line, error.path) == (12, 2, "plant")
    assert error.mark == "x' = a*x + $u\n           ^"
    assert error.problem == "`$` has no meaning here" and error.remedy.startswith("allowed: ")
    assert isinstance(error, gs.ConfigError) and isinstance(error, ValueError)


@pytest.mark.parametrize(
    ("keywords", "error", "said"),
    [
        ({"plant": "dc_moter"}, gs.OptionError, "did you mean 'dc_motor'"),
        ({"controller": "pie"}, gs.OptionError, "did you mean 'pi'"),
        ({"plant": 3}, gs.OptionError, "allowed: the name of one that ships"),
        ({"plant": ([1.0], [[1.0]])}, gs.OptionError, "denominator of shape"),
        ({"plant": ([1 + 1j], [1.0, 1.0])}, gs.OptionError, "numerator of type complex128"),
        ({"plant": ([1.0, 0, 0], [1.0, 1.0])}, gs.ConfigError, "numerator"),
        ({"bounds": {"Kp": (float("nan"), 1.0)}}, gs.ConfigError, r"lower = nan"),
        ({"bounds": {"Kp": (2.0, 1.0)}}, gs.ConfigError, "is above upper"),
        ({"bounds": {"Kq": (0.0, 1.0)}}, gs.ConfigError, "did you mean `Kp`"),
        ({"bounds": {"Kp": 3.0}}, gs.OptionError, r"allowed: \(lower, upper\)"),
        ({"bounds": [("Kp", 0, 1)]}, gs.OptionError, "allowed: a dictionary"),
        ({"cost": "itea"}, gs.ConfigError, "did you mean `itae`"),
        ({"cost": "t*abs(referense - omega)"}, gs.ConfigError, "did you mean `reference`"),
        ({"cost": 3}, gs.OptionError, "cost=3"),
        ({"reference": "x"}, gs.ConfigError, "reference"),
        ({"reference": {"type": "stap"}}, gs.ConfigError, "did you mean `step`"),
        ({"dt": 5.0}, gs.ConfigError, "dt = 5"),
        ({"duration": "x"}, gs.ConfigError, "duration"),
        ({"limits": {"overshot": 5.0}}, gs.ConfigError, "did you mean `max_overshoot`"),
        ({"constraints": "Kp >"}, gs.ConfigError, "constraints"),
        ({"noise": {"omga": 0.1}}, gs.ConfigError, "did you mean `omega`"),
        ({"swarm": {"rule": "x"}}, gs.ConfigError, "learning"),
        ({"settings": {"plant": {"J": -1.0}}}, gs.ConfigError, "plant.J"),
        ({"settings": {"plant": {"J": object()}}}, gs.OptionError, "plant.J="),
        ({"objectives": gs.Pareto("itae")}, gs.ConfigError, "objectives"),
        ({"nonsense": 1}, TypeError, "'nonsense'"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(keywords: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        gs.Study.build(**{"plant": "dc_motor", "controller": gs.PI(), **keywords})


def test_an_error_far_out_in_a_line_is_an_error_and_no_panic() -> None:
    plant = gs.Plant("x' = u" + " " * 70_000 + "+ $", states=["x"], inputs=["u"])
    with pytest.raises(gs.ModelError) as caught:
        gs.Study.build(plant, gs.P())
    assert caught.value.column == 70_009 and caught.value.mark.endswith(" ^")


def test_bounds_from_0_are_linear_where_the_law_has_a_logarithmic_scale() -> None:
    assert gs.Study.build(([1.0], [1.0, 1.0]), gs.P(), bounds={"Kp": (0, 2)}).bounds == {"Kp": (0.0, 2.0)}


def test_a_sampled_plant_and_several_inputs_are_refused() -> None:
    control = pytest.importorskip("control")
    with pytest.raises(gs.OptionError, match="is sampled, with a period of 0.1 s"):
        gs.Study.build(control.tf([1], [1, 1], 0.1), gs.PI())
    two = [[[1], [1]], [[1], [1]]], [[[1, 1], [1, 1]], [[1, 1], [1, 1]]]
    with pytest.raises(gs.OptionError, match="control.ss"):
        gs.Study.build(control.tf(*two), gs.PI())


def test_a_study_that_is_hardly_meant_is_warned_of() -> None:
    with pytest.warns(gs.StudyWarning, match="the swarm may not settle"):
        gs.Study.build("dc_motor", gs.PI(), swarm={"rule": "inertia", "inertia": {"w": 1.5}})


def test_certificates_agree_with_theory() -> None:
    # 1/s under P with Kp = 1, sampled fast: one pole at −1/s, phase margin 90° but for the hold, Ms = 1.
    found = gs.certify(plant=([1.0], [1.0, 0.0]), controller=gs.P(Kp=1.0), dt=1e-4)
    assert found.stable and found.max_real_part == pytest.approx(-1.0, rel=1e-3)
    assert found.margins is not None and found.margins.phase == pytest.approx(90.0, abs=0.01)
    assert not gs.certify(plant=([1.0], [1.0, 0.0]), controller=gs.P(Kp=-1.0)).stable


def test_gains_may_be_given_in_every_form(motor: gs.Study, tmp_path: Path) -> None:
    usual = list(motor.parameters.values())
    assert motor.values() == usual
    assert motor.values({"Kp": 2}) == [2.0, *usual[1:]]
    assert motor.values([3, 4]) == [3.0, 4.0, *usual[2:]]
    assert motor.values(np.array(usual, dtype=">f4"))[:2] == usual[:2]
    for wrong in ({"Kq": 1.0}, [1.0, 2.0, 3.0], "missing.csv", {"Kp": "x"}, {"Kp": float("nan")}, 3, [[1.0, 2.0]]):
        with pytest.raises(gs.GainswarmError):
            motor.values(wrong)
