"""MCP, SCAD, log and L_q solved directly: stationary to rounding, by formulas of the test's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csc_array

import excise
from excise import Status, VerdictKind, certify, fit, fit_cv, fit_path
from excise.penalties import CONCAVE
from excise.schedules import LocalLinear
from tests.concave_reference import descend, firm, off_stationary, pays, scad, slope, table

KINDS = {"mcp": 3.0, "scad": 3.7, "log": 0.1, "lq": 0.5}
EACH = pytest.mark.parametrize("kind", KINDS)


def spec(kind: str) -> str:
    return f"{kind}:{KINDS[kind]:g}"


def correlations(X: np.ndarray, y: np.ndarray, b: np.ndarray, intercept: float = 0.0) -> Any:
    return X.T @ (y - intercept - X @ b) / len(y)


def objective(
    X: np.ndarray, y: np.ndarray, b: np.ndarray, intercept: float, alpha: float, kind: str
) -> float:
    r = y - intercept - X @ b
    t = np.full(len(b), alpha)
    return float(r @ r / 2 / len(y) + pays(np.abs(b), t, kind, KINDS[kind]).sum())


def hadamard() -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal columns, and coefficients of all sizes."""
    H = np.ones((1, 1))
    for _ in range(4):
        H = np.block([[H, H], [H, -H]])
    z = np.array([2.5, -1.7, 1.1, -0.9, 0.75, 0.6, -0.45, 0.3, *np.zeros(7)])
    return H[:, 1:], z


@pytest.mark.parametrize("alpha", [0.05, 0.4, 1.2])
@EACH
def test_orthonormal_columns_have_the_closed_form(kind: str, alpha: float) -> None:
    X, z = hadamard()
    found = fit(X, X @ z, alpha, penalty=spec(kind))
    shape = KINDS[kind]
    expected = np.zeros(15)
    for j in np.flatnonzero(z):
        if kind in ("mcp", "scad"):
            expected[j] = (firm if kind == "mcp" else scad)(z[j], alpha, shape)
            continue
        size = np.geomspace(1e-9, abs(z[j]), 400_001)
        cost = (size - abs(z[j])) ** 2 / 2 + pays(size, np.array(alpha), kind, shape)
        best = size[np.argmin(cost)]
        if cost.min() < z[j] ** 2 / 2:
            for _ in range(50):
                step = 1e-7 * best
                off = best + slope(best, alpha, kind, shape) - abs(z[j])
                ahead = best + step + slope(best + step, alpha, kind, shape) - abs(z[j])
                best -= off * step / (ahead - off)
            expected[j] = np.sign(z[j]) * best
    np.testing.assert_allclose(found.coef, expected, rtol=0, atol=1e-9)
    assert found.status is Status.STATIONARY


@pytest.mark.parametrize(("n", "p"), [(80, 15), (50, 150)])
@pytest.mark.parametrize("standardize", [False, True])
@EACH
def test_every_point_of_a_path_is_stationary(kind: str, standardize: bool, n: int, p: int) -> None:
    X, y = table(n, p)
    X = X * np.geomspace(0.3, 3.0, p) + 1.0
    path = fit_path(X, y, 60, penalty=spec(kind), standardize=standardize)
    spread = X.std(axis=0) if standardize else np.ones(p)
    top = path.alpha_max
    for k, alpha in enumerate(path.alphas):
        b = path.coef_at(k)
        c = correlations(X - X.mean(axis=0), y - y.mean(), b) / spread
        off = off_stationary(b * spread, c, np.full(p, alpha), kind, KINDS[kind])
        assert off <= 1e-11 * max(top, np.abs(c).max())
    assert np.max(path.kkt_violations) <= 1e-12
    assert np.max(path.relative_gaps) <= 1e-10


@pytest.mark.parametrize("kind", ["mcp", "scad"])
def test_textbook_coordinate_descent_stays_where_we_are(kind: str) -> None:
    X, y = table(60, 120)
    y = y - y.mean()
    path = fit_path(X, y, 30, penalty=spec(kind))
    for k in range(0, 30, 3):
        b = path.coef_at(k)
        stays = descend(X, y, b, float(path.alphas[k]), kind, KINDS[kind], sweeps=3)
        np.testing.assert_allclose(stays, b, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", ["mcp", "scad"])
def test_descent_confirms_the_tangents_too(kind: str) -> None:
    """Where local linear approximation ends, coordinate descent and the direct solver stay."""
    X, y = table(60, 30)
    y = y - y.mean()
    alpha = 0.15 * float(np.abs(X.T @ y).max()) / 60
    found = fit(X, y, alpha, schedule=LocalLinear(kind, KINDS[kind]))
    stays = descend(X, y, found.coef, alpha, kind, KINDS[kind], sweeps=3)
    np.testing.assert_allclose(stays, found.coef, rtol=0, atol=1e-8)
    made = certify(X, y, found.coef, found.intercept, alpha, penalty=spec(kind))
    assert made.kkt_violation < 1e-8
    direct = fit(X, y, alpha, penalty=spec(kind))
    mine = objective(X, y, direct.coef, direct.intercept, alpha, kind)
    assert mine <= objective(X, y, found.coef, found.intercept, alpha, kind) * (1 + 1e-9)


@EACH
def test_no_coordinate_has_a_lower_place(kind: str) -> None:
    """A minimum in every coordinate by itself, on a fine grid of each."""
    X, y = table(40, 60, seed=3)
    path = fit_path(X, y, 12, penalty=spec(kind))
    for k in (3, 7, 11):
        b, alpha = path.coef_at(k), float(path.alphas[k])
        c = correlations(X, y, b, float(path.intercepts[k]))
        for j in range(60):
            other = np.linspace(-3.0, 3.0, 6001)
            smooth = (other - b[j]) ** 2 / 2 - c[j] * (other - b[j])
            t = np.array(alpha)
            gain = smooth + pays(np.abs(other), t, kind, KINDS[kind])
            assert gain.min() >= pays(np.abs(b[j]), t, kind, KINDS[kind]) - 1e-12


def test_flat_shapes_are_the_lasso() -> None:
    X, y = table(50, 80)
    alpha = 0.1 * float(np.abs(X.T @ (y - y.mean())).max()) / 50
    lasso = fit(X, y, alpha)
    for penalty in ("mcp:1e9", "scad:1e9", "log:1e9"):
        near = fit(X, y, alpha, penalty=penalty)
        np.testing.assert_allclose(near.coef, lasso.coef, atol=1e-7)
        made = certify(X, y, near.coef, near.intercept, alpha)
        assert made.relative_gap < 1e-8


def test_weights_rows_offset_and_intercept() -> None:
    """0 is free, inf is out; integer weights are repeated rows; an offset is taken off y."""
    X, y = table(40, 25, seed=5)
    rng = np.random.default_rng(1)
    v = np.ones(25)
    v[[0, 7]], v[3], v[5] = 0.0, np.inf, 2.5
    times, offset = rng.integers(0, 4, 40), rng.standard_normal(40)
    alpha = 0.1
    settings: dict[str, Any] = {"penalty": "mcp:3", "penalty_weight": v}
    for intercept in (True, False):
        found = fit(
            X, y, alpha, sample_weight=times, offset=offset, fit_intercept=intercept, **settings
        )
        rows = np.repeat(np.arange(40), times)
        again = fit(
            X[rows], y[rows], alpha, offset=offset[rows], fit_intercept=intercept, **settings
        )
        np.testing.assert_allclose(found.coef, again.coef, rtol=0, atol=1e-9)
        assert found.coef[3] == 0.0 and found.coef[0] != 0.0
        assert found.certificate.verdicts[3].kind is VerdictKind.EXCLUDED
        w = times / times.sum()
        r = y - offset - found.intercept - X @ found.coef
        c = X.T @ (w * r)
        assert np.abs(c[[0, 7]]).max() < 1e-12
        some = np.setdiff1d(np.arange(25), [0, 3, 7])
        off = off_stationary(found.coef[some], c[some], alpha * v[some], "mcp", 3.0)
        assert off < 1e-12


@EACH
def test_storage_order_and_threads_change_nothing(kind: str) -> None:
    X, y = table(60, 90, seed=2)
    X[np.abs(X) < 0.7] = 0.0
    first = fit_path(X, y, 25, penalty=spec(kind), n_threads=1)
    for other in (np.asfortranarray(X), csc_array(X)):
        same = fit_path(other, y, 25, penalty=spec(kind), n_threads=1)
        np.testing.assert_allclose(same.coefs.toarray(), first.coefs.toarray(), atol=1e-9)
    two = fit_path(X, y, 25, penalty=spec(kind), n_threads=2)
    assert np.array_equal(two.columns.data, first.columns.data)
    order = np.random.default_rng(0).permutation(90)
    shuffled = fit_path(X[:, order], y, 25, penalty=spec(kind), n_threads=1)
    np.testing.assert_allclose(shuffled.coefs.toarray(), first.coefs.toarray()[order], atol=1e-9)


@EACH
def test_duplicates_and_a_dependent_table(kind: str) -> None:
    X, y = table(30, 10, seed=4)
    twice = np.hstack([X, X, X[:, :3] + X[:, 3:6]])
    path = fit_path(twice, y, 40, penalty=spec(kind))
    assert np.max(path.kkt_violations) <= 1e-12
    for k in range(40):
        b = path.coef_at(k)
        both = (b[:10] != 0.0) & (b[10:20] != 0.0)
        assert not both.any()  # two pay more than one for the same


def test_at_zero_tax_it_is_least_squares() -> None:
    X, y = table(40, 8)
    for kind in KINDS:
        found = fit(X, y, 0.0, penalty=spec(kind))
        exact = np.linalg.lstsq(np.column_stack([np.ones(40), X]), y, rcond=None)[0]
        np.testing.assert_allclose(found.coef, exact[1:], atol=1e-10)


@EACH
def test_the_path_starts_where_the_first_feature_comes_in(kind: str) -> None:
    X, y = table(50, 40)
    path = fit_path(X, y, 20, penalty=spec(kind))
    assert len(path.support(0)) == 0
    below = fit(X, y, path.alpha_max * (1 - 1e-6), penalty=spec(kind))
    above = fit(X, y, path.alpha_max * (1 + 1e-6), penalty=spec(kind))
    assert len(below.support) == 1 and len(above.support) == 0


@EACH
def test_the_same_alpha_gives_the_point_of_the_path(kind: str) -> None:
    X, y = table(50, 70)
    path = fit_path(X, y, 20, penalty=spec(kind))
    for k in (5, 19):
        again = path.at(float(path.alphas[k]))
        np.testing.assert_allclose(again.coef, path.coef_at(k), rtol=0, atol=1e-12)
        assert again.status is Status.STATIONARY


@EACH
def test_verdicts_never_say_optimal(kind: str) -> None:
    X, y = table(50, 70)
    found = fit(X, y, 0.2, penalty=spec(kind))
    made = found.certificate
    assert made.stationary and made.unique is None
    assert made.verdicts.count(VerdictKind.PROVED) == 0
    kinds, zero = made.verdicts.kind, found.coef == 0.0
    assert np.all(kinds[zero] == VerdictKind.STATIONARY)
    assert np.all(kinds[~zero] == VerdictKind.KEPT)
    assert "optimal" not in made.summary() and "stationary" in made.summary()
    c = correlations(X, y, found.coef, found.intercept)
    np.testing.assert_allclose(made.verdicts.earns[zero], np.abs(c[zero]), atol=1e-12)
    if kind in ("mcp", "scad"):
        np.testing.assert_allclose(made.verdicts.tax[zero], 0.2)
    left = made.verdicts.earns[~zero] - made.verdicts.tax[~zero]
    np.testing.assert_allclose(left, np.abs(found.coef[~zero]), atol=1e-10)
    value = objective(X, y, found.coef, found.intercept, 0.2, kind)
    assert made.primal == pytest.approx(value, rel=1e-12)


@EACH
def test_the_verifier_knows_what_is_not_stationary(kind: str) -> None:
    X, y = table(50, 20)
    found = fit(X, y, 0.1, penalty=spec(kind))
    given = certify(X, y, found.coef, found.intercept, 0.1, penalty=spec(kind))
    assert given.kkt_violation < 1e-12 and given.stationary
    np.testing.assert_array_equal(given.verdicts.kind, found.certificate.verdicts.kind)
    moved = found.coef.copy()
    moved[found.support[0]] *= 1.0 + 1e-5
    wrong = certify(X, y, moved, found.intercept, 0.1, penalty=spec(kind))
    b, c = moved, correlations(X, y, moved, found.intercept)
    off = off_stationary(b, c, np.full(20, 0.1), kind, KINDS[kind])
    top = float(np.abs(correlations(X, y - y.mean(), np.zeros(20))).max())
    assert wrong.kkt_violation == pytest.approx(off / top, rel=1e-6)
    nothing = certify(X, y, np.zeros(20), float(y.mean()), 0.1, penalty=spec(kind))
    assert nothing.verdicts.count(VerdictKind.UNPROVED) > 0


def test_convexity_on_the_support() -> None:
    """The smallest eigenvalue of the Gram matrix of the support, less the concavity 1 / gamma."""
    X, y = table(60, 100)
    path = fit_path(X, y, 30, penalty="mcp:3")
    lowest = np.inf
    for k in range(30):
        kept = path.support(k)
        eigen = np.linalg.eigvalsh(X[:, kept].T @ X[:, kept] / 60)
        if len(kept) and eigen[0] <= 1 / 3:
            break
        lowest = float(path.alphas[k])
    assert path.convex_min() == lowest
    found = path.at(float(path.alphas[10]))
    kept = found.support
    eigen = np.linalg.eigvalsh(X[:, kept].T @ X[:, kept] / 60)[0] - 1 / 3
    assert found.certificate.convexity == pytest.approx(eigen, abs=1e-12)
    assert found.certificate.locally_convex is bool(eigen > 0)
    assert fit_path(X, y, 5).convex_min() == fit_path(X, y, 5).alphas[-1]


@pytest.mark.parametrize(("n", "p"), [(90, 12), (60, 100)])
@EACH
def test_folds_are_fits_of_their_rows(kind: str, n: int, p: int) -> None:
    """At alphas at which other minima are far: which of them is found depends on the way."""
    X, y = table(n, p)
    label = np.arange(n) % 3
    alphas = fit_path(X, y, 15, alpha_min_ratio=0.3, penalty=spec(kind)).alphas
    found = fit_cv(X, y, label, alphas=alphas, penalty=spec(kind))
    for fold in range(3):
        train = label != fold
        path = fit_path(X[train], y[train], alphas, penalty=spec(kind))
        for k in range(15):
            off = y[~train] - X[~train] @ path.coef_at(k) - path.intercepts[k]
            assert found.folds[k, fold] == pytest.approx(float(np.mean(off**2)), rel=1e-8)
    assert found.best.status is Status.STATIONARY


@pytest.mark.parametrize("standardize", [False, True])
def test_units_of_the_data_do_not_matter(standardize: bool) -> None:
    """MCP and SCAD follow y; log and L_q with their shape or their tax in its units."""
    X, y = table(40, 30)
    for kind, times, shape in [
        ("mcp", 1e6, 3.0),
        ("scad", 1e6, 3.7),
        ("log", 1e6, 0.1 * 1e6),
        ("lq", 1e6**1.5, 0.5),
    ]:
        one = fit(X, y, 0.15, penalty=spec(kind), standardize=standardize)
        many = fit(X, y * 1e6, 0.15 * times, penalty=f"{kind}:{shape}", standardize=standardize)
        np.testing.assert_allclose(many.coef / 1e6, one.coef, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"loss": "logistic"}, "logistic loss"),
        ({"l1_ratio": 0.5}, "l1_ratio = 0.5"),
        ({"bounds": "positive"}, "bounds"),
        ({"schedule": LocalLinear("mcp")}, "a schedule cannot"),
    ],
)
def test_what_cannot_be_solved_directly_is_refused(settings: dict[str, Any], says: str) -> None:
    X, y = table(30, 5)
    with pytest.raises(excise.InputError, match=says):
        fit(X, (y > 0).astype(float), 0.1, penalty="mcp:3", **settings)


def test_several_outputs_and_events_are_refused() -> None:
    X, y = table(30, 5)
    with pytest.raises(excise.InputError, match="2 outputs"):
        fit(X, np.column_stack([y, -y]), 0.1, penalty="scad")
    with pytest.raises(excise.InputError, match="events are not known"):
        fit_path(X, y, 5, penalty="mcp").events()


@pytest.mark.parametrize(
    ("penalty", "says"),
    [
        ("mcp:1", "shape is 1.0; of penalty 'mcp' it must be > 1"),
        ("scad:2", "> 2"),
        ("log:0", "> 0"),
        ("lq:1", "> 0 and < 1"),
        ("mcp:three", "must name its shape as a number"),
    ],
)
def test_wrong_shapes_are_refused(penalty: str, says: str) -> None:
    X, y = table(30, 5)
    with pytest.raises(excise.InputError, match=says):
        fit(X, y, 0.1, penalty=penalty)


@EACH
def test_formulas_agree_with_the_textbook(kind: str) -> None:
    """Value and slope; the prox is the lowest of a fine grid; entry and threshold are inverse."""
    penalty, shape = CONCAVE[kind](KINDS[kind]), KINDS[kind]
    b = np.linspace(-2.0, 2.0, 41)
    weight = np.full(41, 1.5)
    t = 0.2 * weight
    assert penalty.value(b, 0.2, weight) == pytest.approx(pays(np.abs(b), t, kind, shape).sum())
    away = b != 0.0
    expected = slope(np.abs(b[away]), t[away], kind, shape)
    np.testing.assert_allclose(penalty.slope(b, 0.2, weight)[away], expected, atol=1e-15)
    grid = np.linspace(0.0, 2.5, 25_001)
    for step in (0.5, 1.0, 4.0):
        found = penalty.prox(b, step, 0.2, weight)
        for v, one in zip(b, found, strict=True):
            cost = (grid - abs(v)) ** 2 / 2 + step * pays(grid, np.array(0.3), kind, shape)
            here = (one - v) ** 2 / 2 + step * pays(np.abs(one), np.array(0.3), kind, shape)
            assert here <= cost.min() + 1e-12
    one = np.ones(1)
    for size in (0.05, 0.3, 2.0):
        tax = penalty.entry(np.array([size]), one)
        assert penalty.threshold(np.array([tax]))[0] == pytest.approx(size, rel=1e-10)
    lone = np.array([0.0, np.inf, 1.0])
    np.testing.assert_array_equal(penalty.prox(np.full(3, 1.1), 1.0, 0.0, lone), [1.1, 0.0, 1.1])
