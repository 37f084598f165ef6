"""Cox's partial likelihood, for times that may be censored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from excise.exceptions import InputError
from excise.losses.base import AnyLoss, Mask, quiet
from excise.results import Floats
from excise.survival import Survival, survival_of

TIES = ("breslow", "efron")


@dataclass(frozen=True)
class Cox(AnyLoss):
    """Minus the log partial likelihood, less its least value for any eta.

    For the events g of one time in one stratum, with weights w, W = sum w and q = w / W on them,

        l = sum_g mean_k  W KL(q || p_k),     p_k ~ w c_k e^eta  over the risk set of g.

    Breslow's ties have k = 0 alone, c_0 = 1; Efron's have k = 0 .. d - 1 for d tied events, with
    c_k = 1 - k / d on them. So it is never negative, only the ratios of the weights matter, and
    with Breslow's ties (the default, as in glmnet) an integer weight is a repeated row. With
    Efron's it is what R's survival makes of case weights: the mean weight of tied events, d of
    which are counted as rows with weight.

    There is no intercept: a constant added to eta changes nothing.
    """

    name: ClassVar[str] = "cox"
    summary: ClassVar[str] = "minus the log partial likelihood, for times that may be censored"
    link: ClassVar[str] = "log"
    domain: ClassVar[str] = "events of 0 (censored) or 1"
    strictly_convex: ClassVar[bool] = False
    has_intercept: ClassVar[bool] = False
    kind: ClassVar[str] = "for survival times, which are not judged row by row"
    instead: ClassVar[str] = "SparseSurvival(), or excise.fit_path(..., loss='cox')"

    ties: str = "breslow"

    def __post_init__(self) -> None:
        if self.ties not in TIES:
            valid = ", ".join(repr(one) for one in TIES)
            raise InputError(f"unknown ties {self.ties!r}", [f"valid: {valid}"])

    @property
    def spec(self) -> str:
        return self.name if self.ties == TIES[0] else f"{self.name}:{self.ties}"

    @property
    def core_parameter(self) -> float:
        return float(TIES.index(self.ties))

    def read_parameter(self, text: str) -> Any:
        return text

    @quiet
    def mean(self, eta: Floats) -> Floats:
        return np.asarray(np.exp(eta))

    def target(self, y: Any, n: int) -> tuple[Floats, Survival | None]:
        """Events and everything about times."""
        survival = survival_of(y)
        if len(survival) != n:
            raise InputError(f"X has {n} rows but y has {len(survival)} times")
        return survival.event, survival

    def _usable(self, y: Floats) -> Mask:
        return np.asarray((y == 0.0) | (y == 1.0))

    def _check_fit(self, y: Floats, rows: str, fit_intercept: bool) -> None:
        if not np.any(y > 0.0):
            raise InputError(f"event is 0 in all {rows}; there is nothing to learn")
