"""Solve for one alpha or a whole path with the compiled core, a certificate at every alpha."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise._core import Engine
from excise.alphas import descent, falling_alphas
from excise.arguments import check_alpha
from excise.certify import certify_problem
from excise.chords import between
from excise.core_engine import engine_of
from excise.duality import EPS, Size, certificate_from
from excise.exceptions import InputError
from excise.losses import Squared
from excise.penalties import GroupPenalty
from excise.problem import Problem, make_problem
from excise.results import Event, Floats, Path, Solution, SparseColumns, Status
from excise.sessions import session_of
from excise.standard import ColumnScale
from excise.stationary import lowest_convex, stationary, tangent
from excise.taxes import penalty_at
from excise.verdicts import Certificate

COARSE = 1e-9
"""Share of the predictor's spread that rounding on the original scale may move a row by, unseen."""


def fit(X: Any, y: Any, alpha: float, **problem: Any) -> Solution:
    """Solve at one alpha, exactly, through an inner path from alpha_max.

    Parameters
    ----------
    X : array, data frame or Design, shape (n, p)
    y : array, shape (n,), or (n, K) of K outputs
    alpha : float
    **problem
        The settings of `excise.problem.make_problem`.

    Returns
    -------
    Solution
        With its certificate.

    Raises
    ------
    InputError, InputTypeError
        If the data or a setting cannot be used; the message names what and where.
    """
    checked = make_problem(X, y, **problem)
    return session_of(checked).solve_at(check_alpha(alpha))


def fit_path(
    X: Any,
    y: Any,
    alphas: Any = None,
    *,
    alpha_min_ratio: float | None = None,
    guarantee: float | None = None,
    **problem: Any,
) -> Path:
    """Solve along falling alphas.

    Parameters
    ----------
    X : array, data frame or Design, shape (n, p)
    y : array, shape (n,), or (n, K) of K outputs
    alphas : int or array-like, optional
        How many (a geometric grid from alpha_max), or their values in any order; default 100.
    alpha_min_ratio : float, optional
        Last alpha over the first; default 1e-4 if n > p, else 1e-2.
    guarantee : float, optional
        A relative gap, as in 1e-4: the alphas are then chosen so that `Path.between` has no larger
        one at any alpha from the first to the last, which `Path.guarantee` states as proved.
    **problem
        The settings of `excise.problem.make_problem`.

    Returns
    -------
    Path

    Raises
    ------
    InputError, InputTypeError
        If the data or a setting cannot be used; the message names what and where.
    """
    checked = make_problem(X, y, **problem)
    if guarantee is not None:
        from excise.guarantee import guaranteed_path

        return guaranteed_path(checked, guarantee, alphas, alpha_min_ratio)
    alphas = 100 if alphas is None else alphas
    return solve_path(checked, alphas, alpha_min_ratio=alpha_min_ratio)


def solve_path(
    problem: Problem, alphas: Any = 100, *, alpha_min_ratio: float | None = None
) -> Path:
    """`fit_path` for a checked problem."""
    session = session_of(problem)
    return session.path(session.grid(alphas, alpha_min_ratio))


class Session:
    """A problem with the compiled engine that works on it; the engine is rebuilt after pickling."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._engine: Engine | None = None
        self._known: tuple[Floats, SparseColumns] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_engine": None}

    @property
    def engine(self) -> Engine:
        """The compiled engine, made when first asked for."""
        if self._engine is None:
            self._engine = engine_of(self._seen)
        return self._engine

    @property
    def _seen(self) -> Problem:
        """The problem as the core sees it."""
        return self.problem

    @property
    def columns(self) -> ColumnScale:
        """Centre and spread of the columns."""
        return ColumnScale(self.engine.mean, self.engine.scale)

    @property
    def alpha_max(self) -> float:
        """The smallest alpha at which every penalised coefficient is zero."""
        return self.engine.alpha_max if self.problem.l1_ratio > 0.0 else np.inf

    def grid(self, alphas: Any = 100, alpha_min_ratio: float | None = None) -> Floats:
        """The falling alphas that `alphas` means (see `fit_path`)."""
        return falling_alphas(self.problem, lambda: self.engine.grid_top, alphas, alpha_min_ratio)

    def path(self, alphas: Floats, start: Any = None) -> Path:
        """Certified solutions at falling `alphas`; `start` as in `solve_at`."""
        return self.certified(alphas, self.run(alphas, start))

    def run(
        self, alphas: Floats, start: Any = None, shares: Floats | None = None
    ) -> dict[str, Any]:
        """What the core finds at falling `alphas`, and of each support at `shares` of its alpha."""
        found = self.engine.path(alphas, start, shares)
        if found["finite"]:
            return found
        raise InputError(
            "y is so large beside X that the loss or a coefficient overflows",
            remedy="give y or the columns of X in another unit",
        )

    def certified(self, alphas: Floats, found: dict[str, Any]) -> Path:
        """The path that the core has found at `alphas`."""
        engine = self.engine
        top = engine.top_gradient
        centre = self.columns

        def verify(k: int) -> float:
            return self._verified(self.problem, found, k, float(alphas[k])).relative_gap

        path = Path(
            alphas=alphas,
            columns=self.sparse(found, "coef"),
            columns_std=self.sparse(found, "coef_std"),
            intercepts=self._intercepts(found),
            relative_gaps=self.relative_gaps(found, verify),
            kkt_violations=found["violations"] / (top if top > 0.0 else 1.0),
            train_loss=found["losses"],
            alpha_max=self.alpha_max,
            null_loss=engine.null_loss,
            mean=centre.mean,
            scale=centre.scale,
            n_factorizations=found["n_solves"],
            n_passes=found["n_passes"],
            problem=self.problem,
            feature_names=self.problem.feature_names,
            outputs=self.problem.outputs,
            _solve_at=self.solve_at,
            _find_events=self.events,
            _find_between=between,
            _find_convex=self.lowest_convex,
        )
        self._known = (alphas, self._found(found, "coef_std"))
        return path

    def remember(self, path: Path) -> None:
        """Solve from the points of `path`, and tell its events, from now on."""
        self._known = (path.alphas, path.columns_std)

    def solve_at(
        self, alpha: float, after: Solution | None = None, *, start: Any = None
    ) -> Solution:
        """The exact solution at `alpha`, from the nearest larger alpha that is known.

        `after`: a solution at a larger alpha, of one output, to start from instead. `start`: the
        same as alpha, features and their coefficients per standard deviation, which may be those
        of other penalty weights.
        """
        alpha = check_alpha(alpha)
        above = self.engine.grid_top
        if after is not None and len(after.support) > 0:
            kept = after.support.astype(np.int64)
            start = (after.alpha, kept, after.coef_std[kept])
        if start is not None:
            above = start[0]
        elif self._known is not None:
            alphas, known = self._known
            k = int(np.searchsorted(-alphas, -alpha, side="right")) - 1
            if k >= 0 and len(known.support(k)) > 0:
                above = float(alphas[k])
                part = slice(known.indptr[k], known.indptr[k + 1])
                start = (above, known.indices[part], known.data[part])
        direct = self.problem.l1_ratio == 0.0  # a ridge needs no path
        steps = np.array([alpha]) if direct else descent(above, alpha)
        found = self.run(steps, None if direct else start)
        return self._solution(alpha, found)

    def _solution(self, alpha: float, found: dict[str, Any]) -> Solution:
        last = len(found["indptr"]) - 2
        coef_std = self.sparse(found, "coef_std").column(last)
        certificate = self._certificate(alpha, coef_std, found)
        if certificate.stationary:
            solved = min(certificate.kkt_violation, certificate.relative_gap) <= self.problem.tol
            status = Status.STATIONARY if solved else Status.STALLED
        else:
            solved = certificate.relative_gap <= self.problem.tol
            status = Status.OPTIMAL if solved else Status.STALLED
        return Solution(
            alpha=alpha,
            coef=self._shaped(self.sparse(found, "coef").column(last)),
            intercept=_number(self._intercepts(found)[last]),
            coef_std=self._shaped(coef_std),
            certificate=certificate,
            status=status,
            feature_names=self.problem.feature_names,
            n_factorizations=found["n_solves"],
        )

    def _certificate(self, alpha: float, coef_std: Floats, found: dict[str, Any]) -> Certificate:
        """From the core's correlations; the formulas are those of `excise.certify`."""
        problem, top = self.problem, self.engine.top_gradient or self.engine.unit
        if problem.penalty is None or problem.penalty.convex:
            return self._convex_certificate(problem, alpha, coef_std, found)
        touching = tangent(problem, self.columns, coef_std, alpha)
        made = self._convex_certificate(touching, alpha, coef_std, found)
        c = found["correlations"]
        return stationary(problem, None, self.columns, coef_std, c, alpha, top, made)

    def _convex_certificate(
        self, problem: Problem, alpha: float, coef_std: Floats, found: dict[str, Any]
    ) -> Certificate:
        engine = self.engine
        last = len(found["indptr"]) - 2
        grouped = isinstance(problem.penalty, GroupPenalty)
        if grouped or not isinstance(problem.loss, Squared):
            made = self._verified(problem, found, last, alpha)
            if self._coarse(found)[last]:
                return made
            return _with_dual_of_core(made, float(found["relative_gaps"][-1]), engine.null_loss)
        unit = engine.unit
        size = Size(
            unit=unit,
            null=engine.null_loss / unit / unit,
            top=engine.top_gradient / unit or 1.0,
        )
        made = certificate_from(
            coef_std / unit,
            found["correlations"] / unit,
            2.0 * float(found["losses"][-1]) / unit / unit,
            penalty_at(problem, self.columns, alpha, unit),
            size,
        )
        judged = engine.has_free or bool(self._coarse(found)[last])
        if made.relative_gap <= problem.tol and not judged:
            return made
        again = self._verified(problem, found, last, alpha)
        return again if judged else min(made, again, key=lambda c: c.relative_gap)

    def _verified(
        self, problem: Problem, found: dict[str, Any], k: int, alpha: float
    ) -> Certificate:
        """What `excise.certify` says of the k-th point of `problem`, or of its tangent."""
        coef = self._shaped(self._found(found, "coef").column(k))
        return certify_problem(problem, coef, self._intercepts(found)[k], alpha)

    def relative_gaps(self, found: dict[str, Any], verify: Callable[[int], float]) -> Floats:
        """The core's gaps, or the verifier's where features pay nothing at all, or are far off.

        A multiple of the residual is then a dual point only if those features are fitted to the
        last digit, which near-twins among them prevent: the verifier projects instead. And the
        core's gaps are those of the standard scale (see `_coarse`). `verify` tells the k-th gap.
        """
        gaps: Floats = found["relative_gaps"]
        if not (self.engine.has_free or self._far):
            return gaps
        coarse = self._coarse(found)
        judged = np.full(len(gaps), self.engine.has_free) | coarse
        verified = gaps.copy()
        for k in np.flatnonzero(judged).tolist():
            verified[k] = verify(k)
        squared = isinstance(self.problem.loss, Squared)
        return np.where(squared | coarse, verified, np.minimum(verified, gaps))

    @property
    def _far(self) -> bool:
        """Whether a column is so far from zero that `_coarse` may be true: it adds such columns."""
        return EPS * self.engine.farthest > COARSE

    def _coarse(self, found: dict[str, Any]) -> NDArray[np.bool_]:
        """For every alpha, whether the original scale cannot hold what the core has found.

        A column of mean 1e6 and spread 1e-9 has a coefficient, and the intercept a size, at which
        the rounding of doubles moves the predictor by far more than the core's gap tells.
        """
        indptr, indices = found["indptr"], found["indices"]
        if not self._far:
            return np.zeros(len(indptr) - 1, dtype=bool)
        owner = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
        far = np.abs(found["coef"] * self.engine.mean[indices // self.problem.outputs])
        spread = np.abs(found["coef_std"])
        sizes = [np.bincount(owner, size, len(indptr) - 1) for size in (far, spread)]
        return np.asarray(EPS * sizes[0] > COARSE * sizes[1])

    def sparse(self, found: dict[str, Any], name: str) -> SparseColumns:
        """A column per alpha, a row per coefficient in its flat number."""
        return self._found(found, name)

    def _found(self, found: dict[str, Any], name: str) -> SparseColumns:
        """The same as the core counts coefficients."""
        rows = len(self.engine.mean) * self.problem.outputs
        return SparseColumns(found["indptr"], found["indices"], found[name], rows)

    def _shaped(self, flat: Floats) -> Floats:
        """Coefficients in flat numbers, with a column per output where there are several."""
        return flat if self.problem.outputs == 1 else flat.reshape(-1, self.problem.outputs)

    def _intercepts(self, found: dict[str, Any]) -> Floats:
        """A number per alpha, and output where there are several."""
        return self._shaped(found["intercepts"])

    def lowest_convex(self) -> float:
        """The alpha of the known path down to which its objective is convex on its support."""
        assert self._known is not None
        alphas, known = self._known
        if self.problem.penalty is None or self.problem.penalty.convex:
            return float(alphas[-1])
        coefs = [known.column(k) for k in range(len(alphas))]
        return lowest_convex(self.problem, alphas, coefs)

    def events(self) -> tuple[list[Event], Floats]:
        """Entries and exits down to the last alpha of the known path, and where they are."""
        assert self._known is not None
        if self.problem.penalty is not None and not self.problem.penalty.convex:
            raise InputError(
                f"events are not known along a path of penalty {self.problem.penalty.name!r}",
                ["coefficients jump where its minimum does"],
                "path.support(k) at every alpha",
            )
        known_alphas, known = self._known
        ever = np.unique(known.indices)
        alphas, flat, enters = self.engine.events(float(known_alphas[-1]), ever)
        K, apart = self.problem.outputs, self.problem.outputs > 1 and not self.problem.grouped
        events = [
            Event(float(a), int(j) // K, "enters" if e else "leaves", int(j) % K if apart else None)
            for a, j, e in zip(alphas, flat, enters, strict=True)
        ]
        return events, np.unique(alphas)[::-1]


def _with_dual_of_core(made: Certificate, relative: float, null_loss: float) -> Certificate:
    """The certificate with the core's own gap, where that is smaller.

    At a kink, and where rows do not bend, coefficients do not tell the dual point, which the
    verifier has to guess; the core ends with both.
    """
    if not relative < made.relative_gap:
        return made
    gap = relative * null_loss
    return replace(made, gap=gap, dual=made.primal - gap, relative_gap=relative)


def _number(intercept: Any) -> Any:
    """A float of one output, an array of several."""
    return float(intercept) if np.ndim(intercept) == 0 else intercept
