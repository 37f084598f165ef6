"""What features cost, what they may cost together, and how a cost becomes a tax."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from excise.checks import check_number, numbers
from excise.exceptions import InputError, InputTypeError
from excise.problem import Problem
from excise.results import Floats
from excise.schedules.base import check_share, scaled

ROUNDING = 1e-9
"""Sums of costs may exceed a budget by this share of it: 0.1 + 0.2 is within 0.3."""


class Limit(NamedTuple):
    """What features may cost together: `cost` per feature, at most `most`; counted, each costs 1.

    `name`: the argument that set it.
    """

    name: str
    cost: Floats
    most: float

    @property
    def top(self) -> float:
        """`most`, with room for rounding."""
        return self.most * (1.0 + ROUNDING)

    def breaks(self, features: Any) -> bool:
        """Whether these features together are too many, or too dear."""
        return bool(self.cost[np.asarray(features, dtype=np.intp)].sum() > self.top)

    def check_always(self, always: Collection[int]) -> None:
        """Refuse features without a penalty, which are always kept, that break the limit alone."""
        kept = sorted(always)
        if not self.breaks(kept):
            return
        total = float(self.cost[kept].sum())
        what = f"{total:g} features have" if self.name == "n_features" else "the features with"
        tail = "" if self.name == "n_features" else f" cost {total:g}"
        raise InputError(
            f"{what} no penalty{tail}, which is more than {self.name} = {self.most:g}",
            ["a feature without a penalty is always kept"],
            "a penalty_weight above 0 for some; infinity excludes a feature",
        )


def limits_of(problem: Problem, n_features: Any, cost: Floats | None, budget: Any) -> list[Limit]:
    """The limits that were asked for, at least one."""
    limits = []
    if n_features is not None:
        limits.append(Limit("n_features", np.ones(problem.p), float(_count(n_features))))
    if (cost is None) != (budget is None):
        given, missing = ("budget", "cost") if cost is None else ("cost", "budget")
        raise InputError(f"{given} is given without {missing}", remedy="cost=..., budget=...")
    if cost is not None:
        limits.append(Limit("budget", cost, _budget(budget)))
    if not limits:
        raise InputError("no limit is given", remedy="n_features=3, or cost=... with budget=...")
    return limits


def cost_of(cost: Any, problem: Problem) -> Floats:
    """Costs of all features, finite and not negative."""
    if isinstance(cost, Mapping):
        cost = _by_name(cost, problem)
    values = numbers("cost", cost)
    if values.shape != (problem.p,):
        raise InputError(
            f"cost must have shape ({problem.p},), one per feature, got {values.shape}"
        )
    wrong = np.flatnonzero(~((values >= 0.0) & (values < np.inf)))
    if len(wrong):
        j = int(wrong[0])
        raise InputError(
            f"cost is {values[j]} for {problem.feature(j)}; it must be finite and >= 0",
            remedy="penalty_weight = inf for what cannot be had" if values[j] == np.inf else "",
        )
    return values


def taxed(weight: Floats, cost: Floats, share: Any) -> Floats:
    """Penalty weights with this share of them in proportion to the cost; 0 and infinity stay."""
    share = check_share("cost_share", share)
    mean = float(cost.mean())
    relative = cost / mean if mean > 0.0 else np.ones_like(cost)
    return scaled(weight, 1.0 - share + share * relative)


def _by_name(cost: Mapping[Any, Any], problem: Problem) -> Floats:
    names = problem.feature_names
    if names is None:
        raise InputTypeError(
            "cost names columns, but X has no names", remedy="a number per feature, or a data frame"
        )
    values = np.zeros(problem.p)
    for name, value in cost.items():
        if name not in names:
            raise InputError(f"cost names {name!r}, which is no column of X")
        values[names.index(name)] = check_number(f"cost of {name!r}", value)
    return values


def _count(n_features: Any) -> int:
    if isinstance(n_features, bool) or not isinstance(n_features, (int, np.integer)):
        raise InputTypeError(f"n_features must be an integer, not {n_features!r}")
    if n_features < 0:
        raise InputError(f"n_features is {n_features}; it must be at least 0")
    return int(n_features)


def _budget(budget: Any) -> float:
    value = check_number("budget", budget)
    if not 0.0 <= value < np.inf:
        raise InputError(f"budget is {value}; it must be finite and >= 0")
    return value
