"""The cross-validation of `excise fit`: weights, groups, times and classes of a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from excise import cross_validation
from excise.arguments import l1_share
from excise.cli.fit_options import FitOptions
from excise.exceptions import InputError
from excise.explain.judge import Judge, judge_of
from excise.explain.words import count
from excise.folds import TRAIN, Folds, make_folds
from excise.losses import AnyLoss, Multinomial
from excise.penalties import GroupLasso
from excise.problem import Problem, make_problem
from excise.results import CrossValidation, Floats
from excise.survival import Survival
from excise.table import Encoded, Table, codes_of, numbers_of


@dataclass(frozen=True, eq=False)
class Crossed:
    """A cross-validation, with the problem and the folds for further measures."""

    cv: CrossValidation
    problem: Problem
    folds: Folds

    def judge(self, encoded: Encoded) -> Judge | None:
        """What else there is to measure of classes and of survival times."""
        return judge_of(self.problem, self.folds, encoded.imputation)


def cross_validate(
    table: Table, encoded: Encoded, loss: AnyLoss, options: FitOptions, threads: int | None
) -> Crossed:
    """The path on all training rows, and its held-out error."""
    encoded.require_folds(options.folds)
    problem = _problem(table, encoded, loss, options, threads)
    folds = _folds(table, encoded, problem, options)
    found = cross_validation.cross_validate_problem(
        problem,
        folds,
        "min" if options.rule.kind == "min" else "1se",
        alphas=options.grid,
        alpha_min_ratio=options.ratio,
        imputation=encoded.imputation,
    )
    return Crossed(found, found.path.problem, folds)  # with the schedule that was chosen


def _folds(table: Table, encoded: Encoded, problem: Problem, options: FitOptions) -> Folds:
    """Groups stay together, times go forward, every fold has its share of classes and events."""
    rows = encoded.rows
    groups = codes_of(table, options.group, rows) if options.group else None
    if groups is not None and (found := len(np.unique(groups))) < options.folds:
        raise InputError(
            f"{count(found, 'group')} of {options.group!r} cannot fill {options.folds} folds",
            remedy=f"--folds {found}" if found > 1 else "another --group",
        )
    time: NDArray[np.float64] | None = None
    if options.time:
        time = numbers_of(table, options.time, rows, "time")
    folds = make_folds(
        len(rows),
        options.folds,
        groups=groups,
        time=time,
        stratify=cross_validation.classes_of(problem) if time is None else None,
        repeats=options.repeats,
        random_state=options.seed,
    )
    if problem.loss.of_classes or problem.survival is not None:
        _refuse_untrainable(folds, encoded, options)
    return folds


def _refuse_untrainable(folds: Folds, encoded: Encoded, options: FitOptions) -> None:
    """Groups and times may leave a fold without a class, or an event, to learn."""
    levels = encoded.target.levels
    several = len(levels) > 2
    for k, roles in enumerate(folds.roles):
        seen = np.unique(encoded.y[roles == TRAIN])
        lost = [level for code, level in enumerate(levels) if code not in seen]
        if several and lost:
            raise InputError(
                f"fold {k + 1} of {len(folds)} trains without a row of {lost[0]!r}",
                [f"{'--time' if options.time else '--group'} decides which rows train"],
                "fewer --folds" if options.folds > 2 else "another column",
            )
        if (len(seen) < 2) if levels else not seen.any():
            alone = f"of {levels[int(seen[0])]!r} only" if levels else "without an event"
            flag = "--time" if options.time else "--group"
            raise InputError(
                f"fold {k + 1} of {len(folds)} trains on rows {alone}",
                [f"{flag} decides which rows train"],
                "fewer --folds" if options.folds > 2 else f"no {flag}",
            )


def _target(encoded: Encoded, loss: AnyLoss) -> Floats | Survival:
    """As the loss takes it: of several classes a column for each."""
    if encoded.survival is not None:
        return encoded.survival
    if isinstance(loss, Multinomial):
        return np.asarray(np.eye(len(encoded.target.levels))[encoded.y.astype(np.intp)])
    return encoded.y


def categories(encoded: Encoded) -> list[list[int]]:
    """The columns of every category, that of its missing values too; one column alone is none."""
    found: dict[str, list[int]] = {}
    for j, column in enumerate(encoded.columns):
        found.setdefault(column.group, []).append(j)
    kinds = [column.kind for column in encoded.columns]
    return [
        members
        for members in found.values()
        if len(members) > 1 and any(kinds[j] == "category" for j in members)
    ]


def whole_categories(encoded: Encoded) -> GroupLasso | None:
    """The group lasso with a group for every category; None where there is none."""
    groups = categories(encoded)
    return GroupLasso(groups, rest="alone") if groups else None


def _problem(
    table: Table, encoded: Encoded, loss: AnyLoss, options: FitOptions, threads: int | None
) -> Problem:
    rows, named, offset = encoded.rows, options.weights, options.offset
    whole = whole_categories(encoded) if options.whole_categories else None
    return make_problem(
        encoded.X,
        _target(encoded, loss),
        loss=loss,
        grouped=options.grouped if isinstance(loss, Multinomial) else None,
        penalty=options.penalty if whole is None else whole,
        l1_ratio=1.0 if whole is None else l1_share(options.penalty),
        penalty_weight=np.array([column.penalty_weight for column in encoded.columns]),
        bounds="positive" if options.nonnegative else None,
        sample_weight=numbers_of(table, named, rows, "weights") if named else None,
        offset=numbers_of(table, offset, rows, "offset") if offset else None,
        standardize=not options.no_scale,
        tol=options.tol,
        n_threads=threads,
        schedule=options.schedule,
    )
