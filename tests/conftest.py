"""Fixtures that all tests share."""

from __future__ import annotations

import numpy as np
import pytest
from tables import TABLES, Table


@pytest.fixture(scope="session")
def diabetes() -> Table:
    """The diabetes table in its own units, 442 x 10."""
    from sklearn.datasets import load_diabetes

    data = load_diabetes(scaled=False)
    return data.data, data.target


@pytest.fixture(scope="session")
def diabetes_names() -> list[str]:
    """Column names as the bundled table has them."""
    return ["age", "sex", "bmi", "bp", "tc", "ldl", "hdl", "tch", "ltg", "glu"]


@pytest.fixture(params=sorted(TABLES))
def table(request: pytest.FixtureRequest) -> Table:
    """Each of the small designs in turn."""
    return TABLES[request.param]()


@pytest.fixture
def rng() -> np.random.Generator:
    """The same random numbers in every run."""
    return np.random.default_rng(0)
