"""The multinomial loss, for several classes or shares of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from excise.checks import check_table, numbers
from excise.exceptions import InputError, InputTypeError
from excise.losses.base import EPS, Mask, RowLoss
from excise.losses.special import exp_divergence, xlogx
from excise.results import Floats
from excise.survival import Survival

WHOLE = 1e-12
"""Shares of a row may miss their sum of 1 by this much: rounding."""


@dataclass(frozen=True)
class Multinomial(RowLoss):
    """log(sum_k e^eta_k) - sum_k y_k eta_k, less its best value for shares: KL(y || softmax(eta)).

    ``y`` and ``eta`` have a last axis of K classes, over which a row of y sums to 1. A constant
    added to all K numbers of eta changes nothing; the second derivative, diag(p) - p p', has no
    eigenvalue above 1/2.
    """

    name: ClassVar[str] = "multinomial"
    summary: ClassVar[str] = "log(sum_k e^eta_k) - sum_k y_k eta_k, for K classes or their shares"
    link: ClassVar[str] = "softmax"
    domain: ClassVar[str] = "a column of shares for each class, >= 0 and summing to 1 in every row"
    strictly_convex: ClassVar[bool] = False
    of_classes: ClassVar[bool] = True
    targets: ClassVar[Literal["one", "any", "several"]] = "several"
    kind: ClassVar[str] = "for several classes, each with a predictor of its own"
    instead: ClassVar[str] = "excise.fit_path(..., loss='multinomial')"

    def value(self, y: Floats, eta: Floats) -> Floats:
        return np.asarray(exp_divergence(y, log_softmax(eta)).sum(axis=-1))

    def gradient(self, y: Floats, eta: Floats) -> Floats:
        p, rest = softmax(eta)
        return np.where(p > 0.5, (1.0 - y) - rest, p - y)

    def conjugate(self, y: Floats, v: Floats) -> Floats:
        q = y + v
        inner = np.sum(xlogx(np.maximum(q, 0.0)) - xlogx(y), axis=-1)
        return np.where(self._outside(q, v), np.inf, inner)

    def fenchel_young(self, y: Floats, eta: Floats, v: Floats) -> Floats:
        q = y + v
        inner = exp_divergence(np.maximum(q, 0.0), log_softmax(eta)).sum(axis=-1)
        return np.where(self._outside(q, v), np.inf, inner)

    def _outside(self, q: Floats, v: Floats) -> Mask:
        """Rows whose q is no point of the simplex."""
        off = np.abs(v.sum(axis=-1)) > WHOLE * (1.0 + np.abs(v).sum(axis=-1))
        return np.asarray(off | np.any(q < 0.0, axis=-1))

    def domain_scale(self, y: Floats, u: Floats) -> float:
        y, u = np.broadcast_arrays(y, u)
        s = float(np.min(y[u > y] / u[u > y], initial=1.0))
        return s if s == 1.0 else s * (1.0 - 4.0 * EPS)  # inside, whatever the rounding

    def mean(self, eta: Floats) -> Floats:
        return softmax(eta)[0]

    def curvature(self, y: Floats) -> float:
        return 0.5

    def _usable(self, y: Floats) -> Mask:
        whole = np.abs(y.sum(axis=-1) - 1.0) <= WHOLE
        return np.asarray(whole & np.all(y >= 0.0, axis=-1))

    def names_classes(self, y: Floats) -> bool:
        return bool(np.all(y.max(axis=-1) == 1.0))

    def target(self, y: Any, n: int) -> tuple[Floats, Survival | None]:
        if isinstance(y, Survival):
            raise InputTypeError(f"y is a Survival; the {self.name} loss needs {self.domain}")
        values = numbers("y", y)
        if values.ndim != 2 or values.shape[1] < 2:
            raise InputError(
                f"y must have a column per class, two or more, got shape {values.shape}",
                [f"the {self.name} loss needs {self.domain}"],
                "np.eye(K)[codes] for class codes 0 .. K - 1" if values.size == n else "",
            )
        return check_table("y", values, n), None

    def _refuse_row(self, y: Floats, row: int) -> None:
        low = int(np.argmin(y[row]))
        wrong = f"{float(y[row, low])} in row {row}, class {low}"
        if y[row, low] >= 0.0:
            wrong = f"no point of the simplex in row {row}: it sums to {float(y[row].sum())}"
        raise InputError(f"y is {wrong}", [f"the {self.name} loss needs {self.domain}"])

    def _check_fit(self, y: Floats, rows: str, fit_intercept: bool) -> None:
        n, K = y.shape
        seen = y.max(axis=0) > 0.0
        if np.count_nonzero(seen) == 1:
            raise InputError(
                f"y is class {int(np.argmax(seen))} in all {rows}; there is nothing to learn",
                [f"the {self.name} loss needs rows of two classes or more"],
            )
        if n < K:
            raise InputError(
                f"y has {K} classes but only {rows}",
                [f"the {self.name} loss needs a row of every class"],
                "columns of y are classes, rows are rows of X",
            )
        if fit_intercept and not seen.all():
            raise InputError(
                f"class {int(np.argmin(seen))} has no rows; its intercept would be -infinity",
                [f"the {self.name} loss needs a row of every class among the {rows}"],
                "drop its column of y",
            )


def softmax(eta: Floats) -> tuple[Floats, Floats]:
    """Return p = e^eta / sum e^eta, and 1 - p without cancellation where p is near 1."""
    e = np.exp(eta - eta.max(axis=-1, keepdims=True))
    largest = e == 1.0
    others = np.where(largest, 0.0, e).sum(axis=-1, keepdims=True)
    total = others + np.count_nonzero(largest, axis=-1, keepdims=True)
    several = np.count_nonzero(largest, axis=-1, keepdims=True) - 1.0
    p = e / total
    return p, np.where(largest, (others + several) / total, 1.0 - p)


def log_softmax(eta: Floats) -> Floats:
    """Return log p."""
    away = eta - eta.max(axis=-1, keepdims=True)
    others = np.sort(np.exp(away), axis=-1)[..., :-1].sum(axis=-1, keepdims=True)
    return np.asarray(away - np.log1p(others))
