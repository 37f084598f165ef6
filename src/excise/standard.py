"""The standard scale: every column with mean 0 and variance 1.

    z_j = (x_j - mean_j) / scale_j          weighted mean and population standard deviation
    coef_std = coef * scale                 the coefficient of z_j

Without an intercept nothing is centred: mean_j = 0 and scale_j is the root mean square.
Where the penalty acts on coef, the columns of a group are divided by one number, the largest scale
among them, so that its norm stays one.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.design import Design, SparseDesign
from excise.problem import Problem
from excise.results import Floats

Index = NDArray[np.intp]

LARGEST = 1e300
"""What is larger counts as infinite, and this can still be multiplied by zero."""


@dataclass(frozen=True, slots=True, eq=False)
class ColumnScale:
    """Centre and spread of each column; a scale of 0 marks a constant column.

    `shared`: what columns are divided by, where that is not their own scale.
    """

    mean: Floats
    scale: Floats
    shared: Floats | None = None

    @property
    def divisor(self) -> Floats:
        """What columns are divided by: the scale, with 1 for a constant column."""
        return np.where(self.scale > 0.0, self.scale, 1.0) if self.shared is None else self.shared

    @property
    def length(self) -> Floats:
        """The root mean square of each column after the division: at most 1."""
        return self.scale / self.divisor


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """y - offset, centred, in units of a power of two near its size.

    The unit keeps squares finite for y of 1e-150 or 1e150, and costs no rounding.

    Attributes
    ----------
    values : ndarray of the shape of y
        (y - offset - mean) / unit; exactly 0 where y - offset is constant.
    mean : float, or ndarray, shape (K,)
        In the caller's units; 0 without an intercept.
    unit : float
        One for all outputs.
    """

    values: Floats
    mean: Any
    unit: float


def target(problem: Problem) -> Target:
    """Centre y - offset by its weighted mean, one value subtracted first."""
    w = problem.weights
    values = problem.y if problem.offset is None else problem.y - problem.offset
    mean = np.zeros(values.shape[1:])
    if problem.fit_intercept:
        pilot = values[np.argmax(w > 0.0)]
        values = values - pilot
        shift = w @ values
        values, mean = values - shift, pilot + shift
    largest = float(np.abs(values[w > 0.0]).max())
    unit = float(np.ldexp(1.0, int(np.frexp(largest)[1]))) if largest > 0.0 else 1.0
    return Target(values / unit, mean, unit)


def column_scale(problem: Problem) -> ColumnScale:
    """Mean and scale of every column, one block at a time.

    A row of the column is subtracted first and the rest divided by its largest entry, so that
    neither a mean of 1e6 nor a spread of 1e-200 costs digits; a column is constant if nothing
    is left, that is if min == max over the rows with weight.
    """
    if isinstance(problem.design, SparseDesign):
        return _sparse_column_scale(problem, problem.design)
    mean, scale = np.zeros(problem.p), np.zeros(problem.p)
    w = problem.weights
    row = int(np.argmax(w > 0.0))
    for part, block in problem.design.blocks():
        with np.errstate(over="ignore", invalid="ignore"):
            total = float(block.sum())
        if not -LARGEST < total < LARGEST:
            problem.refuse_non_finite()
        if problem.sample_weight is not None:
            block[w == 0.0] = block[row]
        pilot = block[row].copy() if problem.centred else np.zeros(block.shape[1])
        block -= pilot
        peak = np.max(np.abs(block), axis=0)
        block /= np.where(peak > 0.0, peak, 1.0)
        if problem.centred:
            shift = w @ block
            block -= shift
            mean[part] = pilot + peak * shift
        scale[part] = peak * np.sqrt(w @ np.square(block))
    return ColumnScale(mean, scale)


def _sparse_column_scale(problem: Problem, design: SparseDesign) -> ColumnScale:
    """The same from the entries: zeros that are not stored count once, with all their weight.

    What is subtracted first is 0 where a row with weight is not stored, else a stored value.
    """
    w, p, total = problem.weights, problem.p, design.sum_entries
    counts = (w > 0.0).astype(np.float64)
    stored = total(lambda rows, columns, values: counts[rows])
    full = stored == counts.sum()
    pilot, peak = np.zeros(p), np.zeros(p)
    if problem.centred and full.any():
        for rows, columns, values in design.chunks():
            some = full[columns] & (w[rows] > 0.0)
            pilot[columns[some]] = values[some]
    for rows, columns, values in design.chunks():
        np.maximum.at(peak, columns, np.abs(values - pilot[columns]) * counts[rows])
    unit = np.where(peak > 0.0, peak, 1.0)

    def off(rows: Index, columns: Index, values: Floats) -> Floats:
        return np.asarray((values - pilot[columns]) / unit[columns] * counts[rows])

    shift, rest = np.zeros(p), np.zeros(p)
    if problem.centred:
        shift = total(lambda *entry: w[entry[0]] * off(*entry))
        weight = total(lambda rows, columns, values: w[rows])
        rest = np.where(full, 0.0, np.maximum(1.0 - weight, 0.0))
    square = total(lambda *entry: w[entry[0]] * np.square(off(*entry) - shift[entry[1]]))
    scale = peak * np.sqrt(square + rest * np.square(shift))
    mean = pilot + peak * shift if problem.centred else np.zeros(p)
    return ColumnScale(mean, scale)


def of_groups(problem: Problem, columns: ColumnScale) -> ColumnScale:
    """The same with one divisor for the columns of a group whose norm is that of coef.

    A group that pays nothing has no norm.
    """
    if problem.group_tax is None or problem.standardize:
        return columns
    groups = problem.group_tax.parts
    most = np.zeros(len(groups))
    np.maximum.at(most, groups.of, columns.scale)
    shared = np.where(most > 0.0, most, 1.0)[groups.of]
    free = problem.penalty_weight == 0.0
    return ColumnScale(columns.mean, columns.scale, np.where(free, columns.divisor, shared))


def far_columns(design: Design, columns: ColumnScale) -> Index | None:
    """Columns to be centred number by number; None: all.

    Of a sparse table those whose mean is above their standard deviation: more than half of such a
    column is stored. For the others centring is algebra on sums, and nothing cancels.
    """
    return np.flatnonzero(np.abs(columns.mean) > columns.scale) if design.sparse else None


def correlate(design: Design, columns: ColumnScale, R: Floats) -> Floats:
    """Z'R, shape (p, k), for Z the columns on the standard scale and R of shape (n, k)."""
    far = far_columns(design, columns)
    if far is None:
        out = np.empty((design.shape[1], R.shape[1]))
    else:
        out = design.correlate(R) - columns.mean[:, None] * R.sum(axis=0)
    for here, block in design.blocks(far):
        out[here] = (block - columns.mean[here]).T @ R
    return out * ((columns.scale > 0.0) / columns.divisor)[:, None]


def predict(design: Design, columns: ColumnScale, index: Index, b: Floats) -> Floats:
    """Z_A b, shape (n, k), for the columns A = `index` and b of shape (len(index), k)."""
    coef = b * ((columns.scale > 0.0) / columns.divisor)[index][:, None]
    near = np.zeros(len(index), dtype=bool)
    out = np.zeros((design.shape[0], b.shape[1]))
    if isinstance(design, SparseDesign):
        near = np.abs(columns.mean[index]) <= columns.scale[index]
        out += design.predict(index[near], coef[near]) - columns.mean[index[near]] @ coef[near]
    start, far = 0, coef[~near]
    for here, block in design.blocks(index[~near]):
        out += (block - columns.mean[here]) @ far[start : start + len(here)]
        start += len(here)
    return out


class View:
    """Z = the columns on the standard scale, a block at a time: it never exists as a whole.

    The mean is subtracted before anything is multiplied; a constant column is all 0. Vectors over
    the rows come and go multiplied by sqrt(w), so that plain products are weighted ones.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.columns = of_groups(problem, column_scale(problem))
        self.root = np.sqrt(problem.weights)

    def blocks(
        self, index: NDArray[np.intp] | None = None
    ) -> Iterator[tuple[NDArray[np.intp], Floats]]:
        """Blocks of sqrt(W) Z with the indices of their columns: of all, or of the chosen ones."""
        columns = self.columns
        for here, block in self.problem.design.blocks(index):
            block -= columns.mean[here]
            block /= columns.divisor[here]
            block[:, columns.scale[here] == 0.0] = 0.0
            block *= self.root[:, None]
            yield here, block

    def reweighted(self, factor: Floats) -> View:
        """The same columns with rows multiplied by sqrt(w factor)."""
        other = copy(self)
        other.root = self.root * np.sqrt(factor)
        return other

    def eta(self, b: Floats) -> Floats:
        """Z b without the weights, of all outputs or one; columns where b is zero are not read."""
        B = b.reshape(self.problem.p, -1)
        index = np.flatnonzero(B.any(axis=1))
        found = predict(self.problem.design, self.columns, index, B[index])
        return found[:, 0] if B.shape[1] == 1 else found

    def predict(self, b: Floats) -> Floats:
        """Z b, reading only the columns where b is not zero."""
        return self.weighted(self.eta(b))

    def weighted(self, rows: Floats) -> Floats:
        """Rows multiplied by sqrt(w), whatever their other axis is."""
        return np.asarray((self.root * rows.T).T)

    def flat(self, vectors: Floats) -> Floats:
        """Z'v in flat numbers, for v of the shape of y."""
        return self.correlate(vectors).ravel()

    def correlate(self, vectors: Floats) -> Floats:
        """Z'v, shape (p,), or with further axes as v has them after its rows."""
        R = self.root[:, None] * vectors.reshape(self.problem.n, -1)
        found = correlate(self.problem.design, self.columns, R)
        return found.reshape(self.problem.p, *vectors.shape[1:])

    def gather(self, index: NDArray[np.intp]) -> Floats:
        """The chosen columns, a copy."""
        chosen = [block for _, block in self.blocks(index)]
        return np.concatenate(chosen, axis=1) if chosen else np.empty((self.problem.n, 0))

    def gram(self, index: NDArray[np.intp]) -> Floats:
        """Z_A'Z_A of a sparse table: expanded about the sparse columns, never the table itself."""
        from scipy.sparse import csc_array

        design, columns = self.problem.design, self.columns
        assert isinstance(design, SparseDesign)
        far = np.abs(columns.mean[index]) > columns.scale[index]
        rows, place, values = design.entries(index[~far])
        scale, t = columns.divisor[index[~far]], (columns.mean / columns.divisor)[index[~far]]
        shape = (self.problem.n, len(scale))
        U = csc_array((self.root[rows] * values / scale[place], (rows, place)), shape=shape)
        s, F = U.T @ self.root, self.gather(index[far])
        out = np.empty((len(index), len(index)))
        near = np.ix_(~far, ~far)
        out[near] = (U.T @ U).toarray() - np.outer(s, t) - np.outer(t, s)
        out[near] += np.outer(t, t) * float(self.root @ self.root)
        out[np.ix_(~far, far)] = U.T @ F - np.outer(t, self.root @ F)
        out[np.ix_(far, ~far)] = out[np.ix_(~far, far)].T
        out[np.ix_(far, far)] = F.T @ F
        return out

    def span(self, index: NDArray[np.intp]) -> Floats:
        """An orthonormal basis of the chosen columns."""
        basis = np.empty((self.problem.n, 0))
        for _, rest in self.blocks(index):
            for _ in range(2):
                rest = rest - basis @ (basis.T @ rest)
            left, values, _ = np.linalg.svd(rest, full_matrices=False)
            basis = np.concatenate([basis, left[:, values > 1e-13]], axis=1)
        return basis
