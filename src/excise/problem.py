"""What is solved: the data and the objective, checked once and never changed.

minimise over b0, b:   sum_i w_i l(y_i, eta_i) / sum_i w_i
                       + alpha * sum_j v_j (l1_ratio |b_j| + (1 - l1_ratio) b_j^2 / 2)
with  eta = b0 + offset + X coef,   lower_j <= coef_j <= upper_j,
b = coef, or coef * (standard deviation of x_j) with standardize=True.
With K outputs b_j is a row of K numbers and l sums over them, or couples them; |b_j| and b_j^2 are
sums over k, or, grouped, the Euclidean norm and its square.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from excise.arguments import (
    check_bounds,
    check_grouped,
    check_groups,
    check_n_threads,
    check_offset,
    check_penalty_weight,
    check_sample_weight,
    l1_share,
)
from excise.checks import (
    Names,
    check_flag,
    check_number,
    check_positive,
    is_sparse,
    name_of,
    numbers,
    refuse_non_finite,
    table,
)
from excise.compressed import compressed, refuse_non_finite_entries
from excise.design import Design, SparseDesign
from excise.exceptions import InputError
from excise.groups import Groups, rows_of_coefficients
from excise.losses import AnyLoss, loss_of
from excise.penalties import GroupPenalty, Penalty, penalty_of
from excise.results import Floats
from excise.schedules import Schedule
from excise.schedules.parse import schedule_of
from excise.survival import Survival


@dataclass(frozen=True, eq=False)
class Problem:
    """Checked data and settings; X is the caller's own table, never copied, never written to.

    Attributes
    ----------
    design : Design, shape (n, p)
        The table as it is stored.
    y : ndarray, shape (n,), or (n, K) of K outputs
        Of a Cox model the events.
    sample_weight : ndarray, shape (n,), or None
        As given: only their ratios matter.
    offset : ndarray of the shape of y, or None
    penalty_weight : ndarray, shape (p,)
        0 = never penalised, inf = excluded.
    lower, upper : ndarray, shape (p,)
        Bounds on the coefficients per unit of x (the original scale), lower <= 0 <= upper; they
        are those of all outputs.
    l1_ratio : float
        Share of |b| in the penalty.
    penalty : Penalty or None
        None: the elastic net with this `l1_ratio`; else what stands in its place.
    standardize : bool
        Whether the penalty acts on coefficients per standard deviation.
    tol : float
        Wanted relative gap.
    n_threads : int or None
    loss : AnyLoss
    feature_names : tuple of str or None
        Of a data frame.
    survival : Survival or None
        Of a Cox model.
    grouped : bool
        Whether a feature is in or out for all outputs together; False with one output.
    schedule : Schedule or None
        What follows on the first solution.
    """

    design: Design
    y: Floats
    sample_weight: Floats | None
    offset: Floats | None
    penalty_weight: Floats
    lower: Floats
    upper: Floats
    l1_ratio: float
    fit_intercept: bool
    standardize: bool
    tol: float
    n_threads: int | None
    loss: AnyLoss
    feature_names: tuple[str, ...] | None
    survival: Survival | None = None
    grouped: bool = False
    schedule: Schedule | None = None
    penalty: Penalty | None = None

    @property
    def outputs(self) -> int:
        """K, the number of predictors of a row."""
        return 1 if self.y.ndim == 1 else int(self.y.shape[1])

    @cached_property
    def groups(self) -> Groups | None:
        """Which coefficients are in or out together; None: each by itself."""
        if self.grouped:
            return rows_of_coefficients(self.p, self.outputs)
        return None if self.group_tax is None else self.group_tax.parts

    @property
    def group_tax(self) -> GroupPenalty | None:
        """The penalty, if it is one of groups of features; where they are the lasso it is none."""
        kind = self.penalty
        grouped = isinstance(kind, GroupPenalty) and not kind.overlaps and kind.own_share < 1.0
        return kind if isinstance(kind, GroupPenalty) and grouped else None

    @property
    def n(self) -> int:
        """Number of rows."""
        return int(self.design.shape[0])

    @property
    def p(self) -> int:
        """Number of features."""
        return int(self.design.shape[1])

    @property
    def centred(self) -> bool:
        """Whether columns are centred: with an intercept, and where one would change nothing."""
        return self.fit_intercept or not self.loss.has_intercept

    @cached_property
    def weights(self) -> Floats:
        """Sample weights with sum 1."""
        if self.sample_weight is None:
            return np.full(self.n, 1.0 / self.n)
        relative: Floats = self.sample_weight / self.sample_weight.max()
        return relative / float(relative.sum())

    def refuse_non_finite(self) -> None:
        """Look through X for numbers that no arithmetic survives, and name the first."""
        refuse_non_finite(self.design, self.feature_names)

    def feature(self, j: int) -> str:
        """How a message calls feature `j`."""
        return name_of("feature", j, self.feature_names)


def make_problem(
    X: Any,
    y: Any,
    *,
    loss: str | AnyLoss = "squared",
    penalty: str | Penalty = "l1",
    l1_ratio: float = 1.0,
    penalty_weight: Any = None,
    bounds: Any = None,
    schedule: Schedule | str | None = None,
    sample_weight: Any = None,
    offset: Any = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    tol: float = 1e-10,
    n_threads: int | None = None,
    grouped: bool | None = None,
) -> Problem:
    """Check everything once, except the numbers of X, and return the `Problem`.

    Those who read X anyway refuse NaN, infinity and numbers too large to subtract: see
    `refuse_non_finite`.

    Parameters
    ----------
    X : array, data frame, scipy sparse array or matrix, or Design, shape (n, p)
        Numbers are read where they lie wherever that is possible; docs/designs.md says when.
    y : array, shape (n,) or (n, K)
        Several responses for the squared loss; shares of K classes, a 1 for the class of each row,
        for the multinomial one. For the Cox model times and events: see `excise.Survival`.
    loss : str or AnyLoss, default="squared"
        A name of `excise.losses.LOSSES`, with its parameter after a colon where it has one, as in
        "quantile:0.9"; or "multinomial"; or "cox" (Breslow's ties), "cox:efron".
    penalty : {"l1", "elastic:0.5", "elastic", "ridge"} or Penalty
        "elastic" alone means "elastic:0.5" unless `l1_ratio` says otherwise. Others, by name or as
        an object, are in `excise.penalties`.
    l1_ratio : float in [0, 1]
    penalty_weight : array, shape (p,), optional
        >= 0; 0 = never penalised, inf = excluded.
    bounds : None, "positive" or (lower, upper)
        Numbers or one per feature, on the original scale, lower <= 0 <= upper.
    schedule : Schedule or str, optional
        Stages of penalty weights, each made from the last solution: see `excise.schedules`. As a
        text: "prune:0", "adaptive:ridge:1+prune:0". It takes one output.
    sample_weight : array, shape (n,), optional
        >= 0; an integer weight is a repeated row, 0 a removed one.
    offset : array of the shape of y, optional
    fit_intercept, standardize : bool
        The Cox model never has an intercept.
    tol : float
        Wanted gap over the loss at b = 0.
    n_threads : int, optional
    grouped : bool, optional
        Whether a feature is in or out for all K outputs together, its penalty the Euclidean norm
        of its K coefficients; if left out, yes for several responses and no for classes. It has
        no bounds.

    Raises
    ------
    InputError
        A value that cannot be used: the message says which, where, and what to do.
    InputTypeError
        A kind of data that cannot be used.
    """
    design, names = _design(X)
    n, p = design.shape
    data_term = loss_of(loss)
    goal, survival = data_term.target(y, n)
    stages = schedule_of(schedule)
    if stages is not None and goal.ndim > 1:
        what, remedy = "one output", "a fit for each column of y, or schedule=None"
        if data_term.of_classes:
            what, remedy = "two classes", "schedule=None, or one class against the rest"
        raise InputError(f"a schedule takes {what}, but y has {goal.shape[1]}", remedy=remedy)
    lower, upper = check_bounds(bounds, p, names)
    weight = check_sample_weight(sample_weight, len(goal))
    intercept = check_flag("fit_intercept", fit_intercept) and data_term.has_intercept
    data_term.check_target(goal, weight, intercept)
    together = check_grouped(grouped, goal, data_term, bounds)
    kind = penalty_of(penalty)
    weights = check_penalty_weight(penalty_weight, p, names)
    if kind is not None:
        kind = kind.settled(p, names)
        kind.check(weights, names)
    if isinstance(kind, GroupPenalty):
        check_groups(goal, bounds)
    if kind is not None and stages is not None:
        raise InputError(
            f"penalty {kind.name!r} and a schedule cannot be used together",
            ["a schedule's stages are weighted elastic nets"],
            "one of the two",
        )
    return Problem(
        design=design,
        y=goal,
        sample_weight=weight,
        offset=check_offset(offset, goal),
        penalty_weight=weights,
        lower=lower,
        upper=upper,
        l1_ratio=l1_share(penalty if isinstance(penalty, str) and not kind else "l1", l1_ratio),
        fit_intercept=intercept,
        standardize=check_flag("standardize", standardize),
        tol=check_positive("tol", tol),
        n_threads=check_n_threads(n_threads),
        loss=data_term,
        feature_names=names,
        survival=survival,
        grouped=together,
        schedule=stages,
        penalty=kind,
    )


def _design(X: Any) -> tuple[Design, Names]:
    """How X is stored, and its column names; the entries of a sparse X are looked at here."""
    if not is_sparse(X):
        return table(X)
    arrays = compressed(X)
    refuse_non_finite_entries(arrays)
    design = SparseDesign(arrays)
    design.finite = True  # rows of weight zero too: nobody need look again
    return design, None


def check_intercept(intercept: Any, problem: Problem) -> Any:
    """Intercepts of any tool: finite, one per output, and 0 where the problem has none."""
    value: Any
    if problem.outputs == 1:
        value = check_number("intercept", intercept)
    else:
        value = numbers("intercept", intercept)
        if value.shape != (problem.outputs,):
            raise InputError(
                f"intercept must have shape ({problem.outputs},), one per output, got {value.shape}"
            )
    if not np.all(np.isfinite(value)):
        raise InputError(f"intercept is {value}; it must be finite")
    if np.any(value != 0.0) and not problem.fit_intercept:
        remedy = "pass 0.0" if problem.outputs == 1 else "pass zeros"
        raise InputError(f"intercept is {value}, but fit_intercept is False", remedy=remedy)
    return value


def check_coef(coef: Any, problem: Problem) -> Floats:
    """Coefficients of any tool: finite, one per feature, and output if there are several."""
    values, K = numbers("coef", coef), problem.outputs
    if values.shape != ((problem.p,) if K == 1 else (problem.p, K)):
        wanted = f"({problem.p},), one per feature"
        remedy = "coef.ravel()" if values.size == problem.p else ""
        if K > 1:
            wanted = f"({problem.p}, {K}), one per feature and output"
            remedy = "coef.T" if values.shape == (K, problem.p) else ""
        raise InputError(f"coef must have shape {wanted}, got {values.shape}", remedy=remedy)
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        place = tuple(int(i) for i in wrong[0])
        of = "".join(f", output {k}" for k in place[1:])
        raise InputError(f"coef is {values[place]} for {problem.feature(place[0])}{of}")
    return values
