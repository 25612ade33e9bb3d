"""Threads, processes, memory: what a long-lived Python does with the package."""

from __future__ import annotations

import gc
import multiprocessing
import os
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gainswarm as gs
import pytest
from gainswarm import _gainswarm


def gains_of(study: gs.Study, seed: int) -> dict[str, float]:
    return study.tune(evaluations=100, seed=seed).gains


def test_ten_threads_tune_at_once(motor: gs.Study) -> None:
    alone = {seed: gains_of(motor, seed) for seed in range(10)}
    ready = threading.Barrier(10)

    def tune(seed: int) -> gs.Tuning:
        ready.wait()
        return motor.tune(evaluations=2000 if seed == 0 else 100, seed=seed)

    with ThreadPoolExecutor(10) as pool:
        tunings = list(pool.map(tune, range(10)))
    assert {seed: tuning.gains for seed, tuning in enumerate(tunings) if seed} == {seed: alone[seed] for seed in range(1, 10)}
    # What is counted for the whole process is not told of one run.
    assert tunings[0].hot_path_allocations is None
    assert all(tuning.hot_path_allocations in (None, 0) for tuning in tunings)


def test_other_threads_run_while_one_tunes(motor: gs.Study) -> None:
    done = threading.Event()

    def tune() -> None:
        motor.tune(evaluations=20_000)
        done.set()

    thread = threading.Thread(target=tune)
    thread.start()
    turns = 0
    while not done.wait(0.001):
        turns += 1
    thread.join()
    assert turns > 10, "the interpreter's lock is released"


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_processes_tune_the_same(motor: gs.Study, method: str) -> None:
    here = gains_of(motor, 3)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        assert list(pool.map(gains_of, [motor] * 3, [3] * 3)) == [here] * 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_while_a_thread_tunes_can_tune() -> None:
    code = (
        "import os, sys, threading, warnings; import gainswarm as gs; warnings.simplefilter('ignore')\n"
        "study = gs.Study.build('dc_motor', 'pi', dt=0.01, duration=0.5)\n"
        "thread = threading.Thread(target=lambda: study.tune(evaluations=20000)); thread.start()\n"
        "child = os.fork()\n"
        "if child == 0:\n    study.tune(evaluations=50); os._exit(7)\n"
        "thread.join(); sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 7


def test_nothing_grows_over_a_thousand_calls(motor: gs.Study) -> None:
    study = gs.Study.build("dc_motor", "pi", dt=0.01, duration=0.1)
    swarm_bounds = [(-1.0, 1.0)] * 2

    def once() -> None:
        study.tune(generations=2, particles=2, threads=1)
        study.simulate()
        study.certify()
        study.validate(samples=2, threads=1, against={"Kp": 1.0})
        gs.minimize(lambda x: (x**2).sum(axis=1), swarm_bounds, vectorized=True, constraints="x1*x2 >= 0.2", maxfev=30)
        for wrong in (lambda: gs.Study.parse("nonsense"), lambda: study.tune(generations=3, particles=2, threads=1, progress=lambda now: 1 / 0)):
            with pytest.raises((gs.ConfigError, ZeroDivisionError)):
                wrong()

    def used() -> tuple[int, int]:
        gc.collect()
        live = _gainswarm.live_bytes()
        assert live is not None
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) if sys.platform == "linux" else 0
        return live, 4096 * pages

    for _ in range(20):
        once()
    before = used()
    for _ in range(145):  # seven calls each
        once()
    after = used()
    assert after[0] == before[0], "live bytes of the native half"
    assert after[1] - before[1] < 4 << 20, "resident bytes of the process"


def test_errors_survive_pickling() -> None:
    import pickle

    with pytest.raises(gs.ConfigError) as caught:
        gs.Study.parse("[plant]\ntype = 3\n")
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value) and again.line == caught.value.line and again.remedy == caught.value.remedy


def test_a_directory_of_other_results_is_refused(motor: gs.Study) -> None:
    motor.tune(evaluations=30, output="run")
    other = gs.Study.build("dc_motor", "pid", dt=0.01, duration=0.5)
    with pytest.raises(gs.RefusedError, match="force=True"):
        other.tune(evaluations=30, output="run")
    assert other.tune(evaluations=30, output="run", force=True).complete


def test_a_memory_limit_is_kept(motor: gs.Study) -> None:
    with pytest.raises(gs.MemoryLimitError, match="may use 1000 "):
        motor.tune(memory_limit=1000)


@pytest.mark.parametrize("wrong", [{"threads": 0}, {"threads": 1.5}, {"generations": 0}, {"simd": "avx9"}, {"backend": "x"}, {"progress": 3}])
def test_options_are_checked(motor: gs.Study, wrong: dict[str, Any]) -> None:
    with pytest.raises(gs.OptionError, match="allowed"):
        motor.tune(**wrong)


def test_simulations_answer_to_every_argument(motor: gs.Study) -> None:
    run = motor.simulate({"Kp": 5.0}, initial_state={"omega": 2.0}, duration=1.0, every=10)
    assert run["omega"][0] == 2.0 and len(run) == 11 and run.t[-1] == pytest.approx(1.0)
    assert run.to_csv().splitlines()[0] == "t," + ",".join(run.names)
    again = motor.simulate(replay="uncertain/1/7")
    assert again.survived
    wrongs: list[dict[str, Any]] = [
        {"scenario": 9},
        {"scenario": -1},
        {"initial_state": [1.0]},
        {"initial_state": {"omga": 1.0}},
        {"initial_state": [float("nan"), 0.0]},
        {"initial_state": "xy"},
        {"duration": 0.0},
        {"duration": float("inf")},
        {"dt": 1.0},
        {"every": 0},
        {"replay": "uncertain/1"},
        {"replay": "uncertain/1/1", "dt": 0.001},
    ]
    for wrong in wrongs:
        with pytest.raises(gs.OptionError):
            motor.simulate(**wrong)
    with pytest.raises(gs.OptionError, match="did you mean 'omega'"):
        run["omga"]


def test_a_validation_has_every_run(motor: gs.Study) -> None:
    found = motor.validate({"Kp": 5.0, "Ki": 5.0}, samples=40, seed=2)
    assert list(found) == ["uncertain"] and len(found) == 1
    one = found["uncertain"]
    assert one.costs.shape == (40,) and one.runs == 40 and one.mean_cost is not None
    assert one.mean_cost[0] == pytest.approx(float(one.costs.mean()), rel=1e-12)
    assert one.mean_cost[1] <= one.mean_cost[0] <= one.mean_cost[2]
    assert motor.validate({"Kp": 5.0, "Ki": 5.0}, samples=40, seed=3)["uncertain"].costs.tolist() != one.costs.tolist()
