"""Relaxed paths of the core: against each support fitted by itself, and stage by stage."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse
from designs import SETTINGS
from tables import Array, Table, ar, wide

from excise import certify, fit, fit_cv, fit_path
from excise.results import Path
from excise.schedules import PruneThenRefine

SHARES = (0.0, 0.3, 1.0)
CHOSEN = (
    "lasso", "standardize", "elastic", "positive", "weights 0 and inf", "rows weighted", "offset",
    "no intercept", "all at once",
)  # fmt: skip
LOSSES = ("squared", "logistic")


def target(y: Array, loss: str) -> Array:
    return y if loss == "squared" else (y > np.median(y)).astype(np.float64)


def settings_of(name: str, X: Array, y: Array, loss: str) -> dict[str, Any]:
    made = SETTINGS[name](X, y) | {"loss": loss}
    if loss == "logistic" and "offset" in made:
        made["offset"] = made["offset"] / np.abs(made["offset"]).max()
    return made


def alone(path: Path, k: int, share: float, settings: dict[str, Any]) -> tuple[float, Any]:
    """alpha and penalty_weight of the fit on the k-th support of the first stage."""
    weight = np.asarray(settings.get("penalty_weight", np.ones(path.columns.n_rows)))
    kept = weight == 0.0
    kept[path.support(k)] = True
    if share == 0.0:  # nobody pays
        return 1.0, np.where(kept, 0.0, np.inf)
    return share * float(path.alphas[k]), np.where(kept, weight, np.inf)


def paths_of(X: Any, y: Any, share: float, settings: dict[str, Any]) -> tuple[Path, Path]:
    """Of the first stage, and refined."""
    lowest = 0.2 if settings["loss"] == "logistic" else 0.05
    first = fit_path(X, y, 6, alpha_min_ratio=lowest, **settings)
    refined = fit_path(X, y, list(first.alphas), schedule=PruneThenRefine(share), **settings)
    return first, refined


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("setting", CHOSEN)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_point_is_the_fit_of_its_support(loss: str, setting: str, share: float) -> None:
    X, y = ar()
    y = target(y, loss)
    settings = settings_of(setting, X, y, loss)
    first, refined = paths_of(X, y, share, settings)
    for k in range(len(first)):
        alpha, weight = alone(first, k, share, settings)
        theirs = settings | {"penalty_weight": weight}
        expected = fit(X, y, alpha, **theirs)
        coef, intercept = refined.columns.column(k), float(refined.intercepts[k])
        size = np.abs(expected.coef).max() + 1e-12
        np.testing.assert_allclose(coef, expected.coef, rtol=0.0, atol=1e-6 * size)
        proof = certify(X, y, coef, intercept, alpha, **theirs)
        assert proof.relative_gap <= 1e-9
        assert refined.relative_gaps[k] <= 1e-9


@pytest.mark.parametrize("make", [ar, wide])
def test_without_a_tax_it_is_least_squares(make: Any) -> None:
    """numpy knows nothing of taxes."""
    X, y = make()
    first, refined = paths_of(X, y, 0.0, {"loss": "squared"})
    for k in range(len(first)):
        kept = first.support(k)
        A = np.c_[np.ones(len(y)), X[:, kept]]
        if A.shape[1] > len(y) // 2:
            continue
        expected, *_ = np.linalg.lstsq(A, y, rcond=None)
        coef = refined.columns.column(k)
        np.testing.assert_allclose(coef[kept], expected[1:], rtol=1e-7, atol=1e-9)
        assert float(refined.intercepts[k]) == pytest.approx(expected[0], rel=1e-7, abs=1e-9)
        assert set(np.flatnonzero(coef)) <= set(kept.tolist())


def test_where_all_pay_in_full_it_is_the_first_stage() -> None:
    X, y = wide()
    first, refined = paths_of(X, y, 1.0, {"loss": "squared", "standardize": True})
    np.testing.assert_allclose(refined.coefs.toarray(), first.coefs.toarray(), atol=1e-10)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_storage_is_refined_alike(loss: str, share: float) -> None:
    X, y = sparse_table()
    y = target(y, loss)
    dense = paths_of(X, y, share, {"loss": loss})[1]
    for data in (scipy.sparse.csc_array(X), scipy.sparse.csr_array(X), np.asfortranarray(X)):
        other = paths_of(data, y, share, {"loss": loss})[1]
        np.testing.assert_allclose(other.coefs.toarray(), dense.coefs.toarray(), atol=1e-7)
        assert other.relative_gaps.max() <= 1e-9


def sparse_table() -> Table:
    rng = np.random.default_rng(7)
    X = rng.standard_normal((80, 40)) * (rng.random((80, 40)) < 0.2)
    return X, X[:, :4] @ np.array([2.0, -1.0, 1.5, 1.0]) + rng.standard_normal(80)


@pytest.mark.parametrize("setting", CHOSEN)
@pytest.mark.parametrize("loss", LOSSES)
def test_stage_by_stage_it_is_the_same(
    loss: str, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = wide() if loss == "squared" else ar()  # few columns do not separate the classes
    y = target(y, loss)
    settings = settings_of(setting, X, y, loss)
    made = [paths_of(X, y, share, settings)[1] for share in SHARES]
    monkeypatch.setattr("excise.staged.shares_of", lambda *_: None)
    for share, mine in zip(SHARES, made, strict=True):
        staged = paths_of(X, y, share, settings)[1]
        size = np.abs(staged.coefs.toarray()).max()
        np.testing.assert_allclose(
            mine.coefs.toarray(), staged.coefs.toarray(), rtol=0.0, atol=1e-5 * size
        )
        np.testing.assert_allclose(mine.train_loss, staged.train_loss, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("setting", ["lasso", "standardize", "rows weighted", "offset"])
@pytest.mark.parametrize("loss", LOSSES)
def test_folds_hold_out_the_same(loss: str, setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = ar()
    y = target(y, loss)
    settings = settings_of(setting, X, y, loss) | {"schedule": PruneThenRefine(SHARES)}
    alphas = list(fit_path(X, y, 5, alpha_min_ratio=0.2, loss=loss).alphas)
    mine = fit_cv(X, y, 4, alphas=alphas, **settings)
    for module in ("staged", "session_folds"):
        monkeypatch.setattr(f"excise.{module}.shares_of", lambda *_: None)
    staged = fit_cv(X, y, 4, alphas=alphas, **settings)
    assert mine.schedule_means is not None and staged.schedule_means is not None
    np.testing.assert_allclose(mine.schedule_means, staged.schedule_means, rtol=1e-6)
    np.testing.assert_allclose(mine.folds, staged.folds, rtol=1e-6)
    assert mine.schedule == staged.schedule
