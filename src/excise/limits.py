"""The point of a path that keeps within limits: so many features, or so much money.

The path is followed from alpha_max downwards, event by event, to the first feature whose entry
would break a limit: every solution above keeps within them all. Supports of a path are not nested,
so that a solution further down may do so again; it is not looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.alphas import descent
from excise.certify import term_of
from excise.costs import Limit, cost_of, limits_of, taxed
from excise.data_term import DataTerm, SquaredTerm
from excise.engine import Session
from excise.exceptions import InputError
from excise.path_parts import joined, start_from
from excise.problem import Problem, make_problem
from excise.results import Event, Floats, Path, Solution
from excise.schedules import PruneThenRefine
from excise.staged import StagedSession
from excise.standard import View
from excise.subset_bound import subset_bound
from excise.within import Within

CHUNK = 16
"""Alphas that are solved before the limits are looked at."""
NUDGES = (0.0, 1e-12, 1e-10, 1e-8, 1e-6)
"""Shares by which alpha is raised where rounding lets the next feature in at its event."""


class _Stop(NamedTuple):
    """The entry that would break a limit."""

    alpha: float
    feature: int
    limit: Limit


def fit_within(
    X: Any,
    y: Any,
    *,
    n_features: int | None = None,
    cost: Any = None,
    budget: float | None = None,
    cost_share: float = 0.5,
    refine: float | None = None,
    alpha_min_ratio: float | None = None,
    **problem: Any,
) -> Within:
    """The smallest alpha down to which every solution keeps within limits, and its solution.

    It is found exactly, at the event where one more feature would enter.

    Parameters
    ----------
    X : array, data frame or Design, shape (n, p)
    y : array, shape (n,), or (n, K) of K outputs
    n_features : int, optional
        How many features may be kept, those without a penalty included.
    cost : array, shape (p,), or mapping of column names to numbers, optional
        What it costs to measure each feature, in the units of `budget`; columns that a mapping
        does not name cost nothing.
    budget : float, optional
        What the kept features may cost together; those that alone cost more are excluded.
    cost_share : float in [0, 1], default=0.5
        Share of the tax that is in proportion to `cost`: the penalty weight of feature j is
        multiplied by ``1 - cost_share + cost_share * cost[j] / mean(cost)``. With 0 costs count
        against the budget only; with 1 a feature that costs nothing pays no tax, and is kept.
    refine : float in [0, 1], optional
        Fit the kept features again with this share of the tax (`PruneThenRefine`): 0 is least
        squares on them.
    alpha_min_ratio : float, optional
        Where the path ends if no limit is met before: see `excise.fit_path`.
    **problem
        The settings of `excise.problem.make_problem`.

    Returns
    -------
    Within
        The solution, with what is proved and what is not.

    Raises
    ------
    InputError, InputTypeError
        No limit; a limit, cost or share that cannot be used; features without a penalty that break
        a limit by themselves; a schedule or a ridge.
    """
    made = make_problem(X, y, **problem)
    _check_kind(made)
    costs = None if cost is None else cost_of(cost, made)
    limits = limits_of(made, n_features, costs, budget)
    too_dear = np.empty(0, dtype=np.intp)
    if costs is not None:
        made = replace(made, penalty_weight=taxed(made.penalty_weight, costs, cost_share))
        too_dear = np.flatnonzero((costs > limits[-1].top) & (made.penalty_weight > 0.0))
    always = frozenset(np.flatnonzero(made.penalty_weight == 0.0).tolist())
    for limit in limits:
        limit.check_always(always)
    made = replace(made, penalty_weight=_without(made.penalty_weight, too_dear))
    session = Session(made)
    path, stop = _followed(session, limits, always, alpha_min_ratio)
    solution = _at(session, _candidates(path, stop), limits, refine)
    view = View(made)
    term = term_of(view)
    return Within(
        solution=solution,
        n_features=None if n_features is None else int(n_features),
        budget=None if budget is None else float(budget),
        cost=costs,
        unaffordable=too_dear,
        next_feature=None if stop is None else stop.feature,
        broken="" if stop is None else stop.limit.name,
        loss=_loss(view, term, solution),
        null_loss=term.null * term.unit**2,
        loss_bound=_bound(view, term, limits),
    )


def _without(weight: Floats, features: NDArray[np.intp]) -> Floats:
    """Penalty weights that exclude these features."""
    weight = weight.copy()
    weight[features] = np.inf
    return weight


def _check_kind(problem: Problem) -> None:
    if problem.schedule is not None:
        raise InputError("fit_within takes no schedule", remedy="refine=0.0, or no schedule")
    if problem.penalty is not None:
        raise InputError(
            f"fit_within takes l1 and elastic penalties only, not {problem.penalty.name!r}",
            remedy="fit_path, and the solution of it that keeps within the limits",
        )
    if problem.l1_ratio == 0.0:
        raise InputError(
            "a ridge keeps every feature: no alpha keeps within limits", remedy="l1_ratio > 0"
        )


def _followed(
    session: Session, limits: list[Limit], always: frozenset[int], ratio: float | None
) -> tuple[Path, _Stop | None]:
    """The path down to the first entry that breaks a limit, or to its end, and that entry."""
    ends = session.grid(2, ratio)
    alphas = np.concatenate([ends[:1], descent(*ends.tolist())])
    path = session.path(alphas[:CHUNK])
    for done in range(CHUNK, len(alphas) + CHUNK, CHUNK):
        new = range(max(len(path) - CHUNK, 0), len(path))
        broken = any(limit.breaks(path.support(k)) for limit in limits for k in new)
        if broken or done >= len(alphas):
            session.remember(path)
            stop = _first_break(path.events(), limits, always)
            if stop is not None:
                return path, stop
        if done < len(alphas):
            part = alphas[done : done + CHUNK]
            path = joined(path, session.path(part, start_from(path, float(part[0]))))
    return path, None


def _first_break(events: list[Event], limits: list[Limit], always: frozenset[int]) -> _Stop | None:
    """The first entry, by falling alpha, that breaks a limit; outputs of a feature count once."""
    inside: dict[int, set[int | None]] = {j: set() for j in always}
    for event in events:
        j = event.feature
        if j in always:
            continue
        if event.kind == "enters":
            for limit in limits if j not in inside else ():
                if limit.breaks([*inside, j]):
                    return _Stop(event.alpha, j, limit)
            inside.setdefault(j, set()).add(event.output)
        elif j in inside:
            inside[j].discard(event.output)
            if not inside[j]:
                del inside[j]
    return None


def _at(
    session: Session, alphas: Iterator[float], limits: list[Limit], refine: float | None
) -> Solution:
    """The solution at the first of the alphas at which it, and each of its stages, is within."""
    solve: Callable[[float], Solution] = session.solve_at
    if refine is not None:
        refined = replace(session.problem, schedule=PruneThenRefine(refine))
        solve = StagedSession(refined).solve_at
    for alpha in alphas:
        solution = solve(alpha)
        supports = [stage.support for stage in solution.stages] or [solution.support]
        if not any(limit.breaks(support) for limit in limits for support in supports):
            return solution
    raise InputError("rounding decides who is kept at every alpha", remedy="fewer twin columns")


def _candidates(path: Path, stop: _Stop | None) -> Iterator[float]:
    """The event; as little above it as rounding, or a tie, may ask for; where nobody pays."""
    if stop is None:
        yield float(path.alphas[-1])
    else:
        yield from (stop.alpha * (1.0 + nudge) for nudge in NUDGES)
    lowest = path.alphas[-1] if stop is None else stop.alpha * (1.0 + NUDGES[-1])
    yield from path.alphas[path.alphas > lowest][::-1].tolist()
    yield 2.0 * float(path.alphas[0])


def _loss(view: View, term: DataTerm, solution: Solution) -> float:
    """The mean loss of the solution, without its penalty."""
    b = (solution.coef.T * view.columns.divisor / term.unit).T.ravel()
    data = term.at(b, solution.coef, solution.intercept).data
    return (data.loss + data.excess) * term.unit**2


def _bound(view: View, term: DataTerm, limits: list[Limit]) -> float | None:
    """What no features within a limit can beat; None where no bound is known."""
    if not isinstance(term, SquaredTerm) or view.problem.outputs > 1:
        return None
    allowed = np.isfinite(view.problem.penalty_weight)
    bounds = [
        subset_bound(view, term.null_slopes, np.where(allowed, limit.cost, np.inf), limit.top)
        for limit in limits
    ]
    return max(bounds) * term.unit**2
