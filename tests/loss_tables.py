"""Named tables, each with the losses that its target is made for; simulated ones say so."""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from islp import brain_cancer, caravan, hitters, khan
from sklearn.datasets import load_breast_cancer, load_digits, load_wine

from excise.survival import Survival

Array = np.ndarray


def statsmodels_table(name: str) -> dict[str, Array]:
    """Columns of a table that the package statsmodels carries, by name."""
    found = find_spec("statsmodels")
    assert found is not None and found.origin is not None, "pip install statsmodels"
    path = Path(found.origin).parent / "datasets" / name / f"{name}.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}


def randhie() -> tuple[Array, Array]:
    """Visits to a doctor in the RAND health insurance experiment: 20,190 rows, 9 columns."""
    table = statsmodels_table("randhie")
    return np.column_stack([table[name] for name in table if name != "mdvis"]), table["mdvis"]


def engel(degree: int = 1) -> tuple[Array, Array]:
    """Food expenditure of 235 Belgian households (Engel, 1857), powers of income in thousands."""
    table = statsmodels_table("engel")
    income = table["income"] / 1000.0
    return np.column_stack([income**k for k in range(1, degree + 1)]), table["foodexp"]


def high_salaries() -> tuple[Array, Array]:
    """Hitters: whether the salary is above the median."""
    X, salary, _ = hitters()
    return X, (salary > np.median(salary)).astype(float)


@cache
def policies(n: int = 3000) -> tuple[Array, Array, Array]:
    """Simulated motor policies: 30 columns (age bands, regions, power), claims, exposure.

    The amounts are gamma with shape 2, some a thousand times the others; exposures below a year.
    """
    rng = np.random.default_rng(20)
    age, region = rng.integers(0, 8, n), rng.choice(12, n, p=np.arange(12, 0, -1) / 78)
    numbers = rng.standard_normal((n, 10))
    numbers[:, 1:4] = 0.8 * numbers[:, :3] + 0.6 * numbers[:, 1:4]
    X = np.column_stack([np.eye(8)[age], np.eye(12)[region], numbers])
    eta = -2.0 + 0.8 * (age == 0) + 0.3 * (region < 3) + 0.3 * numbers[:, 0] - 0.2 * numbers[:, 5]
    exposure = rng.uniform(0.05, 1.0, n)
    claims = rng.poisson(exposure * np.exp(eta))
    cost = rng.gamma(2.0 * np.maximum(claims, 1), 500.0 * np.exp(0.3 * numbers[:, 2]))
    return X, np.where(claims > 0, cost, 0.0), exposure


def severities() -> tuple[Array, Array]:
    """Amounts of the policies that had a claim."""
    X, cost, _ = policies()
    return X[cost > 0.0], cost[cost > 0.0]


def tied_times(n: int = 250, p: int = 40) -> tuple[Array, Survival]:
    """Simulated survival: whole months, so that most times are shared, late entries and strata."""
    rng = np.random.default_rng(21)
    X = rng.standard_normal((n, p))
    X[:, 1:] = 0.5 * X[:, :-1] + np.sqrt(0.75) * X[:, 1:]
    eta = X[:, :5] @ np.array([0.8, -0.6, 0.5, -0.4, 0.3])
    entry = np.floor(rng.exponential(3.0, n))
    time = entry + np.ceil(12.0 * rng.exponential(np.exp(-eta)))
    return X, Survival(time, rng.random(n) < 0.7, entry, rng.integers(0, 3, n))


def brain_survival() -> tuple[Array, Survival]:
    """Survival of 87 patients with a brain tumour."""
    X, time, event = brain_cancer()
    return X, Survival(time, event)


def one_hot(kinds: Array) -> Array:
    """A column per kind, 1 in the rows of that kind."""
    return (kinds[:, None] == np.unique(kinds)).astype(float)


def khan_kinds() -> tuple[Array, Array]:
    """Gene expression of 63 tumours of four kinds."""
    targets = [khan(kind) for kind in (1, 2, 3, 4)]
    return targets[0][0], np.column_stack([y for _, y in targets])


def of_kinds(load: Any) -> tuple[Array, Array]:
    """A table of scikit-learn with a column per class."""
    X, y = load(return_X_y=True)
    return X, one_hot(y)


Loader = Callable[[], tuple[Array, Any]]

CASES: dict[str, tuple[Loader, dict[str, Any]]] = {
    "breast cancer": (lambda: load_breast_cancer(return_X_y=True), {"loss": "logistic"}),
    **{f"khan, kind {k}": (lambda k=k: khan(k), {"loss": "logistic"}) for k in (1, 2, 3, 4)},
    "hitters, high salary": (high_salaries, {"loss": "logistic"}),
    "caravan": (caravan, {"loss": "logistic"}),
    "khan, four kinds": (khan_kinds, {"loss": "multinomial"}),
    "wine": (lambda: of_kinds(load_wine), {"loss": "multinomial"}),
    "digits": (lambda: of_kinds(load_digits), {"loss": "multinomial"}),
    "digits, grouped": (lambda: of_kinds(load_digits), {"loss": "multinomial", "grouped": True}),
    "khan, grouped": (khan_kinds, {"loss": "multinomial", "grouped": True}),
    "breast cancer, hinge": (
        lambda: load_breast_cancer(return_X_y=True),
        {"loss": "squared_hinge"},
    ),
    "khan, hinge": (khan, {"loss": "squared_hinge"}),
    "hitters": (lambda: hitters()[:2], {"loss": "squared"}),
    "hitters, huber": (lambda: hitters()[:2], {"loss": "huber:150"}),
    "randhie": (randhie, {"loss": "poisson"}),
    "randhie, overdispersed": (randhie, {"loss": "negative_binomial:0.7"}),
    "severities": (severities, {"loss": "gamma"}),
    "policies": (lambda: policies()[:2], {"loss": "tweedie:1.5", "sample_weight": policies()[2]}),
    "brain cancer": (brain_survival, {"loss": "cox"}),
    "brain cancer, efron": (brain_survival, {"loss": "cox:efron"}),
    "tied times": (tied_times, {"loss": "cox"}),
    "tied times, efron": (tied_times, {"loss": "cox:efron"}),
    "engel, median": (engel, {"loss": "quantile:0.5"}),
    "engel, first quarter": (lambda: engel(2), {"loss": "quantile:0.25"}),
    "engel^4, median": (lambda: engel(4), {"loss": "quantile:0.5"}),
    "engel^4, 90%": (lambda: engel(4), {"loss": "quantile:0.9"}),
    "hitters, median": (lambda: hitters()[:2], {"loss": "quantile:0.5"}),
}
