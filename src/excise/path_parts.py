"""Paths of one problem, taken apart and put together; nothing is solved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from excise.results import Path, SparseColumns

BY_ALPHA = ("alphas", "intercepts", "relative_gaps", "kkt_violations", "train_loss")
"""What a path has for every alpha, besides columns."""


def start_from(path: Path, alpha: float) -> Any:
    """The nearest solution above, for the engine to start from."""
    k = int(np.searchsorted(-path.alphas, -alpha, side="right")) - 1
    part = slice(path.columns_std.indptr[k], path.columns_std.indptr[k + 1])
    known = path.columns_std.indices[part], path.columns_std.data[part]
    return (float(path.alphas[k]), *known) if len(known[0]) else None


def joined(one: Path, other: Path) -> Path:
    """Two paths of a problem as one, by falling alpha; of equal alphas the first remains."""
    both: dict[str, Any] = {
        name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in BY_ALPHA
    }
    made = replace(
        one,
        **both,
        columns=_side_by_side(one.columns, other.columns),
        columns_std=_side_by_side(one.columns_std, other.columns_std),
        n_factorizations=one.n_factorizations + other.n_factorizations,
        n_passes=one.n_passes + other.n_passes,
    )
    return taken(made, np.unique(-made.alphas, return_index=True)[1])


def taken(path: Path, at: Any) -> Path:
    """The path at some of its alphas."""
    parts: dict[str, Any] = {name: getattr(path, name)[at] for name in BY_ALPHA}
    return replace(
        path, columns=_chosen(path.columns, at), columns_std=_chosen(path.columns_std, at), **parts
    )


def _side_by_side(one: SparseColumns, other: SparseColumns) -> SparseColumns:
    indptr = np.concatenate([one.indptr, one.indptr[-1] + other.indptr[1:]])
    indices = np.concatenate([one.indices, other.indices])
    return SparseColumns(indptr, indices, np.concatenate([one.data, other.data]), one.n_rows)


def _chosen(columns: SparseColumns, at: Any) -> SparseColumns:
    sizes = np.diff(columns.indptr)[at]
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    entries = np.repeat(columns.indptr[:-1][at] - indptr[:-1], sizes) + np.arange(indptr[-1])
    return SparseColumns(indptr, columns.indices[entries], columns.data[entries], columns.n_rows)
