"""What every design must fulfil, tried on random vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from excise.design.base import Design
from excise.design.custom import Checked
from excise.exceptions import InputError
from excise.results import Floats

AT_ONCE = 12
"""Columns, and rows, that are looked at."""
TOLERANCE = 1e-9
"""Of what sums of this length can differ by."""


def check_design(design: Design, random_state: int = 0) -> None:
    """Test that the methods of a design agree with each other.

    Some random columns, written out, are compared with `correlate`, `rows`, `predict` and (if
    there are any) `moments`, on random vectors and weights.

    Parameters
    ----------
    design : Design
    random_state : int, default=0
        Other columns and vectors.

    Raises
    ------
    InputError, InputTypeError
        Which method disagrees, where, and by how much; or returns something else than numbers of
        the right shape.
    """
    name, rng = type(design).__name__, np.random.default_rng(random_state)
    design = design.checked()
    n, p = design.shape
    index = rng.permutation(p)[:AT_ONCE]
    rows = rng.permutation(n)[:AT_ONCE]
    X = design.columns(index)
    single = np.concatenate([design.columns(index[k : k + 1]) for k in range(len(index))], axis=1)
    _agree(f"{name}.columns", "with itself on single columns", single, X, np.abs(X))
    _agree(f"{name}.rows", "with its columns", design.rows(rows, index), X[rows], np.abs(X[rows]))

    V = rng.standard_normal((n, 3))
    for some in (V, V[:, :1], np.asfortranarray(V)):
        kept = some.copy()
        found = design.correlate(some)[index]
        if not np.array_equal(some, kept):
            raise InputError(f"{name}.correlate writes into what it is given")
        _agree(f"{name}.correlate", "with its columns", found, X.T @ some, np.abs(X.T) @ abs(some))
    if isinstance(design, Checked):
        b = rng.standard_normal(len(index))
        size = np.abs(X) @ np.abs(b)
        _agree(f"{name}.predict", "with its columns", design.predict(index, b), X @ b, size)
        if design.overrides("moments"):
            _check_moments(design, index, X, rng.integers(0, 3, n).astype(np.float64))


def _check_moments(design: Checked, index: NDArray[np.intp], X: Floats, weights: Floats) -> None:
    """Under equal weights, and under some that leave rows out."""
    weights[0] = 1.0
    for w in (np.ones(len(X)) / len(X), weights / weights.sum()):
        mean, variance, low, high = design.moments(w)[index].T
        used, about = X[w > 0.0], w @ X
        name, other = f"{design.name}.moments", "with its columns"
        _agree(f"{name} (min)", other, low, used.min(axis=0), np.zeros(len(index)))
        _agree(f"{name} (max)", other, high, used.max(axis=0), np.zeros(len(index)))
        _agree(f"{name} (mean)", other, mean, about, w @ np.abs(X))
        _agree(f"{name} (variance)", other, variance, w @ (X - about) ** 2, w @ X**2)


def _agree(what: str, other: str, found: Floats, wanted: Floats, size: Floats) -> None:
    wrong = np.argwhere(~(np.abs(found - wanted) <= TOLERANCE * size))
    if len(wrong) == 0:
        return
    at = tuple(int(k) for k in wrong[0])
    raise InputError(
        f"{what} does not agree {other}",
        [f"{found[at]:.6g} instead of {wanted[at]:.6g}, the first of {len(wrong)} differences"],
    )
