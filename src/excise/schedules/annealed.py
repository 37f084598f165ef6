"""A schedule of one's own: a list of strengths and of rules for the weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from excise.checks import check_number, name_of, numbers
from excise.exceptions import InputError, InputTypeError
from excise.results import Floats
from excise.schedules.base import Ending, Schedule, Stages, Start, Wanted, scaled

Rule = Callable[[Floats, Floats], Any]
"""From coefficients and penalty weights of the last stage to factors, a number or one each."""


@dataclass(frozen=True)
class Annealed(Schedule):
    """Stage after stage: a multiple of alpha, and a rule that makes the penalty weights.

    Parameters
    ----------
    plan : sequence of (float, callable or None)
        Per stage the multiple of alpha, >= 0, and ``rule(coef, weight)``: from the coefficients of
        the stage before (on the scale the penalty acts on, zeros before the first) and its penalty
        weights to the factors of the weights that the schedule starts with, >= 0: 0 = free,
        inf = excluded. None: the weights stay as they are.

    Examples
    --------
    Half of the tax for whoever is in, in three stages that grow stricter:

    >>> from excise.schedules import Annealed
    >>> def favour(coef, weight):
    ...     return 1.0 - 0.5 * (coef != 0.0)
    >>> Annealed([(0.5, None), (0.75, favour), (1.0, favour)]).plan[0]
    (0.5, None)
    """

    plan: tuple[tuple[float, Rule | None], ...]

    def __post_init__(self) -> None:
        if isinstance(self.plan, str) or not isinstance(self.plan, Iterable):
            raise InputTypeError(
                f"a plan must be a list of (multiple of alpha, rule), not {self.plan!r}"
            )
        plan = tuple(_stage(k, stage) for k, stage in enumerate(self.plan))
        if not plan:
            raise InputError("a schedule needs at least one stage", remedy="[(1.0, None)]")
        object.__setattr__(self, "plan", plan)

    def __str__(self) -> str:
        return f"annealed in {len(self.plan)} stages"

    def stages(self, start: Start) -> Stages:
        """What is to be solved, one after another."""
        b = np.zeros(len(start.weight)) if start.b is None else start.b
        weight = start.weight
        for k, (multiple, rule) in enumerate(self.plan):
            if rule is not None:
                weight = scaled(start.weight, _factors(rule, b, weight, k, start))
            b = yield Wanted(f"stage {k + 1}", weight, multiple)
        return Ending(weight, b)


def _stage(k: int, stage: Any) -> tuple[float, Rule | None]:
    if not isinstance(stage, (tuple, list)) or len(stage) != 2:
        raise InputTypeError(f"stage {k + 1} must be (multiple of alpha, rule), not {stage!r}")
    multiple = check_number(f"the multiple of stage {k + 1}", stage[0])
    if not 0.0 <= multiple < np.inf:
        raise InputError(f"the multiple of stage {k + 1} is {multiple}; it must be finite and >= 0")
    if stage[1] is not None and not callable(stage[1]):
        raise InputTypeError(
            f"the rule of stage {k + 1} must be a function of (coef, weight) or None, "
            f"not {stage[1]!r}"
        )
    return multiple, stage[1]


def _factors(rule: Rule, b: Floats, weight: Floats, k: int, start: Start) -> Floats:
    """What the rule says, checked; it is given copies, so that it cannot change a stage."""
    name = f"the factors of stage {k + 1}"
    found = numbers(name, rule(b.copy(), weight.copy()))
    if found.shape not in ((), weight.shape):
        raise InputError(
            f"{name} must be one number or have shape {weight.shape}, got {found.shape}"
        )
    wrong = np.flatnonzero(~(found >= 0.0))
    if len(wrong):
        j = int(wrong[0])
        of = f" for {name_of('feature', j, start.names)}" if found.ndim else ""
        value = float(found[j]) if found.ndim else float(found)
        raise InputError(
            f"the rule of stage {k + 1} gives {value}{of}; factors must be >= 0",
            ["0 = free, inf = excluded"],
        )
    return found
