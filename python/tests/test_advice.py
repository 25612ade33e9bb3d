"""Rules, sensitivity, comparisons and loops over frequency; how results look."""

from __future__ import annotations

import json
import pickle
import subprocess
from pathlib import Path
from typing import Any

import gainswarm as gs
import numpy as np
import pytest


def told_by(program: str, *arguments: str) -> Any:
    return json.loads(subprocess.run([program, *arguments, "--json"], capture_output=True, text=True, check=True).stdout)


@pytest.fixture(scope="module")
def tuned() -> gs.Tuning:
    study = gs.Study.build(
        "dc_motor", gs.PI(u_max=24.0), bounds={"Kp": (0, 20), "Ki": (0, 20)}, cost="itae", reference=gs.step(1), dt=0.01, duration=2.0
    )
    return study.tune(evaluations=600)


def test_rules_are_those_of_the_command_line(tuned: gs.Tuning, program: str) -> None:
    Path("motor.toml").write_text(tuned.study.to_toml(), encoding="utf-8")
    tuned.to_csv("gains.csv")
    wanted = told_by(program, "rules", "motor.toml", "--gains", "gains.csv")
    rules = tuned.rules()
    assert [(one.name, one.gains) for one in rules] == [(line["rule"] or "tuned", line["gains"]) for line in wanted["lines"]]
    assert rules.step == wanted["step"] and rules.ultimate == wanted["ultimate"]
    assert rules[0].name == "tuned" and rules[0].cost == tuned.cost, "what was tuned for this cost is best at it"
    assert rules.best is rules[1]


def test_rules_know_a_plant_by_experiments() -> None:
    # 2 e^(−0.5 s)/(3 s + 1), but for the sampling.
    study = gs.Study.build(([2.0], [3.0, 1.0]), gs.PID(), dead_time=50, dt=0.01, duration=20.0)
    step = study.rules().step
    assert step is not None
    assert (step["gain"], step["time_constant"], step["dead_time"]) == pytest.approx((2.0, 3.0, 0.5), rel=0.02)
    with pytest.raises(gs.OptionError, match="other than 0"):
        study.rules(step=0.0)
    with pytest.raises(gs.RefusedError, match="published rules"):
        gs.rules(gs.Study.build("cart_pole"))


def test_sensitivity_is_that_of_the_command_line(tuned: gs.Tuning, program: str) -> None:
    Path("motor.toml").write_text(tuned.study.to_toml(), encoding="utf-8")
    tuned.to_csv("gains.csv")
    wanted = told_by(program, "sensitivity", "motor.toml", "--gains", "gains.csv", "--measurements", "100")
    found = gs.sensitivity(tuned, measurements=100)
    assert list(found) == [one["gain"] for one in wanted["gains"]] == ["Kp", "Ki"]
    for one in wanted["gains"]:
        for worse in one["worse"]:
            assert np.array_equal(found[one["gain"]].fixed[int(worse["percent"])], np.array(worse["fixed"], dtype=float), equal_nan=True)
    # A gain moved to where the cost is 5 % worse costs 5 % more.
    moved = tuned.study.simulate({**tuned.parameters, "Kp": found["Kp"].fixed[5][0]}).cost
    assert moved == pytest.approx(1.05 * tuned.cost, rel=1e-3)
    with pytest.raises(gs.OptionError, match="not feasible"):
        gs.sensitivity(gs.Study.build("cart_pole"), {"k1": 0.0, "lambda1": 0.0, "K": 0.0, "kd": 0.0})  # it falls
    with pytest.raises(gs.OptionError, match="measurements=0"):
        tuned.sensitivity(0)


def test_two_gain_sets_are_compared_as_by_the_command_line(tuned: gs.Tuning, program: str) -> None:
    Path("motor.toml").write_text(tuned.study.to_toml(), encoding="utf-8")
    tuned.to_csv("gains.csv")
    other = {"Kp": 1.0, "Ki": 1.0}
    Path("other.csv").write_text(tuned.study._native.gains_csv(tuned.study.values(other)), encoding="utf-8")
    arguments = ["motor.toml", "--gains", "gains.csv", "--against", "other.csv", "--samples", "60", "--output", "out"]
    wanted = told_by(program, "validate", *arguments)
    found = gs.validate(tuned, against=other, samples=60)
    assert found.details["differences"] == wanted["differences"] and found.details["pairings"] == wanted["pairings"]
    one = found["uncertain"]
    assert one.other_costs is not None and one.other_costs.shape == one.costs.shape == (60,)
    alone = tuned.study.validate(other, samples=60)["uncertain"]
    assert one.other_costs.tolist() == alone.costs.tolist() and alone.other_costs is None and not alone.differences
    of = one.differences["cost"]
    assert of.pairs == 60 and of.mean is not None and of.is_beyond_chance
    assert of.mean[0] == pytest.approx(float((one.costs - one.other_costs).mean()), rel=1e-12)


def test_loops_over_frequency_agree_with_theory() -> None:
    # 1/(s + 1)² under P with Kp = 4, sampled fast: L = 4/(s + 1)², of which S, T, PS and CS follow.
    found = gs.certify(plant=([1.0], [1.0, 2.0, 1.0]), controller=gs.P(Kp=4.0), dt=1e-4)
    loop = found.loops[0]
    low = loop.omega < 30.0
    s = 1j * loop.omega[low]
    L = 4.0 / (s + 1.0) ** 2
    for values, wanted in ((loop.L, L), (loop.S, 1 / (1 + L)), (loop.T, L / (1 + L)), (loop.PS["y"], L / 4 / (1 + L)), (loop.CS["y"], -4 / (1 + L))):
        assert values.dtype == np.complex128 and values.shape == loop.omega.shape
        assert np.abs(values[low]) == pytest.approx(np.abs(wanted), rel=5e-3)
        assert np.abs(np.angle(values[low] / wanted)).max() < 0.01
    assert found.margins == loop.margins and np.abs(loop.S).max() == pytest.approx(loop.margins.sensitivity, rel=1e-6)
    assert loop.input == "u" and np.all(np.diff(loop.omega) > 0) and loop.omega[-1] == pytest.approx(np.pi / 1e-4)


def test_what_is_wrong_with_gains_is_told() -> None:
    keywords: dict[str, Any] = {"plant": ([1.0], [1.0, -1.0]), "controller": gs.P(), "reference": gs.step(1), "dt": 0.01, "duration": 5.0}
    with pytest.warns(gs.StudyWarning, match="UNSTABLE"):
        unstable = gs.tune(**keywords, bounds={"Kp": (0, 0.9)}, evaluations=60)
    assert unstable.objections == ["the loop is UNSTABLE about its equilibrium", "the response does not settle in 1 of 1 scenarios"]
    assert "UNSTABLE" in unstable._repr_html_() and "does not settle" in unstable._repr_html_()
    with pytest.warns(gs.StudyWarning, match="the gains do not hold: survives its scenario, but EXCEEDS"):
        beyond = gs.tune(**keywords, bounds={"Kp": (1.5, 2.0)}, limits={"rise_time": 1e-3}, evaluations=60)
    assert not beyond.feasible and "DOES NOT HOLD" in repr(beyond) and "does not hold" in beyond._repr_html_()
    with pytest.warns(gs.StudyWarning, match="UNSTABLE"):
        short = gs.tune(**keywords, bounds={"Kp": (0, 0.9)}, evaluations=12)
    assert "resume(evaluations=24)" in short.doubts[0]


def test_choices_are_told_and_taken_by_name(configs: Path) -> None:
    tuning = gs.tune(configs / "two_tanks_choices.toml", evaluations=60)
    names = tuning.study.choices["integration"]
    assert tuning.choices["integration"] == names[int(tuning.gains["integration"])] and tuning.choices["integration"] in repr(tuning)
    assert tuning.study.values({"integration": names[1]})[list(tuning.parameters).index("integration")] == 1.0
    with pytest.raises(gs.OptionError, match="integration 'x' is unknown"):
        tuning.study.values({"integration": "x"})


def test_every_result_is_a_table_in_a_notebook(tuned: gs.Tuning) -> None:
    found = tuned.validate(samples=20, against={"Kp": 1.0})
    every: list[Any] = [tuned, tuned.study, tuned.certificate, tuned.simulate(), found, tuned.rules(), tuned.sensitivity()]
    for one in every:
        page = one._repr_html_()
        assert page.count("<table>") == page.count("</table>") >= 1 and page.count("<div") == page.count("</div>"), one
        assert "nan" not in page and repr(one).startswith("<")
        assert repr(pickle.loads(pickle.dumps(one))) == repr(one), "what comes back from another process is the same"


def test_plots_are_drawn(tuned: gs.Tuning) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    before = dict(plt.rcParams)
    labels = [axes.get_xlabel() for axes in tuned.plot()]
    assert labels == ["time in s", "time in s", "gain vectors"] or labels == ["", "time in s", "gain vectors"]
    run = tuned.simulate()
    assert run.plot(["omega"]).get_xlabel() == "time in s"
    panels = run.plot()
    assert [axes.get_ylabel() for axes in panels] == ["rad/s", "current in A", "speed_rpm in rpm", "voltage in V"]
    assert run.plot(ax=panels, label="again") is panels and len(panels[1].lines) == 2
    fell = gs.Study.build("cart_pole").simulate({"K": 0.0, "kd": 0.0, "k1": 0.0}).plot()
    assert [axes.get_title("left")[:6] for axes in fell] == ["FAILED", *[""] * (len(fell) - 1)]
    assert tuned.loops[0].plot().shape == (2, 2)
    assert len(tuned.sensitivity().plot().patches) == 6
    assert len(tuned.validate(samples=20, against={"Kp": 1.0}).plot().lines) == 2
    two = gs.Pareto("itae", effort={"control_effort": 1.0})
    front = gs.tune(plant="dc_motor", controller=gs.PI(), objectives=two, dt=0.01, duration=2.0, evaluations=100)
    assert len(front.plot().lines) == 2 and front.plot().get_xlabel() == "itae"
    assert dict(plt.rcParams) == before, "the style is of these plots alone"
    plt.close("all")
