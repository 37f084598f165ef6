"""What a loss is: a few functions of whole vectors, from which everything else is derived."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any, ClassVar, Literal, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from excise.checks import check_number, check_rows, check_table, numbers
from excise.exceptions import InputError, InputTypeError
from excise.results import Floats
from excise.survival import Survival

P = ParamSpec("P")
T = TypeVar("T")
Mask = NDArray[np.bool_]

EPS = float(np.finfo(np.float64).eps)


def quiet(function: Callable[P, T]) -> Callable[P, T]:
    """Let infinity stand where the true value is beyond the largest double, without a warning."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with np.errstate(over="ignore"):
            return function(*args, **kwargs)

    return run


@dataclass(frozen=True)
class AnyLoss(ABC):
    """What every loss has, whether it is made of rows (`RowLoss`) or couples them (`Cox`).

    Attributes
    ----------
    name : str
        As in ``loss="poisson"``.
    summary : str
        One line for the documents and the command line.
    link : str
        The function of the mean that eta stands for.
    domain : str
        What y may be, as in "the poisson loss needs counts >= 0".
    parameter : str
        Name of the parameter, with its usual value as the default of the field; "" if none.
    strictly_convex : bool
        In eta, for every y: then all optima share eta.
    of_classes : bool
        Whether y names classes: 0 and 1, told apart by the sign of eta, or one per column.
    targets : {"one", "any", "several"}
        How many columns y may have, each with a predictor of its own.
    kinked : bool
        Whether it has more than one slope somewhere.
    has_intercept : bool
        Whether a constant added to eta makes a difference.
    kind, instead : str
        Of a loss that has no single predictor per row: what it is for, and what takes it.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    link: ClassVar[str]
    domain: ClassVar[str]
    strictly_convex: ClassVar[bool] = True
    of_classes: ClassVar[bool] = False
    kinked: ClassVar[bool] = False
    has_intercept: ClassVar[bool] = True
    targets: ClassVar[Literal["one", "any", "several"]] = "one"
    kind: ClassVar[str] = ""
    instead: ClassVar[str] = ""

    @abstractmethod
    def mean(self, eta: Floats) -> Floats:
        """The prediction of y (of its median or quantile where that is what is fitted).

        Of survival times: the hazard, over that where eta is 0.
        """

    @abstractmethod
    def _usable(self, y: Floats) -> Mask:
        """Which values of y are in the loss's domain."""

    def usable(self, y: Floats) -> Mask:
        """Which values of y are in the loss's domain."""
        return self._usable(y)

    def target(self, y: Any, n: int) -> tuple[Floats, Survival | None]:
        """A number for each of n rows, and for a loss of survival times what is known of them."""
        if isinstance(y, Survival):
            raise InputTypeError(f"y is a Survival; the {self.name} loss needs {self.domain}")
        values = numbers("y", y)
        if values.ndim == 2 and values.shape[1] > 1:
            if self.targets == "any":
                return check_table("y", values, n), None
            raise InputError(
                f"y has {values.shape[1]} columns; the {self.name} loss has one predictor per row",
                ["several columns are responses of the squared loss, or shares of classes"],
                "loss='squared' or loss='multinomial'; or a model for each column",
            )
        return check_rows("y", values, n), None

    def names_classes(self, y: Floats) -> bool:
        """Whether usable values of y are classes, not shares of them."""
        return self.of_classes and bool(np.all((y == 0.0) | (y == 1.0)))

    @property
    def core_parameter(self) -> float:
        """The parameter as the compiled core knows it."""
        return float(getattr(self, self.parameter, 0.0))

    def read_parameter(self, text: str) -> Any:
        """The parameter from what follows the colon of a `spec`."""
        try:
            return float(text)
        except ValueError:
            raise InputError(
                f"loss '{self.name}:{text}' must name its {self.parameter} as a number, "
                f"as in {self.spec!r}"
            ) from None

    @property
    def parameter(self) -> str:
        """Name of the parameter; "" if there is none."""
        return next((one.name for one in fields(self)), "")

    @property
    def spec(self) -> str:
        """The text from which `loss_of` makes this loss again."""
        if not self.parameter:
            return self.name
        return f"{self.name}:{getattr(self, self.parameter)!r}".removesuffix(".0")

    def check_target(
        self, y: Floats, weights: Floats | None = None, fit_intercept: bool = True
    ) -> None:
        """Refuse a y that this loss has no meaning or no finite fit for.

        Parameters
        ----------
        y : ndarray, shape (n,) or (n, K)
        weights : ndarray, shape (n,), optional
            Only rows with weight count.
        fit_intercept : bool, default=True

        Raises
        ------
        InputError
            With the first row that is wrong and its value.
        """
        counted = np.ones(len(y), dtype=bool) if weights is None else weights > 0.0
        wrong = counted & ~self._usable(y)
        if wrong.any():
            self._refuse_row(y, int(np.argmax(wrong)))
        seen = y[counted]
        rows = f"{len(seen):,} rows" + ("" if counted.all() else " with weight")
        self._check_fit(seen, rows, fit_intercept)

    def _refuse_row(self, y: Floats, row: int) -> None:
        """Raise for the first row that is not usable."""
        raise InputError(
            f"y is {float(y[row])} in row {row}; the {self.name} loss needs {self.domain}"
        )

    def _check_fit(  # noqa: B027 - most losses can fit any usable values
        self, y: Floats, rows: str, fit_intercept: bool
    ) -> None:
        """Refuse usable values that together leave nothing to fit."""


@dataclass(frozen=True)
class RowLoss(AnyLoss):
    """The data term of one row, as a function of its predictor, or of its K predictors.

    ``value`` is half the unit deviance: never negative, and 0 at the best eta (for a log link and
    y = 0 that is -infinity). Arrays of any shapes that broadcast go in, float64 comes out; no
    finite eta gives NaN, and infinity appears only where the true value is too large for a double.
    A loss that couples K predictors has them on the last axis, and a value per row.
    """

    @abstractmethod
    def value(self, y: Floats, eta: Floats) -> Floats:
        """Half the unit deviance."""

    @abstractmethod
    def gradient(self, y: Floats, eta: Floats) -> Floats:
        """First derivative of `value` in eta (at a kink, one of its slopes)."""

    @abstractmethod
    def conjugate(self, y: Floats, v: Floats) -> Floats:
        """Supremum over eta of v eta - value(y, eta); infinity outside its domain."""

    @abstractmethod
    def fenchel_young(self, y: Floats, eta: Floats, v: Floats) -> Floats:
        """value(y, eta) + conjugate(y, v) - v eta >= 0, without their cancellation.

        Zero exactly where v is a slope of `value` at eta; infinity outside the conjugate's domain.
        """

    @abstractmethod
    def domain_scale(self, y: Floats, u: Floats) -> float:
        """The largest s in [0, 1] for which -s u is in the conjugate's domain in every row."""

    @abstractmethod
    def curvature(self, y: Floats) -> float:
        """A bound on the second derivative, over all eta and the rows of y; infinity if none."""


@dataclass(frozen=True)
class Loss(RowLoss):
    """The data term of one row as a function of one predictor."""

    @abstractmethod
    def hessian(self, y: Floats, eta: Floats) -> Floats:
        """Second derivative of `value` in eta, >= 0."""

    def flattest(self, y: Floats, low: Floats, high: Floats) -> Floats:
        """A lower bound of `hessian` from low to high.

        Here its smaller end: the second derivatives of most losses have a hill and no valley.
        """
        return np.minimum(self.hessian(y, low), self.hessian(y, high))

    @abstractmethod
    def slopes(self, y: Floats) -> tuple[Floats, Floats]:
        """Lower and upper end of the conjugate's domain, both belonging to it."""

    def domain_scale(self, y: Floats, u: Floats) -> float:
        low, high = np.broadcast_arrays(*self.slopes(y), u)[:2]
        above, below = -u > high, -u < low
        s = min(
            float(np.min(high[above] / -u[above], initial=1.0)),
            float(np.min(low[below] / -u[below], initial=1.0)),
        )
        return s if s == 1.0 else s * (1.0 - 4.0 * EPS)  # inside, whatever the rounding

    def smoothed(self, width: float) -> Loss:
        """The loss itself, or, if it has a kink, one without that differs by O(width)."""
        return self


def two_classes(loss: Loss, y: Floats, rows: str) -> None:
    """Refuse one class alone; shares strictly between 0 and 1 are not classes."""
    first = float(y[0])
    if first in (0.0, 1.0) and np.all(y == first):
        raise InputError(
            f"y is {first} in all {rows}; there is nothing to learn",
            [f"the {loss.name} loss needs rows of both classes"],
        )


def some_count(loss: Loss, y: Floats, rows: str, fit_intercept: bool) -> None:
    """Refuse zeros alone under a log link, whose intercept is then infinite."""
    if fit_intercept and not np.any(y > 0.0):
        raise InputError(
            f"y is 0.0 in all {rows}; an intercept would be -infinity",
            [f"the {loss.name} loss needs a value above 0"],
        )


def in_range(loss: Loss, low: float, high: float, notes: tuple[str, ...] = ()) -> None:
    """Refuse a parameter outside (low, high), both ends excluded; store it as a float."""
    name = loss.parameter
    value: Any = check_number(name, getattr(loss, name))
    if not low < value < high:
        wanted = f"{low:g} < {name} < {high:g}" if np.isfinite(high) else f"finite {name} > {low:g}"
        raise InputError(f"the {loss.name} loss needs {wanted}, got {value}", notes)
    object.__setattr__(loss, name, value)
