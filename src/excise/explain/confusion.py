"""How well several classes are told apart: who is taken for whom, and calibration of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from excise.explain.calibration import calibration
from excise.results import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """Held-out rows of K classes at one alpha.

    Attributes
    ----------
    alpha : float
    counts : ndarray of int, shape (K, K)
        Rows by class and by what is said of them: the likeliest class.
    predicted, observed : tuple of K ndarrays
        Calibration of each class: mean probability and share of the class, in bins of equally many
        rows.
    """

    alpha: float
    counts: NDArray[np.int64]
    predicted: tuple[Floats, ...]
    observed: tuple[Floats, ...]

    @property
    def rows(self) -> NDArray[np.int64]:
        """How many rows each class has."""
        return np.asarray(self.counts.sum(axis=1))

    @property
    def recognised(self) -> NDArray[np.int64]:
        """How many rows of each class are taken for what they are."""
        return np.asarray(self.counts.diagonal())

    def most_mistaken(self) -> tuple[int, int, int] | None:
        """(class, taken for, rows) of the commonest mistake; None if there is none."""
        wrong = self.counts - np.diag(self.counts.diagonal())
        at = np.unravel_index(int(wrong.argmax()), wrong.shape)
        return (int(at[0]), int(at[1]), int(wrong[at])) if wrong[at] else None


def confusion(alpha: float, y: Floats, probability: Floats) -> Confusion:
    """Counts and calibration of probabilities, shape (n, K), of classes y with a 1 in each row."""
    K = y.shape[1]
    said, actual = probability.argmax(axis=1), y.argmax(axis=1)
    counts = np.bincount(actual * K + said, minlength=K * K).reshape(K, K)
    found = [calibration(y[:, k], probability[:, k]) for k in range(K)]
    predicted, observed = zip(*found, strict=True)
    return Confusion(alpha, counts.astype(np.int64), tuple(predicted), tuple(observed))
