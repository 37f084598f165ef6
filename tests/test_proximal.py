"""SLOPE, total variation and the textbook method: exact, traced, alike on every kind of table."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csc_array
from sklearn.isotonic import IsotonicRegression

from excise import Status, VerdictKind, certify, fit, fit_cv, fit_path, proximal_gradient
from excise.penalties import ElasticNet, Penalty, SortedL1, TotalVariation
from excise.penalties.base import Face
from tests.penalty_models import ALL, P

Floats = np.ndarray[Any, np.dtype[np.float64]]
BOTH = pytest.mark.parametrize("penalty", [SortedL1(0.1), TotalVariation(0.5)], ids=repr)


def table(n: int, p: int, rho: float = 0.5, seed: int = 0) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * X[:, j]
    b = np.zeros(p)
    for start in rng.choice(p - 5, min(6, p - 5), replace=False):
        b[start : start + 5] = rng.standard_normal()
    eta = X @ b
    return X, eta + rng.standard_normal(n) * eta.std() / 3


@pytest.mark.parametrize("rho", [0.0, 0.9])
@pytest.mark.parametrize("shape", [(80, 300), (300, 80)])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
@BOTH
def test_paths_are_exact(penalty: Penalty, loss: str, shape: tuple[int, int], rho: float) -> None:
    X, y = table(*shape, rho)
    y = y if loss == "squared" else (y > 0) * 1.0
    path = fit_path(X, y, 15, penalty=penalty, loss=loss, alpha_min_ratio=0.02)
    assert path.relative_gaps.max() <= 1e-10
    for k in (5, 14):
        made = certify(
            X, y, path.coef_at(k), path.intercepts[k], path.alphas[k], penalty=penalty, loss=loss
        )
        assert made.relative_gap <= 1e-10
        assert path.at(float(path.alphas[k])).status is Status.OPTIMAL


def test_equal_taxes_are_the_lasso_and_one_share_of_it_too() -> None:
    X, y = table(60, 30)
    path = fit_path(X, y, 10)
    for penalty in (SortedL1(sequence=np.ones(30)), TotalVariation(1.0), SortedL1.oscar(0.0)):
        same = fit_path(X, y, path.alphas, penalty=penalty)
        np.testing.assert_allclose(same.coefs.toarray(), path.coefs.toarray(), atol=1e-9)
        assert same.alpha_max == pytest.approx(path.alpha_max, rel=1e-12)


def test_steps_alone_cost_what_a_lasso_of_steps_costs() -> None:
    """Total variation with share 0 is a lasso of sums, the first of them free."""
    X, y = table(60, 30)
    sums = np.cumsum(X[:, ::-1], axis=1)[:, ::-1]
    weight = np.r_[0.0, np.ones(29)]
    for alpha in (1.0, 0.2):
        found = fit(X, y, alpha, penalty=TotalVariation(0.0))
        same = fit(sums, y, alpha, penalty_weight=weight)
        np.testing.assert_allclose(found.coef, np.cumsum(same.coef), atol=1e-8)


@BOTH
def test_storage_and_repeated_rows_do_not_matter(penalty: Penalty) -> None:
    X, y = table(50, 20)
    X[np.abs(X) < 0.5] = 0.0
    X = np.asarray(X, dtype=np.float32).astype(np.float64)
    found = fit(X, y, 0.2, penalty=penalty, standardize=True)
    for same in (csc_array(X), np.asfortranarray(X), X.astype(np.float32)):
        other = fit(same, y, 0.2, penalty=penalty, standardize=True)
        np.testing.assert_allclose(other.coef, found.coef, atol=1e-9)
    weight = np.arange(50) % 3
    whole = fit(np.repeat(X, weight, 0), np.repeat(y, weight), 0.2, penalty=penalty)
    weighted = fit(X, y, 0.2, penalty=penalty, sample_weight=weight)
    np.testing.assert_allclose(weighted.coef, whole.coef, atol=1e-9)


def test_twins_share_under_slope() -> None:
    X, y = table(50, 10)
    found = fit(np.column_stack([X, X[:, 0]]), y, 0.3, penalty=SortedL1(0.1))
    assert found.certificate.relative_gap <= 1e-10


@BOTH
def test_what_predicts_alike_does_not_stop_it(penalty: Penalty) -> None:
    """More numbers than rows, far down the path: the optimum has independent ones."""
    X, y = table(12, 40)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = fit_path(X, y, 10, penalty=penalty, alpha_min_ratio=1e-4)
    assert path.relative_gaps.max() <= 1e-9
    assert np.isfinite(path.coefs.toarray()).all()


@BOTH
def test_a_proved_zero_is_zero_in_the_optimum(penalty: Penalty) -> None:
    X, y = table(100, 40)
    exact = fit(X, y, 0.5, penalty=penalty)
    rough = proximal_gradient(X, y, 0.5, penalty=penalty, max_iter=60)
    proved = rough.certificate.verdicts.kind == VerdictKind.PROVED
    assert proved.any() or isinstance(penalty, TotalVariation)
    assert not exact.coef[proved].any()


@BOTH
def test_folds_by_hand(penalty: Penalty) -> None:
    X, y = table(60, 12)
    cv = fit_cv(X, y, cv=3, alphas=[0.5, 0.1], penalty=penalty, random_state=0)
    for k in range(3):
        held = cv.fold_of_row.ravel() == k
        for a, alpha in enumerate([0.5, 0.1]):
            found = fit(X[~held], y[~held], alpha, penalty=penalty)
            error = np.mean((y[held] - found.intercept - X[held] @ found.coef) ** 2)
            assert cv.folds[a, k] == pytest.approx(error, rel=1e-6)


@pytest.mark.parametrize("method", ["ista", "fista"])
def test_the_textbook_method_is_recorded(method: Any) -> None:
    X, y = table(60, 20)
    penalty = SortedL1(0.1)
    found = proximal_gradient(X, y, 0.3, penalty=penalty, method=method, trace=True)
    trace = found.trace
    assert trace is not None and found.status is Status.OPTIMAL
    assert np.all(np.diff(trace.objective) <= 1e-12 * trace.objective[0])
    assert trace.coefs.shape == (20, len(trace))
    np.testing.assert_array_equal(trace.coefs[:, [len(trace) - 1]].toarray().ravel(), found.coef)
    np.testing.assert_array_equal(trace.support(len(trace) - 1), found.support)
    centred, goal = X - X.mean(axis=0), y - y.mean()
    for k in (0, 1, 5, len(trace) - 1):
        b = trace.coefs[:, [k]].toarray().ravel()
        cost = np.mean((goal - centred @ b) ** 2) / 2 + penalty.value(b, 0.3, np.ones(20))
        assert trace.objective[k] == pytest.approx(cost, rel=1e-12)
    exact = fit(X, y, 0.3, penalty=penalty)
    np.testing.assert_allclose(found.coef, exact.coef, atol=1e-4)


def test_ista_is_the_formula() -> None:
    """Each iterate is a soft threshold of the last one, at the recorded step."""
    X, y = table(40, 8)
    trace = proximal_gradient(X, y, 0.2, method="ista", trace=True, max_iter=25).trace
    assert trace is not None and not trace.restarted.any()
    A, goal = X - X.mean(axis=0), y - y.mean()
    B = trace.coefs.toarray()
    for k in range(1, len(trace)):
        v = B[:, k - 1] + trace.step[k] * A.T @ (goal - A @ B[:, k - 1]) / 40
        expected = np.sign(v) * np.maximum(np.abs(v) - trace.step[k] * 0.2, 0.0)
        np.testing.assert_allclose(B[:, k], expected, atol=1e-12)


def test_fista_needs_fewer_steps() -> None:
    X, y = table(100, 50, rho=0.9)
    counts = []
    for method in ("fista", "ista"):
        found = proximal_gradient(X, y, 0.05, method=method, trace=True, tol=1e-8)
        assert found.trace is not None
        counts.append(len(found.trace))
    assert counts[0] < counts[1] / 3


def test_too_few_steps_are_told() -> None:
    X, y = table(60, 20)
    found = proximal_gradient(X, y, 0.05, penalty=ElasticNet(0.9), max_iter=3)
    assert found.status is Status.STALLED
    assert found.certificate.relative_gap > 1e-10
    assert fit(X, y, 0.05, penalty=ElasticNet(0.9)).certificate.primal < found.certificate.primal


@pytest.mark.parametrize("penalty", ALL, ids=repr)
def test_the_textbook_method_ends_where_fit_does(penalty: Penalty) -> None:
    """Every penalty of the registry, and told as what it is: proved, or stationary."""
    rng = np.random.default_rng(0)
    X = np.linalg.qr(rng.standard_normal((60, P)))[0] * np.sqrt(60) + rng.normal(0, 0.1, (60, P))
    y = X @ np.array([2.0, 2.0, -1.5, 0.0, 0.3, 0.0]) + 0.5 * rng.standard_normal(60)
    found = proximal_gradient(X, y, 0.3, penalty=penalty, max_iter=5000)
    np.testing.assert_allclose(found.coef, fit(X, y, 0.3, penalty=penalty).coef, atol=3e-5)
    assert found.status is (Status.OPTIMAL if penalty.convex else Status.STATIONARY)


@pytest.mark.parametrize("penalty", [SortedL1(0.1), SortedL1.oscar(0.5), SortedL1.oscar(0.0)])
@pytest.mark.parametrize("step", [0.1, 0.7, 1.5])
def test_sorting_only_what_may_stay_changes_no_prox(penalty: SortedL1, step: float) -> None:
    v = np.round(np.random.default_rng(3).standard_normal(120), 1) * 3.0
    order = np.argsort(-np.abs(v), kind="stable")
    less = np.abs(v)[order] - step * penalty.taxes(120)
    falling, whole = IsotonicRegression(increasing=False), np.zeros(120)
    whole[order] = np.maximum(falling.fit_transform(np.arange(120), less), 0.0)
    got = penalty.prox(v, step, 1.0, np.ones(120))
    np.testing.assert_allclose(got, np.sign(v) * whole, atol=1e-12)


def test_cross_products_of_a_face_are_those_of_its_sums() -> None:
    A = np.random.default_rng(0).standard_normal((9, 7))
    face = Face(
        np.array([5, 1, 3, 0]),
        np.array([0, 0, 1, 2]),
        np.array([1.0, -1.0, -1.0, 1.0]),
        np.zeros(3),
        np.zeros(3),
    )
    sums = np.column_stack([A[:, 5] - A[:, 1], -A[:, 3], A[:, 0]])
    G = np.ascontiguousarray(A.T @ A)
    np.testing.assert_allclose(face.folded(G, face.features), sums.T @ sums, atol=1e-12)
