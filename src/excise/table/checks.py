"""What deserves a look although it can be used: texts for `excise.exceptions.DataWarning`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from excise.concordance import pairs_in_order
from excise.explain.words import count
from excise.losses import Logistic
from excise.model import Column, Target
from excise.results import Floats
from excise.scores import SCORES
from excise.survival import Survival
from excise.table.plan import Plan

LEAK = 0.99
LEAK_PAIRS = 0.995
_WORTH_SORTING = 0.1
_LOGISTIC = Logistic()
_LEAST_ROWS = 10
_BLOCK = 256


def check_frame(plan: Plan, frame: pl.DataFrame) -> list[str]:
    """Rows left out, and rows that repeat another one."""
    found = []
    if without := plan.target.missing:
        are = "is" if without == 1 else "are"
        found.append(f"{plan.target.lacking(plan.n_rows)} and {are} left out")
    if plan.incomplete:
        found.append(f"{count(plan.incomplete, 'row')} with missing values left out, as asked")
    names = [column.name for column in (*plan.columns, *plan.dropped)]
    flat = frame.select(*names, *plan.target.columns).select(
        pl.exclude(pl.List, pl.Array, pl.Struct, pl.Object)
    )
    repeats = frame.height - flat.hash_rows().n_unique()
    if 0 < repeats <= frame.height / 2:  # more than that: the table has few different values
        verb = "repeats" if repeats == 1 else "repeat"
        found.append(
            f"{count(repeats, 'row')} {verb} another one: the same case may stand on both sides "
            "of a fold"
        )
    return found


def check_encoded(
    X: Floats, y: Floats | Survival, columns: Sequence[Column], target: Target
) -> list[str]:
    """Features that alone nearly are the target."""
    if len(y) < _LEAST_ROWS:
        return []
    if isinstance(y, Survival):
        return _put_in_order(X, y, columns, target)
    if len(target.levels) == 2:
        return _tell_apart(X, y, single_r2(X, y), columns, target)
    found = []
    each = y.reshape(len(y), -1).T
    for name, one in zip(target.responses or (target.name,), each, strict=True):
        r2 = single_r2(X, one)
        found += [
            f"{columns[j].name} alone explains {100 * r2[j]:.1f}% of {name}: is it known "
            "before the target is?"
            for j in np.flatnonzero(r2 > LEAK).tolist()
        ]
    return found


def _tell_apart(
    X: Floats, y: Floats, r2: Floats, columns: Sequence[Column], target: Target
) -> list[str]:
    """Features whose order alone is that of two classes."""
    found = []
    for j in np.flatnonzero(r2 > _WORTH_SORTING).tolist():
        auc = SCORES["auc"](_LOGISTIC, y, X[:, j], None)
        if max(auc, 1.0 - auc) > LEAK_PAIRS:
            found.append(
                f"{columns[j].name} alone tells {target.levels[1]} from {target.levels[0]} in "
                f"{100 * max(auc, 1.0 - auc):.1f}% of pairs: is it known before {target.name} is?"
            )
    return found


def _put_in_order(X: Floats, y: Survival, columns: Sequence[Column], target: Target) -> list[str]:
    """Features whose order alone is that of survival times."""
    found = []
    last = np.argsort(np.argsort(y.time, kind="stable"), kind="stable")
    for j in np.flatnonzero(single_r2(X, last.astype(np.float64)) > _WORTH_SORTING).tolist():
        right, pairs = pairs_in_order(y, X[:, j])
        share = max(right, pairs - right) / max(pairs, 1.0)
        if share > LEAK_PAIRS:
            found.append(
                f"{columns[j].name} alone puts {100 * share:.1f}% of pairs in the order of "
                f"{target.name}: is it known before {target.event} is?"
            )
    return found


def single_r2(X: Floats, y: Floats) -> Floats:
    """Squared correlation of each column with y; 0 for a constant column."""
    r2 = np.zeros(X.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):
        y = (y - y.mean()) / (np.abs(y).max() or 1.0)
        for at in range(0, X.shape[1], _BLOCK):
            block = X[:, at : at + _BLOCK]
            scale = np.abs(block).max(axis=0)
            block = block / np.where(scale > 0, scale, 1.0)
            block -= block.mean(axis=0)
            norms = np.einsum("ij,ij->j", block, block) * (y @ y)
            fits = norms > 1e-24 * len(y)
            r2[at : at + _BLOCK][fits] = (y @ block)[fits] ** 2 / norms[fits]
    return r2
