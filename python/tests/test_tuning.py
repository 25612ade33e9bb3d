"""Tuning: the bits of the command line, files, checkpoints, callbacks, interruptions."""

from __future__ import annotations

import csv
import json
import os
import pickle
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Optional

import gainswarm as gs
import numpy as np
import pytest


MOTOR = """
[plant]
type = "dc_motor"
[controller]
type = "pi"
u_max = 24.0
[connect]
measurement = "omega"
voltage = "u"
[simulation]
dt = 0.01
duration = 2.0
[[response]]
output = "omega"
[cost.itae]
signals = ["error"]
[[scenarios]]
signals = { reference = { type = "step", amplitude = 1.0 } }
[swarm.stopping]
evaluations = 4000
[[tune]]
parameter = "Kp"
lower = 0.0
upper = 20.0
[[tune]]
parameter = "Ki"
lower = 0.0
upper = 20.0
"""


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_config_comes_to_the_bits_of_the_command_line(configs: Path, program: str, tmp_path: Path) -> None:
    config = configs / "dc_motor_pid.toml"
    subprocess.run([program, "tune", config, "--quiet", "--evaluations", "200", "--output", tmp_path / "cli"], check=True)
    tuning = gs.tune(config, evaluations=200)
    told = {row["gain"]: float(row["value"]) for row in rows(tmp_path / "cli/gains.csv")}
    assert tuning.parameters == told
    summary = rows(tmp_path / "cli/summary.csv")[0]
    assert tuning.cost == float(summary["cost"])
    assert tuning.hot_path_allocations == int(summary["hot_path_allocations"]) == 0
    assert tuning.bytes_per_simulation == int(summary["bytes_per_simulation"])
    history = rows(tmp_path / "cli/convergence.csv")
    assert list(tuning.history) == list(history[0])
    assert tuning.history["best_cost"].tolist() == [float(row["best_cost"] or "nan") for row in history]


def test_a_directory_gets_the_files_of_the_command_line(motor: gs.Study, program: str, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(motor.to_toml(), encoding="utf-8")
    ran = ["tune", "study.toml", "--quiet", "--evaluations", "100", "--output", "cli"]
    subprocess.run([program, *ran], check=True)
    motor.tune(evaluations=100, output="python")
    for name in ("gains.csv", "convergence.csv"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "cli" / name).read_bytes(), name
    assert (tmp_path / "python/checkpoint.bin").exists()
    # Complete, for the command line as well.
    again = subprocess.run([program, "tune", "study.toml", "--evaluations", "100", "--output", "python"], capture_output=True, text=True)
    assert "complete: nothing was run again" in again.stderr


def test_the_seed_and_nothing_of_the_machine_changes_the_bits(motor: gs.Study) -> None:
    one = motor.tune(evaluations=100, threads=1)
    assert motor.tune(evaluations=100, threads=3, simd="scalar" if os.uname().machine != "x86_64" else "sse2").gains == one.gains
    assert motor.tune(evaluations=100, seed=2).gains != one.gains


def test_keywords_make_the_study_that_a_file_makes(tmp_path: Path) -> None:
    (tmp_path / "motor.toml").write_text(MOTOR, encoding="utf-8")
    bounds = {"Kp": (0, 20), "Ki": (0, 20)}
    of_keywords = gs.tune(
        plant="dc_motor", controller=gs.PI(u_max=24.0), bounds=bounds, cost="itae", reference=gs.step(1), dt=0.01, duration=2.0, evaluations=150
    )
    of_file = gs.tune("motor.toml", evaluations=150)
    assert of_keywords.gains == of_file.gains
    assert of_keywords.cost == of_file.cost


def test_a_result_tells_what_was_tuned(motor: gs.Study, tmp_path: Path) -> None:
    tuning = motor.tune(evaluations=200)
    assert list(tuning.gains) == ["Kp", "Ki"] and tuning.feasible and tuning.complete
    assert tuning.parameters["u_max"] == 24.0
    assert tuning.certificate.stable and tuning.margins is not None and tuning.margins.sensitivity >= 1.0
    assert np.all(np.diff(tuning.history["best_cost"]) <= 0.0)
    run = tuning.simulate()
    assert run.survived and run.cost == pytest.approx(tuning.cost, rel=1e-12)
    assert run["omega"].base is not None and run.data.flags.c_contiguous
    assert [record["survived"] for record in tuning.records] == [True]
    assert tuning.records[0]["cost"] == tuning.cost and tuning.records[0]["terms"]["itae"] == pytest.approx(tuning.cost)
    page = tuning._repr_html_()
    assert "<table>" in page and "Kp" in page and ">stable<" in page
    tuning.report("page.html")
    assert "<!DOCTYPE html>" in Path("page.html").read_text(encoding="utf-8")
    assert tuning.to_csv("gains.csv") == Path("gains.csv").read_text(encoding="utf-8")
    assert motor.values("gains.csv") == list(tuning.parameters.values())
    assert json.loads(tuning.export("json"))["controller"] == "pi"
    tuning.save("saved")
    assert Path("saved/manifest.json").exists()


def test_a_controller_is_code_with_functions_and_numbers_of_ones_choice(motor: gs.Study) -> None:
    tuning = motor.tune(evaluations=60)
    own, libm, single = (
        tuning.export("c-controller", **said) for said in ({}, {"math": "libm"}, {"precision": "float"})
    )
    assert "fma(" in own and "fma(" not in libm
    assert "What float loses" in single and "float Kp;" in single and "double Kp;" in own
    space: dict[str, object] = {}
    exec(tuning.export("python-controller"), space)  # noqa: S102
    assert callable(space["Controller"])
    assert "fmi2DoStep" in tuning.export("fmu")
    for format, said, words in [
        ("st", {"math": "own"}, "math own is not to be had in st"),
        ("c", {"precision": "float"}, "precision is given, and c is no controller"),
        ("c-controller", {"math": "mine"}, 'math="mine" is unknown'),
        ("c-controller", {"precision": "half"}, "allowed: double, float"),
    ]:
        with pytest.raises(gs.OptionError, match=words):
            tuning.export(format, **said)


def test_a_pickled_result_is_the_same(motor: gs.Study) -> None:
    tuning = motor.tune(evaluations=60)
    again = pickle.loads(pickle.dumps(tuning))
    assert again.gains == tuning.gains and again.summary == tuning.summary
    assert again.history["best_cost"].tolist() == tuning.history["best_cost"].tolist()


def test_a_search_goes_on_as_if_it_had_never_stopped(motor: gs.Study) -> None:
    whole = motor.tune(evaluations=160)
    stopped = motor.tune(evaluations=160, progress=lambda now: now.generation == 5)
    assert stopped.reason == "interrupted" and not stopped.complete
    generations: list[int] = []
    assert stopped.resume(progress=lambda now: generations.append(now.generation)).gains == whole.gains
    assert generations[0] == 6, "it goes on where it was"
    assert motor.tune(evaluations=60).resume(evaluations=160).gains == whole.gains
    # Also in another process.
    assert pickle.loads(pickle.dumps(stopped)).resume().summary["cost"] == whole.cost


def test_progress_is_called_after_each_generation_in_the_thread_that_asks(motor: gs.Study) -> None:
    seen: list[tuple[gs.Progress, int]] = []
    tuning = motor.tune(evaluations=60, progress=lambda now: seen.append((now, threading.get_ident())))
    assert [now.generation for now, _ in seen] == list(range(1, tuning.summary["generations"] + 1))
    assert {thread for _, thread in seen} == {threading.get_ident()}
    assert seen[-1][0].evaluations == 60 and seen[-1][0].share == 1.0
    assert seen[-1][0].best_cost == tuning.cost
    # Looking changes nothing.
    assert motor.tune(evaluations=60).gains == tuning.gains and tuning.hot_path_allocations == 0


def test_what_a_callback_raises_goes_on_and_the_checkpoint_stays(motor: gs.Study) -> None:
    class Own(Exception):
        pass

    def broken(now: gs.Progress) -> None:
        if now.generation == 3:
            raise Own("from the callback")

    with pytest.raises(Own, match="from the callback"):
        motor.tune(evaluations=160, progress=broken)
    with pytest.raises(Own):
        motor.tune(evaluations=160, output="run", progress=broken)
    with pytest.raises(gs.RefusedError, match="unfinished run.*generation 3"):
        motor.tune(evaluations=160, output="run")
    assert motor.tune(evaluations=160, output="run", resume=True).gains == motor.tune(evaluations=160).gains


def interrupt_soon(seconds: float) -> threading.Thread:
    def kill() -> None:
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


@pytest.mark.parametrize("output", [None, "run"])
def test_ctrl_c_ends_a_tuning_and_keeps_what_there_is(motor: gs.Study, output: Optional[str]) -> None:
    thread = interrupt_soon(0.3)
    with pytest.raises(gs.Interrupted, match="interrupted after generation .* goes on") as caught:
        motor.tune(generations=1_000_000, evaluations=100_000_000, output=output)
    thread.join()
    tuning = caught.value.tuning
    assert isinstance(caught.value, KeyboardInterrupt)
    assert tuning.reason == "interrupted" and tuning.summary["generations"] > 0 and tuning.feasible
    if output is not None:
        assert Path("run/checkpoint.bin").exists() and Path("run/gains.csv").exists()
        longer = tuning.summary["evaluations"] + 50
        assert motor.tune(generations=1_000_000, evaluations=longer, output=output, resume=True).summary["evaluations"] == longer


def test_trade_offs_are_a_front(tmp_path: Path) -> None:
    tuning = gs.tune(
        plant="dc_motor",
        controller=gs.PID(u_max=24.0),
        bounds={"Kp": (0, 20), "Ki": (0, 20), "Kd": (0, 1)},
        objectives=gs.Pareto("itae", effort={"control_effort": 1.0}),
        reference=1.0,
        dt=0.01,
        duration=2.0,
        evaluations=400,
    )
    assert tuning.study.objectives == ("itae", "effort") and len(tuning.front) > 5
    costs = np.array([list(point.objectives.values()) for point in tuning.front])
    assert np.all(np.diff(costs[:, 0]) > 0) and np.all(np.diff(costs[:, 1]) < 0), "none dominates another"
    knee = [point for point in tuning.front if point.is_knee]
    assert len(knee) == 1 and knee[0].gains == tuning.gains
    assert {name for point in tuning.front for name in point.best_of} == {"itae", "effort"}


def test_a_batch_goes_on_and_writes_its_tables(motor: gs.Study, tmp_path: Path) -> None:
    studies = [gs.Study.parse(motor.to_toml().replace('study = "study"', f'study = "{name}"')) for name in ("one", "two")]
    seen: list[str] = []
    tunings = gs.batch(studies, output="night", evaluations=60, progress=lambda name, now: seen.append(name))
    assert [tuning.study.name for tuning in tunings] == ["one", "two"] and set(seen) == {"one", "two"}
    assert [row["study"] for row in rows(tmp_path / "night/summary.csv")] == ["one", "two"]
    seen.clear()
    again = gs.batch(studies, output="night", evaluations=60, progress=lambda name, now: seen.append(name))
    assert seen == [] and [tuning.gains for tuning in again] == [tuning.gains for tuning in tunings]


def test_a_batch_file_is_read_with_its_grid() -> None:
    Path("motor.toml").write_text(MOTOR, encoding="utf-8")
    Path("grid.toml").write_text('studies = ["motor.toml"]\n[grid]\nseed = [1, 2]\n', encoding="utf-8")
    tunings = gs.batch("grid.toml", evaluations=30)
    assert len({tuning.study.name for tuning in tunings}) == 2
    assert [tuning.gains for tuning in tunings] == [gs.tune("motor.toml", seed=seed, evaluations=30).gains for seed in (1, 2)]
