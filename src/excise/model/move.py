"""A record at another penalty: a solution it holds, one of its path, or one from its books."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from excise.exceptions import InputError
from excise.explain import Point
from excise.explain.scheduled import from_moments
from excise.explain.words import figures, listing
from excise.schedules import parse

if TYPE_CHECKING:
    from excise.model.record import Model

SAME = 1e-9
"""Alphas that differ by less than this part are the same."""
AS_SHOWN = 5e-3
"""Alphas that differ by less than this part are shown alike, to three digits."""


class _AtAlpha(Protocol):
    @property
    def alpha(self) -> float: ...


Measured = TypeVar("Measured", bound=_AtAlpha)


def here(measured: Sequence[Measured], alpha: float) -> Measured | None:
    """What was measured at this penalty; None where nothing was."""
    return next((m for m in measured if abs(m.alpha - alpha) <= SAME * alpha), None)


def moved(model: Model, alpha: float, rule: str) -> Model:
    """The model at `alpha`; see `Model.at`.

    What was counted on rows at the chosen penalty (classes told apart, groups by risk, baseline)
    stays behind.
    """
    known = (model.point, *model.saved)
    same = SAME if model.solvable else AS_SHOWN
    near = [p for p in known if abs(p.alpha - alpha) <= same * alpha]
    point = min(near, key=lambda p: abs(p.alpha - alpha), default=None)
    if point is None and model.schedule:
        point = _all_stages(model, alpha)
    elif point is None and not model.solvable:
        point = _on_the_path(model, alpha)
    elif point is None:
        if alpha < model.books.floor:
            raise _out_of_reach(model, alpha)
        point = model.books.solve(alpha)
    others = tuple(other for other in known if other is not point)
    there = replace(model, point=point, saved=others, rule=rule)
    if point is model.point:
        return there
    watched = model.followup and replace(model.followup, baseline=None)
    return replace(there, separation=None, confusion=None, risk_groups=None, followup=watched)


def _all_stages(model: Model, alpha: float) -> Point:
    """Every stage of the schedule again, from moments."""
    books, schedule = model.books, None
    with suppress(InputError):  # `Annealed` has rules, which no text says
        schedule = from_moments(parse(model.schedule), model.point)
    if schedule is None or not (books.additive and books.complete):
        needs = "its schedule cannot be run again without the rows"
        raise _refused(model, alpha, [needs, f"it holds {_held(model)}"])
    return books.solve(alpha, schedule)


def _held(model: Model) -> str:
    """The saved penalties."""
    saved = sorted({p.alpha for p in (model.point, *model.saved)}, reverse=True)
    return listing([figures(a) for a in saved])


def _on_the_path(model: Model, alpha: float) -> Point:
    """The solution of the path that reads the same at three digits."""
    grid, books = model.grid, model.books
    if grid is None:
        held = f"it holds {_held(model)}, and the path was too large"
        raise _not_held(model, alpha, held)
    k = grid.nearest(alpha)
    found = float(grid.alphas[k])
    if abs(found - alpha) > AS_SHOWN * alpha:
        near = sorted(grid.alphas.tolist(), key=lambda a: abs(a - alpha))[:2]
        held = f"it holds {len(grid.alphas)} penalties; the nearest: "
        raise _not_held(model, alpha, held + " and ".join(figures(a, 4) for a in near))
    barred = (books.scale == 0.0) | np.isinf(books.penalty_weight)
    barred |= (books.lower == 0.0) & (books.upper == 0.0)
    return grid.point(k, books.tax(found), barred)


def _not_held(model: Model, alpha: float, held: str) -> InputError:
    what = f"the {model.data_term.name} loss"
    if model.penalty.form is not None:
        what = f"a model of penalty {model.penalty.form.spec!r}"
    elif model.outputs and model.task == "number":
        what = "a model of several responses"
    why = f"{what} cannot be solved again without the rows"
    return _refused(model, alpha, [why, held])


def _refused(model: Model, alpha: float, where: list[str]) -> InputError:
    fact = f"the model file has no solution at penalty {figures(alpha)}"
    return InputError(fact, where, _refit(model, alpha))


def _out_of_reach(model: Model, alpha: float) -> InputError:
    books = model.books
    held = f"it holds the moments of {len(books.block)} of {model.n_features:,} columns"
    lowest = f"enough down to {figures(books.floor)}, where another column is kept"
    fact = f"the model file cannot be moved to penalty {figures(alpha)}"
    return InputError(fact, [held, lowest], _refit(model, alpha))


def _refit(model: Model, alpha: float) -> str:
    return f"{model.command} --rule lambda={alpha:g}" if model.command else "a refit at it"
