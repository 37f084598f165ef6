"""How well classes are told apart, beside the deviance: accuracy, and the area under the ROC."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from excise.cross_validation import Imputation, cross_validate
from excise.engine import Session
from excise.exceptions import InputError
from excise.folds import Folds
from excise.results import Floats

OF_CLASSES = ("accuracy", "auc")


class Measure(NamedTuple):
    """One measure at one alpha: held out, its standard error, on the training rows.

    `null` is what the intercept alone reaches on held-out rows.
    """

    name: str
    alpha: float
    cv: float
    se: float
    train: float
    null: float


Measurer = Callable[[Floats], Iterator[Measure]]
"""From falling alphas to measures there."""


def class_measures(
    session: Session, folds: Folds, alphas: Floats, *, imputation: Imputation | None = None
) -> Iterator[Measure]:
    """Accuracy and AUC at falling alphas, in the same folds as the deviance.

    The AUC is left out where a fold holds out rows of one class only.
    """
    for name in OF_CLASSES:
        try:
            found = cross_validate(
                session, folds, alphas=alphas, scoring=name, imputation=imputation
            )
        except InputError:
            continue
        null = float(found.null_folds.mean())
        for k, alpha in enumerate(found.alphas):
            cv, se, train = (float(x[k]) for x in (found.mean, found.se, found.train))
            yield Measure(name, float(alpha), cv, se, train, null)
