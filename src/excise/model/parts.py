"""The parts of a model record: small frozen objects, each a member of the model file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from excise.results import Certificate, Event, Floats, SparseColumns, VerdictKind

ZERO_KINDS = (VerdictKind.PROVED, VerdictKind.KKT, VerdictKind.EXCLUDED)
"""Verdicts under which a zero counts as verified."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is predicted; `levels` is empty for a number."""

    name: str = "y"
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One encoded feature.

    Attributes
    ----------
    name : str
        ``bmi``, ``region=North``, ``bmi is missing``.
    kind : str
        "number", "yes/no", "category", "date" or "missing".
    source : str
        The table column it was made from.
    levels : tuple of str
        What 0 and 1 stand for (yes/no), or the level that 1 marks (category).
    fill : float or None
        Value put in for a missing entry.
    mean, scale : float
        Weighted centre and standard deviation on the training rows; scale 0 if constant.
    penalty_weight : float
        Factor on the tax: 0 is tax-free, infinity excludes.
    lower, upper : float
        Bounds of the coefficient.
    unit : str
        Of the column's values, if known.
    """

    name: str
    kind: str = "number"
    source: str = ""
    levels: tuple[str, ...] = ()
    fill: float | None = None
    mean: float = 0.0
    scale: float = 1.0
    penalty_weight: float = 1.0
    lower: float = -np.inf
    upper: float = np.inf
    unit: str = ""

    @property
    def group(self) -> str:
        """The table column it was made from, or its own name."""
        return self.source or self.name

    @property
    def level(self) -> str | None:
        """The level that 1 marks, for a category."""
        return self.levels[-1] if self.kind == "category" and self.levels else None


@dataclass(frozen=True, slots=True)
class Penalty:
    """kind is "l1", "elastic" or "ridge"."""

    kind: str = "l1"
    l1_ratio: float = 1.0


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
        Codes of `VerdictKind`.
    unique : bool or None
    twins : tuple of tuple of int
        Features that could swap without changing the objective.
    """

    gap: float
    rel_gap: float
    max_kkt_violation: float
    kinds: NDArray[np.uint8]
    unique: bool | None = None
    twins: tuple[tuple[int, ...], ...] = ()

    @classmethod
    def of(cls, certificate: Certificate) -> Proof:
        """The part of a certificate that a model keeps."""
        c = certificate
        kinds = c.verdicts.kind
        return cls(c.gap, c.relative_gap, c.kkt_violation, kinds, c.unique, c.twins)

    @property
    def zeros_total(self) -> int:
        """How many coefficients are zero."""
        return int(np.count_nonzero(self.kinds != VerdictKind.KEPT))

    @property
    def zeros_verified(self) -> int:
        """How many of the zeros are proved, or stand by the optimality conditions."""
        return int(np.isin(self.kinds, ZERO_KINDS).sum())

    def summary(self) -> str:
        """One line: how optimal, and how many zeros are verified."""
        verified, total = self.zeros_verified, self.zeros_total
        how_many = f"all {total}" if verified == total else f"{verified} of {total}"
        zeros = f"; {how_many} zeros verified" if total > 1 else ""
        zeros = f"; the zero is {'' if verified else 'not '}verified" if total == 1 else zeros
        return f"optimal to {self.rel_gap:.0e} (duality gap / null loss){zeros}"


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """A certified solution at one alpha.

    Attributes
    ----------
    alpha, intercept : float
    coef, coef_std : ndarray, shape (n_features,)
        Per unit, and per standard deviation.
    proof : Proof
    earns : ndarray, shape (n_features,), or None
        Earnings measured on the rows; None where the books give them.
    """

    alpha: float
    intercept: float
    coef: Floats
    coef_std: Floats
    proof: Proof
    earns: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PathRecord:
    """The path as drawn: coefficients per standard deviation on the grid, and every event.

    Attributes
    ----------
    alphas : ndarray, shape (n_alphas,)
        Falling.
    coefs_std : SparseColumns
        A column per alpha, in single precision: for drawing; `Model.at` is exact.
    events : tuple of Event
        Every entry and exit, by falling alpha.
    """

    alphas: Floats
    coefs_std: SparseColumns
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class CVRecord:
    """Held-out error along the grid.

    Attributes
    ----------
    mean, se, train : ndarray, shape (n_alphas,)
        Held-out mean squared error, its standard error over folds, and the error on all rows.
    null, null_se, null_train : float
        The same for the mean alone.
    n_folds, repeats, n_extensions : int
    metric : str
    """

    mean: Floats
    se: Floats
    train: Floats
    null: float
    null_se: float
    null_train: float
    n_folds: int
    repeats: int = 1
    n_extensions: int = 0
    metric: str = "mean squared error"


@dataclass(frozen=True, slots=True)
class Score:
    """R2 = 1 - error / error of the mean: in cross-validation, its standard error, on the rows."""

    cv: float
    se: float
    train: float
    metric: str = "R2"
