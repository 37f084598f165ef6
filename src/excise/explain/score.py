"""How well it predicts, at any tax: the cross-validation curve and R2, or D2 for another loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from excise.results import Floats

SQUARED_ERROR = "mean squared error"
"""What is measured for the squared loss."""


class Score(NamedTuple):
    """1 - error / that of the intercept alone: cross-validated, its standard error, on the rows.

    R2 for squared errors; D2, the share of the deviance that is explained, for another loss.
    """

    cv: float
    se: float
    train: float
    metric: str = "R2"


class Measure(NamedTuple):
    """A further measure at one alpha: held out, its standard error, on the training rows.

    `null` is what it is without features: of the intercept alone on held-out rows, or by chance.
    """

    name: str
    alpha: float
    cv: float
    se: float
    train: float
    null: float


class Errors(NamedTuple):
    """Errors at one alpha: held out, its standard error, on the training rows."""

    mean: float
    se: float
    train: float


@dataclass(frozen=True, slots=True, eq=False)
class CVRecord:
    """Held-out error along the grid.

    Attributes
    ----------
    alphas : ndarray, shape (n_alphas,)
        Falling.
    mean, se, train : ndarray, shape (n_alphas,)
        Held-out mean error (squared, or the deviance), its standard error over folds, and the
        error on all rows.
    null, null_se, null_train : float
        The same for the intercept alone.
    n_folds, repeats, n_extensions : int
    metric : str
    """

    alphas: Floats
    mean: Floats
    se: Floats
    train: Floats
    null: float
    null_se: float
    null_train: float
    n_folds: int
    repeats: int = 1
    n_extensions: int = 0
    metric: str = SQUARED_ERROR

    def at(self, alpha: float) -> Errors:
        """Errors at any alpha: linear in log alpha between grid points, level beyond the ends."""
        tiny = np.finfo(np.float64).tiny
        x, grid = -np.log(max(alpha, tiny)), -np.log(np.maximum(self.alphas, tiny))
        mean, se, train = (float(np.interp(x, grid, f)) for f in (self.mean, self.se, self.train))
        return Errors(mean, se, train)

    def score(self, alpha: float) -> Score:
        """R2 or D2 at any alpha."""
        e = self.at(alpha)
        se = e.se / self.null if self.null else 0.0
        return Score(r2(e.mean, self.null), se, r2(e.train, self.null_train), self.score_name)

    @property
    def score_name(self) -> str:
        """R2 of squared errors, else D2."""
        return "R2" if self.metric.startswith(SQUARED_ERROR) else "D2"


def r2(error: float, null: float) -> float:
    """Share of the intercept's error that is gone; 0 when it makes none."""
    return 1.0 - error / null if null else 0.0
