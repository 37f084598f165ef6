"""The losses: one small file each, and one line in the registry.

Validation messages, command-line choices, documents and law tests read `LOSSES`; a new loss is a
file here and a name in this list.
"""

from __future__ import annotations

from typing import Any

from excise.exceptions import InputError
from excise.losses.base import AnyLoss, Loss, RowLoss
from excise.losses.cox import Cox
from excise.losses.gamma import Gamma
from excise.losses.huber import Huber
from excise.losses.logistic import Logistic
from excise.losses.multinomial import Multinomial
from excise.losses.negative_binomial import NegativeBinomial
from excise.losses.poisson import Poisson
from excise.losses.quantile import Quantile
from excise.losses.squared import Squared
from excise.losses.squared_hinge import SquaredHinge
from excise.losses.tweedie import Tweedie

__all__ = [
    "COUPLED", "LOSSES", "SEVERAL", "AnyLoss", "Cox", "Gamma", "Huber", "Logistic", "Loss",
    "Multinomial", "NegativeBinomial", "Poisson", "Quantile", "RowLoss", "Squared", "SquaredHinge",
    "Tweedie", "by_rows", "loss_of", "of_rows", "row_loss_of", "task_of",
]  # fmt: skip

LOSSES: dict[str, type[Loss]] = {
    loss.name: loss
    for loss in (
        Squared,
        Logistic,
        Poisson,
        Gamma,
        Tweedie,
        NegativeBinomial,
        Huber,
        SquaredHinge,
        Quantile,
    )
}


COUPLED: dict[str, type[AnyLoss]] = {Cox.name: Cox}
"""Losses whose rows depend on each other: no function of a row and its y."""

SEVERAL: dict[str, type[AnyLoss]] = {Multinomial.name: Multinomial}
"""Losses of several predictors per row; the squared loss may have several too, each by itself."""


def loss_of(spec: Any) -> AnyLoss:
    """The loss that `spec` means.

    Parameters
    ----------
    spec : str or Loss
        A name ("poisson"), a name with its parameter ("quantile:0.9", "huber:1.35",
        "tweedie:1.5", "negative_binomial:2"), or a loss.

    Raises
    ------
    InputError
        An unknown name, or a parameter that is no number or out of range.
    """
    if isinstance(spec, AnyLoss):
        return spec
    name, colon, text = spec.partition(":") if isinstance(spec, str) else ("", "", "")
    known: dict[str, type[AnyLoss]] = {**LOSSES, **COUPLED, **SEVERAL}
    if name not in known:
        valid = ", ".join(repr(one) for one in known)
        raise InputError(f"unknown loss {spec!r}", [f"valid: {valid}"])
    usual = known[name]()
    if not colon:
        return usual
    if not usual.parameter:
        raise InputError(f"loss {spec!r} must be {name!r} alone: it has no parameter")
    return known[name](**{usual.parameter: usual.read_parameter(text)})


def task_of(loss: AnyLoss) -> str:
    """What the loss is made for: "number", "class" or "survival"."""
    if loss.name in COUPLED:
        return "survival"
    return "class" if loss.of_classes else "number"


def by_rows(loss: AnyLoss) -> RowLoss:
    """The loss itself, if rows count one by one; one of survival times couples them.

    Raises
    ------
    InputError
        For a loss of survival times.
    """
    if isinstance(loss, RowLoss):
        return loss
    raise _unfit(loss)


def of_rows(loss: AnyLoss) -> Loss:
    """The loss itself, if rows count one by one, each with one predictor.

    Raises
    ------
    InputError
        For a loss of survival times or of several classes.
    """
    if isinstance(loss, Loss):
        return loss
    raise _unfit(loss)


def _unfit(loss: AnyLoss) -> InputError:
    fact = f"the {loss.name} loss is {loss.kind}"
    return InputError(fact, [f"it needs {loss.domain}"], loss.instead)


def row_loss_of(spec: Any) -> Loss:
    """`loss_of` for a loss of rows; see `of_rows` for the error."""
    return of_rows(loss_of(spec))
