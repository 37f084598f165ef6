"""The alphas that scikit-learn would try."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_scalar

from excise.exceptions import InputError

if TYPE_CHECKING:
    from excise.sessions import AnySession


def alpha_grid(session: AnySession, alphas: Any, eps: float) -> NDArray[np.float64]:
    """Falling alphas: the ones given, or as many as asked for below alpha_max.

    Parameters
    ----------
    session : AnySession
        Of the problem on all rows.
    alphas : int or sequence of float
        How many, from alpha_max down to ``eps * alpha_max``, evenly on a log scale; or which.
    eps : float

    Returns
    -------
    ndarray of shape (n_alphas,)
        With the repetitions of `alphas`.

    Raises
    ------
    InputError
        No alpha, or an automatic grid for ``l1_ratio=0``, where no alpha makes all zero.
    ValueError, TypeError
        An alpha that is negative or not a number.
    """
    if not isinstance(alphas, Integral):
        for index, alpha in enumerate(alphas):
            check_scalar(alpha, f"alphas[{index}]", Real, min_val=0.0, include_boundaries="left")
        if not len(alphas):
            raise InputError("alphas is empty", remedy="alphas=100")
        return np.sort(np.asarray(alphas, dtype=np.float64))[::-1]
    if alphas < 1:
        raise InputError(f"alphas={alphas} must be at least 1")
    if session.problem.l1_ratio == 0.0:
        raise InputError(
            "Automatic alpha grid generation is not supported for l1_ratio=0. Please supply a grid "
            "by providing your estimator with the appropriate `alphas=` argument."
        )
    top = session.alpha_max
    if top == 0.0:  # y is constant: nothing to scan
        return np.full(int(alphas), np.finfo(np.float64).resolution)
    return np.geomspace(top, top * eps, num=int(alphas))
