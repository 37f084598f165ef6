"""What a schedule refuses, and in which words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from excise import InputError, InputTypeError, certify, fit, fit_path
from excise.schedules import (
    Adaptive,
    Annealed,
    LocalLinear,
    PruneThenRefine,
    Reweighted,
    Static,
)

Make = Callable[[], Any]
REFUSED: list[tuple[type[Exception], str, Make]] = [
    (InputError, "refine is 1.5; it must lie in [0, 1]", lambda: PruneThenRefine(1.5)),
    (InputError, "refine is nan; it must lie in [0, 1]", lambda: PruneThenRefine(np.nan)),
    (InputError, "refine is -0.1; it must lie in [0, 1]", lambda: PruneThenRefine((0.5, -0.1))),
    (InputTypeError, "refine must be a number, not 'half'", lambda: PruneThenRefine("half")),
    (InputError, "refine is empty\n  try: refine=(0.0, 0.5, 1.0)", lambda: PruneThenRefine(())),
    (InputError, "power is -1.0; it must be a finite number >= 0", lambda: Adaptive(-1)),
    (InputTypeError, "power must be a number, not None", lambda: Adaptive(None)),
    (
        InputError,
        "unknown init 'ols'\n  valid: 'ridge', 'lasso', 'marginal'",
        lambda: Adaptive(init="ols"),
    ),
    (
        InputError,
        "init_alpha has no meaning for init='marginal'\n  try: leave it out",
        lambda: Adaptive(init="marginal", init_alpha=0.1),
    ),
    (
        InputError,
        "init_alpha is -1.0; it must be a finite number >= 0",
        lambda: Adaptive(init_alpha=-1),
    ),
    (InputError, "steps is 0; it must be at least 1", lambda: Reweighted(0)),
    (InputTypeError, "steps must be an integer, not 2.5", lambda: Reweighted(2.5)),
    (InputError, "epsilon is 0.0; it must be finite and > 0", lambda: Reweighted(epsilon=0)),
    (
        InputError,
        "unknown penalty 'mpc'\n  valid: 'mcp', 'scad', 'log', 'lq'",
        lambda: LocalLinear("mpc"),
    ),
    (InputError, "unknown penalty ['mcp']\n  valid: ", lambda: LocalLinear(["mcp"])),
    (
        InputError,
        "shape is 1.0; of penalty 'mcp' it must be > 1",
        lambda: LocalLinear("mcp", 1),
    ),
    (
        InputError,
        "shape is 2.0; of penalty 'scad' it must be > 2",
        lambda: LocalLinear("scad", 2.0),
    ),
    (
        InputError,
        "shape is 1.0; of penalty 'lq' it must be > 0 and < 1",
        lambda: LocalLinear("lq", 1.0),
    ),
    (InputError, "a schedule needs at least one stage\n  try: [(1.0, None)]", lambda: Annealed([])),
    (
        InputTypeError,
        "a plan must be a list of (multiple of alpha, rule), not 0.5",
        lambda: Annealed(0.5),
    ),
    (
        InputTypeError,
        "stage 2 must be (multiple of alpha, rule), not 0.5",
        lambda: Annealed([(1.0, None), 0.5]),
    ),
    (
        InputError,
        "the multiple of stage 1 is -1.0; it must be finite and >= 0",
        lambda: Annealed([(-1, None)]),
    ),
    (
        InputTypeError,
        "the rule of stage 1 must be a function of (coef, weight) or None, not 3",
        lambda: Annealed([(1.0, 3)]),
    ),
    (
        InputTypeError,
        "schedule must be None or a schedule of excise.schedules, not None",
        lambda: Static().then(None),
    ),
]


@pytest.mark.parametrize(("kind", "text", "make"), REFUSED, ids=[r[1][:40] for r in REFUSED])
def test_refused(kind: type[Exception], text: str, make: Make) -> None:
    with pytest.raises(kind) as error:
        make()
    assert str(error.value).startswith(text)


X = np.random.default_rng(0).standard_normal((20, 4))
Y = X[:, 0] + 0.1 * X[:, 2]


@pytest.mark.parametrize(
    ("factors", "text"),
    [
        (np.array([1.0, np.nan, 1.0, 1.0]), "the rule of stage 1 gives nan for feature 1; factors"),
        (-1.0, "the rule of stage 1 gives -1.0; factors must be >= 0\n  0 = free, inf = excluded"),
        (np.ones(3), "the factors of stage 1 must be one number or have shape (4,), got (3,)"),
    ],
)
def test_rules_are_checked(factors: Any, text: str) -> None:
    with pytest.raises(InputError) as error:
        fit(X, Y, 0.1, schedule=Annealed([(1.0, lambda b, w: factors)]))
    assert str(error.value).startswith(text)


def test_a_rule_cannot_change_a_stage() -> None:
    def greedy(b: np.ndarray, weight: np.ndarray) -> float:
        b[:], weight[:] = 7.0, 7.0
        return 1.0

    found = fit(X, Y, 0.1, schedule=Annealed([(1.0, None), (1.0, greedy)]))
    np.testing.assert_array_equal(found.stages[0].coef, fit(X, Y, 0.1).coef)
    assert np.all(found.stages[1].penalty_weight == 1.0)


def test_a_class_is_no_schedule() -> None:
    with pytest.raises(InputTypeError, match="not PruneThenRefine the class"):
        fit(X, Y, 0.1, schedule=PruneThenRefine)


def test_a_fit_takes_one_refine() -> None:
    several = PruneThenRefine((0.0, 0.5))
    for call in (fit, fit_path):
        with pytest.raises(InputError, match="the schedule has 2 values of refine"):
            call(X, Y, 0.1 if call is fit else 5, schedule=several)


def test_certify_takes_no_schedule() -> None:
    with pytest.raises(InputError, match="certify takes no schedule"):
        certify(X, Y, np.zeros(4), 0.0, 0.1, schedule=Static())


def test_no_strength_is_known_for_the_ridge_of_a_quantile() -> None:
    with pytest.raises(InputError, match="no strength is known for the first ridge of the quant"):
        fit(X, Y, 0.1, loss="quantile", schedule=Adaptive())
    assert fit(X, Y, 0.1, loss="quantile", schedule=Adaptive(init="lasso")).stages
