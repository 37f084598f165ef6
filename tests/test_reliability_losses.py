"""What must never happen again, for every loss of the registry: a test per rule, with threads.

The judge is the verifier: an answer to one way of asking is certified as the answer to another. So
the laws hold for losses whose optimum is not unique as well. The kinked quantile loss has no dual
point that its coefficients tell; there a linear programme judges (`missing`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from glm_reference import data, objective, solve
from scipy.special import expit, softmax
from survival_reference import survival_data

from excise import Survival, certify, fit, fit_cv, fit_path
from excise.exceptions import InputError
from excise.linear_model import LogisticRegression, LogisticRegressionCV, SparseClassifier
from excise.losses import COUPLED, LOSSES, loss_of
from excise.results import Status

Array = np.ndarray
SPECS = [*LOSSES, *COUPLED, "cox:efron", "quantile:0.8", "tweedie:1.1", "negative_binomial:5"]
WITH_INTERCEPT = [one for one in SPECS if loss_of(one).has_intercept]
each_spec = pytest.mark.parametrize("spec", SPECS)
GOOD = 1e-9


def rows(spec: str, n: int = 60, p: int = 8, seed: int = 30) -> tuple[Array, Any]:
    if loss_of(spec).has_intercept:
        return data(loss_of(spec), n, p, seed)
    return survival_data(n, p, seed, entry=True, strata=True)


def grid(spec: str, X: Array, y: Any, **more: Any) -> list[float]:
    """A strong and a weak tax."""
    top = fit_path(X, y, 2, loss=spec, **more).alpha_max
    return [0.3 * top, 0.03 * top]


def lacks(X: Any, y: Any, coef: Array, b0: float, alpha: float, **problem: Any) -> float:
    """What coefficients lack in a problem, over its null loss: no more than this."""
    made = certify(X, y, coef, b0, alpha, **problem)
    if made.relative_gap <= GOOD or not loss_of(problem["loss"]).kinked:
        return made.relative_gap
    best = objective(X, y, *solve(X, y, alpha, **problem), alpha, **problem)
    null = made.gap / made.relative_gap
    return float((objective(X, y, coef, b0, alpha, **problem) - best) / null)


# --- weights: scikit-learn #29248 #16298 #15438 #27172 #31536 #22808 ------------------------------


@pytest.mark.parametrize("spec", [one for one in SPECS if one != "cox:efron"])
@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e9])
def test_an_integer_weight_is_a_repeated_row(spec: str, scale: float) -> None:
    """Efron's ties count rows, so that there a weight is R's case weight instead."""
    X, y = rows(spec)
    times = np.arange(60) % 4
    again = np.repeat(np.arange(60), times)
    for alpha in grid(spec, X[again], y[again]):
        made = fit(X, y, alpha, loss=spec, sample_weight=scale * times)
        assert made.status is Status.OPTIMAL
        assert lacks(X[again], y[again], made.coef, made.intercept, alpha, loss=spec) <= GOOD


@each_spec
def test_a_weight_of_zero_is_a_removed_row(spec: str) -> None:
    """Whatever stands in it: huge columns and a y that the loss could not use included."""
    X, y = rows(spec)
    seen = np.arange(60) % 5 > 0
    weight = np.where(seen, np.linspace(0.5, 2.0, 60), 0.0)
    spoiled = np.where(seen[:, None], X, 1e150)
    if loss_of(spec).has_intercept:
        wrong: Any = np.where(seen, y, -7.5)
    else:
        wrong = Survival(np.where(seen, y.time, y.time + 3.0), y.event, y.entry, y.strata)
    for alpha in grid(spec, X[seen], y[seen]):
        made = fit(spoiled, wrong, alpha, loss=spec, sample_weight=weight)
        other = {"loss": spec, "sample_weight": weight[seen]}
        assert lacks(X[seen], y[seen], made.coef, made.intercept, alpha, **other) <= GOOD


@each_spec
def test_weights_reach_the_grid_and_only_their_ratios_count(spec: str) -> None:
    X, y = rows(spec)
    weight = 1.0 + np.arange(60) % 3
    one = fit_path(X, y, 5, loss=spec, sample_weight=weight)
    for scale in (1e-200, 1e200):
        other = fit_path(X, y, 5, loss=spec, sample_weight=scale * weight)
        np.testing.assert_allclose(other.alphas, one.alphas, rtol=1e-9)
    if spec != "cox:efron":
        again = np.repeat(np.arange(60), weight.astype(int))
        repeated = fit_path(X[again], y[again], 5, loss=spec)
        np.testing.assert_allclose(repeated.alphas, one.alphas, rtol=1e-9)
    assert fit_path(X, y, 5, loss=spec).alphas[0] != pytest.approx(one.alphas[0], rel=1e-6)


@pytest.mark.parametrize("spec", [one for one in SPECS if loss_of(one).strictly_convex])
def test_weights_are_repetitions_in_folds(spec: str) -> None:
    """scikit-learn #29248: repeated rows stay in the fold of their row."""
    X, y = rows(spec)
    times, fold = 1 + np.arange(60) % 3, np.arange(60) % 4
    again = np.repeat(np.arange(60), times)
    settings: dict[str, Any] = {"loss": spec, "alphas": 6, "alpha_min_ratio": 0.05}
    weighted = fit_cv(X, y, fold, sample_weight=times, **settings)
    repeated = fit_cv(X[again], y[again], fold[again], **settings)
    np.testing.assert_allclose(weighted.folds, repeated.folds, rtol=1e-7)


@each_spec
@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.r_[np.ones(59), -1.0], "sample_weight is -1.0 in row 59; weights must be >= 0"),
        (
            np.r_[np.nan, np.ones(59)],
            "sample_weight holds NaN in row 0\n  try: fill or drop such rows",
        ),
        (np.zeros(60), "sample_weight is zero in every row\n  no row is left to fit"),
    ],
)
def test_impossible_weights(spec: str, weight: Array, message: str) -> None:
    X, y = rows(spec)
    with pytest.raises(InputError) as error:
        fit(X, y, 0.1, loss=spec, sample_weight=weight)
    assert str(error.value) == message


# --- separable data: statsmodels #39, GLM.jl #286, glum #874 --------------------------------------


def separable(spec: str) -> tuple[Array, Any]:
    """A column without a tax would have an infinite coefficient."""
    X, y = rows(spec, n=60, p=5)
    line = X[:, 0] > np.median(X[:, 0])
    name = loss_of(spec).name
    if loss_of(spec).of_classes:
        return X, line.astype(float)
    if name == "cox":
        return X, Survival(np.exp(-X[:, 0]), np.ones(60))
    return X, np.where(line, y, 0.0)  # no count at all on one side


@pytest.mark.parametrize(
    "spec",
    ["logistic", "squared_hinge", "poisson", "tweedie", "negative_binomial", "cox", "cox:efron"],
)
def test_separable_data_have_a_finite_answer(spec: str) -> None:
    X, y = separable(spec)
    X = np.column_stack([X, X[:, 0] > np.median(X[:, 0])])
    path = fit_path(X, y, 40, alpha_min_ratio=1e-5, loss=spec)
    assert path.relative_gaps.max() <= GOOD
    for k in (20, 39):
        made = path.columns.column(k), float(path.intercepts[k])
        assert np.isfinite(made[0]).all()
        assert lacks(X, y, *made, float(path.alphas[k]), loss=spec) <= GOOD


# --- scales: scikit-learn #10813 #27016 #31248 #31906 ---------------------------------------------


@each_spec
@pytest.mark.parametrize("unit", [1e-100, 1e-30, 1e30, 1e100])
def test_the_unit_of_x_does_not_matter(spec: str, unit: float) -> None:
    X, y = rows(spec)
    settings: dict[str, Any] = {"loss": spec, "standardize": True}
    units = unit ** (np.arange(8) % 2)
    plain = fit_path(X, y, 8, **settings)
    other = fit_path(X * units, y, 8, **settings)
    assert other.relative_gaps.max() <= (1e-8 if loss_of(spec).kinked else GOOD)
    np.testing.assert_allclose(other.alphas, plain.alphas, rtol=1e-9)
    for k in range(8):
        coef, b0 = other.columns.column(k) * units, float(other.intercepts[k])
        assert lacks(X, y, coef, b0, float(plain.alphas[k]), **settings) <= GOOD


@each_spec
def test_columns_of_mean_a_million(spec: str) -> None:
    X, y = rows(spec)
    path = fit_path(X + 1e6, y, 8, loss=spec)
    for k, alpha in enumerate(path.alphas.tolist()):
        coef = path.columns.column(k)
        b0 = float(path.intercepts[k]) + 1e6 * coef.sum() * loss_of(spec).has_intercept
        assert lacks(X, y, coef, b0, alpha, loss=spec) <= 1e-8


@pytest.mark.parametrize("unit", [1e-100, 1e-8, 1e8, 1e100])
@pytest.mark.parametrize("spec", ["squared", "huber:0.5", "quantile:0.8", "poisson", "gamma"])
def test_the_unit_of_y_does_not_matter(spec: str, unit: float) -> None:
    """scikit-learn #10813; glum answers with zeros. A log link takes it into the intercept."""
    X, y = rows(spec)
    name, parameter = loss_of(spec).name, loss_of(spec).core_parameter
    log = loss_of(spec).link == "log"
    power = {"squared": 1, "huber": 1, "quantile": 0, "poisson": 1, "gamma": 0}[name]
    other = f"huber:{parameter * unit!r}" if name == "huber" else spec
    for alpha in grid(spec, X, y):
        made = fit(X, y * unit, alpha * unit**power, loss=other)
        coef = made.coef if log else made.coef / unit
        b0 = made.intercept - np.log(unit) if log else made.intercept / unit
        assert lacks(X, y, coef, float(b0), alpha, loss=spec) <= GOOD


def test_what_the_original_scale_cannot_hold_is_told() -> None:
    """A column of mean 1e6 and spread 1e-9: the intercept is -6e13, and rounds the answer off."""
    rng = np.random.default_rng(31)
    for spec in (one for one in WITH_INTERCEPT if not loss_of(one).kinked):
        X, y = rows(spec)
        Z = np.column_stack([X, 1e6 + 1e-9 * rng.standard_normal(60)])
        settings: dict[str, Any] = {"loss": spec, "standardize": True, "penalty_weight": np.ones(9)}
        settings["penalty_weight"][8] = 1e-3
        path = fit_path(Z, y, 6, alpha_min_ratio=0.01, **settings)
        for k, alpha in enumerate(path.alphas.tolist()):
            coef, b0 = path.columns.column(k), float(path.intercepts[k])
            assert lacks(Z, y, coef, b0, alpha, **settings) <= path.relative_gaps[k] + GOOD
        made = fit(Z, y, float(path.alphas[5]), **settings)
        told = made.certificate.relative_gap
        assert lacks(Z, y, made.coef, made.intercept, made.alpha, **settings) <= told + GOOD
        assert (made.status is Status.OPTIMAL) == (told <= path.problem.tol)


# --- offsets: the shift law -----------------------------------------------------------------------


@each_spec
@pytest.mark.parametrize("shift", [-3.0, 0.5, 20.0])
def test_a_constant_offset_goes_into_the_intercept(spec: str, shift: float) -> None:
    X, y = rows(spec)
    for alpha in grid(spec, X, y):
        made = fit(X, y, alpha, loss=spec, offset=np.full(60, shift))
        b0 = made.intercept + shift * loss_of(spec).has_intercept
        assert lacks(X, y, made.coef, b0, alpha, loss=spec) <= GOOD


@each_spec
def test_an_offset_along_the_columns_is_a_shift_of_free_coefficients(spec: str) -> None:
    """offset = X d for columns without a tax: their coefficients are less by d."""
    X, y = rows(spec)
    d = np.r_[0.3, -0.2, np.zeros(6)]
    settings: dict[str, Any] = {"loss": spec, "penalty_weight": np.r_[0.0, 0.0, np.ones(6)]}
    for alpha in grid(spec, X, y):
        made = fit(X, y, alpha, offset=X @ d, **settings)
        assert lacks(X, y, made.coef + d, made.intercept, alpha, **settings) <= GOOD


@pytest.mark.parametrize("spec", [one for one in SPECS if loss_of(one).link == "identity"])
def test_an_offset_in_the_unit_of_y_is_part_of_y(spec: str) -> None:
    X, y = rows(spec)
    o = np.where(np.arange(60) % 7 == 0, 5.0, 0.0)
    for alpha in grid(spec, X, y):
        made = fit(X, y + o, alpha, loss=spec, offset=o)
        assert lacks(X, y, made.coef, made.intercept, alpha, loss=spec) <= GOOD


# --- constant columns, order, copies, precision ---------------------------------------------------


@each_spec
def test_constant_columns_are_exactly_zero(spec: str) -> None:
    """scikit-learn #4545; glum #240; celer #203."""
    X, y = rows(spec)
    X[:, 2], X[:, 5] = 0.1, 0.0
    for standardize in (False, True):
        path = fit_path(X, y, 6, loss=spec, standardize=standardize)
        assert not path.coefs.toarray()[[2, 5]].any()
        assert path.relative_gaps.max() <= GOOD


@each_spec
def test_the_order_of_rows_and_columns_does_not_matter(spec: str) -> None:
    """scikit-learn #11311."""
    X, y = rows(spec)
    rng = np.random.default_rng(32)
    r, c = rng.permutation(60), rng.permutation(8)
    for alpha in grid(spec, X, y):
        made = fit(X[r][:, c], y[r], alpha, loss=spec)
        coef = np.empty(8)
        coef[c] = made.coef
        assert lacks(X, y, coef, made.intercept, alpha, loss=spec) <= GOOD


@each_spec
def test_a_copy_of_a_column_changes_nothing(spec: str) -> None:
    """scikit-learn #25950: twins share what one of them had."""
    X, y = rows(spec)
    twice = np.column_stack([X, X[:, :3]])
    for alpha in grid(spec, X, y):
        made = fit(twice, y, alpha, loss=spec)
        coef = made.coef[:8] + np.r_[made.coef[8:], np.zeros(5)]
        assert lacks(X, y, coef, made.intercept, alpha, loss=spec) <= GOOD


@each_spec
@pytest.mark.parametrize("order", ["C", "F"])
def test_float32_and_read_only_tables(spec: str, order: Any) -> None:
    """scikit-learn #21997 #29565 #4772: read as they are, certified in float64."""
    X, y = rows(spec)
    single = np.array(X, dtype=np.float32, order=order)
    single.flags.writeable = False
    path = fit_path(single, y, 8, loss=spec)
    assert path.relative_gaps.max() <= GOOD
    for k, alpha in enumerate(path.alphas.tolist()):
        made = path.columns.column(k), float(path.intercepts[k])
        assert lacks(single.astype(np.float64), y, *made, alpha, loss=spec) <= GOOD


# --- convergence is told rightly: scikit-learn #13394, celer #248 ---------------------------------


@each_spec
@pytest.mark.parametrize("tol", [1e-30, 1e-14, 1e-9, 1e-2])
def test_optimal_is_said_exactly_when_the_gap_is_below_tol(spec: str, tol: float) -> None:
    X, y = rows(spec)
    for alpha in grid(spec, X, y):
        made = fit(X, y, alpha, loss=spec, tol=tol)
        assert (made.status is Status.OPTIMAL) == (made.certificate.relative_gap <= tol)
        assert lacks(X, y, made.coef, made.intercept, alpha, loss=spec) <= max(tol, GOOD)


@pytest.mark.parametrize("spec", [one for one in SPECS if not loss_of(one).kinked])
@pytest.mark.parametrize("l1_ratio", [0.0, 1e-8, 1e-3, 0.5, 1.0 - 1e-12])
def test_the_gap_is_valid_for_every_l1_ratio(spec: str, l1_ratio: float) -> None:
    """scikit-learn #32845."""
    X, y = rows(spec)
    settings: dict[str, Any] = {"loss": spec, "l1_ratio": l1_ratio}
    for alpha in (1e-3, 0.1, 50.0):
        made = fit(X, y, alpha, **settings)
        assert made.certificate.relative_gap <= GOOD
        assert lacks(X, y, made.coef, made.intercept, alpha, **settings) <= GOOD


# --- probabilities: skglm's are the sigmoid of twice the score ------------------------------------


@pytest.mark.parametrize("make", [LogisticRegression, LogisticRegressionCV, SparseClassifier])
def test_probabilities_are_the_sigmoid_of_the_score_once(make: Any) -> None:
    X, y = rows("logistic")
    model = make().fit(X, y)
    score = X @ model.coef_[0] + model.intercept_[0]
    p = model.predict_proba(X)
    np.testing.assert_allclose(p[:, 1], expit(score), rtol=1e-14)
    np.testing.assert_allclose(
        p, softmax(np.column_stack([0.0 * score, score]), axis=1), rtol=1e-13
    )


def test_unpenalised_probabilities_balance() -> None:
    """The likelihood equations hold for the right scale of the score only."""
    X, y = rows("logistic", n=200)
    made = fit(X, y, 0.0, loss="logistic")
    left = y - expit(made.intercept + X @ made.coef)
    np.testing.assert_allclose([left.mean(), *(X.T @ left / 200)], 0.0, atol=1e-12)
