"""What is known between the alphas of a path: coefficients, a bound, and a bound for them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Between:
    """Coefficients at any alpha of a path, on the chord of its two neighbours; nothing was solved.

    Attributes
    ----------
    alpha : float
    coef, coef_std : ndarray, shape (n_features,), or (n_features, K) of K outputs
        Coefficients per unit of x, and per standard deviation of x: a feature is zero if it is so
        at both neighbours.
    intercept : float, or ndarray, shape (K,)
    bound : float
        Proved: the objective at `alpha` is above the optimum by at most this share of the null
        loss (a relative gap).
    feature_names : tuple of str or None
    """

    alpha: float
    coef: Floats
    intercept: Any
    coef_std: Floats
    bound: float
    feature_names: tuple[str, ...] | None = None

    @property
    def support(self) -> NDArray[np.intp]:
        """Indices of the features with a coefficient that is not zero."""
        return np.flatnonzero(self.coef if self.coef.ndim == 1 else self.coef.any(axis=1))

    def __repr__(self) -> str:
        return (
            f"Between(alpha={self.alpha:.6g}, kept={len(self.support)} of {len(self.coef)}, "
            f"relative gap proved <= {self.bound:.1e})"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Guarantee:
    """A bound on the relative gap of `Path.between` at every alpha of a range.

    Attributes
    ----------
    eps : float
        What was asked for.
    bounds : ndarray, shape (n_alphas - 1,)
        What is proved from each alpha of the path to the next, all <= `eps`.
    alpha_max, alpha_min : float
        The range, both ends included.
    """

    eps: float
    bounds: Floats
    alpha_max: float
    alpha_min: float

    @property
    def worst(self) -> float:
        """The largest of the bounds: what is proved over the whole range."""
        return float(self.bounds.max(initial=0.0))

    def __repr__(self) -> str:
        return (
            f"Guarantee(relative gap <= {self.eps:g} at every alpha from {self.alpha_max:.4g} to "
            f"{self.alpha_min:.4g}, proved {self.worst:.1e})"
        )
