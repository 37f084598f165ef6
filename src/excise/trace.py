"""What an iterative method leaves behind when asked to keep its steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csc_array

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """The iterates of a proximal gradient method; the first is the starting point.

    Attributes
    ----------
    objective : ndarray, shape (n_steps + 1,)
        Never rising.
    step : ndarray, shape (n_steps + 1,)
        Lengths of the steps; 0 for the starting point.
    restarted : ndarray of bool, shape (n_steps + 1,)
        Whether momentum was dropped.
    columns : SparseColumns
        Coefficients on the original scale, a column per iterate.
    """

    objective: Floats
    step: Floats
    restarted: NDArray[np.bool_]
    columns: Any

    @property
    def coefs(self) -> csc_array:
        """Coefficients on the original scale, shape (n_features, n_steps + 1), scipy CSC."""
        found: csc_array = self.columns.to_scipy()
        return found

    def support(self, k: int) -> NDArray[np.int64]:
        """Features with a coefficient that is not zero after `k` steps."""
        found: NDArray[np.int64] = self.columns.support(k)
        return found

    def __len__(self) -> int:
        return len(self.objective)

    def __repr__(self) -> str:
        return (
            f"Trace({len(self) - 1} steps, objective {self.objective[0]:.6g} to "
            f"{self.objective[-1]:.6g}, {int(self.restarted.sum())} restarts)"
        )
