"""The one warning of the estimators: the certified gap is above the tolerance."""

from __future__ import annotations

import warnings

from sklearn.exceptions import ConvergenceWarning as SklearnConvergenceWarning

from excise import exceptions
from excise.results import Status


class ConvergenceWarning(exceptions.ConvergenceWarning, SklearnConvergenceWarning):
    """The certified gap is above `tol`; filters of excise and of scikit-learn both catch it."""


def warn_if_uncertified(
    name: str, alpha: float, relative_gap: float, tol: float, *, squared: bool = True
) -> None:
    """Warn exactly when the certified gap is above `tol`.

    For the squared loss the consequence is a theorem: half the mean squared distance between two
    fits is at most the gap, and the null loss is half the variance of y.
    """
    if relative_gap <= tol:
        return
    consequence = (
        f"The fitted values may be off by up to {relative_gap**0.5:.1e} standard deviations of y "
        "(root mean square)"
        if squared
        else "The objective may be above its smallest value by that much"
    )
    message = (
        f"{name} at alpha={alpha:.6g}: the certified duality gap is {relative_gap:.1e} of the "
        f"null loss, the target is tol={tol:.1e}. {consequence}, and zeros that are not "
        f"proved may be wrong. Drop columns that nearly repeat others, raise alpha, or accept "
        f"this accuracy with tol={1.1 * relative_gap:.1e}."
    )
    warnings.warn(message, ConvergenceWarning, stacklevel=3)


def warn_if_not_stationary(
    name: str, alpha: float, status: Status, violation: float, tol: float
) -> None:
    """Warn when the point that a concave penalty ended at is not stationary to `tol`."""
    if status is not Status.STALLED:
        return
    message = (
        f"{name} at alpha={alpha:.6g}: the optimality conditions are violated by {violation:.1e} "
        f"of alpha_max, the target is tol={tol:.1e}, so that this is no stationary point. Drop "
        "columns that nearly repeat others, raise alpha, or accept it with a larger tol."
    )
    warnings.warn(message, ConvergenceWarning, stacklevel=3)


def warn_if_unsettled(name: str, status: Status) -> None:
    """Warn when the weights of a schedule would still change with another step."""
    if status is Status.UNSETTLED:
        warnings.warn(f"{name}: {status.value}", ConvergenceWarning, stacklevel=3)
