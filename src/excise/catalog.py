"""The registry: what can be asked for, by name, in one line each.

Validation messages, command-line choices and the documentation read these tables; a new penalty
starts with its line here, a new loss in `excise.losses` (whose names stand here too, so that a help
page need not import numpy).
"""

from __future__ import annotations

PENALTIES: dict[str, str] = {
    "l1": "alpha * |b|: the lasso",
    "elastic": "a mixture of |b| and b^2 / 2, as in 'elastic:0.5' (the share of |b|)",
    "ridge": "alpha * b^2 / 2: shrinks, cuts nothing",
}

CONCAVE_NAMES: dict[str, str] = {"mcp": "3", "scad": "3.7", "log": "0.1", "lq": "0.5"}
"""Penalties of `excise.penalties` that fade, with their usual shapes."""

LOSS_NAMES: dict[str, tuple[str, ...]] = {
    "number": ("squared", "poisson", "gamma", "tweedie", "negative_binomial", "huber", "quantile"),
    "class": ("logistic", "squared_hinge", "multinomial"),
    "survival": ("cox",),
}
"""Losses by the kind of target that they are made for."""
