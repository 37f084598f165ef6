"""Several outputs in the compiled engine, against NumPy: optimal, certified and lawful."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from outputs_problems import Several, labels, table
from scipy.special import log_softmax, softmax

from excise import _core

LOSSES = ["multinomial", "squared"]
each_loss = pytest.mark.parametrize("loss", LOSSES)
SHAPES = [(90, 15), (40, 80)]
each_shape = pytest.mark.parametrize(("n", "p"), SHAPES)


def settings(name: str, n: int, p: int, outputs: int) -> dict[str, Any]:
    rng = np.random.default_rng(n + p + outputs)
    weight = np.ones(p)
    weight[:3] = 0.0, np.inf, 0.3
    sparing = rng.uniform(size=n) * (np.arange(n) >= n // 8)
    return {
        "lasso": {},
        "standardize": {"standardize": True},
        "elastic": {"l1_ratio": 0.5},
        "ridge": {"l1_ratio": 0.0},
        "no intercept": {"fit_intercept": False},
        "rows weighted": {"weights": sparing},
        "offset": {"offset": rng.normal(size=(n, outputs))},
        "weights 0 and inf": {"penalty_weight": weight},
        "all": {
            "penalty_weight": weight,
            "weights": sparing,
            "offset": rng.normal(size=(n, outputs)),
            "l1_ratio": 0.7,
            "standardize": True,
        },
    }[name]


NAMES = "lasso,standardize,elastic,ridge,no intercept,rows weighted,offset,weights 0 and inf,all"


def grid(engine: Any, ratio: float = 1e-2, count: int = 12) -> np.ndarray:
    return np.ascontiguousarray(engine.grid_top * np.geomspace(1.0, ratio, count))


def solved(problem: Several, ratio: float = 1e-2, **engine: Any) -> tuple[np.ndarray, dict]:
    """The path, after its optimality, its losses and its certificates were checked."""
    core = problem.engine(**engine)
    alphas = grid(core, ratio)
    found = core.path(alphas)
    null = core.null_loss
    assert np.all(found["relative_gaps"] < 1e-9)
    for k, alpha in enumerate(alphas):
        B, intercept = problem.coefficients(found, k)
        by_B, by_intercept = problem.violations(B, intercept, alpha)
        assert by_B < 1e-8 * core.top_gradient
        assert by_intercept < 1e-8
        assert abs(found["losses"][k] - problem.value(B, intercept)) < 1e-12 + 1e-10 * null
        if not problem.fit_intercept:
            assert np.all(intercept == 0.0)
        elif problem.loss == "multinomial":
            assert abs(intercept.mean()) < 1e-13 * (1 + np.abs(intercept).max())
    return alphas, found


@each_loss
@each_shape
@pytest.mark.parametrize("name", NAMES.split(","))
@pytest.mark.parametrize("outputs", [2, 3, 6])
def test_every_coefficient_is_optimal(loss: str, n: int, p: int, name: str, outputs: int) -> None:
    X, Y = table(outputs, n, p, outputs, loss)
    solved(Several(X, Y, loss, **settings(name, n, p, outputs)))


@each_loss
@pytest.mark.parametrize("name", NAMES.split(","))
def test_sparse_tables_stay_sparse_and_agree(loss: str, name: str) -> None:
    n, p, outputs = 150, 60, 3
    X = sp.random(n, p, density=0.3, random_state=1, format="csc")
    rng = np.random.default_rng(1)
    eta = X @ rng.normal(size=(p, outputs))
    Y = labels(rng, eta) if loss == "multinomial" else eta + rng.normal(size=eta.shape)
    more = settings(name, n, p, outputs)
    alphas, found = solved(Several(X, Y, loss, **more))
    dense = Several(np.asfortranarray(X.toarray()), Y, loss, **more)
    again = dense.engine().path(alphas)
    for k in range(len(alphas)):
        pairs = zip(dense.coefficients(found, k), dense.coefficients(again, k), strict=True)
        for one, other in pairs:
            assert np.allclose(one, other, atol=1e-6 * (1 + np.abs(one).max()))


def test_separable_classes_and_large_scales() -> None:
    X, _ = table(3, 80, 10, 3)
    Y = np.eye(3)[(X @ np.random.default_rng(3).normal(size=(10, 3))).argmax(1)]
    for factor in (1.0, 1e6, 1e-6):
        solved(Several(X * factor, Y), 1e-4)


@pytest.mark.parametrize("outputs", [2, 3, 6])
def test_rare_soft_and_twin_classes(outputs: int) -> None:
    X, Y = table(outputs, 60, 8, outputs)
    rare = np.zeros_like(Y)
    rare[:, 0] = 1.0
    rare[0] = np.eye(outputs)[-1]
    solved(Several(X, rare))
    solved(Several(X, softmax(np.random.default_rng(1).normal(size=Y.shape), axis=1)))
    twins = np.column_stack([X, X[:, :3], np.ones(60), -X[:, 0]])
    solved(Several(twins, Y), 1e-3)
    absent = np.column_stack([Y, np.zeros(60)])  # a class that no row has
    absent[0] = np.eye(outputs + 1)[-1]
    offset = np.random.default_rng(2).normal(size=absent.shape) * 5
    for shown in (None, offset):  # its intercept would go down for ever
        for order in (slice(None), slice(None, None, -1)):
            solved(Several(X, absent[:, order], weights=np.arange(60.0) > 0, offset=shown))


@pytest.mark.parametrize("outputs", [2, 3, 6])
def test_offsets_beyond_the_range_of_exp(outputs: int) -> None:
    X, Y = table(outputs, 60, 8, outputs)
    rng = np.random.default_rng(outputs)
    solved(Several(X, Y, offset=rng.normal(size=Y.shape) + 1e4 * np.arange(outputs)))
    solved(Several(X, Y, offset=rng.normal(size=Y.shape) * 200))
    solved(Several(X, Y, offset=rng.normal(size=Y.shape) * 200, fit_intercept=False))


def test_a_constant_in_the_offset_of_a_row_changes_nothing() -> None:
    X, Y = table(5, 60, 20, 4)
    plain = Several(X, Y).engine()
    moved = Several(X, Y, offset=np.arange(60.0)[:, None] * np.ones(4)).engine()
    assert np.isclose(plain.alpha_max, moved.alpha_max, rtol=1e-12)
    assert np.isclose(plain.null_loss, moved.null_loss, rtol=1e-12)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_two_classes_are_the_logistic_loss(l1_ratio: float, fit_intercept: bool) -> None:
    """|b1| + |b2| is least at |b1 - b2|; b1^2 + b2^2 at half its square."""
    X, Y = table(2, 80, 20, 2)
    two = Several(X, Y, l1_ratio=l1_ratio, fit_intercept=fit_intercept)
    ridge_share = (1 - l1_ratio) / 2
    one = Several(
        X, Y[:, 1:], "logistic", l1_ratio=l1_ratio / (l1_ratio + ridge_share),
        fit_intercept=fit_intercept,
    )  # fmt: skip
    core, binary = two.engine(), one.engine()
    alphas = grid(core)
    left = core.path(alphas)
    right = binary.path(np.ascontiguousarray(alphas * (l1_ratio + ridge_share)))
    assert np.isclose(core.null_loss, binary.null_loss, rtol=1e-12)
    for k in range(len(alphas)):
        B, intercept = two.coefficients(left, k)
        b, a = one.coefficients(right, k)
        assert np.allclose(B[:, 1] - B[:, 0], b[:, 0], atol=1e-7 * (1 + np.abs(b).max()))
        assert np.isclose(intercept[1] - intercept[0], a[0], atol=1e-7)


@pytest.mark.parametrize("name", NAMES.split(","))
@each_shape
def test_several_responses_are_as_many_problems(n: int, p: int, name: str) -> None:
    X, Y = table(7, n, p, 3, "squared")
    more = settings(name, n, p, 3)
    offset = more.pop("offset", np.zeros_like(Y))
    alphas, found = solved(Several(X, Y, "squared", offset=offset, **more))
    whole = Several(X, Y, "squared", **more)
    for k in range(3):
        one = Several(X, Y[:, [k]], "squared", offset=offset[:, [k]], **more)
        alone = one.engine().path(alphas)
        for a in range(len(alphas)):
            B, intercept = whole.coefficients(found, a)
            b, just = one.coefficients(alone, a)
            assert np.allclose(B[:, [k]], b, atol=1e-9 * (1 + np.abs(b).max()))
            assert np.isclose(intercept[k], just[0], atol=1e-9)


@each_loss
def test_alpha_max_is_tight_from_both_sides(loss: str) -> None:
    X, Y = table(4, 70, 12, 3, loss)
    core = Several(X, Y, loss).engine()
    path = core.path(np.array([1 + 1e-9, 1 - 1e-4]) * core.alpha_max)
    assert path["indptr"].tolist()[:2] == [0, 0]
    assert path["indptr"][2] >= 1
    by_B, _ = Several(X, Y, loss).gradients(
        np.zeros((12, 3)), np.log(Y.mean(0)) if loss == "multinomial" else Y.mean(0)
    )
    assert np.isclose(core.alpha_max, np.abs(by_B).max(), rtol=1e-10)


@each_loss
def test_correlations_are_flat_and_a_start_changes_nothing(loss: str) -> None:
    X, Y = table(6, 70, 12, 3, loss)
    problem = Several(X, Y, loss, standardize=True)
    core = problem.engine()
    alphas = grid(core)
    found = core.path(alphas)
    by_B, _ = problem.gradients(*problem.coefficients(found, len(alphas) - 1))
    assert np.allclose(found["correlations"].reshape(12, 3), -by_B, atol=1e-9)
    part = slice(found["indptr"][5], found["indptr"][6])
    start = (float(alphas[5]), found["indices"][part], found["coef_std"][part])
    again = core.path(alphas[6:], start)
    for k in range(len(alphas) - 6):
        pairs = zip(problem.coefficients(again, k), problem.coefficients(found, k + 6), strict=True)
        assert all(np.allclose(one, other, atol=1e-8) for one, other in pairs)


@each_loss
def test_events_are_where_the_support_changes(loss: str) -> None:
    X, Y = table(8, 60, 6, 3, loss)
    core = Several(X, Y, loss).engine()
    last = 0.02 * core.alpha_max
    found = core.path(grid(core, 0.02))
    alphas, numbers, enters = core.events(last, np.unique(found["indices"]))
    kept: set[int] = set()
    assert np.all(np.diff(alphas) <= 0)
    for alpha, number, enter in zip(alphas, numbers, enters, strict=True):
        assert (number in kept) != bool(enter)
        (kept.add if enter else kept.remove)(int(number))
        below = core.path(np.array([alpha * (1 - 1e-6)]))
        assert (number in below["indices"]) == bool(enter)
    assert kept == set(found["indices"][found["indptr"][-2] :].tolist())


@each_loss
@each_shape
@pytest.mark.parametrize("sparse", [False, True])
def test_folds_are_those_of_their_own_rows(loss: str, n: int, p: int, sparse: bool) -> None:
    outputs = 3
    X, Y = table(9, n, p, outputs, loss)
    if sparse:
        X = np.where(np.abs(X) > 1, X, 0.0)
    weights = np.random.default_rng(9).uniform(0.5, 1.5, size=n)
    offset = np.random.default_rng(8).normal(size=Y.shape)
    shown = sp.csc_array(X) if sparse else X
    problem = Several(shown, Y, loss, weights=weights, offset=offset)
    core = problem.engine()
    alphas = grid(core, 0.05, 6)
    roles = np.ones((3, n), dtype=np.int8)
    for fold in range(3):
        roles[fold, fold::3] = 2
    none = np.zeros(0, dtype=np.int64)
    folds = core.folds(roles, none, none, np.zeros((3, 0)))
    errors, null, worst_gap, _ = folds.held_out(alphas, False)
    again, _, _, predictors = folds.held_out(alphas, True)
    assert worst_gap < 1e-9
    assert np.array_equal(errors, again)
    for fold in range(3):
        train, test = roles[fold] == 1, roles[fold] == 2
        one = Several(X[train], Y[train], loss, weights=weights[train], offset=offset[train])
        held = Several(X[test], Y[test], loss, weights=weights[test], offset=offset[test])
        found = one.engine().path(alphas)
        eta = predictors[fold].reshape(1 + len(alphas), test.sum(), outputs)
        answers = [one.coefficients(found, k) for k in range(len(alphas))]
        for k, (B, intercept) in enumerate(answers):
            taken_off = offset[test] if loss == "squared" else 0.0
            apart = eta[k + 1] + taken_off - held.eta(B, intercept)
            if loss == "multinomial":  # a constant is open
                apart -= apart[:1, :1]
            assert np.allclose(apart, 0.0, atol=1e-6)
            assert np.isclose(
                errors[fold * len(alphas) + k], 2 * held.value(B, intercept), rtol=1e-6
            )
        if loss == "squared":
            start = np.average((Y - offset)[train], axis=0, weights=weights[train])
            assert np.isclose(null[fold], 2 * held.value(np.zeros((p, outputs)), start))
        else:
            rows = -(Y[test] * log_softmax(eta[0], axis=1)).sum(1)
            assert np.isclose(null[fold], 2 * np.average(rows, weights=weights[test]))


def test_the_number_of_threads_changes_no_bit() -> None:
    X, Y = table(10, 300, 400, 4)
    one, two = (Several(X, Y).engine(n_threads=k) for k in (1, 2))
    alphas = grid(one, 0.05)
    left, right = one.path(alphas), two.path(alphas)
    assert np.array_equal(left["coef"], right["coef"])
    assert np.array_equal(left["intercepts"], right["intercepts"])


def test_what_does_not_fit_is_refused() -> None:
    X, Y = table(1, 30, 4, 3)
    problem = Several(X, Y)
    with pytest.raises(ValueError, match="y and offset: one number per row and output"):
        problem.engine(y=np.ones(30))
    with pytest.raises(ValueError, match="y and offset: one number per row and output"):
        problem.engine(offset=np.ones(30))
    with pytest.raises(ValueError, match="one number per column"):
        problem.engine(penalty_weight=np.ones(12))
    with pytest.raises(ValueError, match="one number per row"):
        problem.engine(weights=np.full(90, 1 / 90))
    with pytest.raises(ValueError, match="'multinomial' has no 1 outputs"):
        problem.engine(outputs=1, y=np.ones(30))
    with pytest.raises(ValueError, match="'poisson' has no 3 outputs"):
        problem.engine(loss="poisson")
    with pytest.raises(ValueError, match="outputs: at least 1"):
        problem.engine(outputs=0)
    assert isinstance(problem.engine(), _core.Engine)
