"""Figures of other tools for classes, counts and survival: all that `figures/` has but `cox.R`.

`figures/glm.R` ran R 4.2.2 with glmnet 4.1-6 at thresh = 1e-20; `figures/survival.py` ran
scikit-survival 0.28.0, whose lasso is solved to tol = 1e-16, its ridge to 1e-14.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loss_tables import brain_survival, high_salaries, one_hot, randhie
from sklearn.datasets import load_breast_cancer

from excise import Survival, certify, fit, fit_path

HERE = Path(__file__).parent / "figures"
Figures = dict[str, dict[float, np.ndarray]]


def figures(name: str) -> Figures:
    """Coefficients by case and alpha, alphas falling."""
    found: dict[str, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    with (HERE / name).open(newline="") as file:
        for row in csv.DictReader(file):
            found[row["case"]][float(row["alpha"])].append(float(row["coef"]))
    return {
        case: {alpha: np.array(some[alpha]) for alpha in sorted(some, reverse=True)}
        for case, some in found.items()
    }


def columns(name: str) -> tuple[np.ndarray, np.ndarray]:
    """The eight columns of a file, and all of it by name."""
    rows = np.genfromtxt(HERE / name, delimiter=",", names=True)
    return np.column_stack([rows[f"X{j}"] for j in range(1, 9)]), rows


SKSURV, EVERY = figures("survival_figures.csv"), figures("glm_figures.csv")
GLMNET = {case: some for case, some in EVERY.items() if not case.startswith("multinomial")}
X, ROWS = columns("glm_rows.csv")
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "raw": {"standardize": False},
    "elastic": {"l1_ratio": 0.4},
    "ridge": {"l1_ratio": 0.0},
    "weights": {"sample_weight": ROWS["weight"]},
    "offset": {"offset": ROWS["offset"]},
    "free": {"penalty_weight": [0.0, 2.0, *np.ones(6)]},  # their sum is p: glmnet leaves them
    "positive": {"bounds": "positive"},
    "box": {"bounds": (-0.2, 0.3)},
    "no intercept": {"fit_intercept": False, "standardize": False},
}
TABLES: dict[str, Any] = {
    "breast": lambda: load_breast_cancer(return_X_y=True),
    "hitters": high_salaries,
    "randhie": randhie,
}


@pytest.mark.parametrize("case", GLMNET)
def test_glmnet(case: str) -> None:
    """The largest difference seen is 2e-8 (breast cancer); most are below 1e-10."""
    loss, _, what = case.partition(" ")
    y = ROWS["class" if loss == "logistic" else "count"]
    table, y = TABLES[what]() if what in TABLES else (X, y)
    settings = {"loss": loss, "standardize": True} | SETTINGS.get(what, {})
    path = fit_path(table, y, list(GLMNET[case]), **settings)
    for k, (alpha, theirs) in enumerate(GLMNET[case].items()):
        off = (path.columns.column(k) - theirs[1:]) * path.scale
        np.testing.assert_allclose(off, 0.0, atol=1e-7)
        assert path.intercepts[k] == pytest.approx(theirs[0], abs=1e-6)
        proof = certify(table, y, theirs[1:], theirs[0], alpha, **settings)
        assert proof.relative_gap <= 1e-9, "their answer in our numbers"


@pytest.mark.parametrize("what", ["plain", "raw", "elastic", "ridge", "grouped"])
def test_glmnet_of_three_classes(what: str) -> None:
    """The symmetric model: all three predictors are penalised, in glmnet too."""
    theirs = [EVERY[f"multinomial {what} {k}"] for k in (1, 2, 3)]
    settings = {"loss": "multinomial", "standardize": True} | SETTINGS.get(what, {"grouped": True})
    Y = one_hot(ROWS["kind"])
    path = fit_path(X, Y, list(theirs[0]), **settings)
    for k, alpha in enumerate(theirs[0]):
        table = np.stack([one[alpha] for one in theirs], axis=1)
        off = (path.coef_at(k) - table[1:]) * path.scale[:, None]
        np.testing.assert_allclose(off, 0.0, atol=1e-8)
        np.testing.assert_allclose(path.intercepts[k], table[0], atol=1e-8)
        proof = certify(X, Y, table[1:], table[0], alpha, **settings)
        assert proof.relative_gap <= 1e-9, "their answer in our numbers"


def test_glmnet_cases_are_all_there() -> None:
    assert len(GLMNET) == 2 * len(SETTINGS) + len(TABLES)
    assert len(EVERY) == len(GLMNET) + 15
    assert {len(some) for some in EVERY.values()} == {6}


@pytest.mark.parametrize("case", SKSURV)
def test_scikit_survival(case: str) -> None:
    name, l1_ratio, ties = case.split()
    table, rows = columns("cox_rows.csv")
    y = Survival(rows["time"], rows["event"])
    if name == "brain":
        table, y = brain_survival()
    settings: dict[str, Any] = {
        "loss": f"cox:{ties}",
        "l1_ratio": float(l1_ratio),
        "standardize": True,
    }
    for alpha, theirs in SKSURV[case].items():
        made = fit(table, y, alpha, **settings)
        np.testing.assert_allclose(made.coef_std, theirs, rtol=0, atol=1e-7)
