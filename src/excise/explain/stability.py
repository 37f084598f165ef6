"""Would the same features be kept with other rows?"""

from __future__ import annotations

from dataclasses import dataclass

from excise.results import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Stability:
    """Share of half-samples that keep each feature, at the same alpha.

    Attributes
    ----------
    alphas : ndarray, shape (k,)
        The saved taxes: the chosen one, best and 1-SE.
    picked : ndarray, shape (k, n_features)
    n_samples, seed : int
    """

    alphas: Floats
    picked: Floats
    n_samples: int
    seed: int

    def at(self, alpha: float) -> Floats | None:
        """Shares at a saved alpha; None at any other."""
        for saved, picked in zip(self.alphas, self.picked, strict=True):
            if abs(saved - alpha) <= 1e-9 * alpha:
                return picked
        return None
