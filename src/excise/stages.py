"""What a schedule of penalties leaves behind: a record per stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Reason = Literal["excluded", "earns_less", "earns_more"]


class Change(NamedTuple):
    """A feature left the model, or came back, from one stage to the next.

    `reason`: it is "excluded" by an infinite penalty weight, or it "earns_less", or "earns_more",
    than the tax of the new stage. `earned` and `tax` are as in `Verdicts`, both of the new stage
    (of an excluded feature the tax is infinite).
    """

    feature: int
    kind: Literal["dropped", "returned"]
    reason: Reason
    earned: float
    tax: float


def taxes(alpha: float, l1_ratio: float, penalty_weight: Floats) -> Floats:
    """What every feature pays, alpha * l1_ratio * v; inf if excluded, at alpha = 0 too."""
    barred = np.isinf(penalty_weight)
    weight = np.where(barred, 0.0, penalty_weight)
    return np.where(barred, np.inf, alpha * l1_ratio * weight)


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One stage of a schedule, at its solution.

    Its answer can be proved again from the data: `excise.certify` with `alpha`, `l1_ratio` and
    `penalty_weight` of the stage, `coef` and `intercept`.

    Attributes
    ----------
    name : str
        Such as "prune" or "step 2".
    alpha : float
        The strength of this stage.
    l1_ratio : float
    penalty_weight : ndarray, shape (n_features,)
        Those of this stage: the caller's, times what the schedule made of them.
    coef : ndarray, shape (n_features,)
        Coefficients on the original scale.
    intercept : float
    relative_gap : float
        Of this stage's convex problem.
    earns : ndarray, shape (n_features,)
        What each feature earns there, as in `Verdicts`: on the scale the penalty acts on.
    changes : tuple of Change
        Against the stage before, by feature; the first has none.
    """

    name: str
    alpha: float
    l1_ratio: float
    penalty_weight: Floats
    coef: Floats
    intercept: float
    relative_gap: float
    earns: Floats
    changes: tuple[Change, ...] = ()

    @property
    def tax(self) -> Floats:
        """What each feature must earn: alpha * l1_ratio * penalty_weight; inf if excluded."""
        return taxes(self.alpha, self.l1_ratio, self.penalty_weight)

    @property
    def support(self) -> NDArray[np.intp]:
        """Indices of the features with a coefficient that is not zero."""
        return np.flatnonzero(self.coef)

    @property
    def dropped(self) -> tuple[Change, ...]:
        """Features that the stage before had and this one has not."""
        return tuple(change for change in self.changes if change.kind == "dropped")

    @property
    def returned(self) -> tuple[Change, ...]:
        """Features that this stage has and the one before had not."""
        return tuple(change for change in self.changes if change.kind == "returned")

    def __repr__(self) -> str:
        return (
            f"Stage({self.name!r}, alpha={self.alpha:.6g}, kept={len(self.support)}, "
            f"dropped={len(self.dropped)}, returned={len(self.returned)}, "
            f"relative_gap={self.relative_gap:.1e})"
        )
