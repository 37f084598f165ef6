"""Models of survival times, on small tables with ties, late entries and strata."""

from __future__ import annotations

from functools import cache
from typing import Any

from survival_reference import Array, survival_data

from excise.cross_validation import fit_cv
from excise.explain.judge import judge_of
from excise.folds import Folds, make_folds
from excise.model import Model, Target, build_model
from excise.problem import Problem, make_problem
from excise.results import CrossValidation
from excise.survival import Survival

KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "efron": {"ties": "efron"},
    "entry": {"entry": True},
    "strata": {"strata": True},
    "both": {"entry": True, "strata": True, "ties": "efron"},
}


def times_of(kind: str) -> tuple[Array, Survival]:
    """The columns and the times of a kind."""
    settings = {name: value for name, value in KINDS[kind].items() if name != "ties"}
    return survival_data(n=150, seed=4, **settings)


def ties_of(kind: str) -> str:
    """Whose ties."""
    return str(KINDS[kind].get("ties", "breslow"))


@cache
def problem_of(kind: str) -> Problem:
    """The checked problem."""
    return make_problem(*times_of(kind), loss=f"cox:{ties_of(kind)}", standardize=True)


@cache
def folds_of(kind: str) -> Folds:
    """Five folds, each with its share of events."""
    y = times_of(kind)[1]
    return make_folds(len(y), 5, stratify=y.event, random_state=0)


@cache
def crossed(kind: str) -> CrossValidation:
    """A cross-validated path."""
    return fit_cv(*times_of(kind), cv=5, alphas=30, loss=f"cox:{ties_of(kind)}", standardize=True)


@cache
def survival_model(kind: str = "plain", alpha: float | None = None) -> Model:
    """Its record, judged on the same folds."""
    y = times_of(kind)[1]
    target = Target(
        "months",
        event="died",
        entry="from" if y.entry is not None else "",
        strata="site" if y.strata is not None else "",
    )
    judge = judge_of(problem_of(kind), folds_of(kind))
    return build_model(
        crossed(kind), target=target, stability=6, decoys=20, judge=judge, alpha=alpha
    )
