"""What each estimator parameter may be, by name: one rule for all classes that have it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from excise.exceptions import InputError, InputTypeError

Rule = Callable[[str, Any], None]
Rules = dict[str, Rule]


def real(low: float, high: float = np.inf, *, open_low: bool = False) -> Rule:
    """A finite number in [low, high], or in (low, high] with `open_low`."""
    left = "(" if open_low else "["
    right = "inf)" if high == np.inf else f"{high:g}]"

    def check(name: str, value: Any) -> None:
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
            raise InputTypeError(f"{name} must be a number, not {value!r}")
        number = float(value)
        too_low = number <= low if open_low else number < low
        if not np.isfinite(number) or too_low or number > high:
            raise InputError(f"{name}={value!r} is not in {left}{low:g}, {right}")

    return check


def integer(low: int) -> Rule:
    """A whole number of at least `low`."""

    def check(name: str, value: Any) -> None:
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
            raise InputTypeError(f"{name} must be a whole number, not {value!r}")
        if value < low:
            raise InputError(f"{name}={value!r} must be at least {low}")

    return check


def choice(*names: str) -> Rule:
    """One of the `names`."""

    def check(name: str, value: Any) -> None:
        if not isinstance(value, str) or value not in names:
            raise InputError(f"{name}={value!r} must be one of {', '.join(map(repr, names))}")

    return check


def boolean(name: str, value: Any) -> None:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise InputTypeError(f"{name} must be True or False, not {value!r}")


def optional(rule: Rule) -> Rule:
    """None, or a value that follows `rule`."""

    def check(name: str, value: Any) -> None:
        if value is not None:
            rule(name, value)

    return check


def infinite(rule: Rule) -> Rule:
    """Infinity, or a value that follows `rule`."""

    def check(name: str, value: Any) -> None:
        if not (isinstance(value, Real) and value == np.inf):
            rule(name, value)

    return check


def each(rule: Rule) -> Rule:
    """A value that follows `rule`, or a sequence of such values."""

    def check(name: str, value: Any) -> None:
        if not isinstance(value, (Sequence, np.ndarray)) or isinstance(value, str):
            rule(name, value)
        else:
            for index, item in enumerate(value):
                rule(f"{name}[{index}]", item)

    return check


positive_real = real(0.0, open_low=True)

RULES: Rules = {
    "alpha": real(0.0),
    "alpha_min_ratio": optional(real(0.0, 1.0, open_low=True)),
    "copy_X": boolean,
    "decoys": integer(0),
    "eps": positive_real,
    "fit_intercept": boolean,
    "grouped": boolean,
    "l1_ratio": each(real(0.0, 1.0)),
    "max_iter": optional(integer(1)),
    "n_threads": optional(integer(1)),
    "positive": boolean,
    "repeats": integer(1),
    "rule": choice("1se", "min"),
    "selection": choice("cyclic", "random"),
    "solver": choice("auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"),
    "stability": integer(0),
    "standardize": boolean,
    "tol": real(0.0),
    "warm_start": boolean,
}


def check_parameters(estimator: Any) -> None:
    """Check every parameter of `estimator` that has a rule, in its own ``_rules`` or here.

    Raises
    ------
    InputError, InputTypeError
        Name the parameter, its value, and what it may be.
    """
    rules = RULES | getattr(estimator, "_rules", {})
    for name, value in estimator.get_params(deep=False).items():
        if name in rules:
            rules[name](name, value)
