"""The few reads of the rows that books, stability and decoys need; never a whole copy of X.

With A = [1, Z, y] (columns standardised and y centred by the statistics of all rows, so that
nothing cancels) the weighted cross-products A'WA of a set of rows are its `moments`: moments of
disjoint sets add up, and centring and scaling are re-learned from the sum alone.

For another loss than the squared one the place of the centred y is taken by u = -l'(y, eta) at the
intercept alone: Z'Wu is what each feature earns with all the others at zero. Of K outputs they have
a column each, and moments leave them out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.classes_term import ClassesTerm
from excise.cox_term import likelihood_of
from excise.data_term import data_term
from excise.losses import Multinomial, Squared, by_rows, of_rows
from excise.null_model import best_intercept
from excise.problem import Problem
from excise.results import Floats
from excise.standard import ColumnScale, View, correlate, predict

CHUNK = 1 << 20
"""Numbers of X held as float64 at a time: 8 MB."""
CONSTANT = 1e-12
"""A column with less than this part of its variance left in a subset is constant there."""


class Standardised(NamedTuple):
    """G = Z'WZ, q = Z'Wy and the scale of Z, with centre and scale learned from the moments."""

    G: Floats
    q: Floats
    scale: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A problem's rows on the standard scale.

    Attributes
    ----------
    problem : Problem
    mean, scale : ndarray, shape (n_features,)
    centre : float, or ndarray, shape (K,)
        The best intercept alone (for the squared loss the mean of y less the offset); 0 without
        an intercept.
    """

    problem: Problem
    mean: Floats
    scale: Floats
    centre: Any

    @classmethod
    def of(cls, problem: Problem, mean: Floats, scale: Floats) -> Rows:
        """With the centre that belongs to these rows."""
        centre = _centre(problem) if problem.fit_intercept else np.zeros(problem.y.shape[1:])[()]
        return cls(problem, mean, scale, centre)

    @property
    def squared(self) -> bool:
        """Whether the loss is the squared one, of one response: moments alone give its answers."""
        return isinstance(self.problem.loss, Squared) and self.problem.outputs == 1

    @property
    def y(self) -> Floats:
        """What is left of y by the intercept alone: for the squared loss y, centred.

        Where a loss has more than one slope the one is taken at which the intercept is best.
        """
        if self.problem.loss.kinked:
            view = View(self.problem)
            some = view.root > 0.0
            slopes = data_term(view).null_slopes
            return np.divide(slopes, view.root, out=np.zeros_like(slopes), where=some)
        return self._left(np.zeros(self.problem.y.shape) + self.centre)

    def _left(self, eta: Floats) -> Floats:
        """Minus the slopes of the loss at a predictor (less the offset): the residual, if squared.

        Rows without weight have none.
        """
        problem = self.problem
        eta = eta if problem.offset is None else eta + problem.offset
        if self.squared:
            return problem.y - eta
        left = np.zeros(problem.y.shape)
        if problem.survival is not None:
            rows, likelihood = likelihood_of(problem)
            left[rows] = -likelihood.slopes(eta[rows])
            return left
        used = problem.weights > 0.0
        left[used] = -by_rows(problem.loss).gradient(problem.y[used], eta[used])
        return left

    @property
    def divisor(self) -> Floats:
        """The scale, with 1 for a constant column."""
        return np.where(self.scale > 0.0, self.scale, 1.0)

    def standard(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Floats:
        """These rows of Z, for these columns."""
        X = self.problem.design.rows(rows, columns)
        return (X - self.mean[columns]) * (self.scale[columns] > 0.0) / self.divisor[columns]

    def correlate(self, R: Floats) -> Floats:
        """Z'R, shape (n_features, k), for R (n, k) that carries the weights."""
        return correlate(self.problem.design, ColumnScale(self.mean, self.scale), R)

    def left(self, support: NDArray[np.intp], coef_std: Floats, centre: Any) -> Floats:
        """What is left of y, in its shape, after coefficients per standard deviation.

        `centre` is the intercept where every feature is at its mean.
        """
        return self._left(centre + self.eta(support, coef_std))

    def eta(self, support: NDArray[np.intp], coef_std: Floats) -> Floats:
        """The terms of these features added up, shape (n,); 0 where every one is at its mean.

        Of coefficients with a column per output shape (n, K).
        """
        columns = ColumnScale(self.mean, self.scale)
        b = coef_std if coef_std.ndim == 2 else coef_std[:, None]
        eta = predict(self.problem.design, columns, support, b)
        return eta if coef_std.ndim == 2 else eta[:, 0]

    def used(self) -> NDArray[np.intp]:
        """Rows with weight."""
        return np.flatnonzero(self.problem.weights > 0.0)

    def moments(self, columns: NDArray[np.intp], rows: NDArray[np.intp], n_blocks: int) -> Floats:
        """A'WA of equal runs of `rows`, shape (n_blocks, m + 2, m + 2); the last may be shorter."""
        size = -(-len(rows) // n_blocks)
        out = np.empty((n_blocks, len(columns) + 2, len(columns) + 2))
        for part in self._spans(n_blocks, size * (len(columns) + 2)):
            taken = rows[part.start * size : part.stop * size]
            A = np.empty((len(taken), len(columns) + 2))
            A[:, 0] = 1.0
            A[:, 1:-1] = self.standard(taken, columns)
            A[:, -1] = self.y[taken] if self.problem.outputs == 1 else 0.0
            weighted = A * self.problem.weights[taken][:, None]
            padding = ((0, (part.stop - part.start) * size - len(taken)), (0, 0))
            shape = (part.stop - part.start, size, len(columns) + 2)
            A, weighted = (np.pad(x, padding).reshape(shape) for x in (A, weighted))
            out[part] = np.matmul(weighted.transpose(0, 2, 1), A)
        return out

    @staticmethod
    def _spans(n_blocks: int, numbers: int) -> Iterator[slice]:
        """Blocks that are read together, about `CHUNK` numbers."""
        step = max(1, CHUNK // numbers)
        for start in range(0, n_blocks, step):
            yield slice(start, min(start + step, n_blocks))


def standardise(moments: Floats, centred: bool) -> Standardised:
    """Centre and scale learned from moments (m + 2, m + 2); a constant column has scale 0."""
    M = moments / moments[0, 0]
    if centred:
        M = M - np.outer(M[:, 0], M[0])
    variance = M.diagonal()[1:-1]
    scale = np.where(variance > CONSTANT, np.sqrt(np.maximum(variance, 0.0)), 0.0)
    inverse = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0.0)
    G = M[1:-1, 1:-1] * np.outer(inverse, inverse)
    return Standardised(G, M[1:-1, -1] * inverse, scale)


def _centre(problem: Problem) -> Any:
    """The best intercept alone; of classes with mean 0."""
    if isinstance(problem.loss, Multinomial):
        term = ClassesTerm(View(problem))
        alone = term.null_eta[0] - term.offset[0]
        return alone - alone.mean()
    if not isinstance(problem.loss, Squared):
        used = problem.weights > 0.0
        offset = np.zeros(problem.n) if problem.offset is None else problem.offset
        y, offset = problem.y[used], offset[used]
        return best_intercept(of_rows(problem.loss), y, offset, problem.weights[used])
    y = problem.y if problem.offset is None else problem.y - problem.offset
    return (problem.weights @ y)[()]
