"""What is solved: the data and the objective, checked once and never changed.

    minimise over b0, b:   sum_i w_i (y_i - eta_i)^2 / 2 / sum_i w_i
                           + alpha * sum_j v_j (l1_ratio |b_j| + (1 - l1_ratio) b_j^2 / 2)
    with  eta = b0 + offset + X b  and  lower_j <= coef_j <= upper_j
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from excise.catalog import LOSSES, PENALTIES, choices
from excise.exceptions import InputError, InputTypeError
from excise.results import Floats


@dataclass(frozen=True, eq=False)
class Problem:
    """Checked data and settings; X is the caller's own array, never copied, never written to.

    Attributes
    ----------
    X : ndarray of float32 or float64, shape (n, p)
        Any strides.
    y : ndarray, shape (n,)
    sample_weight, offset : ndarray, shape (n,), or None
        Weights as given: only their ratios matter.
    penalty_weight : ndarray, shape (p,)
        0 = never penalised, inf = excluded.
    lower, upper : ndarray, shape (p,)
        Bounds on the coefficients per unit of x (the original scale), lower <= 0 <= upper.
    l1_ratio : float
        Share of |b| in the penalty.
    standardize : bool
        Whether the penalty acts on coefficients per standard deviation.
    tol : float
        Wanted relative gap.
    """

    X: np.ndarray
    y: Floats
    sample_weight: Floats | None
    offset: Floats | None
    penalty_weight: Floats
    lower: Floats
    upper: Floats
    l1_ratio: float
    fit_intercept: bool
    standardize: bool
    tol: float
    n_threads: int | None
    loss: str
    feature_names: tuple[str, ...] | None

    @property
    def n(self) -> int:
        """Number of rows."""
        return int(self.X.shape[0])

    @property
    def p(self) -> int:
        """Number of features."""
        return int(self.X.shape[1])

    @cached_property
    def weights(self) -> Floats:
        """Sample weights with sum 1."""
        if self.sample_weight is None:
            return np.full(self.n, 1.0 / self.n)
        relative = self.sample_weight / self.sample_weight.max()
        return relative / relative.sum()


def make_problem(
    X: Any,
    y: Any,
    *,
    loss: str = "squared",
    penalty: str = "l1",
    l1_ratio: float = 1.0,
    penalty_weight: Any = None,
    bounds: Any = None,
    schedule: Any = None,
    sample_weight: Any = None,
    offset: Any = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    tol: float = 1e-10,
    n_threads: int | None = None,
) -> Problem:
    """Check everything once and return the `Problem`."""
    names = None
    if not isinstance(X, np.ndarray):
        import narwhals as nw

        frame = nw.from_native(X, eager_only=True, pass_through=True)
        if isinstance(frame, nw.DataFrame):
            names = tuple(str(name) for name in frame.columns)
            X = frame.to_numpy()
    X = np.asarray(X)
    if X.dtype not in (np.float32, np.float64):
        X = X.astype(np.float64)
    y = np.asarray(y, dtype=np.float64)
    n, p = X.shape
    if loss not in LOSSES:
        raise InputError(f"unknown loss {loss!r}", [f"valid: {choices(LOSSES)}"])
    kind, _, share = penalty.partition(":")
    if kind not in PENALTIES:
        raise InputError(f"unknown penalty {penalty!r}", [f"valid: {choices(PENALTIES)}"])
    if kind == "ridge":
        l1_ratio = 0.0
    if kind == "elastic":
        l1_ratio = float(share) if share else (0.5 if l1_ratio == 1.0 else l1_ratio)
    low, high = (0.0, np.inf) if isinstance(bounds, str) else (bounds or (-np.inf, np.inf))
    if not np.all(np.isfinite(y)) or not np.all(np.isfinite(X)):
        raise InputError("X or y holds NaN or infinity")
    if schedule is not None:
        raise InputTypeError("schedule must be None")
    return Problem(
        X=X,
        y=y,
        sample_weight=None if sample_weight is None else np.asarray(sample_weight, float),
        offset=None if offset is None else np.asarray(offset, float),
        penalty_weight=np.ones(p) if penalty_weight is None else np.asarray(penalty_weight, float),
        lower=np.broadcast_to(np.asarray(low, float), (p,)),
        upper=np.broadcast_to(np.asarray(high, float), (p,)),
        l1_ratio=float(l1_ratio),
        fit_intercept=bool(fit_intercept),
        standardize=bool(standardize),
        tol=float(tol),
        n_threads=n_threads,
        loss=loss,
        feature_names=names,
    )
