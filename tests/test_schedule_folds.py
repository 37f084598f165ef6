"""Cross-validation of schedules: every fold by hand, and the choice of refine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from survival_reference import survival_data, value_and_slopes
from tables import ar

from excise import fit, fit_cv
from excise.losses import by_rows, loss_of
from excise.schedules import Adaptive, LocalLinear, PruneThenRefine, Reweighted, Static

N, P = 60, 12


def data(loss: str) -> tuple[np.ndarray, np.ndarray]:
    X, eta = ar(N, P, 0.5, 3)
    rng = np.random.default_rng(3)
    eta = eta / eta.std()
    if loss == "logistic":
        return X, (rng.random(N) < 1.0 / (1.0 + np.exp(-eta))) * 1.0
    if loss == "poisson":
        return X, rng.poisson(np.exp(eta / 2.0)) * 1.0
    return X, eta + 0.5 * rng.standard_normal(N)


SCHEDULES = [
    Static(),
    PruneThenRefine(0.4),
    Adaptive(init_alpha=0.1),
    Reweighted(2, 0.1),
    LocalLinear("mcp", steps=30),
]
MORE: dict[str, dict[str, Any]] = {
    "plain": {},
    "weights": {"sample_weight": np.random.default_rng(1).integers(1, 4, N)},
    "offset": {"offset": 0.3 * np.random.default_rng(2).standard_normal(N)},
    "no intercept": {"fit_intercept": False},
    "standardize": {"standardize": True},
}


@pytest.mark.parametrize("what", MORE)
@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson"])
@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: type(s).__name__)
def test_every_fold_runs_the_schedule(schedule: Any, loss: str, what: str) -> None:
    X, y = data(loss)
    alphas = [0.2, 0.08]
    found = fit_cv(X, y, 3, alphas=alphas, loss=loss, schedule=schedule, **MORE[what])
    value = by_rows(loss_of(loss)).value
    for k in range(3):
        test = found.fold_of_row[0] == k
        some = {
            name: arg[~test] if isinstance(arg, np.ndarray) else arg
            for name, arg in MORE[what].items()
        }
        w = MORE[what].get("sample_weight", np.ones(N))[test]
        offset = MORE[what].get("offset", np.zeros(N))[test]
        for i, alpha in enumerate(found.alphas.tolist()):
            made = fit(X[~test], y[~test], alpha, loss=loss, schedule=schedule, **some)
            eta = made.intercept + X[test] @ made.coef + offset
            expected = 2.0 * (w @ value(y[test], eta)) / w.sum()
            assert found.folds[i, k] == pytest.approx(expected, abs=1e-6)
        nobody = fit(X[~test], y[~test], 1e3, loss=loss, **some)
        expected = 2.0 * (w @ value(y[test], nobody.intercept + offset)) / w.sum()
        assert found.null_folds[k] == pytest.approx(expected, abs=1e-6)
    assert found.schedule == schedule
    assert found.training_gap <= 1e-10
    assert found.best.stages[-1].relative_gap <= 1e-10


def test_static_is_the_plain_choice() -> None:
    X, y = data("squared")
    plain, static = fit_cv(X, y, 5), fit_cv(X, y, 5, schedule=Static())
    np.testing.assert_allclose(plain.alphas, static.alphas, rtol=1e-12)
    np.testing.assert_allclose(plain.folds, static.folds, rtol=1e-8)
    assert plain.alpha_ == pytest.approx(static.alpha_)


@pytest.mark.parametrize("rule", ["min", "1se"])
def test_refine_is_chosen_with_alpha(rule: Any) -> None:
    X, y = data("squared")
    refine = (0.0, 0.3, 1.0)
    several = fit_cv(
        X, y, 4, rule, alphas=20, alpha_min_ratio=0.01, schedule=PruneThenRefine(refine)
    )
    assert several.schedule_means is not None
    grid = several.alphas
    for v, value in enumerate(refine):
        one = fit_cv(X, y, 4, rule, alphas=grid, schedule=PruneThenRefine(value))
        np.testing.assert_allclose(several.schedule_means[v], one.mean, rtol=1e-9)
        if several.schedule == PruneThenRefine(value):
            np.testing.assert_allclose(several.mean, one.mean, rtol=1e-9)
            assert several.alpha_ == one.alpha_
    best = np.unravel_index(several.schedule_means.argmin(), several.schedule_means.shape)
    assert several.schedule == PruneThenRefine(refine[best[0]])
    assert several.alpha_min == grid[best[1]]
    assert several.mean.min() == several.schedule_means.min()
    assert [stage.name for stage in several.best.stages] == ["prune", "refine"]


@pytest.mark.parametrize("seed", range(5))
def test_the_largest_of_equal_alphas_is_chosen(seed: int) -> None:
    """Survivors without tax are the same at neighbouring alphas: rounding has no vote."""
    X, y = data("squared")
    found = fit_cv(X, y, 4, random_state=seed, schedule=PruneThenRefine(0.0))
    low = float(found.mean.min())
    best = int(np.flatnonzero(found.alphas == found.alpha_min)[0])
    assert np.all(found.mean[:best] > low * (1.0 + 1e-10))
    assert found.mean[best] == pytest.approx(low, rel=1e-10)


def test_a_score_in_place_of_the_deviance() -> None:
    X, y = data("logistic")
    found = fit_cv(
        X, y, 4, loss="logistic", scoring="auc", alphas=8, alpha_min_ratio=0.1,
        schedule=PruneThenRefine((0.0, 1.0)),
    )  # fmt: skip
    assert found.greater_is_better
    assert found.schedule_means is not None
    assert found.mean.max() == found.schedule_means.max()


@pytest.mark.parametrize("ties", ["breslow", "efron"])
@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: type(s).__name__)
def test_every_fold_of_a_cox_model_runs_the_schedule(schedule: Any, ties: Any) -> None:
    """What held-out rows add to the deviance: Verweij and van Houwelingen (1993)."""
    X, y = survival_data(strata=True)
    offset = 0.3 * np.random.default_rng(2).standard_normal(120)
    w = np.ones(120) if ties == "efron" else 1.0 + np.arange(120) % 3
    settings = {"loss": f"cox:{ties}", "schedule": schedule}
    found = fit_cv(X, y, 3, alphas=[0.1, 0.03], sample_weight=w, offset=offset, **settings)
    for k in range(3):
        train = found.fold_of_row[0] != k

        def added(coef: Any, train: Any = train) -> float:
            eta = offset + X @ coef
            every = value_and_slopes(y, eta, w, ties)[0] * w.sum()
            part = value_and_slopes(y[train], eta[train], w[train], ties)[0] * w[train].sum()
            return float(2.0 * (every - part) / w[~train].sum())

        some = {"sample_weight": w[train], "offset": offset[train]}
        for i, alpha in enumerate(found.alphas.tolist()):
            made = fit(X[train], y[train], alpha, **settings, **some)
            assert found.folds[i, k] == pytest.approx(added(made.coef), rel=1e-6)
        assert found.null_folds[k] == pytest.approx(added(np.zeros(8)), rel=1e-9)
    assert found.schedule == schedule
    assert found.training_gap <= 1e-10


def test_static_is_the_plain_choice_of_a_cox_model() -> None:
    X, y = survival_data(entry=True)
    plain, static = (fit_cv(X, y, 4, loss="cox", schedule=s) for s in (None, Static()))
    np.testing.assert_allclose(plain.alphas, static.alphas, rtol=1e-12)
    np.testing.assert_allclose(plain.folds, static.folds, rtol=1e-8)
    assert plain.alpha_ == pytest.approx(static.alpha_)
