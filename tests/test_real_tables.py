"""Paths of 100 alphas on real tables: exact at every alpha, in the verifier's own numbers."""

from __future__ import annotations

import numpy as np
import pytest
from islp import hitters, khan, nci60
from sklearn.datasets import load_diabetes

from excise import reference
from excise.certify import certify_problem
from excise.engine import fit_path
from excise.problem import make_problem

TABLES = {
    "diabetes": lambda: load_diabetes(return_X_y=True, scaled=False),
    "hitters": lambda: hitters()[:2],
    "khan": khan,
    "nci60": nci60,
}


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("name", TABLES)
def test_a_path_is_exact_at_every_alpha(name: str, standardize: bool) -> None:
    X, y = TABLES[name]()
    path = fit_path(X, y, 100, standardize=standardize)
    problem = make_problem(X, y, standardize=standardize)
    assert len(path) == 100
    assert path.relative_gaps.max() <= 1e-12
    for k, alpha in enumerate(path.alphas):
        coef, intercept = path.columns.column(k), float(path.intercepts[k])
        proof = certify_problem(problem, coef, intercept, float(alpha))
        assert proof.relative_gap <= 1e-10
        assert proof.relative_gap == pytest.approx(path.relative_gaps[k], abs=1e-12)


@pytest.mark.parametrize("name", TABLES)
def test_the_reference_agrees(name: str) -> None:
    X, y = TABLES[name]()
    path = fit_path(X, y, 100, standardize=True)
    problem = make_problem(X, y, standardize=True)
    some = [0, 10, 30, 60]
    coefs, _ = reference.path(problem, [float(path.alphas[k]) for k in some])
    for place, k in enumerate(some):
        found = path.columns.column(k) * path.scale
        size = np.abs(found).max() + 1e-9
        np.testing.assert_allclose(coefs[:, place] * path.scale, found, atol=1e-8 * size)
