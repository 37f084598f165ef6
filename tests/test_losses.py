"""Every loss of the registry obeys the laws of a loss; nothing here knows which loss it tests."""

from __future__ import annotations

from decimal import Decimal, getcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from excise.catalog import LOSS_NAMES
from excise.certify import certify
from excise.engine import fit_path
from excise.exceptions import InputError, InputTypeError
from excise.losses import COUPLED, LOSSES, SEVERAL, Loss, Squared, Tweedie, loss_of
from excise.losses.special import exp_divergence, share_divergence
from excise.problem import make_problem

SPECS = [
    *LOSSES,
    "quantile:0.9",
    "huber:0.3",
    "tweedie:1.1",
    "tweedie:1.9",
    "negative_binomial:0.1",
    "negative_binomial:50",
]
TARGETS = {
    "numbers": [-3.0, -0.5, 0.0, 0.7, 2.0, 12.0],
    "classes 0 and 1, or shares between": [0.0, 1.0, 0.25, 0.9, 1e-9],
    "counts >= 0": [0.0, 1.0, 3.0, 40.0, 0.5],
    "numbers > 0": [0.01, 0.5, 1.0, 7.0, 900.0],
    "numbers >= 0": [0.0, 0.01, 0.5, 1.0, 7.0, 900.0],
    "classes 0 and 1": [0.0, 1.0],
}
ETAS = np.array([-30.0, -4.0, -1.3, -0.2, 0.0, 0.4, 1.1, 2.6, 5.0, 30.0])
HUGE = np.array([-1e300, -1e155, -1e5, -710.0, 710.0, 1e5, 1e155, 1e300])

each_loss = pytest.mark.parametrize("loss", [loss_of(spec) for spec in SPECS], ids=SPECS)


def target(loss: Loss) -> np.ndarray:
    return np.array(TARGETS[loss.domain])


def pairs(loss: Loss, etas: np.ndarray = ETAS) -> tuple[np.ndarray, np.ndarray]:
    """Every y with every eta."""
    y, eta = np.meshgrid(target(loss), etas, indexing="ij")
    return y.ravel(), eta.ravel()


def slopes_inside(loss: Loss, y: np.ndarray) -> np.ndarray:
    """Slopes over the whole of the conjugate's domain, shape (k, n), its finite ends included."""
    low, high = (np.clip(end, -50.0, 50.0) for end in loss.slopes(y))
    shares = (0.0, 0.003, 0.2, 0.5, 0.8, 0.99)
    return np.stack([*(low + (high - low) * t for t in shares), high])


@each_loss
def test_never_negative_and_zero_at_the_best(loss: Loss) -> None:
    y, eta = pairs(loss)
    assert np.all(loss.value(y, eta) >= 0.0)
    wide = np.r_[-1e4, np.linspace(-60.0, 60.0, 240001)]
    for one in target(loss):
        values = loss.value(np.full_like(wide, one), wide)
        assert values.min() < 1e-6 * (1.0 + one**2)


@each_loss
def test_nothing_is_flatter_between(loss: Loss) -> None:
    y, low = pairs(loss)
    for width in (0.0, 0.01, 1.0, 10.0):
        least = loss.flattest(y, low, low + width)
        assert np.all(least >= 0.0)
        for share in np.linspace(0.0, 1.0, 21):
            assert np.all(loss.hessian(y, low + share * width) >= least * (1.0 - 1e-12))
        if width == 0.0:
            np.testing.assert_allclose(least, loss.hessian(y, low), rtol=1e-12)


@each_loss
def test_convex(loss: Loss) -> None:
    y, one = pairs(loss)
    for shift in (0.1, 1.0, 10.0):
        middle = loss.value(y, one + shift / 2)
        ends = loss.value(y, one) / 2 + loss.value(y, one + shift) / 2
        assert np.all(middle <= ends * (1.0 + 1e-12) + 1e-14)
        assert np.all(loss.gradient(y, one + shift) >= loss.gradient(y, one) - 1e-12)
    assert np.all(loss.hessian(y, one) >= 0.0)


@each_loss
def test_derivatives(loss: Loss) -> None:
    """Four-point differences, away from where a piece ends."""
    y, eta = pairs(loss, np.array([-3.7, -1.31, -0.23, 0.41, 1.13, 2.61]))
    h = 1e-3

    def slope(function: Any) -> np.ndarray:
        near = function(y, eta + h) - function(y, eta - h)
        far = function(y, eta + 2 * h) - function(y, eta - 2 * h)
        return np.asarray((8.0 * near - far) / (12.0 * h))

    scale = 1.0 + np.abs(loss.gradient(y, eta)) + loss.hessian(y, eta)
    assert np.all(np.abs(slope(loss.value) - loss.gradient(y, eta)) < 1e-8 * scale)
    assert np.all(np.abs(slope(loss.gradient) - loss.hessian(y, eta)) < 1e-8 * scale)


@each_loss
def test_curvature_is_a_bound(loss: Loss) -> None:
    y, eta = pairs(loss, np.linspace(-40.0, 40.0, 4001))
    bound = loss.curvature(target(loss))
    assert np.all(loss.hessian(y, eta) <= bound * (1.0 + 1e-15))
    if np.isfinite(bound):
        assert loss.hessian(y, eta).max() > 0.99 * bound


@each_loss
def test_fenchel_and_young(loss: Loss) -> None:
    """Never negative, zero at a slope, and what the plain formula says."""
    y, eta = pairs(loss)
    v = loss.gradient(y, eta)
    size = np.abs(loss.value(y, eta)) + np.abs(v * eta) + np.abs(v) + 1e-300
    at_slope = loss.fenchel_young(y, eta, v)
    assert np.all((at_slope >= 0.0) & (at_slope <= 1e-13 * size))
    for row in slopes_inside(loss, y):
        got = loss.fenchel_young(y, eta, row)
        parts = np.stack([loss.value(y, eta), loss.conjugate(y, row), -row * eta])
        assert np.all(got >= 0.0)
        rounding = 1e-13 * (np.abs(parts).max(axis=0) + 1.0)
        assert np.all(np.abs(got - parts.sum(axis=0)) <= rounding)


@each_loss
def test_the_conjugate_is_the_largest_of_all(loss: Loss) -> None:
    y = target(loss)
    grid = np.r_[np.linspace(-120.0, 120.0, 48001), -1e4, 1e4][:, None]
    values = loss.value(y, grid)
    for row in slopes_inside(loss, y):
        seen = np.max(row * grid - values, axis=0)
        exact = loss.conjugate(y, row)
        assert np.all(seen <= exact + 1e-9 * (1.0 + np.abs(exact)))
        assert np.all(seen >= exact - 1e-3 * (1.0 + np.abs(exact) + np.abs(y)))


@each_loss
def test_the_domain_of_the_conjugate(loss: Loss) -> None:
    y = target(loss)
    low, high = loss.slopes(y)
    for end, out in ((low, -1.0), (high, 1.0)):
        held = np.isfinite(end)
        inside = np.where(held, end, 0.0)
        beyond = inside + np.where(held, out * (1e-6 + 1e-6 * np.abs(inside)), 0.0)
        for function in (loss.conjugate, lambda a, v: loss.fenchel_young(a, 0.3 + 0.0 * a, v)):
            assert np.all(np.isfinite(function(y, inside)))
            assert np.all(np.isinf(function(y, beyond)) == held)
    assert np.all(np.abs(loss.conjugate(y, np.zeros_like(y))) < 1e-12 * (1.0 + y**2))


@each_loss
def test_scaling_into_the_domain(loss: Loss) -> None:
    y, eta = pairs(loss)
    u = -loss.gradient(y, eta)
    assert loss.domain_scale(y, u) >= 1.0 - 1e-14, "a gradient is in the domain"
    rng = np.random.default_rng(0)
    for _ in range(20):
        wild = u * (1.0 + rng.random(len(u)))
        s = loss.domain_scale(y, wild)
        assert 0.0 <= s <= 1.0
        assert np.all(np.isfinite(loss.conjugate(y, -s * wild)))
        if 0.0 < s < 1.0:
            assert np.any(np.isinf(loss.conjugate(y, -s * wild * (1.0 + 1e-12))))


@each_loss
def test_huge_predictors(loss: Loss) -> None:
    """No NaN, no warning, and infinity only where the true value is beyond a double."""
    y, eta = pairs(loss, HUGE)
    for out in (loss.value(y, eta), loss.gradient(y, eta), loss.hessian(y, eta), loss.mean(eta)):
        assert not np.isnan(out).any()
        assert loss.link == "log" or np.all(np.isfinite(out) | (np.abs(eta) >= 1e155))
    v = loss.gradient(y, eta)
    held = np.isfinite(v)
    assert not np.isnan(loss.fenchel_young(y, eta, np.where(held, v, 0.0))).any()
    assert not np.isnan(loss.fenchel_young(y, eta, np.zeros_like(y))).any()
    for end in loss.slopes(y):
        assert not np.isnan(loss.conjugate(y, np.clip(end, -1e300, 1e300))).any()


@each_loss
def test_the_mean_is_where_the_loss_is_best(loss: Loss) -> None:
    grid = np.linspace(-60.0, 60.0, 240001)
    for one in target(loss):
        best = grid[np.argmin(loss.value(np.full_like(grid, one), grid))]
        assert float(loss.mean(np.array([best]))[0]) == pytest.approx(
            one, abs=1e-3 * (1.0 + one**2)
        )


DEVIANCES: dict[str, Any] = {
    "squared": metrics.mean_squared_error,
    "poisson": metrics.mean_poisson_deviance,
    "gamma": metrics.mean_gamma_deviance,
    "tweedie": lambda y, mu: metrics.mean_tweedie_deviance(y, mu, power=1.5),
    "logistic": lambda y, mu: 2.0 * metrics.log_loss(y, mu),
    "quantile": lambda y, mu: 2.0 * metrics.mean_pinball_loss(y, mu, alpha=0.5),
}


@pytest.mark.parametrize("name", DEVIANCES)
def test_half_of_scikit_learns_deviance(name: str) -> None:
    loss = loss_of(name)
    y, eta = pairs(loss, ETAS[1:-1])
    y = np.round(y) if name == "logistic" else y
    theirs = DEVIANCES[name](y, loss.mean(eta))
    assert 2.0 * loss.value(y, eta).mean() == pytest.approx(theirs, rel=1e-11)


def test_negative_binomial_is_the_likelihood_of_scipy() -> None:
    from scipy.stats import nbinom

    theta, y, eta = 2.5, np.arange(0.0, 30.0), np.linspace(-1.0, 3.0, 30)
    best, mu = np.maximum(y, 1e-300), np.exp(eta)
    expected = nbinom.logpmf(y, theta, theta / (theta + best)) - nbinom.logpmf(
        y, theta, theta / (theta + mu)
    )
    got = loss_of("negative_binomial:2.5").value(y, eta)
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


def test_huber_is_that_of_scipy() -> None:
    from scipy.special import huber

    y, eta = pairs(loss_of("huber"))
    np.testing.assert_allclose(loss_of("huber").value(y, eta), huber(1.35, y - eta), rtol=1e-14)


@settings(max_examples=300, deadline=None)
@given(
    m=st.one_of(st.just(0.0), st.floats(1e-12, 1e6)),
    d=st.one_of(st.floats(-1e-3, 1e-3), st.floats(-3.0, 3.0), st.floats(-50.0, 50.0)),
)
def test_exp_divergence_to_the_last_digits(m: float, d: float) -> None:
    """Against 60 digits; what is left is the rounding of d = x - log m."""
    getcontext().prec = 60
    x = float(np.log(m) if m > 0.0 else 0.0) + d
    exact = Decimal(x).exp()
    if m > 0.0:
        exact += -Decimal(m) - Decimal(m) * (Decimal(x) - Decimal(m).ln())
    got = float(exp_divergence(np.array(m), np.array(x)))
    rounding = 4e-16 * (abs(x) + abs(d) + 1.0)
    slope = abs(float(Decimal(x).exp()) - m)
    assert got >= 0.0
    assert abs(got - float(exact)) <= 1e-14 * float(exact) + slope * rounding + m * rounding**2


@settings(max_examples=300, deadline=None)
@given(
    q=st.one_of(st.sampled_from([0.0, 1.0, 0.5]), st.floats(1e-12, 1.0 - 1e-12)),
    d=st.one_of(st.floats(-1e-3, 1e-3), st.floats(-3.0, 3.0), st.floats(-300.0, 300.0)),
)
def test_share_divergence_to_the_last_digits(q: float, d: float) -> None:
    """Against 160 digits (e^-300 beside 1); what is left is the rounding of d."""
    getcontext().prec = 160
    rest = 1.0 - q
    q = 1.0 - rest  # so that both are exact
    logit = 0.0 if q in (0.0, 1.0) else float(np.log(q) - np.log(rest))
    eta = logit + d
    power = Decimal(eta).exp()
    exact = (1 + power).ln() - Decimal(q) * Decimal(eta)
    exact += sum(Decimal(one) * Decimal(one).ln() for one in (q, rest) if one > 0.0)
    got = float(share_divergence(np.array(q), np.array(rest), np.array(eta)))
    rounding = 4e-16 * (abs(eta) + abs(logit) + 1.0)
    slope = abs(float(power / (1 + power) - Decimal(q)))
    curve = min(q, rest) if q not in (0.0, 1.0) else 0.0
    assert got >= 0.0
    assert abs(got - float(exact)) <= 1e-13 * float(exact) + slope * rounding + curve * rounding**2


def test_names_with_parameters() -> None:
    assert loss_of("quantile:0.9") == LOSSES["quantile"](0.9)  # type: ignore[call-arg]
    assert loss_of("tweedie") == Tweedie(1.5) == loss_of(Tweedie())
    assert loss_of("squared") == Squared()
    for spec in SPECS:
        assert loss_of(loss_of(spec).spec) == loss_of(spec)
    for loss in map(loss_of, LOSSES):
        assert loss.summary and loss.link and loss.domain


WRONG_SPECS: list[tuple[str, str]] = [
    ("quantile:1", "the quantile loss needs 0 < q < 1, got 1.0"),
    ("quantile:0", "the quantile loss needs 0 < q < 1, got 0.0"),
    ("quantile:nan", "the quantile loss needs 0 < q < 1, got nan"),
    (
        "tweedie:2",
        "the tweedie loss needs 1 < power < 2, got 2.0\n"
        "  power 0 is 'squared', 1 is 'poisson', 2 is 'gamma'",
    ),
    ("negative_binomial:0", "the negative_binomial loss needs finite theta > 0, got 0.0"),
    ("huber:inf", "the huber loss needs finite delta > 0, got inf"),
    ("huber:-1", "the huber loss needs finite delta > 0, got -1.0"),
    ("huber:wide", "loss 'huber:wide' must name its delta as a number, as in 'huber:1.35'"),
    ("squared:2", "loss 'squared:2' must be 'squared' alone: it has no parameter"),
]


@pytest.mark.parametrize(("spec", "message"), WRONG_SPECS, ids=str)
def test_wrong_parameters(spec: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        loss_of(spec)
    assert str(error.value) == message


def test_what_is_no_loss() -> None:
    for wrong in ("Poisson", 3, None, Squared):
        with pytest.raises(InputError, match="unknown loss") as error:
            loss_of(wrong)
        assert error.value.where == (
            "valid: " + ", ".join(map(repr, [*LOSSES, "cox", "multinomial"])),
        )
    with pytest.raises(InputTypeError, match="power must be a number, not 'high'"):
        Tweedie("high")  # type: ignore[arg-type]


ONE_CLASS = "y is {} in all {}; there is nothing to learn\n  the {} loss needs rows of both classes"
NO_COUNT = (
    "y is 0.0 in all {}; an intercept would be -infinity\n  the {} loss needs a value above 0"
)
SOME = {"sample_weight": [1, 1, 0, 1]}
WRONG_TARGETS: list[tuple[str, list[float], dict[str, Any], str]] = [
    ("poisson", [1, 2, 0, -1], {}, "y is -1.0 in row 3; the poisson loss needs counts >= 0"),
    ("gamma", [1, 0, 2, -1], {}, "y is 0.0 in row 1; the gamma loss needs numbers > 0"),
    ("tweedie", [1, 0, -2, 1], {}, "y is -2.0 in row 2; the tweedie loss needs numbers >= 0"),
    (
        "negative_binomial:3",
        [1, -0.5, 2, 1],
        {},
        "y is -0.5 in row 1; the negative_binomial loss needs counts >= 0",
    ),
    (
        "logistic",
        [0, 1, 2, 1],
        {},
        "y is 2.0 in row 2; the logistic loss needs classes 0 and 1, or shares between",
    ),
    (
        "squared_hinge",
        [0, 1, 0.5, 1],
        {},
        "y is 0.5 in row 2; the squared_hinge loss needs classes 0 and 1",
    ),
    ("logistic", [1, 1, 1, 1], {}, ONE_CLASS.format("1.0", "4 rows", "logistic")),
    (
        "squared_hinge",
        [0, 0, 1, 0],
        SOME,
        ONE_CLASS.format("0.0", "3 rows with weight", "squared_hinge"),
    ),
    ("poisson", [0, 0, 0, 0], {}, NO_COUNT.format("4 rows", "poisson")),
    ("tweedie", [0, 0, 3, 0], SOME, NO_COUNT.format("3 rows with weight", "tweedie")),
    ("negative_binomial", [0, 0, 0, 0], {}, NO_COUNT.format("4 rows", "negative_binomial")),
]
X = np.array([[1.0, 0.5], [2.0, 1.0], [0.0, 3.0], [1.5, -1.0]])


@pytest.mark.parametrize(("loss", "y", "problem", "message"), WRONG_TARGETS, ids=str)
def test_wrong_targets(loss: str, y: list[float], problem: dict[str, Any], message: str) -> None:
    for run in (make_problem, fit_path, lambda *a, **k: certify(*a, [0, 0], 0.0, 1.0, **k)):
        with pytest.raises(InputError) as error:
            run(X, y, loss=loss, **problem)
        assert str(error.value) == message


def test_targets_that_look_wrong_and_are_not() -> None:
    make_problem(X, [0, 0, 0, 0], loss="poisson", fit_intercept=False)
    make_problem(X, [-1, 1, 2, 3], loss="poisson", sample_weight=[0, 1, 1, 1])
    make_problem(X, [0.3, 0.3, 0.3, 0.3], loss="logistic")


def test_help_pages_name_the_losses_of_the_registry() -> None:
    known = {*LOSSES, *COUPLED, *SEVERAL}
    assert {name for names in LOSS_NAMES.values() for name in names} == known
    of_classes = {name for name in LOSSES if LOSSES[name].of_classes}
    assert set(LOSS_NAMES["class"]) == of_classes | set(SEVERAL)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_has_its_row_in_the_documents(name: str) -> None:
    """With the curvature's verdict, so that page and registry cannot part."""
    page = Path(__file__).parents[1] / "docs" / "objective.md"
    loss = loss_of(name)
    (row,) = [
        line for line in page.read_text().splitlines() if line.startswith(f'| `"{loss.spec}"')
    ]
    assert row.endswith("| proved |" if np.isfinite(loss.curvature(np.ones(1))) else "| kkt |")
    assert loss.domain in row
