"""Figures that others published, to the digits they gave."""

from __future__ import annotations

import numpy as np
import pytest
from islp import hitters
from tables import Table

from excise.certify import certify
from excise.engine import fit, fit_path

KNOTS = [949.43526, 889.313785, 452.895701, 316.073379, 130.129537, 88.784299]
KNOTS += [68.96479, 19.981165, 5.477536, 5.088236, 2.182267, 1.310441]


def unit_norm(diabetes: Table) -> Table:
    """Columns centred and scaled to norm 1, as Efron et al. (2004) had them."""
    X, y = diabetes
    centred = X - X.mean(axis=0)
    return centred / np.linalg.norm(centred, axis=0), y


def test_the_twelve_knots_of_the_diabetes_path(diabetes: Table) -> None:
    """n * alpha at every change of the support (Efron, Hastie, Johnstone, Tibshirani 2004)."""
    X, y = unit_norm(diabetes)
    knots = 442 * fit_path(X, y).knots()
    np.testing.assert_allclose(knots, KNOTS, atol=1e-6)


def test_s3_leaves_and_comes_back(diabetes: Table, diabetes_names: list[str]) -> None:
    """Paths are not nested: hdl (s3) leaves at step 11 and returns at step 12."""
    events = fit_path(*diabetes, standardize=True).events()
    order = [diabetes_names[event.feature] for event in events]
    expected = ["bmi", "ltg", "bp", "hdl", "sex", "glu", "tc", "tch", "ldl", "age", "hdl", "hdl"]
    assert order == expected
    assert [event.kind for event in events] == ["enters"] * 10 + ["leaves", "enters"]
    np.testing.assert_allclose([e.alpha for e in events], np.array(KNOTS) / 442**0.5, atol=1e-6)


def test_the_raw_diabetes_table_at_its_1se_tax(diabetes: Table) -> None:
    """What the README and the first report say about it."""
    made = fit(*diabetes, 5.83, standardize=True)
    np.testing.assert_allclose(
        made.coef_std[[2, 8, 3, 6, 1]], [24.10, 21.01, 9.47, -5.91, -0.65], atol=0.005
    )
    verdicts = made.certificate.verdicts
    glu = verdicts[9]
    assert round(glu.earns, 2) == 5.14 and glu.kind.name == "PROVED"
    X, y = diabetes
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    alone = Z.T @ (y - y.mean()) / 442
    already = (Z.T @ Z / 442)[9] * made.coef_std
    already[9] = 0.0
    assert round(alone[9], 2) == 29.45
    assert round(already.sum(), 2) == 24.31
    np.testing.assert_allclose(
        already[[8, 2, 3, 6, 1]], [9.76, 9.37, 3.70, 1.62, -0.14], atol=0.005
    )
    assert alone[9] - already.sum() == pytest.approx(glu.earns, abs=1e-10)


BOOK = [-210.01008773, 243.4550306, 0, 0, 0, 97.69397357, -41.52283116, 0, 0, 39.62298193]
BOOK += [205.75273856, 124.55456561, -126.29986768, 15.70262427, -59.50157967, 75.24590036]
BOOK += [21.62698014, -12.04423675, 0]
"""Coefficients per standard deviation as ISLP prints them (James et al., 2023, section 6.5.2)."""


def test_a_published_table_that_is_under_converged() -> None:
    """ISLP, chapter 6, lasso on Hitters: the optimum, and the verdict on what the book prints."""
    X, y, names = hitters()
    alpha = 3.1472370031649866
    made = fit(X, y, alpha, standardize=True)
    assert made.certificate.relative_gap < 1e-12
    found = dict(zip(names, made.coef_std, strict=True))
    assert found["CHmRun"] == pytest.approx(40.064362, abs=1e-6)
    assert found["AtBat"] == pytest.approx(-210.170285, abs=1e-6)
    assert found["CRBI"] == pytest.approx(123.797298, abs=1e-6)

    coef = np.array(BOOK) / X.std(axis=0)
    intercept = y.mean() - X.mean(axis=0) @ coef
    printed = certify(X, y, coef, intercept, alpha, standardize=True)
    assert printed.relative_gap > 1e-8
    assert printed.gap == pytest.approx(printed.primal - made.certificate.primal, rel=1e-4)
