"""The model record: everything a fit leaves behind, and what can be asked of it without rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import numpy as np

from excise.explain import Books, Decoys, Ledger, Stability, VerdictCode, Why
from excise.model.parts import (
    Column,
    CVRecord,
    PathRecord,
    Penalty,
    Point,
    Proof,
    Score,
    Target,
)
from excise.results import Floats

At = float | int | str | None


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted sparse linear model with its proof and its books.

    Made by `build_model` or `load`; pure: every method works from the record alone.

    Attributes
    ----------
    target : Target
    columns : tuple of Column
        The encoded features, in order.
    n_rows : int
    point : Point
        The chosen solution.
    rule : str
        How alpha was chosen: "1se", "min", "alpha" or "n_features".
    alpha_min, alpha_1se, alpha_max : float
    penalty : Penalty
    standardize, fit_intercept : bool
    path : PathRecord
    cv : CVRecord or None
        None when no cross-validation was run.
    books : Books
    saved : tuple of Point
        Other solutions certified on the rows (best, 1-SE).
    stability : Stability or None
    decoys : Decoys or None
    encoding : dict or None
        The recipe of `excise.table`'s encoder; None when made from arrays.
    settings, fingerprints : dict
        How it was made (command, table, versions, seed, folds), and digests of the data.
    warnings : tuple of str
    task : str
    """

    target: Target
    columns: tuple[Column, ...]
    n_rows: int
    point: Point
    rule: str
    alpha_min: float
    alpha_1se: float
    alpha_max: float
    penalty: Penalty
    standardize: bool
    fit_intercept: bool
    path: PathRecord
    cv: CVRecord | None
    books: Books
    saved: tuple[Point, ...] = ()
    stability: Stability | None = None
    decoys: Decoys | None = None
    encoding: dict[str, Any] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    fingerprints: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    created: str = ""
    software: str = ""
    task: str = "number"

    @property
    def alpha(self) -> float:
        """The chosen penalty."""
        return self.point.alpha

    @property
    def tax(self) -> float:
        """What a feature of penalty weight 1 pays: alpha * l1_ratio."""
        return self.alpha * self.penalty.l1_ratio

    @property
    def intercept(self) -> float:
        """On the original scale."""
        return self.point.intercept

    @property
    def coef(self) -> Floats:
        """Coefficients per unit of each column, shape (n_features,)."""
        return self.point.coef

    @property
    def coef_std(self) -> Floats:
        """Coefficients per standard deviation, shape (n_features,)."""
        return self.point.coef_std

    @property
    def certificate(self) -> Proof:
        """What was certified about the chosen solution."""
        return self.point.proof

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the encoded features, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def n_features(self) -> int:
        """Number of encoded features."""
        return len(self.columns)

    @property
    def n_kept(self) -> int:
        """Number of non-zero coefficients."""
        return int(np.count_nonzero(self.coef))

    @property
    def score(self) -> Score | None:
        """R2 at the chosen penalty; None when no cross-validation was run."""
        raise NotImplementedError

    @property
    def verdict(self) -> tuple[VerdictCode, str]:
        """Code and one plain sentence, by the published rule."""
        raise NotImplementedError

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know beside the ledger: borderline features, overlaps."""
        raise NotImplementedError

    def ledger(self, at: At = None) -> Ledger:
        """The ledger at the chosen penalty, or at another: alpha, "min", "1se", int = n kept."""
        raise NotImplementedError

    def why(self, feature: str, at: At = None) -> Why:
        """Why one feature is kept or cut."""
        raise NotImplementedError

    def at(self, at: At = None, *, n_features: int | None = None) -> Model:
        """The same model at another penalty, without a refit and without the rows."""
        raise NotImplementedError

    def equation(self, digits: int = 3) -> str:
        """``target = intercept + coef name ...``, largest earner first."""
        raise NotImplementedError

    def predict(self, Z: Floats) -> Floats:
        """intercept + Z coef for encoded rows Z, shape (n, n_features); cut columns are not read."""
        raise NotImplementedError

    def to_json(self) -> str:
        """The text of the model file."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, text: str) -> Model:
        """From the text of a model file."""
        raise NotImplementedError

    def save(self, path: str | FilePath) -> int:
        """Write the model file atomically; returns its size in bytes."""
        raise NotImplementedError
