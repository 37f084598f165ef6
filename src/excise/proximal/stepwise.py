"""The textbook method, to be watched: proximal gradient steps at one alpha, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from excise.arguments import check_alpha
from excise.certify import certify_problem
from excise.checks import check_flag
from excise.exceptions import InputError, InputTypeError
from excise.penalties import ElasticNet, Penalty
from excise.problem import make_problem
from excise.proximal.data import QUIET
from excise.proximal.gradient import Descent, Move
from excise.proximal.session import ProximalSession, status_of
from excise.results import Floats, Solution, SparseColumns
from excise.trace import Trace


def proximal_gradient(
    X: Any,
    y: Any,
    alpha: float,
    *,
    penalty: str | Penalty | Any = "l1",
    method: Literal["fista", "ista"] = "fista",
    max_iter: int = 10_000,
    trace: bool = False,
    **problem: Any,
) -> Solution:
    """Solve at one alpha by proximal gradient steps from b = 0, with the same certificate.

    For learning, and to compare with. `excise.fit` takes the same penalties, is exact, and far
    faster: with faces it needs a few Newton systems where this needs thousands of steps.

    Parameters
    ----------
    X : array, data frame or Design, shape (n, p)
    y : array, shape (n,)
    alpha : float
    penalty : str, Penalty or object, default="l1"
        As in `excise.problem.make_problem`: the elastic net too.
    method : {"fista", "ista"}, default="fista"
        With momentum, which is dropped where the objective would rise; or without.
    max_iter : int, default=10_000
        Steps at most; fewer where the relative gap is at most `tol`, or nothing moves.
    trace : bool, default=False
        Whether to keep iterates, supports and objectives.
    **problem
        The settings of `excise.problem.make_problem`. A smooth loss of one output, no bounds.

    Returns
    -------
    Solution
        With `trace` (a `Trace`) if asked for. Status `STALLED` if `max_iter` was too few.

    Raises
    ------
    InputError, InputTypeError
        If the data or a setting cannot be used; the message names what and where.

    References
    ----------
    Beck and Teboulle, "A fast iterative shrinkage-thresholding algorithm for linear inverse
    problems", SIAM Journal on Imaging Sciences 2, 2009.

    Examples
    --------
    >>> import numpy as np
    >>> from excise import proximal_gradient
    >>> X, y = np.eye(3), np.array([3.0, -1.0, 0.2])
    >>> found = proximal_gradient(X, y, 0.1, fit_intercept=False, trace=True)
    >>> found.coef.round(6) + 0.0
    array([ 2.7, -0.7,  0. ])
    >>> found.trace.support(1)
    array([0, 1])
    """
    if method not in ("fista", "ista"):
        raise InputError(f"unknown method {method!r}", remedy="method='fista' or method='ista'")
    most, keep = _check_count(max_iter), check_flag("trace", trace)
    checked = make_problem(X, y, penalty=penalty, **problem)
    alpha = check_alpha(alpha)
    own = checked
    if checked.penalty is None:
        own = replace(checked, penalty=ElasticNet(checked.l1_ratio))
    session = ProximalSession(own)
    objective = session.objective(alpha)
    start = session.null
    descent = Descent(objective, start, objective.step_of(start), method == "fista")
    moves = [Move(start, descent.value, 0.0, False)]
    with QUIET():
        point = descent.run(most, checked.tol, moves.append if keep else None)
    coef, intercept = session.original(point)
    certificate = certify_problem(checked, coef, intercept, alpha)
    return Solution(
        alpha=alpha,
        coef=coef,
        intercept=intercept,
        coef_std=coef * session.columns.divisor,
        certificate=certificate,
        status=status_of(certificate, checked.tol),
        feature_names=checked.feature_names,
        trace=_trace(moves, session.data.columns.per) if keep else None,
    )


def _trace(moves: list[Move], per: Floats) -> Trace:
    return Trace(
        objective=np.array([move.objective for move in moves]),
        step=np.array([move.step for move in moves]),
        restarted=np.array([move.restarted for move in moves]),
        columns=SparseColumns.of([move.point.b / per for move in moves]),
    )


def _check_count(max_iter: Any) -> int:
    """An integer, at least 1."""
    if isinstance(max_iter, bool) or not isinstance(max_iter, (int, np.integer)):
        raise InputTypeError(f"max_iter must be an integer, not {max_iter!r}")
    if max_iter < 1:
        raise InputError(f"max_iter is {max_iter}; it must be at least 1")
    return int(max_iter)
