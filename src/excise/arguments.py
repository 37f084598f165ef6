"""The settings of a problem, each checked by itself: what is wrong, where, and what to try."""

from __future__ import annotations

from typing import Any

import numpy as np

from excise.checks import check_flag, check_number, check_rows, check_table, name_of, numbers
from excise.exceptions import InputError, InputTypeError
from excise.losses import AnyLoss
from excise.results import Floats


def check_alpha(alpha: Any) -> float:
    """`alpha` as a float: finite and not negative."""
    value = check_number("alpha", alpha)
    if not 0.0 <= value < np.inf:
        raise InputError(f"alpha is {value}; it must be a finite number >= 0")
    return value


def check_offset(offset: Any, y: Floats) -> Floats | None:
    """Offsets of the shape of y: finite."""
    if offset is None:
        return None
    values = numbers("offset", offset)
    if y.ndim == 1:
        return check_rows("offset", values, len(y))
    return check_table("offset", values, len(y), y.shape[1])


def check_grouped(grouped: Any, y: Floats, loss: AnyLoss, bounds: Any) -> bool:
    """Whether features are in or out for all outputs; one output has nothing to group."""
    wanted = loss.targets == "any" if grouped is None else check_flag("grouped", grouped)
    if y.ndim == 1 or not wanted:
        return False
    if bounds is not None:
        raise InputError(
            "bounds cannot be kept where a feature is in or out for all outputs together",
            [f"y has {y.shape[1]} columns, and grouped is {grouped}"],
            "grouped=False, or no bounds",
        )
    return True


def check_groups(y: Floats, bounds: Any) -> None:
    """Refuse what groups of columns do not go with."""
    if y.ndim > 1:
        raise InputError(
            f"groups of columns take one output, but y has {y.shape[1]}",
            remedy="a fit for each column of y; grouped=True groups the outputs of a feature",
        )
    if bounds is not None:
        raise InputError(
            "bounds cannot be kept by groups of columns",
            remedy="no bounds, or a penalty of single columns",
        )


def check_sample_weight(weight: Any, n: int, name: str = "sample_weight") -> Floats | None:
    """Weights of the rows: finite, >= 0, not all 0."""
    if weight is None:
        return None
    values = check_rows(name, numbers(name, weight), n)
    if values.min() < 0.0:
        row = int(np.argmax(values < 0.0))
        raise InputError(f"{name} is {values[row]} in row {row}; weights must be >= 0")
    if values.max() == 0.0:
        raise InputError(f"{name} is zero in every row", ["no row is left to fit"])
    return values


def check_penalty_weight(weight: Any, p: int, names: tuple[str, ...] | None) -> Floats:
    """Weights of the features' penalties: >= 0, infinite ones too; 1 where none are given."""
    if weight is None:
        return np.ones(p)
    values = numbers("penalty_weight", weight)
    if values.shape != (p,):
        raise InputError(
            f"penalty_weight must have shape ({p},), one per feature, got {values.shape}"
        )
    wrong = np.flatnonzero(~(values >= 0.0))
    if len(wrong):
        j = int(wrong[0])
        raise InputError(
            f"penalty_weight is {values[j]} for {name_of('feature', j, names)}; it must be >= 0",
            ["0 = never penalised, inf = excluded"],
        )
    return values


def check_bounds(bounds: Any, p: int, names: tuple[str, ...] | None) -> tuple[Floats, Floats]:
    """The lower and upper bound of every feature; 0 lies between them."""
    if bounds is None:
        return np.full(p, -np.inf), np.full(p, np.inf)
    if isinstance(bounds, str) and bounds == "positive":
        return np.zeros(p), np.full(p, np.inf)
    if isinstance(bounds, str) or not hasattr(bounds, "__len__") or len(bounds) != 2:
        raise InputError(f"bounds must be None, 'positive' or (lower, upper), got {bounds!r}")
    pair = []
    for side, given in zip(("lower", "upper"), bounds, strict=True):
        values = numbers(f"{side} bounds", given)
        if values.shape not in ((), (1,), (p,)):
            raise InputError(
                f"{side} bounds must be one number or have shape ({p},), got {values.shape}"
            )
        pair.append(np.broadcast_to(values, (p,)))
    lower, upper = pair
    wrong = np.flatnonzero(~((lower <= 0.0) & (upper >= 0.0)))
    if len(wrong):
        j = int(wrong[0])
        raise InputError(
            f"the bounds of {name_of('feature', j, names)} are [{lower[j]}, {upper[j]}]; "
            "they must hold 0"
        )
    return lower, upper


def l1_share(penalty: str, l1_ratio: Any = 1.0) -> float:
    """The l1_ratio that a name of the elastic net and the setting mean together."""
    kind, colon, share = penalty.partition(":")
    if colon and kind != "elastic":
        raise InputError(f"penalty {penalty!r} must be {kind!r} alone: it has no parameter")
    ratio = check_number("l1_ratio", l1_ratio)
    if not 0.0 <= ratio <= 1.0:
        raise InputError(f"l1_ratio is {ratio}; it must lie in [0, 1]")
    if kind == "l1":
        return ratio
    try:
        wanted = 0.0 if kind == "ridge" else float(share) if colon else None
    except ValueError:
        wanted = np.nan
    if wanted is None:
        return 0.5 if ratio == 1.0 else ratio
    if not 0.0 <= wanted <= 1.0:
        raise InputError(f"penalty {penalty!r} must name a share in [0, 1], as in 'elastic:0.5'")
    if ratio not in (1.0, wanted):
        raise InputError(f"penalty {penalty!r} and l1_ratio = {ratio} contradict each other")
    return wanted


def check_n_threads(n_threads: Any) -> int | None:
    """A number of threads, at least 1; None leaves it to the solver."""
    if n_threads is None:
        return None
    if isinstance(n_threads, bool) or not isinstance(n_threads, (int, np.integer)):
        raise InputTypeError(f"n_threads must be an integer or None, not {n_threads!r}")
    if n_threads < 1:
        raise InputError(f"n_threads is {n_threads}; it must be at least 1")
    return int(n_threads)
