"""Prune with the whole tax, then fit what is left with a part of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from excise.exceptions import InputError
from excise.schedules.base import (
    Ending,
    Schedule,
    Stages,
    Start,
    Wanted,
    check_share,
    spelled,
    start_of,
)


@dataclass(frozen=True)
class PruneThenRefine(Schedule):
    """The relaxed lasso: survivors of alpha are fitted again at ``refine * alpha``.

    All other features are excluded from the second fit; free ones stay.

    Parameters
    ----------
    refine : float in [0, 1], or several of them, default=0.0
        Share of alpha that survivors pay: 0 is least squares (or maximum likelihood) on the
        support, 1 the lasso again. Of several `excise.fit_cv` chooses one, together with alpha.

    References
    ----------
    Meinshausen, "Relaxed lasso", Computational Statistics and Data Analysis 52, 2007.
    """

    refine: float | tuple[float, ...] = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.refine, Iterable) or isinstance(self.refine, str):
            check_share("refine", self.refine)
            return
        several = tuple(check_share("refine", value) for value in self.refine)
        if not several:
            raise InputError("refine is empty", remedy="refine=(0.0, 0.5, 1.0)")
        object.__setattr__(self, "refine", several)

    def __str__(self) -> str:
        several = self.refine if isinstance(self.refine, tuple) else (self.refine,)
        return spelled("prune", several)

    def stages(self, start: Start) -> Stages:
        """What is to be solved, one after another."""
        assert isinstance(self.refine, (float, int))
        b = yield from start_of(start, "prune")
        weight = np.where((b != 0.0) | (start.weight == 0.0), start.weight, np.inf)
        b = yield Wanted("refine", weight, float(self.refine))
        return Ending(weight, b)

    def refines_at(self) -> float | None:
        """`refine` itself."""
        return None if isinstance(self.refine, tuple) else float(self.refine)

    def variants(self) -> tuple[Schedule, ...]:
        """One for every value of `refine`."""
        if not isinstance(self.refine, tuple):
            return (self,)
        return tuple(replace(self, refine=value) for value in self.refine)
