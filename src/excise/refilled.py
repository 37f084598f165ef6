"""A table whose missing values are filled again, from the rows that train in a fold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from excise.design import ArrayDesign
from excise.exceptions import InputError
from excise.folds import TRAIN
from excise.problem import Problem

if TYPE_CHECKING:
    from excise.cross_validation import Imputation
    from excise.folds import Folds

MOST_CELLS = 100_000_000
"""Cells of all copies together: 800 MB."""


def refilled(problem: Problem, roles: Any, imputation: Imputation | None) -> Problem:
    """The problem on a copy of X with the fills of this fold; itself where nothing is filled."""
    if imputation is None:
        return problem
    X = np.empty((problem.n, problem.p), order="F")
    done = 0
    for here, block in problem.design.blocks(np.arange(problem.p)):
        X[:, done : done + len(here)] = block
        done += len(here)
    off = imputation.refit(roles == TRAIN) - imputation.fill
    X[:, imputation.columns] += off * X[:, imputation.indicators]
    return replace(problem, design=ArrayDesign(X))


def refuse_large(problem: Problem, folds: Folds, imputation: Imputation | None) -> None:
    """An error where the copies of all folds would take too much memory."""
    if imputation is None or problem.n * problem.p * len(folds) <= MOST_CELLS:
        return
    raise InputError(
        "the table is too large to fill it again in every fold of a schedule",
        [f"{problem.n:,} rows, {problem.p:,} columns, {len(folds)} folds"],
        "rows without missing values, fewer folds, or no schedule",
    )
