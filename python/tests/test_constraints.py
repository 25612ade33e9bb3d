"""What must hold between parameters, and where they are searched, as in the command line."""

from __future__ import annotations

import json
import pickle
import subprocess
from itertools import product
from pathlib import Path
from typing import Any

import gainswarm as gs
import numpy as np
import pytest


def squares(x: Any) -> Any:
    return (x**2).sum(axis=-1)


def binh_korn(x: Any) -> Any:
    """Binh and Korn 1997: two objectives with two constraints, for x in [0, 5] and y in [0, 3]."""
    return np.stack([4 * x[..., 0] ** 2 + 4 * x[..., 1] ** 2, (x[..., 0] - 5) ** 2 + (x[..., 1] - 5) ** 2], axis=-1)


BINH_KORN = ["(x1 - 5)^2 + x2^2 <= 25", "(x1 - 8)^2 + (x2 + 3)^2 >= 7.7"]


def off(x: Any) -> Any:
    """How far positions are outside of what Binh and Korn allow."""
    first = (x[..., 0] - 5) ** 2 + x[..., 1] ** 2 - 25
    second = 7.7 - (x[..., 0] - 8) ** 2 - (x[..., 1] + 3) ** 2
    return np.stack([first, second], axis=-1)


@pytest.mark.parametrize("vectorized", [True, False])
@pytest.mark.parametrize(
    "constraints",
    ["x1*x2 >= 1", lambda x: 1 - x[..., 0] * x[..., 1], [lambda x: 1 - x.prod(axis=-1, keepdims=True), "x1 >= -3"]],
    ids=["relation", "function", "both"],
)
def test_a_curved_constraint_holds(vectorized: bool, constraints: Any) -> None:
    # The least x² + y² with x y ≥ 1 is 2, at (1, 1) and (−1, −1).
    found = gs.minimize(squares, [(-4, 4)] * 2, constraints=constraints, vectorized=vectorized, maxfev=4000)
    assert found.success and found.maxcv == 0.0 and found.x.prod() >= 1.0 - 1e-12
    assert found.fun == pytest.approx(2.0, abs=1e-4) and abs(found.x) == pytest.approx(1.0, abs=0.02)


def test_what_breaks_a_relation_is_not_asked_for_and_counts() -> None:
    swarm = gs.Swarm({"K": (0, 4), "kd": (0, 4)}, constraints="K*kd >= 4", evaluations=600)
    assert swarm.names == ("K", "kd") and swarm.dimensions == 2
    asked = 0
    while not swarm.done:
        x = swarm.ask()
        assert len(x) and (x.prod(axis=1) >= 4.0).all()
        asked += len(x)
        swarm.tell(squares(x))
    assert swarm.rejected > 0 and asked + swarm.rejected == swarm.evaluations == 600
    assert swarm.best_cost == pytest.approx(8.0, abs=0.05)


def test_by_an_equality_one_parameter_follows_from_the_others() -> None:
    swarm = gs.Swarm({"a": (-5, 5), "b": (-5, 5), "c": (-5, 5)}, constraints=["a + b == 1"], evaluations=1500)
    while not swarm.done:
        x = swarm.ask()
        assert x.shape[1] == 3 and np.allclose(x[:, 0] + x[:, 1], 1.0, atol=1e-12)
        swarm.tell(squares(x))
    assert swarm.best_x == pytest.approx([0.5, 0.5, 0.0], abs=1e-3)


@pytest.mark.parametrize("constraints", [BINH_KORN, off], ids=["relations", "function"])
def test_whole_trade_offs_under_constraints_are_those_of_all_that_there_are(constraints: Any) -> None:
    grid = np.array(list(product(range(6), range(4))), dtype=float)
    allowed = grid[(off(grid) <= 0).all(axis=1)]
    costs = binh_korn(allowed)
    front = {tuple(c) for c in costs if not any((o <= c).all() and (o < c).any() for o in costs)}
    found = gs.minimize(
        binh_korn, [(0, 5), (0, 3)], objectives=2, vectorized=True, integrality=True, constraints=constraints, maxfev=2000
    )
    assert {tuple(c) for c in found.pareto_fun} == front and len(front) > 5
    assert np.array_equal(found.pareto_x, np.round(found.pareto_x))


@pytest.mark.parametrize("objectives", [1, 2])
def test_a_swarm_asks_what_the_command_line_asks(program: str, tmp_path: Path, objectives: int) -> None:
    swarm = gs.Swarm(
        [{"lower": 0, "upper": 5, "integer": True}, {"lower": 0, "upper": 3, "step": 0.25}, {"values": [1.0, 2.2, 4.7]}],
        constraints=["x1 + x2 <= 6"],
        objectives=objectives,
        evaluations=200,
        seed=3,
    )
    Path("search.toml").write_text(swarm._text, encoding="utf-8")
    with subprocess.Popen([program, "ask-tell", "search.toml"], stdin=-1, stdout=-1, text=True) as other:
        assert other.stdin is not None and other.stdout is not None
        while "ask" in (line := json.loads(other.stdout.readline())):
            x = swarm.ask()
            assert x.tolist() == line["ask"]["positions"]
            costs = squares(x) if objectives == 1 else binh_korn(x)
            swarm.tell(costs)
            told = {"costs": costs.tolist()} if objectives == 1 else {"objectives": costs.tolist()}
            other.stdin.write(json.dumps({"tell": told}) + "\n")
            other.stdin.flush()
    assert swarm.done and line["done"]["best"]["position"] == swarm.best_x.tolist()
    assert line["done"]["rejected"] == swarm.rejected > 0 and line["done"]["evaluations"] == swarm.evaluations


def test_a_search_under_constraints_goes_on_with_the_same_bits() -> None:
    def new() -> gs.Swarm:
        return gs.Swarm([(-4, 4)] * 2, constraints=["x1*x2 >= 1", squares_off], evaluations=300)

    whole, part = new(), new()
    for swarm, changes in ((whole, False), (part, True)):
        while not swarm.done:
            if changes:
                part = swarm = pickle.loads(pickle.dumps(swarm))
            swarm.tell(squares(swarm.ask()))
    assert part.best_x.tolist() == whole.best_x.tolist() and part.rejected == whole.rejected


def squares_off(x: Any) -> Any:
    return squares(x) - 9.0


def test_noisy_costs_are_asked_again() -> None:
    rng = np.random.default_rng(1)
    swarm = gs.Swarm([(-5, 5)] * 2, evaluations=900, swarm={"resample": True})
    seen: list[tuple[float, ...]] = []
    while not swarm.done:
        x = swarm.ask()
        seen += map(tuple, x)
        swarm.tell(squares(x) + rng.normal(0, 0.5, len(x)))
    assert len(set(seen)) < 0.95 * len(seen), "some have been asked before"
    assert squares(swarm.best_x) < 1.0


@pytest.mark.parametrize(
    ("constraints", "error", "said"),
    [
        ("x1 +", gs.ConfigError, "constraints"),
        ("x1 + y <= 1", gs.ConfigError, "`y`"),
        ("x1 >= 9", gs.ConfigError, "cannot hold"),
        (3, gs.OptionError, "a relation such as"),
        ([3], gs.OptionError, "a relation such as"),
        ({"type": "le", "fun": squares}, gs.OptionError, '"eq" or "ineq"'),
        (lambda x: "a", gs.OptionError, "violations"),
        (lambda x: np.zeros((3, 3, 3)), gs.OptionError, "violations"),
        (lambda x: np.zeros(99), gs.OptionError, "violations of a generation"),
    ],
)
def test_constraints_that_say_nothing_are_refused(constraints: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        gs.minimize(squares, [(-1, 1)] * 2, constraints=constraints, vectorized=True, maxfev=50)


def test_what_a_constraint_raises_goes_on_and_what_is_not_a_number_is_no_best() -> None:
    def broken(x: Any) -> Any:
        raise RuntimeError("in the constraint")

    with pytest.raises(RuntimeError, match="in the constraint"):
        gs.minimize(squares, [(-1, 1)], constraints=broken)
    found = gs.minimize(squares, [(-1, 1)], constraints=lambda x: np.where(x > 0.5, 0.0, np.nan), maxfev=300)
    assert found.success and found.x[0] == pytest.approx(0.5, abs=0.01)
