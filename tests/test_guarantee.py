"""Guaranteed paths: what is proved between two alphas holds, by an independent judge."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from designs import DESIGNS, SETTINGS
from glm_reference import data
from tables import Table, ar, constant_target, one_column

from excise import InputError, InputTypeError, Survival, certify, fit_path
from excise.chords import Chord, Measure
from excise.engine import Session
from excise.guarantee import guaranteed_path
from excise.losses import LOSSES, loss_of
from excise.problem import make_problem
from excise.results import Path
from excise.schedules import PruneThenRefine

CURVED = [spec for spec in LOSSES if spec != "squared"]
"""Of these the verifier has to guess the dual point, and knows a good one at solutions only."""


def alphas_in(path: Path, count: int, seed: int = 0) -> list[float]:
    """Random alphas of the path's range, evenly on a logarithmic scale, and both its ends."""
    first, last = float(path.alphas[0]), float(path.alphas[-1])
    inner = np.exp(np.random.default_rng(seed).uniform(np.log(last), np.log(first), count))
    return [first, *np.clip(inner, last, first).tolist(), last]


def check(X: Any, y: Any, eps: float, settings: dict[str, Any], count: int, **grid: Any) -> Path:
    """The law: at every alpha the verifier finds no larger gap than was promised."""
    path = fit_path(X, y, guarantee=eps, **grid, **settings)
    assert path.guarantee is not None
    assert path.guarantee.worst <= eps
    for alpha in alphas_in(path, count):
        point = path.between(alpha)
        assert point.bound <= eps
        found = certify(X, y, point.coef, point.intercept, alpha, **settings)
        assert found.relative_gap <= eps
    return path


@pytest.mark.parametrize("eps", [1e-2, 1e-3, 1e-4, 1e-5, 1e-6])
@pytest.mark.parametrize("design", ["ar", "wide", "very_correlated", "scaled"])
def test_no_alpha_is_worse_than_promised(design: str, eps: float) -> None:
    X, y = DESIGNS[design]()
    check(X, y, eps, {"standardize": True}, 200)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("design", DESIGNS)
def test_every_design_and_setting(design: str, setting: str) -> None:
    X, y = DESIGNS[design]()
    check(X, y, 1e-4, SETTINGS[setting](X, y), 5)


@pytest.mark.parametrize("setting", ["lasso", "elastic", "ridge", "box", "no intercept"])
@pytest.mark.parametrize("design", ["ar", "wide", "very_correlated"])
def test_the_bound_of_each_alpha_holds(design: str, setting: str) -> None:
    """Not only eps: what `between` says of one alpha is above what the verifier finds there."""
    X, y = DESIGNS[design]()
    settings = SETTINGS[setting](X, y)
    path = fit_path(X, y, 6, **settings)
    for alpha in alphas_in(path, 40):
        point = path.between(alpha)
        found = certify(X, y, point.coef, point.intercept, alpha, **settings)
        assert found.relative_gap <= point.bound * (1.0 + 1e-9) + 1e-14


def check_objective(
    X: Any, y: Any, eps: float, settings: dict[str, Any], count: int, **grid: Any
) -> Path:
    """The law for any loss: no objective is farther above a lower bound of the optimum.

    The bound is that of a solution at the same alpha.
    """
    path = fit_path(X, y, guarantee=eps, **grid, **settings)
    assert path.guarantee is not None
    assert path.guarantee.worst <= eps
    for alpha in alphas_in(path, count):
        point, solved = path.between(alpha), path.at(alpha)
        objective = certify(X, y, point.coef, point.intercept, alpha, **settings).primal
        best = solved.certificate.dual
        if not loss_of(settings["loss"]).kinked:
            best = certify(X, y, solved.coef, solved.intercept, alpha, **settings).dual
        assert (objective - best) / path.null_loss <= point.bound + 1e-10 <= eps + 1e-10
    return path


@pytest.mark.parametrize("eps", [1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize("setting", [{}, {"l1_ratio": 0.5}, {"bounds": (-0.2, 0.3)}])
@pytest.mark.parametrize("spec", CURVED)
def test_other_losses(spec: str, setting: dict[str, Any], eps: float) -> None:
    X, y = data(loss_of(spec))
    if spec == "quantile":  # piecewise constant: chords as narrow as eps at every step
        eps = max(eps, 1e-4)
    check_objective(X, y, eps, setting | {"loss": spec}, 20, alpha_min_ratio=1e-3)


@pytest.mark.parametrize(
    "setting",
    [
        {"sample_weight": np.arange(60) % 4},
        {"offset": np.linspace(-1.0, 1.0, 60)},
        {"fit_intercept": False},
        {"penalty_weight": [0.0, np.inf, *np.ones(10)], "standardize": True},
        {"penalty": "ridge"},
    ],
    ids=lambda setting: next(iter(setting)),
)
@pytest.mark.parametrize("spec", ["logistic", "poisson", "tweedie", "huber", "squared_hinge"])
def test_other_losses_with_every_setting(spec: str, setting: dict[str, Any]) -> None:
    X, y = data(loss_of(spec))
    check_objective(X, y, 1e-4, setting | {"loss": spec}, 20, alpha_min_ratio=1e-2)


@pytest.mark.parametrize("settings", [{}, {"grouped": False}, {"grouped": True, "l1_ratio": 0.5}])
def test_several_responses(settings: dict[str, Any]) -> None:
    X, y = ar(50, 12, 0.5, 3)
    Y = np.stack([y, X[:, 3] - y, y**2], axis=1)
    path = check(X, Y, 1e-4, settings, 40)
    assert path.between(float(path.alphas[1]) * 0.99).coef.shape == (12, 3)


@pytest.mark.parametrize("grouped", [False, True])
def test_classes(grouped: bool) -> None:
    X, y = ar(80, 8, 0.5, 3)
    Y = np.eye(3)[np.digitize(y, np.quantile(y, [0.3, 0.6]))]
    settings = {"loss": "multinomial", "grouped": grouped}
    check_objective(X, Y, 1e-3, settings, 20, alpha_min_ratio=1e-2)


def test_survival_times() -> None:
    X, _ = ar(80, 8, 0.5, 3)
    rng = np.random.default_rng(1)
    y = Survival(rng.exponential(np.exp(-X[:, 2])), rng.random(80) < 0.7)
    check_objective(X, y, 1e-3, {"loss": "cox"}, 20, alpha_min_ratio=1e-2)


# --- how many alphas ----------------------------------------------------------------------------


def evenly(X: Any, y: Any, count: int, **settings: Any) -> float:
    """What is proved over all alphas by a geometric grid of as many, from the same formula."""
    path = fit_path(X, y, count, **settings)
    return max(Measure(path).chord(k, k + 1).worst for k in range(len(path) - 1))


@pytest.mark.parametrize(
    "settings", [{}, {"l1_ratio": 0.5}, {"bounds": "positive"}, {"standardize": True}]
)
def test_fewer_alphas_than_an_even_grid(settings: dict[str, Any]) -> None:
    X, y = ar(100, 30, 0.5, 5)
    for eps in (1e-3, 1e-5):
        path = fit_path(X, y, guarantee=eps, alpha_min_ratio=1e-3, **settings)
        assert evenly(X, y, len(path), alpha_min_ratio=1e-3, **settings) > eps


@pytest.mark.parametrize("loss", ["multinomial", "logistic"])
def test_the_number_grows_no_faster_than_in_theory(loss: str) -> None:
    """A hundredth of eps: ten times as many; fewer where the loss is known to bend."""
    X, y = ar(100, 15, 0.5, 5)
    Y = np.eye(3)[np.digitize(y, np.quantile(y, [0.3, 0.6]))]
    goal = Y if loss == "multinomial" else y > 0.0
    counts = [
        len(fit_path(X, goal, guarantee=eps, alpha_min_ratio=1e-2, loss=loss))
        for eps in (1e-3, 1e-5)
    ]
    assert 3.0 < counts[1] / counts[0] < 15.0
    assert loss == "multinomial" or counts[1] / counts[0] < 8.0


@pytest.mark.parametrize("design", ["ar", "wide"])
def test_straight_pieces_need_no_more_than_their_ends(design: str) -> None:
    """On a lasso path, made of straight pieces, the number stops growing."""
    X, y = DESIGNS[design]()
    counts = [len(fit_path(X, y, guarantee=eps, alpha_min_ratio=1e-2)) for eps in (1e-3, 1e-5)]
    assert counts[1] < 5 * counts[0]
    ray = np.log(1e2) / (2.0 * np.sqrt(1e-5))  # each solution alone, on the ray of its residual
    assert counts[1] < ray / 5


def test_one_column_is_one_straight_line() -> None:
    """The closed form: soft thresholding, exact between any two alphas."""
    X, y = one_column()
    path = fit_path(X, y, guarantee=1e-7, standardize=True)
    assert len(path) == 2
    x = (X[:, 0] - X.mean()) / X.std()
    earns = float(x @ (y - y.mean())) / len(y)
    for alpha in alphas_in(path, 50):
        expected = np.sign(earns) * max(abs(earns) - alpha, 0.0)
        assert path.between(alpha).coef_std[0] == pytest.approx(expected, abs=1e-13)


# --- chords -------------------------------------------------------------------------------------


@pytest.mark.parametrize("rise", [0.0, 1e-9, 0.3, 2.0])
@pytest.mark.parametrize("gaps", [(0.0, 0.0), (0.1, 0.2), (0.4, 0.0)])
def test_the_worst_of_a_chord_is_its_top(gaps: tuple[float, float], rise: float) -> None:
    chord = Chord(2.0, 1.0, *gaps, rise)
    t = np.linspace(0.0, 1.0, 10_001).tolist()
    top = max(chord.bound(share) for share in t)
    assert top <= chord.worst <= top + 1e-7


def test_an_end_without_a_bound_leaves_none() -> None:
    chord = Chord(2.0, 1.0, np.inf, 0.0, 0.0)
    assert chord.worst == np.inf


def test_between_meets_the_path_at_its_alphas() -> None:
    X, y = ar()
    path = fit_path(X, y, guarantee=1e-3)
    for k, alpha in enumerate(path.alphas):
        point = path.between(alpha)
        np.testing.assert_array_equal(point.coef, path.coef_at(k))
        assert (point.intercept, point.bound) == (path.intercepts[k], path.relative_gaps[k])


def test_equal_alphas_are_one() -> None:
    X, y = ar()
    path = fit_path(X, y, [1.0, 0.5, 0.5, 0.1])
    np.testing.assert_array_equal(path.between(0.5).coef, path.coef_at(1))


def test_above_alpha_max_nobody_pays() -> None:
    X, y = ar()
    free = np.where(np.arange(30) == 7, 0.0, 1.0)
    path = fit_path(X, y, guarantee=1e-3, penalty_weight=free)
    for multiple in (1.0, 1.5, 1e6):
        alpha = path.alpha_max * multiple
        point = path.between(alpha)
        np.testing.assert_array_equal(point.support, [7])
        found = certify(X, y, point.coef, point.intercept, alpha, penalty_weight=free)
        assert found.relative_gap <= point.bound + 1e-14


def test_a_guaranteed_path_is_a_path() -> None:
    """Its solutions, events and verdicts are those of a path on its alphas; it can be pickled."""
    X, y = ar()
    path = fit_path(X, y, guarantee=1e-4)
    same = fit_path(X, y, path.alphas)
    assert np.all(np.diff(path.alphas) < 0.0)
    assert abs(path.coefs - same.coefs).max() < 1e-12
    np.testing.assert_allclose(path.train_loss, same.train_loss, rtol=1e-12)
    np.testing.assert_allclose(path.knots(), same.knots(), rtol=1e-9)
    again = pickle.loads(pickle.dumps(path))
    alpha = float(np.sqrt(path.alphas[3] * path.alphas[4]))
    np.testing.assert_array_equal(again.between(alpha).coef, path.between(alpha).coef)
    np.testing.assert_allclose(again.at(alpha).coef, path.at(alpha).coef, atol=1e-12)


def test_nothing_to_explain_is_one_alpha() -> None:
    path = fit_path(*constant_target(), guarantee=1e-6)
    assert len(path) == 1 and path.guarantee is not None and path.guarantee.worst == 0.0
    assert not path.between(1.0).support.size


def test_what_is_shown(diabetes: Table) -> None:
    path = fit_path(*diabetes, guarantee=1e-3, standardize=True, alpha_min_ratio=1e-2)
    shown = repr(path.guarantee)
    assert shown.startswith("Guarantee(relative gap <= 0.001 at every alpha from 45.16 to 0.4516, ")
    point = path.between(20.0)
    assert repr(point).startswith("Between(alpha=20, kept=4 of 10, relative gap proved <= ")


# --- what is refused ----------------------------------------------------------------------------

WHAT = "the largest relative gap at any alpha of the path\n  try: guarantee=1e-4"
REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    *(
        ({"guarantee": eps}, InputError, f"guarantee is {eps}; it must be finite and > 0\n  {WHAT}")
        for eps in (0.0, -1e-3, np.nan, np.inf)
    ),
    ({"guarantee": "1e-3"}, InputTypeError, "guarantee must be a number, not '1e-3'"),
    ({"guarantee": True}, InputTypeError, "guarantee must be a number, not True"),
    *(
        (
            {"guarantee": 1e-3, "alphas": alphas},
            InputError,
            "guarantee chooses the alphas; they cannot be given as well\n"
            "  try: guarantee with alpha_min_ratio, or alphas without guarantee",
        )
        for alphas in (50, [1.0, 0.5])
    ),
    (
        {"guarantee": 1e-3, "schedule": PruneThenRefine(0.0)},
        InputError,
        "guarantee needs one convex problem, but a schedule solves several\n"
        "  try: a fit without schedule, or path.at(alpha), which solves",
    ),
    (
        {"guarantee": 1e-3, "alpha_min_ratio": 2.0},
        InputError,
        "alpha_min_ratio must be between 0 and 1, got 2.0",
    ),
    (
        {"guarantee": 1e-12, "l1_ratio": 0.5},
        InputError,
        "guarantee is 1e-12; more than 20,000 alphas would be needed\n"
        "  try: a larger guarantee, or a larger alpha_min_ratio",
    ),
]


@pytest.mark.parametrize(("settings", "kind", "message"), REFUSED)
def test_refused(settings: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as caught:
        fit_path(*ar(), **settings)
    assert str(caught.value) == message


def test_a_guarantee_below_the_solutions_own_gaps() -> None:
    with pytest.raises(InputError, match=r"^guarantee is 1e-19, but at alpha = [\d.]+ the sol"):
        fit_path(*ar(), guarantee=1e-19)


def test_outside_the_path() -> None:
    X, y = ar()
    path = fit_path(X, y, [1.0, 0.5])
    with pytest.raises(InputError) as caught:
        path.between(0.25)
    assert str(caught.value) == (
        "alpha is 0.25, below the last of the path, 0.5\n  try: path.at(alpha), which solves"
    )
    with pytest.raises(InputError) as caught:
        path.between(2.0)
    assert str(caught.value) == (
        "alpha is 2.0, above the first of the path, 1\n  try: path.at(alpha), which solves"
    )
    for alpha in (-1.0, np.nan):
        with pytest.raises(InputError, match="must be a finite number >= 0"):
            path.between(alpha)


def test_the_chords_of_a_schedule_are_not_known() -> None:
    path = fit_path(*ar(), 5, schedule=PruneThenRefine(0.0))
    with pytest.raises(InputError, match="between needs one convex problem"):
        path.between(float(path.alphas[2]))


def test_the_problem_can_be_checked_beforehand() -> None:
    X, y = ar()
    path = guaranteed_path(make_problem(X, y), 1e-3)
    session = Session(make_problem(X, y))
    assert path.alphas[0] == session.grid()[0] and path.alphas[-1] == session.grid()[-1]
