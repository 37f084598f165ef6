"""Groups of features: closed forms, certificates, limits, invariances, and a plain reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from excise import Survival
from excise.certify import certify
from excise.cross_validation import fit_cv
from excise.engine import fit, fit_path
from excise.penalties import GroupLasso, GroupPenalty, OverlappingGroups, SparseGroupLasso
from excise.results import Floats
from excise.verdicts import VerdictKind

KINDS = ("group", "sparse", "overlapping")


def penalty(kind: str, p: int, seed: int = 0) -> GroupPenalty:
    """Mixed-up groups of four, or neighbours of six that share two."""
    if kind == "overlapping":
        return OverlappingGroups([range(k, min(k + 6, p)) for k in range(0, p - 2, 4)])
    labels = np.random.default_rng(seed).permutation(np.arange(p) // 4)
    return GroupLasso(labels) if kind == "group" else SparseGroupLasso(labels, l1_share=0.6)


def table(n: int, p: int, loss: str = "squared", seed: int = 1) -> tuple[Floats, Any]:
    """Correlated columns of different scale, of which six matter."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) + 0.5 * rng.standard_normal((n, 1))
    eta = X[:, :6] @ rng.standard_normal(6)
    X *= np.geomspace(0.1, 10.0, p)
    if loss == "logistic":
        return X, (eta + rng.standard_normal(n) > 0.0).astype(np.float64)
    if loss == "poisson":
        return X, rng.poisson(np.exp(np.clip(0.5 * eta, -3.0, 2.0))).astype(np.float64)
    if loss == "cox":
        return X, Survival(rng.exponential(np.exp(-0.5 * eta)), rng.random(n) < 0.7)
    return X, eta + 0.5 * rng.standard_normal(n)


def orthonormal(n: int, p: int, seed: int = 2) -> tuple[Floats, Floats]:
    """Centred columns with x_j'x_k / n = 1 if j = k and else 0."""
    rng = np.random.default_rng(seed)
    Q = rng.standard_normal((n, p))
    Q = np.linalg.qr(Q - Q.mean(axis=0))[0]
    return np.sqrt(n) * Q, Q @ rng.standard_normal(p) * 3.0 + rng.standard_normal(n)


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson", "cox"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("shape", "l1_ratio"), [((60, 18), 1.0), ((40, 70), 1.0), ((40, 70), 0.7)])
def test_numpy_proves_every_point_of_a_path(
    kind: str, loss: str, standardize: bool, shape: tuple[int, int], l1_ratio: float
) -> None:
    X, y = table(*shape, loss)
    settings: dict[str, Any] = {
        "loss": loss,
        "penalty": penalty(kind, shape[1]),
        "standardize": standardize,
        "l1_ratio": l1_ratio,
    }
    path = fit_path(X, y, 8, alpha_min_ratio=0.03, **settings)
    assert path.relative_gaps.max() <= 1e-10
    assert len(path.support(0)) == 0
    for k in range(len(path)):
        made = certify(X, y, path.coef_at(k), path.intercepts[k], path.alphas[k], **settings)
        most = 1e-10 if kind != "overlapping" else 1e-5  # it has to find the parts by itself
        assert made.relative_gap <= most, k
        if kind != "overlapping":
            assert made.kkt_violation <= 1e-9
    middle = path.at(path.alphas[4])
    assert middle.certificate.relative_gap <= 1e-10
    kept = middle.certificate.verdicts.kind == VerdictKind.KEPT
    assert np.all(middle.coef[~kept] == 0.0)
    assert middle.certificate.verdicts.count(VerdictKind.UNPROVED) == 0


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.6])
def test_orthonormal_columns_have_a_closed_form(share: float, l1_ratio: float) -> None:
    X, y = orthonormal(50, 12)
    kind = SparseGroupLasso(np.arange(12) // 4, l1_share=share)
    c = X.T @ (y - y.mean()) / len(y)
    for standardize in (True, False):
        path = fit_path(
            X, y, 12, penalty=kind, standardize=standardize, l1_ratio=l1_ratio, alpha_min_ratio=0.01
        )
        assert path.alpha_max == pytest.approx(kind.entry(c, np.ones(12)) / l1_ratio, rel=1e-12)
        for k, alpha in enumerate(path.alphas):
            ridge = 1.0 + alpha * (1.0 - l1_ratio) * (share + (1.0 - share) * 2.0)
            wanted = kind.prox(c, 1.0, alpha * l1_ratio, np.ones(12)) / ridge
            np.testing.assert_allclose(path.coef_at(k), wanted, atol=1e-11)


def test_groups_of_one_are_the_lasso() -> None:
    X, y = table(40, 30)
    v = np.random.default_rng(3).uniform(0.5, 2.0, 30)
    lasso = fit_path(X, y, 15, penalty_weight=v)
    for kind in (GroupLasso(range(30)), SparseGroupLasso(range(30), l1_share=0.4)):
        path = fit_path(X, y, lasso.alphas, penalty=kind, penalty_weight=v)
        for k in range(15):
            np.testing.assert_allclose(path.coef_at(k), lasso.coef_at(k), atol=1e-9)


def test_the_ends_of_a_sparse_group_lasso() -> None:
    X, y = table(40, 30)
    labels = np.arange(30) // 5
    group = fit_path(X, y, 12, penalty=GroupLasso(labels))
    lasso = fit_path(X, y, 12)
    none = fit_path(X, y, group.alphas, penalty=SparseGroupLasso(labels, l1_share=0.0))
    all_ = fit_path(X, y, lasso.alphas, penalty=SparseGroupLasso(labels, l1_share=1.0))
    for k in range(12):
        np.testing.assert_array_equal(none.coef_at(k), group.coef_at(k))
        np.testing.assert_array_equal(all_.coef_at(k), lasso.coef_at(k))


def test_groups_without_overlap_are_the_group_lasso() -> None:
    X, y = table(40, 30)
    labels = [range(k, k + 5) for k in range(0, 30, 5)]
    one = fit_path(X, y, 10, penalty=GroupLasso(labels))
    other = fit_path(X, y, one.alphas, penalty=OverlappingGroups(labels))
    for k in range(10):
        np.testing.assert_allclose(other.coef_at(k), one.coef_at(k), atol=1e-11)


def test_a_ridge_of_groups_has_their_weights() -> None:
    X, y = table(40, 12)
    labels = np.arange(12) // 4
    grouped = fit(X, y, 0.5, penalty=GroupLasso(labels), l1_ratio=0.0)
    plain = fit(X, y, 0.5, penalty_weight=np.full(12, 2.0), l1_ratio=0.0)
    np.testing.assert_allclose(grouped.coef, plain.coef, atol=1e-12)
    assert grouped.certificate.relative_gap <= 1e-10


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("standardize", [True, False])
def test_nothing_depends_on_the_order_or_the_storage(kind: str, standardize: bool) -> None:
    X, y = table(50, 26)
    X[np.random.default_rng(4).random(X.shape) < 0.4] = 0.0
    X = X.astype(np.float32).astype(np.float64)
    chosen = penalty(kind, 26)
    settled = chosen.settled(26, None)
    mixed = np.random.default_rng(5).permutation(26)
    place = np.argsort(mixed)
    moved = [[int(place[j]) for j in one] for one in settled.groups]
    same = type(chosen)(moved, settled.weights, **({"l1_share": 0.6} if kind == "sparse" else {}))
    given: dict[str, Any] = {"standardize": standardize, "penalty": chosen}
    path = fit_path(X, y, 8, **given)
    others = [
        fit_path(X[:, mixed], y, path.alphas, standardize=standardize, penalty=same),
        fit_path(sp.csc_array(X), y, path.alphas, **given),
        fit_path(X.astype(np.float32), y, path.alphas, **given),
        fit_path(X, y, path.alphas, n_threads=1, **given),
    ]
    for k in range(8):
        b = path.coef_at(k)
        np.testing.assert_allclose(others[0].coef_at(k), b[mixed], atol=1e-8)
        for other in others[1:3]:
            np.testing.assert_allclose(other.coef_at(k), b, atol=1e-8)
        np.testing.assert_array_equal(
            others[3].coef_at(k), fit_path(X, y, path.alphas, n_threads=2, **given).coef_at(k)
        )


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("kind", KINDS)
def test_integer_weights_are_repeated_rows(kind: str, loss: str) -> None:
    X, y = table(40, 22, loss)
    w = np.random.default_rng(6).integers(0, 4, 40)
    offset = 0.2 * np.random.default_rng(7).standard_normal(40)
    given: dict[str, Any] = {"penalty": penalty(kind, 22), "loss": loss, "standardize": True}
    weighted = fit_path(X, y, 6, sample_weight=w, offset=offset, **given)
    rows = np.repeat(np.arange(40), w)
    repeated = fit_path(X[rows], y[rows], weighted.alphas, offset=offset[rows], **given)
    for k in range(6):
        np.testing.assert_allclose(weighted.coef_at(k), repeated.coef_at(k), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_free_excluded_constant_and_repeated_columns(kind: str) -> None:
    X, y = table(50, 26)
    X[:, 9], X[:, 13:15], X[:, 21] = X[:, 8], X[:, 2:4], 3.0
    chosen = penalty(kind, 26).settled(26, None)
    v = np.ones(26)
    if kind != "overlapping":
        v[list(chosen.groups[0])], v[list(chosen.groups[1])] = 0.0, np.inf
    for standardize in (True, False):
        given: dict[str, Any] = {
            "penalty": chosen,
            "penalty_weight": v,
            "standardize": standardize,
        }
        path = fit_path(X, y, 10, alpha_min_ratio=0.02, **given)
        assert path.relative_gaps.max() <= 1e-10
        last = path.at(path.alphas[-1])
        assert last.certificate.relative_gap <= 1e-10
        assert np.all(last.coef[np.isinf(v)] == 0.0)
        assert last.coef[21] == 0.0
        if kind != "overlapping":
            free = [j for j in chosen.groups[0] if j != 21]
            assert np.all(path.coef_at(0)[free] != 0.0)


def test_proved_zeros_are_zero_at_the_optimum_and_a_gap_bounds_the_loss() -> None:
    X, y = table(50, 40)
    for kind in (penalty("group", 40), penalty("sparse", 40)):
        best = fit(X, y, 0.3 * fit_path(X, y, 2, penalty=kind).alpha_max, penalty=kind)
        optimum = best.certificate.primal
        rng = np.random.default_rng(8)
        proved = 0
        for size in np.geomspace(1e-1, 1e-7, 12):
            near = best.coef * (1.0 + size * rng.standard_normal(40))
            made = certify(X, y, near, best.intercept, best.alpha, penalty=kind)
            assert made.gap >= made.primal - optimum - 1e-12
            zeros = made.verdicts.kind == VerdictKind.PROVED
            assert np.all(best.coef[zeros] == 0.0)
            proved += int(zeros.sum())
        assert proved > 0


def test_what_groups_earn() -> None:
    X, y = table(50, 20)
    labels = np.arange(20) // 4
    kind = GroupLasso(labels)
    one = fit(X, y, 0.2 * fit_path(X, y, 2, penalty=kind).alpha_max, penalty=kind)
    Z = X - X.mean(axis=0)
    for g in range(5):
        own = labels == g
        away = y - y.mean() - Z @ np.where(own, 0.0, one.coef)
        earns = np.linalg.norm(Z[:, own].T @ away) / len(y)
        said = one.certificate.verdicts
        np.testing.assert_allclose(said.earns[own], earns, rtol=1e-9)
        np.testing.assert_allclose(said.tax[own], 2.0 * one.alpha, rtol=1e-12)
        assert (earns > 2.0 * one.alpha) == np.all(one.coef[own] != 0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_events_are_those_of_groups(kind: str) -> None:
    X, y = table(50, 18)
    chosen = penalty(kind, 18).settled(18, None)
    path = fit_path(X, y, 30, alpha_min_ratio=0.05, penalty=chosen, standardize=True)
    events = path.events()
    assert events[0].alpha == pytest.approx(path.alpha_max)
    firsts = {one[0] for one in chosen.groups}
    assert {event.feature for event in events} <= firsts
    if kind != "overlapping":
        first = next(one for one in chosen.groups if one[0] == events[1].feature)
        above = fit(X, y, events[1].alpha * (1 + 1e-6), penalty=chosen, standardize=True)
        below = fit(X, y, events[1].alpha * (1 - 1e-6), penalty=chosen, standardize=True)
        assert not above.coef[list(first)].any()
        assert below.coef[list(first)].any()


@pytest.mark.parametrize("kind", KINDS)
def test_folds_are_fits_of_their_rows(kind: str) -> None:
    X, y = table(60, 18)
    fold = np.arange(60) % 3
    chosen = penalty(kind, 18)
    found = fit_cv(X, y, fold, penalty=chosen, standardize=True, alphas=6)
    for k in range(3):
        train, test = fold != k, fold == k
        path = fit_path(X[train], y[train], found.alphas, penalty=chosen, standardize=True)
        for i in range(6):
            eta = path.intercepts[i] + X[test] @ path.coef_at(i)
            wanted = np.mean((y[test] - eta) ** 2)
            assert found.folds[i, k] == pytest.approx(wanted, rel=1e-8)
    assert found.best.certificate.relative_gap <= 1e-10


def reference(X: Floats, y: Floats, kind: GroupPenalty, alpha: float) -> Floats:
    """Accelerated proximal gradient steps without an intercept, restarted, for long."""
    n, p = X.shape
    step = n / np.linalg.norm(X, 2) ** 2
    b, z, t, v = np.zeros(p), np.zeros(p), 1.0, np.ones(p)
    for _ in range(20000):
        new = kind.prox(z + step * X.T @ (y - X @ z) / n, step, alpha, v)
        if (z - new) @ (new - b) > 0.0:
            t = 1.0
        after = (1.0 + np.sqrt(1.0 + 4.0 * t * t)) / 2.0
        z, b, t = new + (t - 1.0) / after * (new - b), new, after
    return b


@pytest.mark.parametrize("kind", ["group", "sparse"])
def test_long_gradient_steps_come_to_the_same(kind: str) -> None:
    X, y = table(30, 16)
    X, y = (X - X.mean(axis=0)) / X.std(axis=0), y - y.mean()
    chosen = penalty(kind, 16)
    alpha = 0.15 * chosen.entry(X.T @ y / 30, np.ones(16))
    one = fit(X, y, alpha, penalty=chosen, fit_intercept=False)
    b = reference(X, y, chosen, alpha)
    np.testing.assert_allclose(one.coef, b, atol=1e-8)
    assert np.array_equal(one.coef == 0.0, b == 0.0)
    assert (
        chosen.distance(one.coef, X.T @ (y - X @ one.coef) / 30, alpha, np.ones(16)).max() < 1e-10
    )


@pytest.mark.parametrize("kind", KINDS)
def test_laws_of_the_formulas(kind: str) -> None:
    rng = np.random.default_rng(9)
    chosen = penalty(kind, 14)
    v = np.ones(14)
    for _ in range(20):
        x, step, alpha = rng.standard_normal(14) * 2.0, 0.7, 0.5
        b = chosen.prox(x, step, alpha, v)
        most = {"overlapping": 1e-3}.get(kind, 1e-10)
        assert chosen.distance(b, (x - b) / step, alpha, v).max() <= most
        at = chosen.value(b, alpha, v) * step + (b - x) @ (b - x) / 2.0
        for other in (b + 1e-3 * rng.standard_normal(14), x, np.zeros(14)):
            there = chosen.value(other, alpha, v) * step + (other - x) @ (other - x) / 2.0
            assert at <= there + 1e-8
        entry = chosen.entry(x, v)
        assert not chosen.prox(x, 1.0, entry * (1 + 1e-9), v).any()
        assert chosen.prox(x, 1.0, entry * (1 - 1e-6), v).any()
        assert chosen.value(2.0 * x, alpha, v) == pytest.approx(
            2.0 * chosen.value(x, alpha, v), rel=1e-6
        )


def test_the_value_of_overlapping_groups_is_their_dual() -> None:
    """max b'z over |z_g| <= w_g, at whose optimum parts point along z."""
    kind = OverlappingGroups([[0, 1], [1, 2]], weights=[1.0, 1.0]).settled(3, None)
    v = np.ones(3)
    assert kind.value(np.array([3.0, 4.0, 0.0]), 1.0, v) == pytest.approx(5.0, rel=1e-9)
    # b = (1, 1, 1): z = (a, c, a) with a^2 + c^2 = 1, so the most of 2 a + c is sqrt(5)
    assert kind.value(np.ones(3), 2.0, v) == pytest.approx(2.0 * np.sqrt(5.0), rel=1e-9)


def test_the_support_is_a_union_of_groups() -> None:
    X, y = table(50, 26)
    chosen = penalty("overlapping", 26).settled(26, None)
    path = fit_path(X, y, 12, penalty=chosen)
    for k in range(12):
        kept = set(path.support(k).tolist())
        union = {j for one in chosen.groups if set(one) <= kept for j in one}
        assert kept == union
