"""The swarm for objectives of one's own, and minimisation in SciPy's manner."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import gainswarm as gs
import numpy as np
import pytest


def sphere(x: Any) -> Any:
    return ((x - 0.5) ** 2).sum(axis=-1)


def searched(swarm: gs.Swarm) -> gs.Swarm:
    while not swarm.done:
        swarm.tell(sphere(swarm.ask()))
    return swarm


def test_asking_and_telling_comes_to_the_optimum() -> None:
    swarm = searched(gs.Swarm([(-5, 5)] * 4, evaluations=4000))
    assert swarm.best_cost < 1e-10 and np.allclose(swarm.best_x, 0.5, atol=1e-5)
    assert swarm.evaluations == 4000 and swarm.reason == "all evaluations are used"
    with pytest.raises(gs.OptionError, match="has ended"):
        swarm.ask()


def test_a_pickled_swarm_goes_on_with_the_same_bits() -> None:
    whole = searched(gs.Swarm([(-5, 5)] * 3, evaluations=400, restarts=True, polish=True))
    swarm = gs.Swarm([(-5, 5)] * 3, evaluations=400, restarts=True, polish=True)
    for _ in range(7):
        swarm.tell(sphere(swarm.ask()))
    between = pickle.loads(pickle.dumps(swarm))
    x = swarm.ask()
    asked = copy.deepcopy(swarm)
    told = copy.deepcopy(swarm)
    told.tell(sphere(x))
    assert np.array_equal(asked.ask(), x) and np.array_equal(between.ask(), x)
    for one in (told, swarm, between, asked):
        assert np.array_equal(searched(one).best_x, whole.best_x)
    assert pickle.loads(pickle.dumps(whole)).done


def test_costs_of_any_real_type_order_and_stride_are_the_same() -> None:
    def after(form: Any) -> Any:
        swarm = gs.Swarm([(-5, 5)] * 2, evaluations=200)
        cost = np.round(sphere(swarm.ask()) * 8)
        swarm.tell(form(cost))
        return swarm.ask()

    wanted = after(lambda cost: cost)
    forms: list[Any] = [
        list,
        tuple,
        lambda cost: cost.astype("f4"),
        lambda cost: cost.astype(">f8"),
        lambda cost: cost.astype(">i4"),
        lambda cost: cost.astype("u2"),
        lambda cost: np.repeat(cost, 3)[::3],
        lambda cost: cost[::-1].copy()[::-1],
        lambda cost: cost.astype(object),
        lambda cost: np.asfortranarray(np.stack([cost, cost], 1))[:, 0],
    ]
    for form in forms:
        assert np.array_equal(after(form), wanted)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros(3),
        np.zeros((10, 1)),
        np.zeros((10, 2)),
        np.zeros(10, dtype=complex),
        np.zeros(10, dtype="M8[s]"),
        ["a"] * 10,
        np.array([object()] * 10),
        None,
        5.0,
        [[1.0], [1.0, 2.0]],
    ],
)
def test_costs_of_a_wrong_shape_or_type_are_refused_and_nothing_is_lost(wrong: Any) -> None:
    swarm = gs.Swarm([(-5, 5)] * 3, evaluations=200)
    x = swarm.ask()
    assert x.shape == (10, 3)
    with pytest.raises(gs.OptionError, match="allowed: "):
        swarm.tell(wrong)
    with pytest.raises(gs.OptionError, match=r"costs of shape \(9,\)\s+allowed: \(10,\)"):
        swarm.tell(np.zeros(9))
    assert np.array_equal(swarm.ask(), x)
    swarm.tell(sphere(x))


def test_violations_are_checked_and_rank_before_costs() -> None:
    swarm = gs.Swarm([(-5, 5)], evaluations=200)
    n = len(swarm.ask())
    for wrong in (np.zeros(n + 1), -np.ones(n), np.zeros((n, 1))):
        with pytest.raises(gs.OptionError):
            swarm.tell(np.zeros(n), wrong)
    x = swarm.ask()
    swarm.tell(-x[:, 0], np.maximum(x[:, 0], 0.0))
    assert swarm.best_x[0] <= 0.0 and swarm.best_violation == 0.0


def test_failed_evaluations_are_no_best() -> None:
    swarm = gs.Swarm([(-5, 5)], evaluations=12)
    swarm.tell([None] * len(swarm.ask()))
    assert np.isnan(swarm.best_cost) and np.isnan(swarm.best_x).all()
    found = gs.minimize(lambda x: np.nan, [(0, 1)], maxfev=20)
    assert not found.success and found.message == "no position is feasible and has a cost"
    with pytest.raises(gs.OptionError, match="without ask"):
        swarm.tell([1.0])


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"bounds": [(0, float("nan"))]}, r"bounds\[0\] = \(0, nan\)"),
        ({"bounds": [(0, float("inf"))]}, "finite"),
        ({"bounds": [(1, 0)]}, "the lower one first"),
        ({"bounds": [1, 2]}, "shape"),
        ({"bounds": []}, "allowed"),
        ({"bounds": "ab"}, "type"),
        ({"seed": 1.5}, "seed=1.5"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": True}, "seed=True"),
        ({"particles": 1}, "particles=1"),
        ({"evaluations": 0}, "evaluations=0"),
        ({"objectives": 7}, "from 1 to 4"),
        ({"x0": [[1, 2]]}, "x0 of shape"),
        ({"x0": [3]}, "initial"),
        ({"integrality": [True, False]}, "integrality=.* of shape"),
        ({"log": True}, "logarithm"),
        ({"target": "x"}, "target='x'"),
        ({"swarm": {"nonsense": 1}}, "unknown key `nonsense`"),
        ({"bounds": {"a": (0, float("nan"))}}, r"bounds\['a'\] = \(0, nan\)"),
        ({"bounds": {"a": 1}}, r"bounds\['a'\] = 1"),
        ({"bounds": {}}, "bounds is empty"),
        ({"bounds": [{"lower": 0}]}, "upper is missing"),
        ({"integrality": "yes"}, "integrality='yes'"),
    ],
)
def test_a_swarm_refuses_what_it_cannot_be(keywords: dict[str, Any], said: str) -> None:
    with pytest.raises(gs.GainswarmError, match=said):
        gs.Swarm(**{"bounds": [(0, 1)], **keywords})


def test_minimize_is_used_as_scipys() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    found = gs.minimize(optimize.rosen, optimize.Bounds([-2, -2], [2, 2]), maxfev=3000)
    assert found.success and np.allclose(found.x, 1.0, atol=1e-3) and found["fun"] == found.fun
    assert found.nfev <= 3000 and found.x.shape == (2,) and "message" in dir(found)
    shifted = gs.minimize(lambda x, by: sphere(x - by), [(-5, 5)] * 2, args=(1.0,), maxfev=2000)
    assert np.allclose(shifted.x, 1.5, atol=1e-4)


@pytest.mark.parametrize(
    "wrong",
    [{"maxfev": 0}, {"maxiter": 1.5}, {"workers": 0}, {"workers": "x"}, {"callback": 3}, {"options": 3}],
    ids=str,
)
def test_what_minimize_cannot_do_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(gs.OptionError, match=f"{next(iter(wrong))}=.*\n.*allowed"):
        gs.minimize(sphere, [(-1, 1)], **{"maxfev": 20, **wrong})


def test_masked_costs_and_numbers_beyond_floats_are_not_costs() -> None:
    found = gs.minimize(lambda x: np.ma.masked_less(x[:, 0], 0.5), [(0, 1)], vectorized=True, maxfev=200)
    assert found.x[0] == pytest.approx(0.5, abs=1e-2)
    with pytest.raises(gs.OptionError, match="costs of type object"):
        gs.minimize(lambda x: 10**400, [(0, 1)])


def test_vectorised_is_the_same_search() -> None:
    shapes: list[tuple[int, ...]] = []

    def vectorised(x: Any) -> Any:
        shapes.append(x.shape)
        return sphere(x)

    found = gs.minimize(vectorised, [(-5, 5)] * 3, vectorized=True, maxfev=500)
    assert np.array_equal(found.x, gs.minimize(sphere, [(-5, 5)] * 3, maxfev=500).x)
    assert {shape[1] for shape in shapes} == {3} and sum(shape[0] for shape in shapes) == 500


def test_constraints_hold_in_all_of_scipys_forms() -> None:
    # The least x² + y² with x + y ≥ 1 is at (1/2, 1/2); with x + y = 1 too.
    optimize = pytest.importorskip("scipy.optimize")
    forms: list[Any] = [
        {"type": "ineq", "fun": lambda x: x[0] + x[1] - 1},
        {"type": "eq", "fun": lambda x, to: x[0] + x[1] - to, "args": (1.0,)},
        optimize.LinearConstraint([[1, 1]], 1, np.inf),
        optimize.NonlinearConstraint(lambda x: x.sum(), 1, np.inf),
        [optimize.LinearConstraint([[1, 1], [1, 0]], [1, -1], [5, 5]), {"type": "ineq", "fun": lambda x: 3 - x}],
    ]
    for form in forms:
        found = gs.minimize(lambda x: (x**2).sum(), [(-2, 2)] * 2, constraints=form, maxfev=4000)
        assert found.success and found.maxcv == 0.0 and np.allclose(found.x, 0.5, atol=1e-3), form
    with pytest.raises(gs.OptionError, match="constraints"):
        gs.minimize(sphere, [(0, 1)], constraints=[3])


def test_whole_numbers_and_logarithms() -> None:
    found = gs.minimize(lambda x: ((x - 1.3) ** 2).sum(), [(-5, 5)] * 2, integrality=[True, False], maxfev=500)
    assert found.x[0] == 1.0 and found.x[1] == pytest.approx(1.3, abs=1e-4)
    wide = gs.minimize(lambda x: (np.log10(x[0]) + 5) ** 2, [(1e-9, 1.0)], log=True, maxfev=300)
    assert wide.x[0] == pytest.approx(1e-5, rel=1e-3)


def test_several_objectives_give_a_front() -> None:
    # Schaffer's first: x² and (x − 2)²; every x from 0 to 2 is a trade-off, where √f₁ + √f₂ = 2.
    def both(x: Any) -> Any:
        return np.stack([x[:, 0] ** 2, (x[:, 0] - 2) ** 2], axis=1)

    found = gs.minimize(both, [(-10, 10)], objectives=2, vectorized=True, maxfev=2000)
    assert found.pareto_fun.shape == (len(found.pareto_x), 2) and len(found.pareto_x) > 20
    assert np.allclose(np.sqrt(found.pareto_fun).sum(axis=1), 2.0, atol=1e-2)
    assert found.x.shape == (1,) and found.fun.shape == (2,) and found.hypervolume > 0


def test_what_an_objective_raises_goes_on() -> None:
    def broken(x: Any) -> float:
        raise RuntimeError("in the objective")

    with pytest.raises(RuntimeError, match="in the objective"):
        gs.minimize(broken, [(0, 1)])
    for stop in (lambda now: now.nit >= 2, lambda now: next(iter(()))):
        assert gs.minimize(sphere, [(0, 1)], callback=stop, maxfev=500).nit <= 2


def test_a_generation_is_judged_by_other_processes_or_a_map() -> None:
    alone = gs.minimize(sphere, [(-1, 1)] * 2, maxfev=60)
    assert np.array_equal(gs.minimize(sphere, [(-1, 1)] * 2, maxfev=60, workers=map).x, alone.x)
    assert np.array_equal(gs.minimize(sphere, [(-1, 1)] * 2, maxfev=60, workers=2).x, alone.x)
    with pytest.raises(gs.OptionError, match="leave workers out"):
        gs.minimize(sphere, [(-1, 1)], vectorized=True, workers=2)
