"""The result of `excise.fit_within`, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from excise.results import Floats, Solution
from excise.verdicts import shown_gap

SAME = 1e-8
"""Losses that differ by this share of the null loss are equal."""


@dataclass(frozen=True, slots=True, eq=False)
class Within:
    """The solution at the smallest alpha down to which a path keeps within its limits.

    Attributes
    ----------
    solution : Solution
        At that alpha, with its certificate; refined, with its stages.
    n_features : int or None
        The most that may be kept.
    budget : float or None
        What the kept features may cost.
    cost : ndarray, shape (p,), or None
        Of each feature.
    unaffordable : ndarray of int
        Features that alone cost more than the budget: they were excluded.
    next_feature : int or None
        Who would enter below this alpha and break a limit; None at the end of the path.
    broken : {"n_features", "budget", ""}
        The limit it would break.
    loss, null_loss : float
        Mean loss of the solution, without its penalty, and at b = 0 with the best intercept.
    loss_bound : float or None
        Proved: no features within the limits have a smaller loss, whatever their coefficients. 0
        says nothing; None: no bound is known for this loss.
    """

    solution: Solution
    n_features: int | None
    budget: float | None
    cost: Floats | None
    unaffordable: NDArray[np.intp]
    next_feature: int | None
    broken: str
    loss: float
    null_loss: float
    loss_bound: float | None

    @property
    def alpha(self) -> float:
        """That of the solution."""
        return self.solution.alpha

    @property
    def support(self) -> NDArray[np.intp]:
        """Indices of the kept features."""
        return self.solution.support

    @property
    def total_cost(self) -> float | None:
        """What the kept features cost together."""
        return None if self.cost is None else float(self.cost[self.support].sum())

    @property
    def proved_best(self) -> bool:
        """Whether it is proved that no features within the limits have a smaller loss."""
        bound = self.loss_bound
        return bound is not None and self.loss - bound <= SAME * self.null_loss

    def summary(self) -> str:
        """What was found, what is proved and what is not, a line each."""
        solution, most = self.solution, "" if self.n_features is None else f", {self.n_features}"
        spent = "" if self.cost is None else f" that cost {self.total_cost:g}, {self.budget:g}"
        limits = "".join(f"{given} at most" for given in (most, spent) if given)
        lines = [
            f"kept {len(self.support)} of {len(solution.coef)} features{limits}; "
            f"alpha {self.alpha:.4g}"
        ]
        if len(self.unaffordable):
            lines.append(f"excluded: {_features(len(self.unaffordable))} dearer than the budget")
        if self.next_feature is None:
            lines.append("the path ends here: no limit was met")
        else:
            lines.append(f"below this alpha {self._name(self.next_feature)} enters: {self._more}")
        gap = shown_gap(solution.certificate.relative_gap)
        fitted = "the refined fit" if solution.stages else "the fit"
        lines.append(f"proved: {fitted} is optimal to {gap} (duality gap / null loss)")
        return "\n".join([*lines, *self._others()])

    @property
    def _more(self) -> str:
        """What the next feature would break."""
        if self.broken == "n_features":
            assert self.n_features is not None
            return f"more than {_features(self.n_features)}"
        return f"more than the budget of {self.budget:g}"

    def _others(self) -> list[str]:
        """What is known of other features within the limits."""
        if self.proved_best:
            return ["proved: no others within the limits fit better"]
        unknown = "not proved: that no others within the limits fit better"
        if not self.loss_bound:
            return [unknown]
        low, own = self.loss_bound / self.null_loss, self.loss / self.null_loss
        return [
            f"proved: none within the limits have a loss below {_down(low)} of the null loss; "
            f"these have {own:.3f}",
            unknown,
        ]

    def _name(self, j: int) -> str:
        names = self.solution.feature_names
        return f"feature {j}" if names is None else repr(names[j])

    def __repr__(self) -> str:
        within = [f"n_features={self.n_features}"] if self.n_features is not None else []
        if self.budget is not None:
            within.append(f"cost {self.total_cost:g} of {self.budget:g}")
        return (
            f"Within({', '.join(within)}: kept={len(self.support)} of {len(self.solution.coef)}, "
            f"alpha={self.alpha:.6g}, {'proved best' if self.proved_best else 'best not proved'})"
        )


def _features(count: int) -> str:
    return f"{count} feature{'' if count == 1 else 's'}"


def _down(value: float) -> str:
    """Three digits, rounded down: a lower bound stays one."""
    return f"{np.floor(value * 1000.0) / 1000.0:.3f}"
