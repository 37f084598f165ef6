"""glmnet's relaxed path: `figures/relax.R` ran R 4.2.2 with glmnet 4.1-6 at thresh = 1e-20.

glmnet's gamma mixes coefficients, gamma * lasso + (1 - gamma) * unpenalised fit on the support.
`PruneThenRefine(gamma)` taxes the survivors gamma * alpha, Meinshausen's definition. The two agree
at 0 and 1, and for the squared loss wherever no survivor is lost on the way from alpha to 0: the
path of the survivors is a straight line there. glmnet's unpenalised fit turns out to be one with a
tax of 1e-5 alpha.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from excise import fit_path
from excise.schedules import PruneThenRefine

HERE = Path(__file__).parent / "figures"
Case = tuple[str, float]


def figures() -> dict[Case, dict[float, np.ndarray]]:
    """Coefficients by case and gamma, and alpha."""
    found: dict[Case, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    with (HERE / "relax_figures.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            case = row["case"], float(row["gamma"])
            found[case][float(row["alpha"])].append(float(row["coef"]))
    return {
        case: {alpha: np.array(some) for alpha, some in by_alpha.items()}
        for case, by_alpha in found.items()
    }


GLMNET = figures()
ROWS = np.genfromtxt(HERE / "glm_rows.csv", delimiter=",", names=True)
X = np.column_stack([ROWS[f"X{j}"] for j in range(1, 9)])


def problem(case: str) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    if case == "orthonormal":
        H = np.ones((1, 1))
        for _ in range(4):
            H = np.block([[H, H], [H, -H]])
        return H[:, 1:], np.genfromtxt(HERE / "relax_rows.csv", skip_header=1), {}
    loss, _, what = case.partition(" ")
    y = ROWS["class" if loss == "logistic" else "count"]
    free = {"penalty_weight": [0.0, 2.0, *np.ones(6)]} if what == "free" else {}
    return X, y, {"loss": loss, "standardize": True} | free


ALMOST_FREE = 1e-5


def is_same(case: str, gamma: float) -> bool:
    """Whether both mean the same (see the top); of the others the difference is seen below."""
    return gamma != 0.5 or not case.startswith(("logistic", "poisson"))


@pytest.mark.parametrize(("case", "gamma"), [key for key in GLMNET if is_same(*key)])
def test_relaxed_path(case: str, gamma: float) -> None:
    """Most differences are below 1e-11; glmnet ends the unpenalised fits of classes at 3e-6."""
    table, y, settings = problem(case)
    theirs = GLMNET[case, gamma]
    for refine, most in [(gamma, 2e-5), (gamma or ALMOST_FREE, 5e-6 if gamma == 0.0 else 1e-9)]:
        if refine == ALMOST_FREE and case.startswith(("squared", "orthonormal")):
            most = 1e-9
        path = fit_path(table, y, list(theirs), schedule=PruneThenRefine(refine), **settings)
        for k, alpha in enumerate(path.alphas.tolist()):
            np.testing.assert_allclose(path.coef_at(k), theirs[alpha][1:], rtol=0, atol=most)
            assert path.intercepts[k] == pytest.approx(theirs[alpha][0], abs=most)


def test_the_cases_are_all_there() -> None:
    assert len(GLMNET) == 5 * 3
    assert {len(some) for some in GLMNET.values()} == {5}


@pytest.mark.parametrize("case", ["logistic", "poisson"])
def test_a_mixture_of_coefficients_is_another_thing(case: str) -> None:
    table, y, settings = problem(case)
    theirs = GLMNET[case, 0.5]
    path = fit_path(table, y, list(theirs), schedule=PruneThenRefine(0.5), **settings)
    off = [
        np.abs(path.coef_at(k) - theirs[alpha][1:]).max()
        for k, alpha in enumerate(path.alphas.tolist())
    ]
    assert max(off) > 1e-4
