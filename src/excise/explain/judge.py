"""What else there is to measure on held-out rows, beside the error of the folds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from excise.cross_validation import Imputation
from excise.explain.classes import ClassReport, class_report
from excise.explain.responses import ResponsesReport, responses_report
from excise.explain.survivors import SurvivalReport, survival_report
from excise.folds import Folds
from excise.problem import Problem
from excise.results import Floats

Report = ClassReport | SurvivalReport | ResponsesReport
Judge = Callable[[Floats, float], Report]
"""Falling alphas and the chosen one of them in, a report out."""


def judge_of(problem: Problem, folds: Folds, imputation: Imputation | None = None) -> Judge | None:
    """Of classes, survival times and several responses; None where the folds have said all."""
    if problem.survival is not None:
        return partial(survival_report, problem, folds, imputation=imputation)
    if problem.loss.of_classes:
        return partial(class_report, problem, folds, imputation=imputation)
    if problem.outputs > 1:
        return lambda alphas, _: responses_report(problem, folds, alphas, imputation)
    return None
