"""Problems of several outputs for the compiled engine, and what NumPy alone says about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.special import logsumexp, softmax

from excise import _core


def handle(X: Any) -> Any:
    """The core's view of a dense or sparse table."""
    if not sp.issparse(X):
        return _core.dense(X, False)
    X = X.tocsc()
    X.sort_indices()
    return _core.sparse(X.data, X.indices, X.indptr, *X.shape, False)


@dataclass
class Several:
    """min sum w l(Y, eta) + alpha sum_j v_j sum_k penalty(B_jk), eta = b0 + offset + X B."""

    X: Any
    Y: np.ndarray
    loss: str = "multinomial"
    weights: np.ndarray | None = None
    offset: np.ndarray | None = None
    penalty_weight: np.ndarray | None = None
    l1_ratio: float = 1.0
    fit_intercept: bool = True
    standardize: bool = False

    def __post_init__(self) -> None:
        n, p = self.X.shape
        self.dense = np.asarray(self.X.todense()) if sp.issparse(self.X) else self.X
        if self.penalty_weight is None:
            self.penalty_weight = np.ones(p)
        self.w = np.full(n, 1 / n) if self.weights is None else self.weights / self.weights.sum()
        mean = self.w @ self.dense * self.fit_intercept
        spread = np.sqrt(self.w @ (self.dense - mean) ** 2)
        self.per = np.where(spread > 0, spread, 1.0) if self.standardize else np.ones(p)

    @property
    def outputs(self) -> int:
        return self.Y.shape[1]

    def engine(self, **more: Any) -> Any:
        p = self.X.shape[1]
        squared = self.loss == "squared"
        shown = self.Y - self.offset if squared and self.offset is not None else self.Y
        offset = None if squared else self.offset
        stated = {
            "design": handle(self.X),
            "y": np.ascontiguousarray(shown.ravel(order="F")),
            "weights": None if self.weights is None else self.w,
            "penalty_weight": self.penalty_weight,
            "lower": np.full(p, -np.inf),
            "upper": np.full(p, np.inf),
            "l1_ratio": self.l1_ratio,
            "fit_intercept": self.fit_intercept,
            "standardize": self.standardize,
            "loss": self.loss,
            "offset": None if offset is None else np.ascontiguousarray(offset.ravel(order="F")),
            "outputs": self.outputs,
        }
        return _core.Engine(**{**stated, **more})

    def coefficients(self, found: dict[str, Any], k: int) -> tuple[np.ndarray, np.ndarray]:
        """B of shape (p, K) and the intercepts at the k-th alpha."""
        B = np.zeros(self.X.shape[1] * self.outputs)
        part = slice(found["indptr"][k], found["indptr"][k + 1])
        B[found["indices"][part]] = found["coef"][part]
        return B.reshape(-1, self.outputs), found["intercepts"].reshape(-1, self.outputs)[k]

    def eta(self, B: np.ndarray, intercept: np.ndarray) -> np.ndarray:
        plain = intercept + self.dense @ B
        return plain if self.offset is None else plain + self.offset

    def value(self, B: np.ndarray, intercept: np.ndarray) -> float:
        eta, y = self.eta(B, intercept), self.Y
        if self.loss == "squared":
            return float(self.w @ ((y - eta) ** 2).sum(1) / 2)
        kept = self.w > 0
        log_y = np.log(np.where(y > 0, y, 1.0))
        rows = logsumexp(eta, axis=1) - (y * eta).sum(1) + (y * log_y).sum(1)
        return float(self.w[kept] @ rows[kept])

    def penalty(self, B: np.ndarray) -> float:
        S = B * self.per[:, None]
        v = np.where(np.isinf(self.penalty_weight), 0.0, self.penalty_weight)
        r = self.l1_ratio
        return float(v @ (r * np.abs(S) + (1 - r) / 2 * S**2).sum(1))

    def gradients(self, B: np.ndarray, intercept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of the loss by the coefficients as the penalty sees them, and by the intercepts."""
        eta = self.eta(B, intercept)
        slope = eta - self.Y if self.loss == "squared" else softmax(eta, axis=1) - self.Y
        weighted = self.w[:, None] * np.where(self.w[:, None] > 0, slope, 0.0)
        return self.dense.T @ weighted / self.per[:, None], weighted.sum(0)

    def violations(self, B: np.ndarray, intercept: np.ndarray, alpha: float) -> tuple[float, float]:
        """Largest distances from the optimality conditions: of coefficients, of intercepts."""
        by_B, by_intercept = self.gradients(B, intercept)
        S, v, r = B * self.per[:, None], self.penalty_weight[:, None], self.l1_ratio
        tax = alpha * np.where(np.isinf(v), 0.0, v)
        inside = np.maximum(np.abs(by_B) - tax * r, 0.0)
        on = np.abs(by_B + tax * r * np.sign(S) + tax * (1 - r) * S)
        off = np.where(S == 0, inside, on)
        off[np.isinf(self.penalty_weight)] = 0.0
        assert np.all(B[np.isinf(self.penalty_weight)] == 0.0)
        return float(off.max()), float(np.abs(by_intercept).max() * self.fit_intercept)


def labels(rng: np.random.Generator, eta: np.ndarray) -> np.ndarray:
    """One-hot draws from softmax(eta)."""
    draws = (eta + rng.gumbel(size=eta.shape)).argmax(1)
    return np.eye(eta.shape[1])[draws]


def table(
    seed: int, n: int, p: int, outputs: int, loss: str = "multinomial", size: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """A random table and a response that a few columns explain."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + rng.normal(size=(n, 1)) * 0.5
    B = np.zeros((p, outputs))
    few = min(p, 5)
    B[:few] = rng.normal(size=(few, outputs)) * size
    eta = X @ B + rng.normal(size=outputs) * 0.5
    if loss == "squared":
        return X, eta + rng.normal(size=eta.shape)
    return X, labels(rng, eta)
