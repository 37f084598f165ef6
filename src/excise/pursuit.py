"""Sparse solutions of A x = b, found on the lasso's path, each with a dual proof.

Three forms of one problem (van den Berg and Friedlander, 2008), with their duals:

    equality  min |x|_1,      A x = b               max b'u,                     |A'u|_inf <= 1
    noise     min |x|_1,      |b - A x|_2 <= sigma  max b'u - sigma |u|_2,       |A'u|_inf <= 1
    budget    min |b - A x|,  |x|_1 <= budget       max b'u - budget |A'u|_inf,  |u|_2 <= 1

Every solution of the lasso min |b - A x|^2 / 2 + tax |x|_1 solves the last two for its own norms,
and u = (b - A x) / tax is their dual point; the first is the limit of falling taxes. So all three
are ends of the same path, which the engine follows and `excise.pursuit_point` solves piece by
piece: an end is a formula on the piece where it lies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from excise.checks import check_number
from excise.engine import Session
from excise.exceptions import ExciseError, InputError
from excise.problem import make_problem
from excise.pursuit_point import Piece, Point, System, excess, largest, piece_through, who_else
from excise.results import Floats, Status
from excise.verdicts import shown_gap

Form = Literal["equality", "noise", "budget"]
MOST_PIECES = 100
"""Pieces that are looked at before the best point so far is returned as it is."""
LOWEST = 1e-18
"""Share of the largest tax below which the path is not followed: its gradients are rounding."""
ROUNDING = 1e-13
"""Share of |a_j| |b| below which a_j'u is nothing."""
TOUCHES = 1e-10
"""A sigma this near to the distance of b from the columns, relatively, is meant to be that."""


class UnsolvableError(InputError):
    """b is farther from the span of the columns than was allowed.

    Attributes
    ----------
    distance : float
        How far.
    enough : str
        A sigma that is large enough, in few digits.
    """

    def __init__(self, distance: float, sigma: float) -> None:
        self.distance, self.enough = distance, _rounded_up(distance)
        what = "no x satisfies the constraint" if sigma > 0.0 else "A x = b has no solution"
        super().__init__(
            f"{what}: b is {distance:.6g} away from the span of the columns",
            [f"|b - A x|_2 <= sigma = {sigma:.6g}"] if sigma > 0.0 else [],
            f"sigma >= {self.enough}",
        )


@dataclass(frozen=True, slots=True, eq=False)
class Pursuit:
    """A sparse solution of A x = b in one of three forms, with its proof.

    Attributes
    ----------
    form : {"equality", "noise", "budget"}
        ``A x = b``, ``|b - A x|_2 <= sigma``, or ``|x|_1 <= budget``.
    limit : float
        0, sigma or the budget.
    coef : ndarray, shape (p,)
    norm1, residual_norm : float
        |x|_1 and |b - A x|_2, recomputed from `coef`.
    dual : ndarray, shape (n,)
        u, with ``|A'u|_inf <= 1``; where a budget does not bind, the residual.
    bound : float
        A lower bound of the optimum, from `dual` alone: ``b'u - sigma |u|_2`` of |x|_1, or
        ``(b'u - budget |A'u|_inf) / |u|_2`` of |b - A x|_2.
    gap : float
        Objective minus bound, computed without cancellation; of "equality" it holds for the right-
        hand side ``A x``, which is b but for `infeasibility`.
    relative_gap : float
        `gap` over |x|_1; for a budget, over |b|_2.
    infeasibility : float
        By how much the constraint is missed, over |b|_2; for a budget, over the budget.
    tax : float
        ``n alpha`` of the lasso with the same solution; 0 at the end of its path.
    unique : bool or None
        Whether no other x is as good (None: not decided).
    reason : str
        Why that is known.
    twins : tuple of tuple of int
        Groups of columns that depend on each other and could swap.
    status : Status
    feature_names : tuple of str or None
    """

    form: Form
    limit: float
    coef: Floats
    norm1: float
    residual_norm: float
    dual: Floats
    bound: float
    gap: float
    relative_gap: float
    infeasibility: float
    tax: float
    unique: bool | None
    reason: str
    twins: tuple[tuple[int, ...], ...]
    status: Status
    feature_names: tuple[str, ...] | None = None

    @property
    def support(self) -> NDArray[np.intp]:
        """Indices of the columns with a coefficient that is not zero."""
        return np.flatnonzero(self.coef)

    def summary(self) -> str:
        """One line: how optimal, how feasible, and whether it is the only one."""
        only = {True: "unique", False: "not unique", None: "uniqueness not decided"}[self.unique]
        return (
            f"optimal to {shown_gap(self.relative_gap)} (duality gap), feasible to "
            f"{shown_gap(self.infeasibility)}, {only}: {self.reason}"
        )

    def __repr__(self) -> str:
        return (
            f"Pursuit({self.form}, kept={len(self.support)} of {len(self.coef)}, "
            f"norm1={self.norm1:.6g}, residual={self.residual_norm:.1e}, "
            f"relative_gap={self.relative_gap:.1e})"
        )


def basis_pursuit(
    A: Any,
    b: Any,
    *,
    sigma: float | None = None,
    budget: float | None = None,
    tol: float = 1e-10,
    n_threads: int | None = None,
) -> Pursuit:
    """Solve A x = b with the smallest |x|_1, exactly or within a noise level or a budget.

    Parameters
    ----------
    A : array, data frame, scipy sparse array or matrix, or Design, shape (n, p)
        Neither centred nor scaled.
    b : array, shape (n,)
    sigma : float, optional
        Minimise |x|_1 subject to ``|b - A x|_2 <= sigma`` (basis pursuit denoising). 0 asks for
        ``A x = b``, as leaving it out does.
    budget : float, optional
        Minimise ``|b - A x|_2`` subject to ``|x|_1 <= budget`` (the lasso as Tibshirani wrote
        it). Where that does not bind: the least squares solution with the smallest |x|_1.
    tol : float, default=1e-10
        Wanted relative gap and infeasibility.
    n_threads : int, optional

    Returns
    -------
    Pursuit
        Coefficients, dual vector, gap, and whether the solution is unique.

    Raises
    ------
    InputError, InputTypeError
        If the data or a setting cannot be used, or no x satisfies the constraint: the message
        says how far b is from the columns.

    References
    ----------
    Chen, Donoho and Saunders, "Atomic decomposition by basis pursuit", SIAM Review 43, 2001.
    van den Berg and Friedlander, "Probing the Pareto frontier for basis pursuit solutions", SIAM
    J. Sci. Comput. 31, 2008.
    Osborne, Presnell and Turlach, "A new approach to variable selection in least squares
    problems", IMA J. Numer. Anal. 20, 2000 (the path).

    Examples
    --------
    Three unknowns, two equations; the cheapest answer needs one of them.

    >>> import numpy as np
    >>> import excise
    >>> A = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    >>> found = excise.basis_pursuit(A, [2.0, 2.0])
    >>> found.coef
    array([0., 0., 2.])
    >>> found.unique, found.reason
    (True, "columns with |a'dual| = 1: 1, independent")
    >>> float(found.dual @ [2.0, 2.0]), np.abs(A.T @ found.dual).max() <= 1.0
    (2.0, np.True_)
    """
    if sigma is not None and budget is not None:
        raise InputError(
            "sigma and budget cannot both be given",
            ["one bounds |b - A x|_2, the other |x|_1, and the rest is minimised"],
            "leave one of them out",
        )
    form: Form = "equality"
    limit = 0.0
    if budget is not None:
        form, limit = "budget", _at_least_zero("budget", budget)
    elif sigma is not None:
        limit = _at_least_zero("sigma", sigma)
        form = "noise" if limit > 0.0 else "equality"
    with _names_of_equations():
        problem = make_problem(
            A, b, fit_intercept=False, standardize=False, tol=tol, n_threads=n_threads
        )
        if problem.outputs > 1:
            raise InputError(f"y must have one dimension, got shape {problem.y.shape}")
        search = _Search(Session(problem), form, limit)
    return search.answer()


class _Search:
    """The lasso's path, followed to where the asked-for end is."""

    def __init__(self, session: Session, form: Form, limit: float) -> None:
        self.session, self.problem = session, session.problem
        self.form, self.limit = form, limit
        self.system = System(self.problem.design, self.problem.y)
        self.top = session.alpha_max * self.problem.n

    def answer(self) -> Pursuit:
        """The certified point, and whether it is the only one."""
        point, slack = self._trivial() or self._found()
        found = self._certified(point, slack)
        c = self.system.correlate(point.dual)
        if slack is not None and found.norm1 < self.limit * (1.0 - TOUCHES):
            only = self.system.independent(np.arange(self.problem.p))
            columns = {True: "independent", False: "dependent", None: "too many to compare"}[only]
            reason = f"the budget does not bind, and the columns are {columns}"
            return replace(found, unique=only, reason=reason)
        if found.status is not Status.OPTIMAL:
            return replace(found, reason="the point is not proved optimal")
        unique, reason, twins = who_else(self.system, point.coef, c / max(1.0, largest(c)))
        return replace(found, unique=unique, reason=reason, twins=twins)

    def _trivial(self) -> tuple[Point, Floats | None] | None:
        """Where x = 0 is the answer, or no column says anything about b."""
        nothing, b = np.zeros(self.problem.p), self.system.b
        reach = self.limit if self.top > 0.0 else self.limit * (1.0 + TOUCHES)
        if self.form != "budget" and self.system.size <= reach:
            return Point(nothing, np.zeros_like(b), self.top), None
        if self.top > 0.0:
            at_top = Point(nothing, b / self.top, self.top)
            return (at_top, None) if self.form == "budget" and self.limit == 0.0 else None
        if self.form != "budget":
            raise UnsolvableError(self.system.size, self.limit)
        return Point(nothing, np.zeros_like(b), 0.0), b

    def _found(self) -> tuple[Point, Floats | None]:
        """Search for the tax between one that is too low and one that is too high."""
        low, high, tax = 0.0, self.top, 0.1 * self.top
        best, least, above = None, np.inf, None
        for step in range(MOST_PIECES):
            solution = self.session.solve_at(tax / self.problem.n, after=above)
            ahead, beyond = 0.0, False
            if len(solution.support) > 0:
                piece = piece_through(self.system, solution.coef)
                ahead = self._ahead(piece)
                for candidate in self._candidates(piece, ahead):
                    found = self._certified(*candidate)
                    missing = max(found.relative_gap, found.infeasibility)
                    if found.status is Status.OPTIMAL and self._cheapest(candidate):
                        return candidate
                    if missing < least:
                        best, least = candidate, missing
                beyond = self._beyond(piece, tax)
            low, high, above = (tax, high, above) if beyond else (low, tax, solution)
            if high < LOWEST * self.top:
                break
            tax = _between(low, high, ahead if step % 3 < 2 else 0.0)
        assert best is not None
        return best

    def _ahead(self, piece: Piece) -> float:
        """The tax at which this piece, prolonged, meets the limit."""
        if self.form == "budget":
            return piece.meets_budget(self.limit)
        return piece.meets_noise(self.limit) if self.form == "noise" else 0.0

    def _beyond(self, piece: Piece, tax: float) -> bool:
        """Whether the end lies at a higher tax than this point of the piece."""
        if self.form == "budget":
            return piece.norm1(tax) > self.limit
        return self.form == "noise" and piece.residual_norm(tax) < self.limit

    def _candidates(self, piece: Piece, tax: float) -> Iterator[tuple[Point, Floats | None]]:
        """The point at `tax`, and the end of the path where sigma or the budget reach that far.

        The second member is the residual that is left at the end, if the constraint allows one.
        """
        if tax > 0.0:
            yield piece.at(tax), None
        if self.form == "noise" and self.limit > piece.rest * (1.0 + TOUCHES):
            return
        if self.form == "budget" and self.limit < piece.largest * (1.0 - TOUCHES):
            return
        if piece.exact:
            yield piece.at(0.0), None if self.form != "budget" else np.zeros_like(piece.r0)
        elif piece.orthogonal():
            if self.form != "budget" and self.limit < piece.rest * (1.0 - TOUCHES):
                raise UnsolvableError(piece.rest, self.limit)
            yield piece.at(0.0), piece.r0

    def _cheapest(self, candidate: tuple[Point, Floats | None]) -> bool:
        """Whether |x|_1 is proved to be the smallest with the same A x, at the end of the path."""
        point, c = candidate[0], self.system.correlate(candidate[0].dual)
        size = float(np.abs(point.coef).sum())
        return point.tax > 0.0 or excess(point.coef, c)[0] <= self.problem.tol * size

    def _certified(self, point: Point, slack: Floats | None) -> Pursuit:
        """All norms and the gap, from the data; `unique` is left open."""
        x, u, system = point.coef, point.dual, self.system
        r, norm1 = system.residual(x), float(np.abs(x).sum())
        size, rest = system.size, float(np.linalg.norm(r))
        if self.form == "budget":
            u = u if slack is None else slack
            c, length = system.correlate(u), float(np.linalg.norm(u))
            if slack is not None:  # orthogonal to all columns, but for the rounding of products
                c = np.where(np.abs(c) <= ROUNDING * system.size * system.lengths, 0.0, c)
            paid = self.limit * largest(c)
            bound = (float(system.b @ u) - paid) / length if length > 0.0 else 0.0
            apart = rest * length - float(r @ u) + paid - float(x @ c)
            gap = apart / length if length > 0.0 else rest
            relative, over = gap / (size or 1.0), (norm1 - self.limit) / (self.limit or 1.0)
        else:
            gap, shrink = excess(x, system.correlate(u))
            u = u / shrink
            bound = float(system.b @ u)
            if self.form == "noise" and slack is None:
                pull = self.limit * float(np.linalg.norm(u))
                gap, bound = gap + pull - float(r @ u), bound - pull
            relative, over = gap / (norm1 or 1.0), (rest - self.limit) / (size or 1.0)
        relative, over = max(relative, 0.0), max(over, 0.0)
        solved = max(relative, over) <= self.problem.tol
        return Pursuit(
            form=self.form,
            limit=self.limit,
            coef=x,
            norm1=norm1,
            residual_norm=rest,
            dual=u,
            bound=bound,
            gap=max(gap, 0.0),
            relative_gap=relative,
            infeasibility=over,
            tax=point.tax,
            unique=None,
            reason="",
            twins=(),
            status=Status.OPTIMAL if solved else Status.STALLED,
            feature_names=self.problem.feature_names,
        )


def _between(low: float, high: float, ahead: float) -> float:
    """The next tax: what the last piece says, if that is between; else the middle in digits."""
    if low < ahead < high:
        return ahead
    return 0.1 * high if low == 0.0 else float(np.sqrt(low * high))


def _rounded_up(value: float) -> str:
    unit = 10.0 ** (np.floor(np.log10(value)) - 3.0)
    return f"{np.ceil(value / unit * (1.0 - 1e-12)) * unit:.4g}"


def _at_least_zero(name: str, value: Any) -> float:
    number = check_number(name, value)
    if not 0.0 <= number < np.inf:
        raise InputError(f"{name} is {number}; it must be a finite number >= 0")
    return number


@contextmanager
def _names_of_equations() -> Iterator[None]:
    """Errors about X and y name A and b."""
    try:
        yield
    except ExciseError as error:
        lines = (error.fact, *error.where, error.remedy)
        named = [re.sub(r"\by\b", "b", re.sub(r"\bX\b", "A", line)) for line in lines]
        raise type(error)(named[0], named[1:-1], named[-1]) from None
