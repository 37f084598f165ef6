"""A certified solution at one alpha, as a model keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.results import Floats
from excise.stages import taxes
from excise.verdicts import Certificate, VerdictKind, shown_gap

ZERO_KINDS = (VerdictKind.PROVED, VerdictKind.KKT, VerdictKind.EXCLUDED)
"""Verdicts under which a zero counts as verified."""


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """What was certified about a solution.

    Attributes
    ----------
    gap, rel_gap : float
        Duality gap, and over the null loss.
    max_kkt_violation : float
        Over alpha_max.
    kinds : ndarray of uint8, shape (n_features,)
        Codes of `VerdictKind`. Of K outputs with features of their own (n_features, K).
    stationary : bool
        Whether all this is about the last convex problem of a penalty that is not convex.
    unique : bool or None
    twins : tuple of tuple of int
        Features that could swap without changing the objective.
    locally_convex : bool or None
        Of a stationary point of a concave penalty whether the objective is convex on the support;
        None of all other points.
    """

    gap: float
    rel_gap: float
    max_kkt_violation: float
    kinds: NDArray[np.uint8]
    unique: bool | None = None
    twins: tuple[tuple[int, ...], ...] = ()
    stationary: bool = False
    locally_convex: bool | None = None

    @classmethod
    def of(cls, certificate: Certificate) -> Proof:
        """The part of a certificate that a model keeps."""
        c = certificate
        kinds = c.verdicts.kind
        known = c.gap, c.relative_gap, c.kkt_violation, kinds, c.unique, c.twins
        return cls(*known, c.stationary, c.locally_convex)

    @property
    def off(self) -> float:
        """How far it is from solved: the relative gap; of a concave penalty the violation, if less.

        Where a coefficient pays next to nothing a dual point is hard to come by.
        """
        if self.locally_convex is None:
            return self.rel_gap
        return min(self.rel_gap, self.max_kkt_violation)

    @property
    def zeros_total(self) -> int:
        """How many coefficients are zero."""
        return int(np.count_nonzero(self.kinds != VerdictKind.KEPT))

    @property
    def zeros_verified(self) -> int:
        """How many of the zeros are proved, or stand by the optimality conditions."""
        return int(np.isin(self.kinds, ZERO_KINDS).sum())

    def summary(self) -> str:
        """One line: how optimal, and how many zeros are verified; or how stationary."""
        if self.locally_convex is not None:
            curved = "convex" if self.locally_convex else "not convex"
            return (
                f"stationary to {shown_gap(self.max_kkt_violation)} (KKT violation / alpha_max); "
                f"the objective is {curved} on the support; zeros hold at this point, others may "
                "be lower"
            )
        verified, total = self.zeros_verified, self.zeros_total
        how_many = f"all {total}" if verified == total else f"{verified} of {total}"
        zeros = f"; {how_many} zeros verified" if total > 1 else ""
        zeros = f"; the zero is {'' if verified else 'not '}verified" if total == 1 else zeros
        what = "last convex problem solved" if self.stationary else "optimal"
        return f"{what} to {shown_gap(self.rel_gap)} (duality gap / null loss){zeros}"


@dataclass(frozen=True, slots=True, eq=False)
class StagePoint:
    """One stage of a schedule at its solution, as a model keeps it.

    Attributes
    ----------
    name : str
        "prune", "refine", "step 2".
    alpha, l1_ratio : float
        Of this stage.
    penalty_weight : ndarray, shape (n_features,)
        Of this stage; inf excludes.
    coef_std : ndarray, shape (n_features,)
    rel_gap : float
        Of this stage's convex problem.
    earns : ndarray, shape (n_features,), or None
        As in `Point`.
    """

    name: str
    alpha: float
    l1_ratio: float
    penalty_weight: Floats
    coef_std: Floats
    rel_gap: float
    earns: Floats | None = None

    @property
    def tax(self) -> Floats:
        """What each feature must earn; inf if excluded."""
        return taxes(self.alpha, self.l1_ratio, self.penalty_weight)


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """A certified solution at one alpha.

    Attributes
    ----------
    alpha : float
    intercept : float, or ndarray, shape (K,) of K outputs
    coef, coef_std : ndarray, shape (n_features,), or (n_features, K)
        Per unit, and per standard deviation.
    proof : Proof
    earns : ndarray of the shape of ``proof.kinds``, or None
        Earnings measured on the rows (NaN: not kept); None where the books give them.
    stages : tuple of StagePoint
        Of a schedule, whose last stage has these coefficients; empty without one.
    tax : ndarray, shape (n_features,), or None
        What each feature pays, of a penalty beside the elastic net (0 where it is excluded); None
        where it is alpha * l1_ratio * penalty weight.
    """

    alpha: float
    intercept: Any
    coef: Floats
    coef_std: Floats
    proof: Proof
    earns: Floats | None = None
    stages: tuple[StagePoint, ...] = ()
    tax: Floats | None = None

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which features have a coefficient that is not zero, shape (n_features,)."""
        return np.asarray(self.coef != 0.0 if self.coef.ndim == 1 else self.coef.any(axis=1))
