"""A grid of alphas so fine, where it must be, that every alpha between is bounded too.

Chords whose bound (`excise.chords`) is above eps are halved until none is. A bound falls with the
square of its chord's width, so that a path has of the order of 1 / sqrt(eps) alphas; for a lasso
with the squared loss hardly more than it has knots. The solutions are met on a walk in small steps,
each near the one before; what is not needed of it is dropped.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.alphas import STEP, descent
from excise.between import Guarantee
from excise.checks import check_number
from excise.chords import Chord, Measure, check_chords
from excise.engine import Session
from excise.exceptions import InputError
from excise.path_parts import joined, start_from, taken
from excise.problem import Problem
from excise.results import Floats, Path

Index = NDArray[np.intp]

MOST_ALPHAS = 20_000


def guaranteed_path(
    problem: Problem, eps: Any, alphas: Any = None, alpha_min_ratio: float | None = None
) -> Path:
    """The path whose `Path.between` has a relative gap of at most `eps` at every alpha.

    Parameters
    ----------
    problem : Problem
    eps : float
        > 0.
    alphas : None
        The grid follows from `eps`.
    alpha_min_ratio : float, optional
        As in `excise.engine.fit_path`.

    Raises
    ------
    InputError
        An `eps` that is not above 0, that the solutions themselves do not reach, or that takes
        more than `MOST_ALPHAS` alphas; alphas, or a schedule.
    """
    eps = check_eps(eps)
    if alphas is not None:
        raise InputError(
            "guarantee chooses the alphas; they cannot be given as well",
            remedy="guarantee with alpha_min_ratio, or alphas without guarantee",
        )
    check_chords(problem, "guarantee")
    session = Session(problem)
    ends = session.grid(2, alpha_min_ratio)
    path = session.path(np.concatenate([ends[:1], descent(*ends.tolist())]))
    if path.null_loss == 0.0 or ends[0] == ends[1]:  # one solution for every alpha
        path = taken(path, [0])
    kept = path.alphas[[0, -1]] if len(path) > 1 else path.alphas
    known: dict[tuple[float, float], Chord] = {}
    while True:
        at = np.searchsorted(-path.alphas, -kept)
        known = _chords(path, at, known)
        mids, missing = _cuts(path, at, [*known.values()], eps)
        if len(mids) == 0:
            break
        if len(missing):
            path = joined(path, session.path(_walk(missing), start_from(path, missing[0])))
        kept = np.sort(np.concatenate([kept, mids]))[::-1]
    path = taken(path, at)
    session.remember(path)
    bounds = np.array([chord.worst for chord in known.values()])
    return replace(path, guarantee=Guarantee(eps, bounds, float(kept[0]), float(kept[-1])))


def check_eps(eps: Any) -> float:
    """A guarantee: finite and above zero."""
    value = check_number("guarantee", eps)
    if not 0.0 < value < np.inf:
        raise InputError(
            f"guarantee is {value}; it must be finite and > 0",
            ["the largest relative gap at any alpha of the path"],
            "guarantee=1e-4",
        )
    return value


def _chords(
    path: Path, at: Index, known: dict[tuple[float, float], Chord]
) -> dict[tuple[float, float], Chord]:
    """All chords of the alphas that are kept, by their ends; those known are not measured again."""
    measure, chords = Measure(path), {}
    for i, j in zip(at[:-1].tolist(), at[1:].tolist(), strict=True):
        ends = float(path.alphas[i]), float(path.alphas[j])
        chords[ends] = known[ends] if ends in known else measure.chord(i, j)
    return chords


def _cuts(path: Path, at: Index, chords: list[Chord], eps: float) -> tuple[Floats, Floats]:
    """Alphas to be kept too, in the middles of wide chords, and those not solved yet."""
    gaps = path.relative_gaps[at]
    if not gaps.max() <= eps:
        k = int(np.argmax(~(gaps <= eps)))
        raise InputError(
            f"guarantee is {eps:g}, but at alpha = {path.alphas[at[k]]:.6g} the solution itself is "
            f"proved to {gaps[k]:.1e} only",
            remedy=f"{_above(float(gaps[k]))}a larger alpha_min_ratio",
        )
    mids, missing = [], []
    for i, j, chord in zip(at[:-1].tolist(), at[1:].tolist(), chords, strict=True):
        if not chord.worst > eps:
            continue
        mids.append(float(path.alphas[(i + j) // 2]))
        if j == i + 1:
            mids[-1] = float(np.sqrt(chord.high) * np.sqrt(chord.low))
            missing.append(mids[-1])
            if not chord.high > mids[-1] > chord.low:
                raise _too_many(eps)
    if len(at) + len(mids) > MOST_ALPHAS:
        raise _too_many(eps)
    return np.array(mids), np.array(missing)


def _too_many(eps: float) -> InputError:
    return InputError(
        f"guarantee is {eps:g}; more than {MOST_ALPHAS:,} alphas would be needed",
        remedy="a larger guarantee, or a larger alpha_min_ratio",
    )


def _above(gap: float) -> str:
    """A guarantee that such a solution has, if it says anything."""
    return f"guarantee={10.0 ** np.ceil(np.log10(2.0 * gap)):.0e}, or " if gap < 0.05 else ""


def _walk(alphas: Floats) -> Floats:
    """Falling alphas with steps between those far apart: each solution then starts near by."""
    parts = [alphas[:1]]
    for above, alpha in zip(alphas[:-1].tolist(), alphas[1:].tolist(), strict=True):
        far = alpha < STEP**2 * above
        parts.append(descent(above, alpha) if far else np.array([alpha]))
    return np.concatenate(parts)
