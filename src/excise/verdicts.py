"""What is known of a point: a verdict on each coefficient, and the certificate of them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class VerdictKind(IntEnum):
    """What is known about one coefficient."""

    KEPT = 0
    """Not zero: it earns more than its tax (or pays none)."""
    PROVED = 1
    """Zero in every optimum, by the gap-safe sphere."""
    KKT = 2
    """Zero by the optimality conditions at this point alone."""
    BORDERLINE = 3
    """Zero, but earns its tax to within the tolerance: a tie or a twin."""
    EXCLUDED = 4
    """Zero because it was ruled out: infinite penalty weight or a constant column."""
    UNPROVED = 5
    """Zero, although it earns more than its tax here: this point is not optimal."""
    STATIONARY = 6
    """Zero at a stationary point of a penalty that is not convex: it earns less than its tax."""


class Verdict(NamedTuple):
    """The verdict on one feature; `earns`, `tax`, `slack` in units of the loss's gradient."""

    kind: VerdictKind
    earns: float
    tax: float
    slack: float


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """One verdict per feature, stored by column.

    With K outputs that are not grouped, one per feature and output, in arrays of shape
    (n_features, K).

    Attributes
    ----------
    kind : ndarray of uint8, shape (n_features,)
        Codes of `VerdictKind`.
    earns : ndarray, shape (n_features,)
        |gradient| at b_j = 0 with the others held, on the scale the penalty acts on; of a grouped
        feature the Euclidean norm over the outputs.
    tax : ndarray, shape (n_features,)
        alpha * l1_ratio * penalty_weight.
    """

    kind: NDArray[np.uint8]
    earns: Floats
    tax: Floats

    @property
    def slack(self) -> Floats:
        """Tax minus earnings: positive for a proved zero."""
        return self.tax - self.earns

    def __len__(self) -> int:
        return int(self.kind.size)

    def __getitem__(self, j: int | tuple[int, ...]) -> Verdict:
        earns, tax = float(self.earns[j]), float(self.tax[j])
        return Verdict(VerdictKind(int(self.kind[j])), earns, tax, tax - earns)

    def __iter__(self) -> Iterator[Verdict]:
        return (self[place] for place in np.ndindex(self.kind.shape))

    def count(self, kind: VerdictKind) -> int:
        """How many features, or coefficients, have this verdict."""
        return int(np.count_nonzero(self.kind == kind))


def shown_gap(relative_gap: float) -> str:
    """One digit; at least 1e-15, below which double precision tells nothing from zero."""
    return f"{max(relative_gap, 1e-15):.0e}"


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """Bounds on how far given coefficients are from the optimum.

    Attributes
    ----------
    primal, dual : float
        Objective value, and a lower bound of the optimal value from a feasible dual point.
    gap : float
        Bounds the suboptimality: objective - optimum <= gap. Computed without cancellation,
        so it may be more accurate than ``primal - dual``.
    relative_gap : float
        Gap over the null loss (b = 0, best intercept).
    kkt_violation : float
        Largest violation of the optimality conditions over all features, over alpha_max.
    verdicts : Verdicts
        One per feature.
    unique : bool or None
        Whether the optimum is unique (None: not decided).
    twins : tuple of tuple of int
        Groups of features that could swap without changing the objective.
    stationary : bool
        Whether all this is about the last convex problem of a penalty that is not convex: its zeros
        are zeros of a stationary point, and nothing is told about other optima.
    convexity : float or None
        Of a stationary point of a concave penalty, the smallest eigenvalue of the objective's
        second derivative on the support, at the penalty's largest concavity; infinite without a
        support.
    """

    primal: float
    dual: float
    gap: float
    relative_gap: float
    kkt_violation: float
    verdicts: Verdicts
    unique: bool | None = None
    twins: tuple[tuple[int, ...], ...] = ()
    stationary: bool = False
    convexity: float | None = None

    @property
    def locally_convex(self) -> bool | None:
        """Whether the objective is convex on the support; None: not told."""
        return None if self.convexity is None else self.convexity > 0.0

    def summary(self) -> str:
        """One line: how optimal, and how many zeros are proved."""
        zeros = len(self.verdicts) - self.verdicts.count(VerdictKind.KEPT)
        proved = self.verdicts.count(VerdictKind.PROVED)
        excluded = self.verdicts.count(VerdictKind.EXCLUDED)
        if self.convexity is not None:
            curved = "convex" if self.locally_convex else "not convex"
            return (
                f"stationary to {shown_gap(self.kkt_violation)} (KKT violation / alpha_max), the "
                f"objective {curved} on the support; {zeros} zeros, none proved of other optima"
            )
        what, of = "optimal", ""
        if not np.isfinite(self.relative_gap):
            kind = "stationary" if self.stationary else "optimality conditions hold"
            return (
                f"{kind} to {shown_gap(self.kkt_violation)} (of the largest slope at b = 0); no "
                f"bound on the objective is known, {proved + excluded} of {zeros} zeros proved"
            )
        if self.stationary:
            what, of = "last convex problem solved", "; of its zeros, not of a global optimum's,"
        return (
            f"{what} to {shown_gap(self.relative_gap)} (duality gap / null loss){of or ';'} "
            f"{proved + excluded} of {zeros} {'' if of else 'zeros '}proved"
        )

    def __repr__(self) -> str:
        return f"Certificate({self.summary()})"
