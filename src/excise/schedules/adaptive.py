"""Weights from first coefficients: features that look large are taxed less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, get_args

import numpy as np

from excise.checks import check_number
from excise.exceptions import InputError
from excise.schedules.base import (
    Ending,
    Init,
    Initial,
    Schedule,
    Stages,
    Start,
    Wanted,
    scaled,
    spelled,
)


@dataclass(frozen=True)
class Adaptive(Schedule):
    """The adaptive lasso: penalty weights ``|first coefficient| ** -power``.

    The first coefficients do not depend on alpha, and are those of the problem with its weights,
    bounds, offset and loss. A feature whose first coefficient is zero is excluded. The factors
    are not normalised: alpha means what it means with these weights, and a grid of alphas starts
    where the first feature enters with them.

    Parameters
    ----------
    power : float >= 0, default=1.0
    init : {"ridge", "lasso", "marginal"}, default="ridge"
        "marginal": what each feature earns by itself, beside the free ones (for the squared loss
        the coefficient of its simple regression); it reads X once.
    init_alpha : float, optional
        Strength of the ridge or lasso. If left out it is chosen: of the ridge by generalised
        cross-validation (for other losses than the squared one with the degrees of freedom at the
        null model), of the lasso by the corrected information criterion of Hurvich and Tsai, of
        less than n / 2 features, since those that the first one misses are lost.

    References
    ----------
    Zou, "The adaptive lasso and its oracle properties", JASA 101, 2006; Huang, Ma and Zhang,
    "Adaptive lasso for sparse high-dimensional regression models", Statistica Sinica 18, 2008;
    Hurvich and Tsai, "Regression and time series model selection in small samples", Biometrika 76,
    1989; degrees of freedom: Zou, Hastie and Tibshirani, Annals of Statistics 35, 2007.
    """

    one_stage: ClassVar[bool] = True

    power: float = 1.0
    init: Init = "ridge"
    init_alpha: float | None = None

    def __post_init__(self) -> None:
        power = check_number("power", self.power)
        if not 0.0 <= power < np.inf:
            raise InputError(f"power is {power}; it must be a finite number >= 0")
        if self.init not in get_args(Init):
            valid = ", ".join(repr(name) for name in get_args(Init))
            raise InputError(f"unknown init {self.init!r}", [f"valid: {valid}"])
        if self.init_alpha is None:
            return
        if self.init == "marginal":
            raise InputError("init_alpha has no meaning for init='marginal'", remedy="leave it out")
        alpha = check_number("init_alpha", self.init_alpha)
        if not 0.0 <= alpha < np.inf:
            raise InputError(f"init_alpha is {alpha}; it must be a finite number >= 0")

    def __str__(self) -> str:
        return spelled("adaptive", self.init, self.power, self.init_alpha)

    @property
    def needs_rows(self) -> bool:
        """A strength is chosen by the number of rows."""
        return self.init != "marginal" and self.init_alpha is None

    def stages(self, start: Start) -> Stages:
        """What is to be solved, one after another."""
        first = yield Initial(self.init, start.weight, self.init_alpha)
        with np.errstate(divide="ignore", over="ignore"):
            factor = np.abs(first) ** -float(self.power)
        weight = scaled(start.weight, factor)
        b = yield Wanted("adaptive", weight)
        return Ending(weight, b)
