"""What every penalty of `excise.penalties` is: a small frozen object without data.

A penalty is a function of all coefficients, on the scale that it acts on (per standard deviation
with standardize=True, as given otherwise), at a strength alpha and with the caller's penalty
weights: 0 leaves a feature free, infinity excludes it. L1, the elastic net and ridge are no such
objects: they are `l1_ratio`, which the engine knows by heart.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal, Self

from excise.checks import Names
from excise.results import Floats


class Penalty(ABC):
    """A penalty Omega(b; alpha), with the formulas that solvers and certificates need.

    Attributes
    ----------
    name : str
        In the registry, in messages and in strings such as "mcp:3".
    convex : bool
        Of one that is not convex a solution is stationary, never called optimal.
    solver : {"core", "proximal"}
        Who solves it: the compiled engine, or proximal gradient steps.
    """

    name: ClassVar[str]
    convex: ClassVar[bool] = True
    solver: ClassVar[Literal["core", "proximal"]] = "proximal"

    def settled(self, p: int, names: Names) -> Self:
        """The same for a table of p columns, of these names: most do not care."""
        return self

    def check(self, weight: Floats, names: Names) -> None:  # noqa: B027 - most take any
        """Refuse a table, or penalty weights, that the penalty cannot take.

        Parameters
        ----------
        weight : ndarray, shape (p,)
            Penalty weights.
        names : tuple of str or None
            Of the features.

        Raises
        ------
        InputError
        """

    @abstractmethod
    def value(self, b: Floats, alpha: float, weight: Floats) -> float:
        """Omega(b; alpha) >= 0, with Omega(0) = 0."""

    @abstractmethod
    def prox(self, v: Floats, step: float, alpha: float, weight: Floats) -> Floats:
        """The b that minimises |b - v|^2 / 2 + step * Omega(b; alpha)."""

    @abstractmethod
    def entry(self, c: Floats, weight: Floats) -> float:
        """The smallest alpha at which b = 0 is optimal, or stationary, where features earn `c`."""

    @abstractmethod
    def distance(self, b: Floats, c: Floats, alpha: float, weight: Floats) -> Floats:
        """How far each feature, or group, is from its optimality condition, in units of c.

        c are minus the slopes of the loss at b.
        """
