"""Along the path: knots and events against a fine grid, `at`, pickles, threads."""

from __future__ import annotations

import copy
import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from designs import DESIGNS, SETTINGS
from tables import Table, ar, duplicates, one_column, wide

from excise.certify import certify
from excise.engine import fit, fit_path
from excise.results import Event, Path

LINES = ["lasso", "standardize", "positive", "box", "weights 0 and inf", "rows weighted"]
CURVES = ["elastic", "nearly lasso", "elastic box", "all at once"]
RATIO = 1e-4
TRACED = ["ar", "wide", "very_correlated", "binary_ties", "scaled", "wide_ties", "one_column"]


def replay(events: list[Event], start: set[int], alphas: Any) -> list[set[int]]:
    """The support at each of the falling alphas, according to the events."""
    inside, waiting, supports = set(start), list(events), []
    for alpha in alphas:
        while waiting and waiting[0].alpha > alpha:
            event = waiting.pop(0)
            if event.kind == "enters":
                assert event.feature not in inside
                inside.add(event.feature)
            else:
                inside.remove(event.feature)
        supports.append(set(inside))
    return supports


def away_from(knots: Any, alphas: Any) -> Any:
    """The alphas that are not so near to a knot that rounding decides."""
    near = np.abs(np.subtract.outer(alphas, knots)).min(axis=1, initial=np.inf)
    return alphas[near > 1e-7 * alphas]


def check_events(X: Any, y: Any, settings: dict[str, Any]) -> None:
    path = fit_path(X, y, 5, alpha_min_ratio=RATIO, **settings)
    events, knots = path.events(), path.knots()
    at = np.array([e.alpha for e in events])
    assert np.all(np.diff(at) <= 0.0)
    np.testing.assert_array_equal(knots, np.unique(at)[::-1])
    if len(knots) == 0:
        return
    assert knots[0] == pytest.approx(path.alpha_max, rel=1e-9)
    assert knots[-1] >= path.alphas[-1]
    free = set(np.flatnonzero(path.problem.penalty_weight == 0.0).tolist())
    grid = away_from(knots, np.geomspace(path.alpha_max * 0.9999, path.alphas[-1], 400))
    fine = fit_path(X, y, grid, **settings)
    told = replay([e for e in events if e.feature not in free], set(), grid)
    for k, alpha in enumerate(grid):
        if told[k] != set(fine.columns.support(k).tolist()) - free:  # twins may differ
            point = fine.columns.column(k), float(fine.intercepts[k]), float(alpha)
            assert certify(X, y, *point, **settings).unique is False


@pytest.mark.parametrize("setting", LINES)
@pytest.mark.parametrize("design", TRACED)
def test_events_replayed_give_every_support(design: str, setting: str) -> None:
    X, y = DESIGNS[design]()
    check_events(X, y, SETTINGS[setting](X, y))


@pytest.mark.parametrize("setting", CURVES)
@pytest.mark.parametrize("design", TRACED)
def test_events_with_a_ridge(design: str, setting: str) -> None:
    """The coefficients are curves in alpha."""
    X, y = DESIGNS[design]()
    check_events(X, y, SETTINGS[setting](X, y))


@pytest.mark.parametrize("l1_ratio", [0.1, 0.3, 0.9])
def test_events_of_a_wide_elastic_net_to_the_last_digit(l1_ratio: float) -> None:
    """Supports close above and below every event, of a table that is met in many windows."""
    rng = np.random.default_rng(20261130)
    X = rng.standard_normal((60, 900))
    X[:, 1::2] = 0.9 * X[:, ::2] + 0.3 * X[:, 1::2]
    y = X[:, :10] @ rng.standard_normal(10) + rng.standard_normal(60)
    path = fit_path(X, y, 5, alpha_min_ratio=0.01, l1_ratio=l1_ratio)
    events, knots = path.events(), path.knots()
    assert len(events) > 70
    inner = np.diff(-knots) > 1e-7 * knots[:-1]
    near = 1e-9 * knots[:-1][inner]
    grid = np.sort(np.r_[knots[:-1][inner] - near, knots[1:][inner] + near])[::-1]
    fine = fit_path(X, y, grid, l1_ratio=l1_ratio)
    for k, support in enumerate(replay(events, set(), grid)):
        assert support == set(fine.columns.support(k).tolist())


@pytest.mark.parametrize("unit", [1.0, 1e-8, 1e-12, 1e-94])
def test_events_of_twins_that_a_weak_ridge_hardly_tells_apart(unit: float) -> None:
    """They took minutes: the supports of near-twins flicker by rounding."""
    for seed in range(6):
        rng = np.random.default_rng(seed)
        half = rng.standard_normal((40, 40))
        y = half[:, :3] @ rng.standard_normal(3) + 0.1 * rng.standard_normal(40)
        path = fit_path(np.c_[half, half], unit * y, 10, alpha_min_ratio=1e-4, l1_ratio=0.9)
        started = time.process_time()
        events = path.events()
        assert time.process_time() - started < 2.0
        assert np.all(np.diff([event.alpha for event in events]) <= 0.0)
        replay(events, set(), [path.alphas[-1]])


def test_a_crossing_is_where_the_coefficient_is_zero(diabetes: Table) -> None:
    X, y = diabetes
    path = fit_path(X, y, standardize=True)
    for event in path.events():
        before = fit(X, y, event.alpha * (1 + 1e-6), standardize=True).coef[event.feature]
        after = fit(X, y, event.alpha * (1 - 1e-6), standardize=True).coef[event.feature]
        assert (before == 0.0) == (event.kind == "enters")
        assert (after == 0.0) == (event.kind == "leaves")


def test_the_diabetes_path(diabetes: Table, diabetes_names: list[str]) -> None:
    """12 knots; hdl leaves and comes back (published: the LARS paper's example)."""
    X, y = diabetes
    path = fit_path(X, y, standardize=True)
    told = [(diabetes_names[e.feature], e.kind) for e in path.events()]
    assert told.count(("hdl", "enters")) == 2 and told.count(("hdl", "leaves")) == 1
    assert len(path.knots()) == 12


def test_twins_enter_once_and_stay_apart() -> None:
    X, y = duplicates()
    path = fit_path(X, y, 5, alpha_min_ratio=0.05)
    for a in path.alphas[1:]:
        kept = path.at(a).support % 10
        assert len(set(kept.tolist())) == len(kept)


def test_a_single_feature() -> None:
    X, y = one_column()
    path = fit_path(X, y, 5)
    assert [e.kind for e in path.events()] == ["enters"]
    np.testing.assert_allclose(path.knots(), [abs((X[:, 0] - X.mean()) @ (y - y.mean())) / 20])


# --- records ------------------------------------------------------------------------------------


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
def test_a_copied_path_still_solves(copied: Any) -> None:
    X, y = wide()
    path = fit_path(X, y, 10, standardize=True)
    events, there = path.events(), path.at(0.3)
    twin: Path = copied(path)
    np.testing.assert_array_equal(twin.coefs.toarray(), path.coefs.toarray())
    np.testing.assert_array_equal(twin.at(0.3).coef, there.coef)
    assert twin.events() == events
    assert pickle.loads(pickle.dumps(there)).intercept == there.intercept


def test_a_path_outlives_its_arrays() -> None:
    X, y = wide()
    path = fit_path(X.copy(), y.copy(), 10)
    expected = fit(X, y, 0.1).coef
    np.testing.assert_allclose(path.at(0.1).coef, expected, atol=1e-12)


# --- threads --------------------------------------------------------------------------------


def big(n: int = 300, p: int = 4000) -> Table:
    """Large enough that the core shares the work."""
    return ar(n, p, 0.5, 30)


def bits(path: Path) -> tuple[bytes, ...]:
    return (
        path.columns.indices.tobytes(),
        path.columns.data.tobytes(),
        path.intercepts.tobytes(),
        path.relative_gaps.tobytes(),
    )


@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_a_coarse_path_costs_no_more_than_a_fine_one(l1_ratio: float) -> None:
    """Five alphas, thousands of columns: a fall at which all look as if they could enter."""
    X, y = big(200, 3000)
    few, many = (
        fit_path(X, y, count, alpha_min_ratio=0.005, l1_ratio=l1_ratio) for count in (5, 81)
    )
    np.testing.assert_array_equal(few.alphas, many.alphas[::20])
    np.testing.assert_allclose(few.coefs.toarray(), many.coefs.toarray()[:, ::20], atol=1e-9)
    assert few.relative_gaps.max() <= 1e-12
    assert few.n_factorizations <= many.n_factorizations


@pytest.mark.parametrize("shape", [(300, 4000), (4000, 60)])
def test_equal_bits_for_one_and_two_threads_and_for_repeated_runs(shape: tuple[int, int]) -> None:
    X, y = big(*shape)
    runs = [fit_path(X, y, 10, alpha_min_ratio=0.1, n_threads=t) for t in (1, 2, 1, 3)]
    assert len({bits(path) for path in runs}) == 1


def test_several_python_threads_at_once() -> None:
    X, y = wide()
    expected = bits(fit_path(X, y, 20, standardize=True))
    path = fit_path(X, y, 20, standardize=True)
    alphas = np.geomspace(path.alphas[0], path.alphas[-1], 24) * 0.999
    answers = [path.at(a).coef for a in alphas]
    with ThreadPoolExecutor(8) as pool:
        alone = [pool.submit(fit_path, X, y, 20, standardize=True) for _ in range(24)]
        shared = [pool.submit(path.at, float(a)) for a in alphas]
        assert {bits(made.result()) for made in alone} == {expected}
        for made, answer in zip(shared, answers, strict=True):
            np.testing.assert_array_equal(made.result().coef, answer)


def test_the_gil_is_released() -> None:
    X, y = big(400, 6000)
    worker = threading.Thread(target=fit_path, args=(X, y, 60), kwargs={"n_threads": 1})
    longest, last = 0.0, time.perf_counter()
    started = last
    worker.start()
    while worker.is_alive():
        time.sleep(0.001)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    assert longest < 0.6 * (last - started)
