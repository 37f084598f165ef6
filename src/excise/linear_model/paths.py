"""Drop-in lasso_path and enet_path: scikit-learn's signatures, exact at every alpha."""

from __future__ import annotations

import warnings
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_array

from excise.engine import Session
from excise.exceptions import InputError
from excise.linear_model import settings
from excise.linear_model.base import COMPRESSED, FLOATS, sound
from excise.linear_model.grid import alpha_grid
from excise.linear_model.warning import warn_if_uncertified
from excise.problem import make_problem

WITHOUT_EFFECT = {"max_iter", "random_state", "selection", "do_screening", "X_offset", "X_scale"}


def enet_path(
    X: ArrayLike,
    y: ArrayLike,
    *,
    l1_ratio: float = 0.5,
    eps: float = 1e-3,
    n_alphas: Any = "deprecated",
    alphas: int | ArrayLike | None = 100,
    precompute: Any = "auto",
    Xy: Any = None,
    copy_X: bool = True,
    coef_init: Any = None,
    verbose: bool | int = False,
    return_n_iter: bool = False,
    positive: bool = False,
    check_input: bool = True,
    **params: Any,
) -> tuple[Any, ...]:
    """Elastic-net path without an intercept, exact at every alpha; drop-in for scikit-learn's.

    Parameters
    ----------
    X : array-like or sparse of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Several targets have one set of features, as in `MultiTaskElasticNet`.
    l1_ratio : float, default=0.5
        Share of the L1 penalty, from 0 (ridge) to 1 (lasso).
    eps : float, default=1e-3
        ``alpha_min / alpha_max`` of an automatic grid.
    n_alphas : int, default="deprecated"
        Deprecated as in scikit-learn 1.9: pass an integer `alphas`.
    alphas : int or array-like, default=100
        Length of an automatic grid, or the alphas themselves.
    precompute, Xy, copy_X, coef_init, verbose, check_input
        Without effect: the solver decides what it precomputes, needs no starting point, never
        writes to X and always checks its input.
    return_n_iter : bool, default=False
        Whether to return the number of linear systems too.
    positive : bool, default=False
        Whether to allow only coefficients >= 0.
    **params
        ``tol`` (default 1e-4): largest certified relative gap that passes without a warning.
        ``sample_weight``: array-like of shape (n_samples,). ``max_iter``, ``random_state``,
        ``selection``, ``do_screening``: without effect.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
        Falling.
    coefs : ndarray of shape (n_features, n_alphas) or (n_targets, n_features, n_alphas)
    dual_gaps : ndarray of shape (n_alphas,)
        Certified bounds on the suboptimality of the objective.
    n_iters : list of int
        Linear systems solved per alpha, averaged over the path; only with `return_n_iter`.

    Raises
    ------
    InputError
        `positive` with several targets, or an unknown parameter.
    """
    tol = params.pop("tol", 1e-4)
    sample_weight = params.pop("sample_weight", None)
    unknown = params.keys() - WITHOUT_EFFECT
    if unknown:
        raise InputError(f"Unexpected parameters in params: {', '.join(sorted(unknown))}")
    for name, value in (("l1_ratio", l1_ratio), ("eps", eps), ("tol", tol), ("positive", positive)):
        settings.RULES[name](name, value)
    rows = check_array(sound(X), dtype=FLOATS, ensure_all_finite=False, accept_sparse=COMPRESSED)
    if positive and np.ndim(y) != 1:
        raise InputError("positive=True is not allowed for multi-output (y.ndim != 1)")
    session = Session(
        make_problem(
            rows,
            np.ravel(y) if np.shape(y)[1:] == (1,) else y,
            l1_ratio=l1_ratio,
            bounds="positive" if positive else None,
            sample_weight=sample_weight,
            fit_intercept=False,
        )
    )
    grid = alpha_grid(session, _requested_alphas(n_alphas, alphas), eps)
    distinct, position = np.unique(-grid, return_inverse=True)
    path = session.path(-distinct)
    worst = int(np.argmax(path.relative_gaps))
    name = "lasso_path" if l1_ratio == 1.0 else "enet_path"
    warn_if_uncertified(name, float(path.alphas[worst]), float(path.relative_gaps[worst]), tol)
    coefs = np.stack([path.coef_at(k).T for k in position], axis=-1)
    coefs = coefs.reshape(*np.shape(y)[1:], *coefs.shape[-2:]).astype(rows.dtype, copy=False)
    dual_gaps = (path.relative_gaps * path.null_loss)[position]
    if not return_n_iter:
        return grid, coefs, dual_gaps
    return grid, coefs, dual_gaps, [max(1, round(path.n_factorizations / len(grid)))] * len(grid)


def lasso_path(
    X: ArrayLike,
    y: ArrayLike,
    *,
    eps: float = 1e-3,
    n_alphas: Any = "deprecated",
    alphas: int | ArrayLike | None = 100,
    precompute: Any = "auto",
    Xy: Any = None,
    copy_X: bool = True,
    coef_init: Any = None,
    verbose: bool | int = False,
    return_n_iter: bool = False,
    positive: bool = False,
    **params: Any,
) -> tuple[Any, ...]:
    """Lasso path without an intercept, exact at every alpha; drop-in for scikit-learn's.

    Parameters
    ----------
    X : array-like or sparse of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    eps, n_alphas, alphas, precompute, Xy, copy_X, coef_init, verbose, return_n_iter, positive
        As in `enet_path`.
    **params
        As in `enet_path`.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
    coefs : ndarray of shape (n_features, n_alphas) or (n_targets, n_features, n_alphas)
    dual_gaps : ndarray of shape (n_alphas,)
    n_iters : list of int
        Only with `return_n_iter`.

    Examples
    --------
    >>> from excise.linear_model import lasso_path
    >>> X, y = [[-1.0], [0.0], [1.0]], [-2.0, 0.0, 2.0]
    >>> alphas, coefs, gaps = lasso_path(X, y, alphas=[1.0, 0.5])
    >>> coefs.round(4)
    array([[0.5 , 1.25]])
    """
    return enet_path(
        X,
        y,
        l1_ratio=1.0,
        eps=eps,
        n_alphas=n_alphas,
        alphas=alphas,
        return_n_iter=return_n_iter,
        positive=positive,
        **params,
    )


def _requested_alphas(n_alphas: Any, alphas: Any) -> int | NDArray[np.float64]:
    """What the caller asked for, with scikit-learn's own deprecations."""
    if n_alphas != "deprecated":
        message = (
            "'n_alphas' was deprecated in 1.9 and will be removed in 1.11 of scikit-learn; "
            f"pass alphas={n_alphas!r} instead."
        )
        warnings.warn(message, FutureWarning, stacklevel=3)
        alphas = n_alphas if alphas is None or isinstance(alphas, Integral) else alphas
    elif alphas is None:
        message = (
            "'alphas=None' is deprecated and will be removed in 1.11 of scikit-learn; "
            "pass alphas=100 instead."
        )
        warnings.warn(message, FutureWarning, stacklevel=3)
        alphas = 100
    return alphas  # type: ignore[no-any-return]
