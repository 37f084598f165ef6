"""What every schedule is: a conversation with whoever solves its stages.

Penalty weights multiply: a schedule's factor f_j makes of the caller's weight v_j the weight
f_j v_j of a stage, so that the whole term of a feature, alpha v_j (l1_ratio |b_j| + (1 - l1_ratio)
b_j^2 / 2), is multiplied. A feature that was free stays free, one that was excluded stays so.
Coefficients are told on the scale the penalty acts on: per standard deviation with standardize.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from excise.checks import Names, check_number
from excise.exceptions import InputError, InputTypeError
from excise.results import Floats

Init = Literal["ridge", "lasso", "marginal"]


class Start(NamedTuple):
    """Where a schedule starts.

    Attributes
    ----------
    alpha, l1_ratio : float
        As the caller gave them.
    weight : ndarray, shape (p,)
        Penalty weights.
    b : ndarray, shape (p,), or None
        Coefficients of the schedule before, if there is one.
    names : tuple of str or None
        Of the features.
    """

    alpha: float
    l1_ratio: float
    weight: Floats
    b: Floats | None = None
    names: Names = None


class Wanted(NamedTuple):
    """A stage to be solved: the problem with these weights at `multiple` times alpha.

    `passing`: only the last of such stages counts, which shows that another would change nothing.
    """

    name: str
    weight: Floats
    multiple: float = 1.0
    passing: bool = False


class Initial(NamedTuple):
    """First coefficients that do not depend on alpha (see `Adaptive`); None: strength chosen."""

    kind: Init
    weight: Floats
    alpha: float | None


class Ending(NamedTuple):
    """The last stage's weights and coefficients.

    `settled`: of a penalty that is not convex, whether another stage would change nothing; None
    where the last stage is all that was wanted.
    """

    weight: Floats
    b: Floats
    settled: bool | None = None


Stages = Generator[Wanted | Initial, Floats, Ending]
"""Yields what is to be solved, is sent its coefficients, and returns the ending."""


class Schedule(ABC):
    """A sequence of weighted problems, each made from the solution of the one before."""

    one_stage: ClassVar[bool] = False
    """Whether there is one stage, the same along a whole path but for its strength."""

    @abstractmethod
    def stages(self, start: Start) -> Stages:
        """What is to be solved, one after another."""

    def __str__(self) -> str:
        """As a text, which `excise.schedules.parse` reads back where its settings can be said."""
        return type(self).__name__

    def then(self, second: Schedule) -> Then:
        """First this, and then `second` with the weights and coefficients that it ends with."""
        if isinstance(second, Then):
            return self.then(second.first).then(second.second)
        return Then(self, second)

    @property
    def needs_rows(self) -> bool:
        """Whether cross-products of the columns are too little to run it for the squared loss."""
        return False

    def refines_at(self) -> float | None:
        """The share of alpha at which the only other stage fits the support of the first again.

        None: the stages are of another kind.
        """
        return None

    def variants(self) -> tuple[Schedule, ...]:
        """The schedules of which cross-validation is to choose one; else the schedule itself."""
        return (self,)


@dataclass(frozen=True)
class Static(Schedule):
    """One stage: the problem as it is."""

    one_stage: ClassVar[bool] = True

    def __str__(self) -> str:
        return "static"

    def stages(self, start: Start) -> Stages:
        """What is to be solved, one after another."""
        b = yield Wanted("static", start.weight)
        return Ending(start.weight, b)


@dataclass(frozen=True)
class Then(Schedule):
    """Two schedules, one after the other; made by ``first.then(second)``.

    The second starts with the penalty weights and the coefficients of the first one's last stage,
    and with the caller's alpha.
    """

    first: Schedule
    second: Schedule

    def __post_init__(self) -> None:
        for part in (self.first, self.second):
            check_schedule(part)

    def __str__(self) -> str:
        return f"{self.first}+{self.second}"

    def stages(self, start: Start) -> Stages:
        """What is to be solved, one after another."""
        middle = yield from self.first.stages(start)
        return (yield from self.second.stages(start._replace(weight=middle.weight, b=middle.b)))

    @property
    def needs_rows(self) -> bool:
        """Whether one of the two does."""
        return self.first.needs_rows or self.second.needs_rows

    def refines_at(self) -> float | None:
        """As the second does, where the first is one stage."""
        return self.second.refines_at() if self.first.one_stage else None

    def variants(self) -> tuple[Schedule, ...]:
        """Every choice of the first with every choice of the second."""
        return tuple(
            Then(one, two) for one in self.first.variants() for two in self.second.variants()
        )


def check_schedule(schedule: Any) -> Schedule:
    """`schedule` itself if it is one; else an error that says what is."""
    if isinstance(schedule, Schedule):
        return schedule
    what = schedule.__name__ + " the class" if isinstance(schedule, type) else repr(schedule)
    raise InputTypeError(
        f"schedule must be None or a schedule of excise.schedules, not {what}",
        remedy="excise.schedules.PruneThenRefine(0.0)",
    )


def single(schedule: Schedule) -> Schedule:
    """The schedule, if it leaves nothing to choose."""
    found = schedule.variants()
    if len(found) == 1:
        return found[0]
    raise InputError(
        f"the schedule has {len(found)} values of refine",
        ["a fit takes one of them; cross-validation chooses"],
        "one value, or fit_cv",
    )


def spelled(name: str, *settings: Any) -> str:
    """A schedule as a text: its name and its settings, without those at the end that are None."""
    said = [
        "" if value is None else value if isinstance(value, str) else _short(value)
        for value in settings
    ]
    return ":".join([name, *said]).rstrip(":")


def _short(value: Any) -> str:
    """A number, or several, as short as it can be read back."""
    if isinstance(value, tuple):
        return ",".join(map(_short, value))
    return repr(float(value)).removesuffix(".0").replace("e+", "e")


def scaled(weight: Floats, factor: Any) -> Floats:
    """Weights times factors: 0 stays 0 and inf stays inf."""
    fixed = (weight == 0.0) | np.isinf(weight)
    return np.asarray(np.where(fixed, weight, np.where(fixed, 1.0, weight) * factor))


def start_of(start: Start, name: str) -> Generator[Wanted, Floats, Floats]:
    """Coefficients to start from: those of the schedule before, or of the plain problem."""
    if start.b is not None:
        return start.b
    return (yield Wanted(name, start.weight))


def check_steps(steps: Any) -> None:
    """An integer, at least 1."""
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)):
        raise InputTypeError(f"steps must be an integer, not {steps!r}")
    if steps < 1:
        raise InputError(f"steps is {steps}; it must be at least 1")


def check_share(name: str, value: Any) -> float:
    """A number in [0, 1]."""
    number = check_number(name, value)
    if not 0.0 <= number <= 1.0:
        raise InputError(f"{name} is {number}; it must lie in [0, 1]")
    return number
