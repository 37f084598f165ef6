"""The Cox model: its likelihood, its paths, its certificates, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse
from survival_reference import cox_objective, survival_data, value_and_slopes

import excise
from excise import Survival, certify, fit, fit_cv, fit_path
from excise.exceptions import InputError, InputTypeError
from excise.results import Status
from excise.risk_sets import PartialLikelihood
from excise.verdicts import VerdictKind

SHAPES = [(False, False), (True, False), (False, True), (True, True)]
each_shape = pytest.mark.parametrize(("entry", "strata"), SHAPES)
each_ties = pytest.mark.parametrize("ties", ["breslow", "efron"])


@each_shape
@each_ties
@pytest.mark.parametrize("spread", [0.0, 1.0, 30.0])
def test_the_likelihood_is_the_one_written_out(
    entry: bool, strata: bool, ties: str, spread: float
) -> None:
    _, y = survival_data(entry=entry, strata=strata)
    rng = np.random.default_rng(1)
    eta, w = spread * rng.standard_normal(120), rng.integers(1, 4, 120).astype(float)
    made = PartialLikelihood(y, w / w.sum(), ties)
    value, slopes = value_and_slopes(y, eta, w, ties)
    assert made.value(eta) == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(made.slopes(eta) * w / w.sum(), slopes, atol=1e-13)
    v = rng.standard_normal(120)
    if spread < 10.0:
        step = 1e-6
        up, down = (value_and_slopes(y, eta + t * step * v, w, ties)[1] for t in (1.0, -1.0))
        bent = made.bent(eta, v) * w / w.sum()
        np.testing.assert_allclose(bent, (up - down) / (2 * step), atol=1e-9)


@each_shape
@each_ties
def test_curvature_is_a_bound(entry: bool, strata: bool, ties: str) -> None:
    _, y = survival_data(n=40, entry=entry, strata=strata)
    rng = np.random.default_rng(2)
    w = rng.random(40) + 0.1
    made = PartialLikelihood(y, w / w.sum(), ties)
    for spread in (0.0, 1.0, 5.0):
        eta = spread * rng.standard_normal(40)
        H = np.stack([made.bent(eta, v) for v in np.eye(40)], axis=1)
        root = np.sqrt(made.weights)
        top = np.linalg.eigvalsh(root[:, None] * H / root)[-1]
        assert 0.0 < top <= made.curvature


@each_shape
@each_ties
def test_what_a_dual_point_costs(entry: bool, strata: bool, ties: str) -> None:
    """Fenchel and Young: never below what any other eta shows it to be."""
    _, y = survival_data(n=50, entry=entry, strata=strata)
    rng = np.random.default_rng(3)
    w = np.full(50, 0.02)
    made = PartialLikelihood(y, w, ties)
    eta, other = rng.standard_normal((2, 50))
    assert made.distance(eta, eta, 1.0) < 1e-15
    assert made.distance(eta, other, 0.0) == pytest.approx(made.value(eta))
    for s in (0.3, 0.9, 1.0):
        v = s * made.slopes(other) * w
        cost = made.distance(eta, other, s)
        for third in rng.standard_normal((20, 50)):
            seen = made.value(eta) - v @ eta - (made.value(third) - v @ third)
            assert cost >= seen - 1e-12
    at_other = made.value(eta) - made.value(other) - w * made.slopes(other) @ (eta - other)
    assert made.distance(eta, other, 1.0) == pytest.approx(at_other)


SETTINGS: dict[str, dict[str, Any]] = {
    "lasso": {},
    "standardize": {"standardize": True},
    "elastic": {"l1_ratio": 0.5},
    "ridge": {"l1_ratio": 0.0},
    "positive": {"bounds": "positive"},
    "box": {"bounds": (-0.2, 0.3)},
    "weights 0 and inf": {"penalty_weight": [0.0, np.inf, *np.ones(6)]},
    "rows weighted": {"sample_weight": np.arange(120) % 4},
    "offset": {"offset": np.linspace(-1.0, 1.0, 120)},
}


@each_shape
@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("loss", ["cox", "cox:efron"])
def test_fifty_alphas_are_certified(entry: bool, strata: bool, name: str, loss: str) -> None:
    X, y = survival_data(entry=entry, strata=strata)
    settings = SETTINGS[name] | {"loss": loss}
    path = fit_path(X, y, 50, **settings)
    assert path.relative_gaps.max() <= 1e-9
    assert not path.intercepts.any()
    for k in (10, 30, 49):
        made = certify(X, y, path.columns.column(k), 0.0, path.alphas[k], **settings)
        assert made.relative_gap <= 1e-9
        value = made.primal
        assert value >= 0.0
        if name == "lasso":
            coef = path.columns.column(k)
            ties = loss.partition(":")[2] or "breslow"
            best = cox_objective(X, y, coef, path.alphas[k], ties)
            assert value == pytest.approx(best, rel=1e-12)


def test_more_columns_than_rows() -> None:
    X, y = survival_data(n=60, p=400, entry=True)
    path = fit_path(X, y, 50, loss="cox", standardize=True)
    assert path.relative_gaps.max() <= 1e-9
    made = path.at(path.alphas[20])
    assert made.status is Status.OPTIMAL
    zeros = made.certificate.verdicts.kind[made.coef == 0.0]
    assert np.mean(zeros == VerdictKind.PROVED) > 0.9


@each_shape
@each_ties
def test_the_gap_bounds_the_suboptimality(entry: bool, strata: bool, ties: str) -> None:
    X, y = survival_data(n=60, entry=entry, strata=strata)
    settings = {"loss": f"cox:{ties}", "penalty_weight": [0.0, *np.ones(7)]}
    alpha = 0.02
    best = fit(X, y, alpha, **settings)
    assert best.certificate.unique
    rng = np.random.default_rng(4)
    for size in (1e-6, 1e-3, 0.1, 1.0):
        coef = best.coef + size * rng.standard_normal(8) * (best.coef != 0.0)
        made = certify(X, y, coef, 0.0, alpha, **settings)
        missing = made.primal - best.certificate.primal
        assert missing * (1.0 - 1e-6) - 1e-15 <= made.gap
        if size <= 1e-3:
            assert made.gap <= 1.1 * missing + 1e-15
        proved = made.verdicts.kind == VerdictKind.PROVED
        assert not best.coef[proved].any()


@pytest.mark.parametrize("loss", ["cox", "cox:efron"])
def test_alpha_max_is_tight(loss: str) -> None:
    X, y = survival_data(strata=True)
    top = fit_path(X, y, 3, loss=loss).alpha_max
    assert not fit(X, y, top * 1.0001, loss=loss).coef.any()
    assert fit(X, y, top * 0.9999, loss=loss).coef.any()


@each_shape
def test_dense_is_sparse_is_float32(entry: bool, strata: bool) -> None:
    X, y = survival_data(entry=entry, strata=strata)
    X = np.where(np.abs(X) > 0.8, X, 0.0).astype(np.float32)
    wide = fit_path(X.astype(float), y, 20, loss="cox", standardize=True).coefs.toarray()
    for other in (scipy.sparse.csc_array(X.astype(float)), scipy.sparse.csr_array(X), X):
        path = fit_path(other, y, 20, loss="cox", standardize=True)
        np.testing.assert_allclose(path.coefs.toarray(), wide, atol=1e-7)


@each_shape
def test_a_weight_is_a_repeated_row(entry: bool, strata: bool) -> None:
    X, y = survival_data(entry=entry, strata=strata)
    w = np.arange(120) % 4
    rows = np.repeat(np.arange(120), w)
    one = fit(X, y, 0.03, loss="cox", sample_weight=w)
    other = fit(X[rows], y[rows], 0.03, loss="cox")
    np.testing.assert_allclose(one.coef, other.coef, atol=1e-8)
    assert one.certificate.primal == pytest.approx(other.certificate.primal, rel=1e-12)
    scaled = fit(X, y, 0.03, loss="cox", sample_weight=1e-30 * w)
    np.testing.assert_allclose(scaled.coef, one.coef, atol=1e-8)


@each_ties
def test_a_row_without_weight_is_no_row(ties: str) -> None:
    X, y = survival_data(entry=True, strata=True)
    w = np.where(np.arange(120) % 5 == 0, 0.0, 1.0)
    one = fit(X, y, 0.03, loss=f"cox:{ties}", sample_weight=w)
    other = fit(X[w > 0], y[w > 0], 0.03, loss=f"cox:{ties}")
    np.testing.assert_allclose(one.coef, other.coef, atol=1e-8)


@each_shape
@each_ties
def test_the_order_of_rows_does_not_matter(entry: bool, strata: bool, ties: str) -> None:
    X, y = survival_data(entry=entry, strata=strata)
    order = np.random.default_rng(0).permutation(120)
    one, other = (
        fit(X[rows], y[rows], 0.02, loss=f"cox:{ties}") for rows in (np.arange(120), order)
    )
    np.testing.assert_allclose(one.coef, other.coef, atol=1e-9)


@each_ties
def test_crowds_of_ties(ties: str) -> None:
    X, y = survival_data(n=500)
    y = Survival(np.minimum(y.time, 3.0), y.event)
    path = fit_path(X, y, 50, loss=f"cox:{ties}")
    assert path.relative_gaps.max() <= 1e-9
    assert path.at(path.alphas[-1]).certificate.relative_gap <= 1e-9


def test_one_time_for_all() -> None:
    """Everybody fails at once: Breslow's likelihood is that of who fails at all."""
    X, y = survival_data(n=80)
    made = fit_path(X, (np.ones(80), y.event), 30, loss="cox")
    assert made.relative_gaps.max() <= 1e-9


@pytest.mark.parametrize("shift", [1e2, 1e3, 1e5])
def test_large_offsets(shift: float) -> None:
    """Rounding of eta bounds what can be had: 1e5 leaves 11 digits of it, and p of e^-100000."""
    X, y = survival_data()
    group = np.where(np.arange(120) % 3 == 0, shift, 0.0)
    made = fit_path(X, y, 30, loss="cox", offset=group)
    assert np.isfinite(made.coefs.toarray()).all()
    assert made.kkt_violations.max() <= 1e-13 * shift
    assert made.relative_gaps.max() <= 1e-10 * shift
    equal = fit(X, y, 0.05, loss="cox", offset=np.full(120, shift))
    np.testing.assert_allclose(equal.coef, fit(X, y, 0.05, loss="cox").coef, atol=1e-6)


def test_steps_that_turn_back_are_not_taken_twice() -> None:
    """One event that is unlikely at b = 0: full steps led there and back for ever."""
    rng = np.random.default_rng(180)
    for _ in range(20):
        X, offset = rng.standard_normal((8, 10)), rng.normal(0.0, 5.0, 8)
        y = np.arange(1.0, 9.0), np.arange(8) == 1
        path = fit_path(X, y, 15, loss="cox", offset=offset, standardize=True)
        assert path.relative_gaps.max() <= 1e-9


@each_ties
def test_risk_sets_of_one_row_each(ties: str) -> None:
    """Offsets so wide that nothing bends at b = 0: steps are damped."""
    X, y = survival_data(n=300, p=60, seed=55, entry=True, strata=True)
    y = Survival(y.time, y.event * (np.arange(300) % 8 == 0), y.entry, y.strata)
    offset = np.random.default_rng(0).normal(0.0, 50.0, 300)
    path = fit_path(X, y, 15, loss=f"cox:{ties}", offset=offset, standardize=True)
    assert path.relative_gaps.max() <= 1e-7
    made = certify(
        X, y, path.columns.column(8), 0.0, path.alphas[8], loss=f"cox:{ties}", offset=offset,
        standardize=True,
    )  # fmt: skip
    assert made.relative_gap <= 1e-9


@each_ties
def test_a_monotone_likelihood_has_a_finite_answer(ties: str) -> None:
    """The first column orders the times: without a tax its coefficient is infinite."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 3))
    path = fit_path(X, (np.exp(-X[:, 0]), np.ones(60)), 50, loss=f"cox:{ties}")
    assert np.isfinite(path.coefs.toarray()).all()
    assert path.relative_gaps.max() <= 1e-9
    assert path.columns.column(49)[0] > 10.0


def test_threads_change_no_bit() -> None:
    X, y = survival_data(n=300, p=200, entry=True)
    one, two = (fit_path(X, y, 20, loss="cox:efron", n_threads=k) for k in (1, 2))
    np.testing.assert_array_equal(one.coefs.toarray(), two.coefs.toarray())


def test_events_of_the_path() -> None:
    X, y = survival_data()
    path = fit_path(X, y, 30, loss="cox")
    events = path.events()
    inside = {event.feature for event in events if event.kind == "enters"}
    assert set(path.columns.indices) <= inside
    first = events[0]
    assert first.alpha == pytest.approx(path.alpha_max)
    assert first.kind == "enters"


def test_forms_of_the_target() -> None:
    X, y = survival_data()
    event = y.event > 0.0
    record = np.empty(120, dtype=[("status", bool), ("days", float)])
    record["status"], record["days"] = event, y.time
    expected = fit(X, y, 0.05, loss="cox").coef
    for form in ((y.time, event), record, np.column_stack([y.time, y.event])):
        np.testing.assert_array_equal(fit(X, form, 0.05, loss="cox").coef, expected)


def test_held_out_deviance_is_that_of_all_less_that_of_training() -> None:
    """Verweij and van Houwelingen (1993)."""
    X, y = survival_data(strata=True)
    w = 1.0 + np.arange(120) % 3
    fold = np.arange(120) % 4
    made = fit_cv(X, y, fold, loss="cox", sample_weight=w, alphas=[0.1, 0.03])
    for k in range(4):
        train = fold != k
        for a, alpha in enumerate(made.alphas):
            coef = fit(X[train], y[train], alpha, loss="cox", sample_weight=w[train]).coef
            every = value_and_slopes(y, X @ coef, w)[0] * w.sum()
            part = value_and_slopes(y[train], X[train] @ coef, w[train])[0] * w[train].sum()
            held = 2.0 * (every - part) / w[~train].sum()
            assert made.folds[a, k] == pytest.approx(held, rel=1e-9)
    assert np.all(made.folds >= 0.0)
    assert "partial likelihood" in made.metric


TIME, EVENT = np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 1.0])
BAD: list[tuple[Any, str]] = [
    ((TIME, [1, 0, 2]), "event is 2.0 in row 2; 0 = censored, 1 = event"),
    (([1.0, 0.0, 3.0], EVENT), "time is 0.0 in row 1; times must be > 0"),
    (([1.0, -2.0, 3.0], EVENT), "time is -2.0 in row 1; times must be > 0"),
    (([1.0, np.nan, 3.0], EVENT), "time holds NaN in row 1"),
    ((TIME, [0, 0, 0]), "event is 0 in all 3 rows; there is nothing to learn"),
    ((TIME, EVENT[:2]), r"event has shape \(2,\), but there are 3 times"),
    (TIME, r"y has shape \(3,\); a Cox model needs times and events"),
    ((TIME[:2], EVENT[:2]), "X has 3 rows but y has 2 times"),
]


@pytest.mark.parametrize(("y", "message"), BAD)
def test_bad_targets(y: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fit(np.eye(3), y, 0.1, loss="cox")


def test_bad_survivals() -> None:
    with pytest.raises(InputError, match=r"entry is 2.0 in row 1, not before its time 2.0"):
        Survival(TIME, EVENT, entry=[0.0, 2.0, 1.0])
    with pytest.raises(InputError, match="entry holds NaN in row 0"):
        Survival(TIME, EVENT, entry=[np.nan, 0.0, 1.0])
    with pytest.raises(InputError, match=r"strata has shape \(2,\), but there are 3 times"):
        Survival(TIME, EVENT, strata=[1, 2])
    with pytest.raises(InputError, match="strata has no label in row 1"):
        Survival(TIME, EVENT, strata=["a", None, "b"])
    with pytest.raises(InputTypeError, match="kinds that cannot be compared"):
        Survival(TIME, EVENT, strata=np.array(["a", 1, "b"], dtype=object))
    with pytest.raises(InputError, match="time must have one dimension"):
        Survival(np.ones((2, 2)), EVENT)
    with pytest.raises(InputTypeError, match="y has the fields a, b, c"):
        fit(
            np.eye(3),
            np.zeros(3, dtype="f8,f8,f8").view([(k, "f8") for k in "abc"]),
            1.0,
            loss="cox",
        )
    with pytest.raises(InputTypeError, match="y is a Survival; the squared loss needs"):
        fit(np.eye(3), Survival(TIME, EVENT), 0.1)
    with pytest.raises(InputError, match="unknown ties 'exact'"):
        fit(np.eye(3), (TIME, EVENT), 0.1, loss="cox:exact")
    with pytest.raises(InputError, match="cannot be trained"):
        fit_cv(np.eye(3), (TIME, [1, 0, 0]), np.array([0, 1, 1]), loss="cox")


def test_names_of_the_loss() -> None:
    from excise.losses import Cox, loss_of

    assert loss_of("cox") == loss_of("cox:breslow") == Cox()
    assert loss_of("cox:efron").spec == "cox:efron"
    assert loss_of(Cox().spec) == Cox()
    assert excise.Survival is Survival
