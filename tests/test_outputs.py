"""The engine on K outputs, taxed one by one or in rows: certified, equal to slow truth, lawful."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse
from outputs_reference import KINDS, SETTINGS, data, mean_loss, objective, solve, usable
from scipy.special import softmax
from sklearn import linear_model as peer
from sklearn import metrics

from excise.certify import certify
from excise.cross_validation import fit_cv
from excise.engine import fit, fit_path
from excise.exceptions import InputError
from excise.folds import make_folds
from excise.linear_model.scoring import scoring_of
from excise.results import Path, Status
from excise.verdicts import VerdictKind

each_kind = pytest.mark.parametrize(("loss", "grouped"), KINDS)
CODES = np.array(["blue", "green", "red"])


def worst(X: Any, y: Any, path: Path, **problem: Any) -> float:
    """The largest relative gap along a path, by the verifier."""
    points = zip(range(len(path)), path.intercepts, path.alphas, strict=True)
    return max(
        certify(X, y, path.coef_at(k), b0, alpha, **problem).relative_gap for k, b0, alpha in points
    )


@each_kind
@pytest.mark.parametrize("name", SETTINGS)
def test_paths_are_certified(loss: str, grouped: bool, name: str) -> None:
    if not usable(name, grouped):
        return
    X, y = data(loss)
    problem = SETTINGS[name] | {"loss": loss, "grouped": grouped}
    path = fit_path(X, y, 12, alpha_min_ratio=1e-3, **problem)
    assert np.all(path.relative_gaps < 1e-9)
    assert worst(X, y, path, **problem) < 1e-9
    assert path.intercepts.shape == (12, 3) and path.outputs == 3
    if loss == "multinomial":
        np.testing.assert_allclose(path.intercepts.mean(axis=1), 0.0, atol=1e-12)
    for k in (3, 11):
        made = path.at(path.alphas[k])
        assert made.status is Status.OPTIMAL
        assert made.coef.shape == (8, 3) and made.intercept.shape == (3,)
        value = objective(X, y, made.coef, made.intercept, made.alpha, **problem)
        assert made.certificate.primal == pytest.approx(value, rel=1e-10)
        assert made.certificate.verdicts.kind.shape == ((8,) if grouped else (8, 3))


@each_kind
def test_the_optimum_is_that_of_a_slow_solver(loss: str, grouped: bool) -> None:
    X, y = data(loss, seed=3)
    problem = {"loss": loss, "grouped": grouped}
    top = fit_path(X, y, 2, **problem).alphas[0]
    for alpha in (0.5 * top, 0.05 * top):
        best, b0 = solve(X, y, alpha, **problem)
        made = fit(X, y, alpha, **problem)
        np.testing.assert_allclose(made.coef, best, atol=1e-6)
        np.testing.assert_allclose(
            made.intercept - made.intercept.mean(), b0 - b0.mean(), atol=1e-6
        )
        lowest = objective(X, y, best, b0, alpha, **problem)
        reached = objective(X, y, made.coef, made.intercept, alpha, **problem)
        assert reached <= lowest * (1.0 + 1e-10)


@each_kind
def test_alpha_max_is_tight_from_both_sides(loss: str, grouped: bool) -> None:
    X, y = data(loss, seed=4)
    problem: dict[str, Any] = {"loss": loss, "grouped": grouped}
    for more in ({}, {"penalty_weight": np.r_[0.0, np.ones(7)]}):
        top = fit_path(X, y, 2, **problem, **more).alpha_max
        free = {0} if more else set()
        assert set(fit(X, y, 1.0001 * top, **problem, **more).support) == free
        assert len(fit(X, y, 0.999 * top, **problem, **more).support) == len(free) + 1


@each_kind
def test_more_columns_than_rows(loss: str, grouped: bool) -> None:
    X, y = data(loss, n=40, p=120, K=4, seed=5)
    problem = {"loss": loss, "grouped": grouped, "standardize": True}
    path = fit_path(X, y, 20, alpha_min_ratio=0.05, **problem)
    assert worst(X, y, path, **problem) < 1e-9
    kind = path.at(path.alphas[10]).certificate.verdicts.kind
    zero = path.coef_at(10).any(axis=1) == 0 if grouped else path.coef_at(10) == 0.0
    assert np.mean(kind[zero] == VerdictKind.PROVED) > 0.9


@each_kind
def test_every_storage_and_number_of_threads(loss: str, grouped: bool) -> None:
    X, y = data(loss, n=50, p=40, seed=5)
    X = np.where(np.abs(X) > 0.8, X, 0.0)
    problem = {"loss": loss, "grouped": grouped}
    wanted = fit_path(X, y, 8, alpha_min_ratio=0.1, n_threads=1, **problem)
    twice = fit_path(X, y, 8, alpha_min_ratio=0.1, n_threads=2, **problem)
    np.testing.assert_array_equal(wanted.columns.data, twice.columns.data)
    np.testing.assert_array_equal(wanted.intercepts, twice.intercepts)
    for other in (np.asfortranarray(X), scipy.sparse.csc_array(X), scipy.sparse.csr_array(X)):
        found = fit_path(other, y, wanted.alphas, **problem)
        assert worst(X, y, found, **problem) < 1e-9
        np.testing.assert_allclose(found.coefs.toarray(), wanted.coefs.toarray(), atol=1e-6)


@each_kind
def test_an_integer_weight_is_a_repeated_row_and_zero_a_removed_one(
    loss: str, grouped: bool
) -> None:
    X, y = data(loss, seed=6)
    times = np.arange(60) % 3
    problem = {"loss": loss, "grouped": grouped}
    repeated = fit(np.repeat(X, times, axis=0), np.repeat(y, times, axis=0), 0.03, **problem)
    for weight in (times, 1e-3 * times, 1e9 * times):
        weighted = fit(X, y, 0.03, sample_weight=weight, **problem)
        np.testing.assert_allclose(weighted.coef, repeated.coef, atol=1e-7)
        np.testing.assert_allclose(weighted.intercept, repeated.intercept, atol=1e-7)


@each_kind
def test_outputs_may_change_places(loss: str, grouped: bool) -> None:
    X, y = data(loss, seed=7)
    order, problem = np.array([2, 0, 1]), {"loss": loss, "grouped": grouped}
    one, other = fit(X, y, 0.05, **problem), fit(X, y[:, order], 0.05, **problem)
    np.testing.assert_allclose(other.coef, one.coef[:, order], atol=1e-8)
    np.testing.assert_allclose(other.intercept, one.intercept[order], atol=1e-8)


@each_kind
def test_events_replay_the_supports(loss: str, grouped: bool) -> None:
    X, y = data(loss, seed=7)
    path = fit_path(X, y, 12, alpha_min_ratio=0.02, loss=loss, grouped=grouped)
    inside: set[Any] = set()
    waiting, knots = path.events(), path.knots()
    assert waiting[0].alpha == pytest.approx(path.alpha_max)
    for k, alpha in enumerate(path.alphas):
        if np.abs(knots - alpha).min(initial=np.inf) < 1e-7 * alpha:
            continue  # rounding decides
        while waiting and waiting[0].alpha > alpha * (1.0 + 1e-9):
            event = waiting.pop(0)
            assert (event.output is None) is grouped
            place = event.feature if grouped else (event.feature, event.output)
            (inside.add if event.kind == "enters" else inside.remove)(place)
        coef = path.coef_at(k)
        kept = np.flatnonzero(coef.any(axis=1)) if grouped else map(tuple, np.argwhere(coef))
        assert inside == set(map(int, kept) if grouped else kept)


def test_responses_one_by_one_are_lassos() -> None:
    X, y = data("squared", seed=8)
    whole = fit(X, y, 0.1, grouped=False)
    for k in range(3):
        one = fit(X, y[:, k], 0.1)
        np.testing.assert_allclose(whole.coef[:, k], one.coef, atol=1e-10)
        assert whole.intercept[k] == pytest.approx(one.intercept, abs=1e-10)
    theirs = peer.MultiTaskLasso(alpha=0.2, tol=1e-14, max_iter=10**6).fit(X, y)
    np.testing.assert_allclose(fit(X, y, 0.2).coef.T, theirs.coef_, atol=1e-8)


def test_two_classes_are_the_logistic_loss() -> None:
    X, y = data("multinomial", K=2, seed=9)
    made = fit(X, y, 0.05, loss="multinomial")
    logistic = fit(X, y[:, 1], 0.05, loss="logistic")
    np.testing.assert_allclose(made.coef[:, 1] - made.coef[:, 0], logistic.coef, atol=1e-7)
    assert made.intercept[1] - made.intercept[0] == pytest.approx(logistic.intercept, abs=1e-7)
    assert made.certificate.unique is False


def test_shares_of_classes() -> None:
    """A row of shares is rows of each class, weighted by them."""
    X, y = data("multinomial", shares=True)
    made = fit(X, y, 0.02, loss="multinomial")
    rows, classes = np.repeat(np.arange(60), 3), np.tile(np.eye(3), (60, 1))
    weighted = fit(X[rows], classes, 0.02, loss="multinomial", sample_weight=y.ravel())
    np.testing.assert_allclose(made.coef, weighted.coef, atol=1e-7)


@pytest.mark.parametrize("grouped", [False, True])
def test_separable_classes_have_a_finite_answer(grouped: bool) -> None:
    X, _ = data("multinomial", n=45, p=60, seed=9)
    y = np.eye(3)[np.argsort(np.argsort(X[:, 0])) // 15]
    problem = {"loss": "multinomial", "grouped": grouped}
    path = fit_path(X, y, 20, alpha_min_ratio=1e-3, **problem)
    assert np.isfinite(path.columns.data).all()
    assert worst(X, y, path, **problem) < 1e-9


@each_kind
def test_huge_columns_and_offsets(loss: str, grouped: bool) -> None:
    X, y = data(loss, seed=11)
    scaled = X * np.logspace(-6, 6, 8) + np.logspace(-3, 4, 8)
    problem = {
        "loss": loss, "grouped": grouped, "standardize": True, "offset": np.full((60, 3), 3.0),
    }  # fmt: skip
    path = fit_path(scaled, y, 8, **problem)
    assert worst(scaled, y, path, **problem) < 1e-9


# ------------------------------------------------------------------------------- cross-validation


@each_kind
@pytest.mark.parametrize("p", [8, 90])
def test_folds_are_paths_of_their_training_rows(loss: str, grouped: bool, p: int) -> None:
    X, y = data(loss, n=60, p=p, seed=8)
    weight = 1.0 + np.arange(60) % 2
    offset = np.random.default_rng(1).normal(0.0, 0.5, (60, 3))
    problem = {"loss": loss, "grouped": grouped, "standardize": True}
    rows = {"sample_weight": weight, "offset": offset}
    found = fit_cv(X, y, 3, alphas=10, alpha_min_ratio=0.05, **rows, **problem)
    assert found.training_gap < 1e-9
    for fold in range(3):
        out = found.fold_of_row[0] == fold
        own = {name: value[~out] for name, value in rows.items()}
        path = fit_path(X[~out], y[~out], found.alphas, **own, **problem)
        held = weight[out] / weight[out].sum()
        for k in range(10):
            eta = X[out] @ path.coef_at(k) + path.intercepts[k] + offset[out]
            deviance = 2.0 * mean_loss(y[out], eta, held, loss)
            assert found.folds[k, fold] == pytest.approx(deviance, rel=1e-6)
    np.testing.assert_allclose(found.train, 2.0 * found.path.train_loss)
    added = "mean squared error, all responses added"
    assert found.metric == (added if loss == "squared" else "mean deviance")


def test_classes_are_stratified() -> None:
    X, y = data("multinomial", n=61)
    found = fit_cv(X, y, 5, alphas=5, loss="multinomial", random_state=3)
    wanted = make_folds(61, 5, stratify=y.argmax(axis=1), random_state=3)
    np.testing.assert_array_equal(found.fold_of_row, wanted.fold_of_row)
    y[y[:, 2] == 1.0] = [1.0, 0.0, 0.0]
    y[7] = [0.0, 0.0, 1.0]
    with pytest.raises(InputError) as error:
        fit_cv(X, y, 5, alphas=5, loss="multinomial")
    assert "cannot be trained: class 2 has no rows; its intercept would be -infinity" in str(
        error.value
    )
    assert "two rows or more of every class" in str(error.value)


def blue_or_red(y: Any, p: Any, sample_weight: Any = None) -> float:
    return float(np.average(np.abs(p[:, 0] - p[:, 2]), weights=sample_weight))


SCORINGS: list[tuple[str, str, Any, Any]] = [
    ("multinomial", "accuracy", "accuracy", lambda y, p, w: metrics.accuracy_score(
        y.argmax(axis=1), p.argmax(axis=1), sample_weight=w)),
    ("multinomial", "auc", "auc", lambda y, p, w: metrics.roc_auc_score(
        y, p, average="macro", sample_weight=w)),
    ("multinomial", "mse", "mse", lambda y, p, w: np.average(
        np.mean((y - p) ** 2, axis=1), weights=w)),
    ("multinomial", "log loss", "neg_log_loss", lambda y, p, w: -metrics.log_loss(
        y.argmax(axis=1), p, sample_weight=w)),
    ("multinomial", "f1", "f1_macro", lambda y, p, w: metrics.f1_score(
        y.argmax(axis=1), p.argmax(axis=1), average="macro", sample_weight=w)),
    ("multinomial", "own", blue_or_red, blue_or_red),
    ("squared", "mae", "mae", lambda y, p, w: metrics.mean_absolute_error(y, p, sample_weight=w)),
    ("squared", "r2", "r2", lambda y, p, w: metrics.r2_score(y, p, sample_weight=w)),
    ("squared", "theirs", "explained_variance", lambda y, p, w: metrics.explained_variance_score(
        y, p, sample_weight=w)),
    ("squared", "own", metrics.mean_pinball_loss, lambda y, p, w: metrics.mean_pinball_loss(
        y, p, sample_weight=w)),
]  # fmt: skip


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("loss", "scoring", "theirs"), [
    pytest.param(loss, scoring, theirs, id=f"{loss} {name}")
    for loss, name, scoring, theirs in SCORINGS
])  # fmt: skip
def test_scores_of_held_out_rows(loss: str, scoring: Any, theirs: Any, weighted: bool) -> None:
    X, y = data(loss, n=80, seed=2)
    weight = 0.5 + np.arange(80.0) % 3 if weighted else None
    classes = CODES if loss == "multinomial" else None
    found = fit_cv(
        X, y, 4, alphas=6, alpha_min_ratio=0.05, loss=loss, sample_weight=weight,
        scoring=scoring_of(scoring, classes),
    )  # fmt: skip
    out = found.fold_of_row[0] == 1
    own = None if weight is None else weight[~out]
    path = fit_path(X[~out], y[~out], found.alphas, loss=loss, sample_weight=own)
    for k in range(6):
        for rows, told in ((out, found.folds[k, 1]), (np.ones(80, dtype=bool), found.train[k])):
            answer = path.at(found.alphas[k]) if rows is out else found.path.at(found.alphas[k])
            eta = X[rows] @ answer.coef + answer.intercept
            mean = softmax(eta, axis=1) if classes is not None else eta
            score = theirs(y[rows], mean, None if weight is None else weight[rows])
            assert told == pytest.approx(score, rel=1e-5, abs=1e-8)


def test_scores_that_are_not_to_be_had() -> None:
    X, y = data("multinomial", shares=True)
    with pytest.raises(InputError, match="scoring='accuracy' is for classes, not shares of them"):
        fit_cv(X, y, 3, alphas=4, loss="multinomial", scoring="accuracy")
    _, y = data("multinomial")
    folds = np.where(y[:, 1] == 1.0, np.arange(60) % 2, np.arange(60) % 3)
    with pytest.raises(InputError, match="it needs rows of every class there"):
        fit_cv(X, y, folds, alphas=4, loss="multinomial", scoring="auc")
