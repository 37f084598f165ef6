"""R's figures for the Cox model: glmnet along a path, survival without a penalty.

`figures/cox.R` made them (glmnet 4.1-6 with thresh = 1e-20, survival 3.5-3).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from islp import brain_cancer

from excise import Survival, certify, fit_cv, fit_path

FIGURES = Path(__file__).parent / "figures"


def figures() -> dict[str, dict[float, np.ndarray]]:
    """Coefficients by case and alpha."""
    found: dict[str, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    with (FIGURES / "cox_figures.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            found[row["case"]][float(row["alpha"])].append(float(row["coef"]))
    return {case: {a: np.array(c) for a, c in some.items()} for case, some in found.items()}


R = figures()
ROWS = np.genfromtxt(FIGURES / "cox_rows.csv", delimiter=",", names=True)
X = np.column_stack([ROWS[f"X{j}"] for j in range(1, 9)])


def rows(case: str) -> tuple[np.ndarray, Any, dict[str, Any]]:
    """The table, the target and the settings of a case."""
    name, _, ties = case.partition(" ")
    settings: dict[str, Any] = {"loss": f"cox:{ties or 'breslow'}", "standardize": name != "raw"}
    if name == "brain":
        table, time, event = brain_cancer()
        return table, (time, event), settings
    everything = name == "everything"
    y = Survival(
        ROWS["time"],
        ROWS["event"],
        ROWS["entry"] if everything or name == "entry" else None,
        ROWS["stratum"] if everything or name == "strata" else None,
    )
    if everything or name == "weights":
        settings["sample_weight"] = ROWS["weight"]
    if everything or name == "offset":
        settings["offset"] = ROWS["offset"]
    if name == "elastic":
        settings["l1_ratio"] = 0.4
    return X, y, settings


@pytest.mark.parametrize("case", [case for case in R if case != "cv"])
def test_coefficients(case: str) -> None:
    table, y, settings = rows(case)
    alphas = sorted(R[case], reverse=True)
    made = fit_path(table, y, alphas, **settings)
    for k, alpha in enumerate(alphas):
        np.testing.assert_allclose(made.columns.column(k), R[case][alpha], rtol=0, atol=1e-6)


def test_cross_validated_partial_likelihood() -> None:
    """cv.glmnet(grouped = TRUE) divides by the events, where excise divides by the rows."""
    alphas = sorted(R["plain"], reverse=True)
    y = ROWS["time"], ROWS["event"]
    made = fit_cv(X, y, np.arange(90) % 5, loss="cox", alphas=alphas, standardize=True)
    per_event = made.folds.sum(axis=1) * 18 / ROWS["event"].sum()
    np.testing.assert_allclose(per_event, R["cv"][0.0], rtol=1e-8)


@pytest.mark.parametrize("loss", ["cox", "cox:efron"])
def test_fifty_alphas_of_brain_cancer(loss: str) -> None:
    table, time, event = brain_cancer()
    made = fit_path(table, (time, event), 50, loss=loss, standardize=True)
    assert made.relative_gaps.max() <= 1e-9
    for k in (0, 25, 49):
        settings: dict[str, Any] = {"loss": loss, "standardize": True}
        judged = certify(
            table, (time, event), made.columns.column(k), 0.0, made.alphas[k], **settings
        )
        assert judged.relative_gap <= 1e-9
