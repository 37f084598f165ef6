"""The model record: everything a fit leaves behind, and what can be asked of it without rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from excise.exceptions import InputError
from excise.explain import (
    Books,
    CVRecord,
    Decoys,
    Ledger,
    Point,
    Proof,
    Score,
    Stability,
    VerdictCode,
    Why,
)
from excise.explain.by_stage import StageSummary, summaries
from excise.explain.classes import Separation
from excise.explain.confusion import Confusion
from excise.explain.grid import Grid
from excise.explain.responses import ResponseErrors, ResponseScore, response_scores
from excise.explain.score import Measure, r2
from excise.explain.several import SeveralLedger
from excise.explain.several_why import SeveralWhy
from excise.explain.survivors import RiskGroups
from excise.explain.verdict import Choice, verdict
from excise.explain.why import find
from excise.explain.words import count, figures
from excise.losses import AnyLoss, Squared, loss_of
from excise.model.accounts import ledger_of, notes_of, why_of
from excise.model.choose import alpha_keeping, kept_at
from excise.model.equation import equations
from excise.model.eta import eta_of
from excise.model.move import SAME, here, moved
from excise.model.parts import (
    Column,
    Followup,
    PathRecord,
    Penalty,
    Target,
    command_of,
    outputs_of,
    predictor,
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
    cv : CVRecord
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
    created, software : str
    task : str
        "number", "class" or "survival".
    loss : str
        As in ``loss="tweedie:1.5"``.
    grid : Grid or None
        Where the books do not give them (see `solvable`) the solutions of the whole path.
    measures : tuple of Measure
        Further measures at the saved penalties: accuracy and AUC of classes, concordance.
    separation : Separation or None
        How held-out rows of two classes are told apart at the chosen penalty.
    confusion : Confusion or None
        How held-out rows of several classes are taken for each other at the chosen penalty.
    risk_groups : RiskGroups or None
        How held-out rows survive, in thirds by risk, at the chosen penalty.
    followup : Followup or None
        Of survival times: events, strata, and the baseline hazard at the chosen penalty.
    by_response : tuple of ResponseErrors
        Of several responses the error of each at the saved penalties.
    schedule : str
        Stages of penalties, as in ``--schedule prune:0``; empty without. Every point has its
        stages; entries and exits are told as the grid saw them.
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
    cv: CVRecord
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
    loss: str = "squared"
    grid: Grid | None = None
    measures: tuple[Measure, ...] = ()
    separation: Separation | None = None
    confusion: Confusion | None = None
    risk_groups: RiskGroups | None = None
    followup: Followup | None = None
    schedule: str = ""
    by_response: tuple[ResponseErrors, ...] = ()

    @property
    def alpha(self) -> float:
        """The chosen penalty."""
        return self.point.alpha

    @property
    def tax(self) -> float:
        """What a feature of penalty weight 1 pays: alpha * l1_ratio."""
        return self.alpha * self.penalty.l1_ratio

    @property
    def intercept(self) -> Any:
        """On the original scale; of K outputs an array of shape (K,).

        Of survival times, which have none, minus the average of the terms: they add up to the log
        hazard ratio against the average row.
        """
        if self.data_term.has_intercept:
            return self.point.intercept
        return 0.0 - float(np.array([column.mean for column in self.columns]) @ self.coef)

    @property
    def coef(self) -> Floats:
        """Coefficients per unit of each column, shape (n_features,), or (n_features, K)."""
        return self.point.coef

    @property
    def coef_std(self) -> Floats:
        """Coefficients per standard deviation, in the same shape."""
        return self.point.coef_std

    @property
    def certificate(self) -> Proof:
        """What was certified about the chosen solution."""
        return self.point.proof

    @property
    def worst_gap(self) -> float:
        """Relative gap of the chosen solution; of a schedule the largest of all its stages.

        Of a concave penalty how far it is from stationary.
        """
        gaps = (stage.rel_gap for stage in self.point.stages)
        return max(self.point.proof.off, *gaps, 0.0)

    @property
    def solvable(self) -> bool:
        """Whether the books give the solution at any penalty, without the rows."""
        if self.schedule or self.outputs or not isinstance(self.data_term, Squared):
            return False
        form = self.penalty.form
        return form is None or (form.convex and self.books.complete)

    @property
    def stages(self) -> list[StageSummary]:
        """What every stage of the schedule did; empty without one."""
        return summaries(self.point.stages)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the encoded features, in order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def data_term(self) -> AnyLoss:
        """The loss as an object: its link, its mean."""
        return loss_of(self.loss)

    @property
    def predictor(self) -> str:
        """What intercept and terms add up to: ``log-odds of yes``, ``log of visits``, ``price``."""
        return predictor(self.target, self.data_term)

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Names of several outputs, classes or responses; empty where there is one predictor."""
        return outputs_of(self.target, self.data_term)

    @property
    def noun(self) -> str:
        """What each of several outputs is: "class" or "response"."""
        return "class" if self.task == "class" else "response"

    @property
    def predictors(self) -> tuple[str, ...]:
        """What intercept and terms of each of several outputs add up to: ``score of setosa``."""
        score = "score of " if self.task == "class" else ""
        return tuple(f"{score}{name}" for name in self.outputs)

    @property
    def n_features(self) -> int:
        """Number of encoded features."""
        return len(self.columns)

    @property
    def n_kept(self) -> int:
        """Number of features with a coefficient that is not zero."""
        return int(np.count_nonzero(self.point.kept))

    @property
    def score(self) -> Score | None:
        """R2 at the chosen penalty; None below the lowest alpha that was cross-validated."""
        if self.alpha < self.cv.alphas[-1] * (1.0 - SAME):
            return None
        return self.cv.score(self.alpha)._replace(train=self.train_score)

    def measured(self, name: str) -> Measure | None:
        """A further measure at the chosen penalty; None where it was not taken."""
        return here([m for m in self.measures if m.name == name], self.alpha)

    @property
    def response_scores(self) -> tuple[ResponseScore, ...]:
        """How well each of several responses is predicted; empty where it was not measured."""
        found = here(self.by_response, self.alpha)
        return () if found is None else response_scores(found, self.outputs)

    @property
    def train_score(self) -> float:
        """R2 on the training rows, from the moments; D2, from the curve, for another loss."""
        if self.books.additive:
            return r2(self.books.train_error(self.coef_std), self.cv.null_train)
        return r2(self.cv.at(self.alpha).train, self.cv.null_train)

    @property
    def verdict(self) -> tuple[VerdictCode, str]:
        """Code and one plain sentence, by the published rule."""
        points = (self.point, *self.saved)
        chosen, best, one_se = (
            Choice(alpha, kept_at(self.path, points, alpha), alpha * self.penalty.unit)
            for alpha in (self.alpha, self.alpha_min, self.alpha_1se)
        )
        if self.followup is not None:
            return verdict(self.cv, chosen, best, one_se, self.followup.n_events, "event")
        return verdict(self.cv, chosen, best, one_se, self.n_rows)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know beside the ledger: borderline features, overlaps, hints."""
        return notes_of(self)

    def ledger(self, at: At = None) -> Ledger | SeveralLedger:
        """The ledger at the chosen penalty, or at another: alpha, "min", "1se", int = n kept."""
        return self._ledger if at is None else self.at(at)._ledger

    @cached_property
    def _ledger(self) -> Ledger | SeveralLedger:
        return ledger_of(self)

    def why(self, feature: str, at: At = None) -> Why | SeveralWhy:
        """Why one feature is kept or cut."""
        j = find(feature, self.columns)
        return why_of(self if at is None else self.at(at), j)

    @property
    def command(self) -> str:
        """The shortest command that makes this model; empty when it was not made from a file."""
        return command_of(self.settings, self.target, self.loss, self.penalty, self.schedule)

    def at(self, at: At = None, *, n_features: int | None = None) -> Model:
        """The same model at another penalty, without a refit and without the rows.

        Parameters
        ----------
        at : float, int, "min", "1se" or None
            An alpha; or the best, the 1-SE one; or, for an int, as `n_features`.
        n_features : int
            The highest alpha of the path that keeps this many features.

        Raises
        ------
        InputError
            Unknown rule, negative alpha, a number of features the path never has, or an alpha at
            which features are kept whose moments are not in the record.
        """
        if isinstance(at, np.generic):
            at = at.item()
        if isinstance(at, int) and not isinstance(at, bool):
            n_features = at
        if n_features is not None:
            return moved(self, alpha_keeping(self._reachable, n_features), "n_features")
        if at is None:
            return self
        named = {"min": self.alpha_min, "1se": self.alpha_1se}
        if isinstance(at, str):
            if at not in named:
                raise InputError(f"unknown rule {at!r}", ["valid: min, 1se, an alpha, a count"])
            return moved(self, named[at], at)
        if isinstance(at, bool) or not np.isfinite(at) or at < 0.0:
            raise InputError(f"alpha must be a finite number >= 0, not {at!r}")
        return moved(self, float(at), "alpha")

    @property
    def _reachable(self) -> PathRecord:
        """The path as far as the record can be moved along it: between events, or on its grid."""
        exact = self.solvable and self.penalty.form is None
        return self.path if exact else replace(self.path, events=())

    def equation(self, digits: int = 3) -> str:
        """``target = intercept + coef name ...``, largest coefficient per deviation first.

        For another loss than the squared one the left side says what is added up: the log-odds,
        or the logarithm of the target. Several outputs have a line each.
        """
        return "\n".join(equations(self, digits))

    def predict(self, Z: Floats, offset: Floats | None = None) -> Floats:
        """The mean of the target for encoded rows Z, shape (n, n_features).

        Of two classes it is the probability of the second level (for the squared hinge a score
        between 0 and 1), of survival times the hazard over that of the average row. K outputs have
        a column each: of classes their probabilities. Cut columns are not read. A model that was
        fitted with an offset needs that of these rows, of the shape of the prediction.
        """
        return self.data_term.mean(self.eta(Z, offset))

    def eta(self, Z: Floats, offset: Floats | None = None) -> Floats:
        """Offset, intercept and terms added up, for encoded rows Z; `predictor` says of what."""
        return eta_of(self, Z, offset)

    def survival(
        self,
        Z: Floats,
        times: ArrayLike,
        strata: ArrayLike | None = None,
        offset: Floats | None = None,
    ) -> Floats:
        """Probability of no event up to each time, for encoded rows Z.

        Parameters
        ----------
        Z : ndarray, shape (n, n_features)
        times : array-like, shape (n_times,)
            After the last event it is not known, and stays.
        strata : array-like of str, shape (n,), optional
            Needed exactly when the model has strata.
        offset : array, shape (n,), optional
            Needed exactly when the model was fitted with one.

        Returns
        -------
        ndarray, shape (n, n_times)

        Raises
        ------
        InputError
            No model of survival times, or one whose baseline was left out.
        """
        from excise.model.survival import survival_of

        return survival_of(
            self, self.predict(Z, offset), np.asarray(times, dtype=np.float64), strata
        )

    def to_json(self) -> str:
        """The text of the model file."""
        from excise.model.file import to_json

        return to_json(self)

    @classmethod
    def from_json(cls, text: str) -> Model:
        """From the text of a model file."""
        from excise.model.file import from_json

        return from_json(text)

    def save(self, path: str | FilePath) -> int:
        """Write the model file atomically; returns its size in bytes."""
        from excise.model.file import save

        return save(self, path)

    def __repr__(self) -> str:
        kept = f"kept {self.n_kept} of {count(self.n_features, 'feature')}"
        return f"Model({self.target.name}: alpha={figures(self.alpha)}, {kept}, {self.verdict[0]})"
