"""Regressors of counts, amounts and numbers with outliers, and scikit-learn's of these losses."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose
from scipy.special import gammaln
from sklearn import linear_model as peer
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import excise
from excise import linear_model as ours
from excise.exceptions import InputError
from excise.linear_model import SparseRegressor
from excise.losses import loss_of
from excise.scores import SCORES

RNG = np.random.default_rng(4)
X = RNG.standard_normal((120, 8)) * np.geomspace(0.2, 3.0, 8) + 1.0
ETA = 0.6 * X[:, 4] - 0.3 * X[:, 5] + 0.1 * X[:, 7]
COUNTS = RNG.poisson(np.exp(ETA)).astype(np.float64)
AMOUNTS = RNG.gamma(2.0, np.exp(ETA) / 2.0)
NUMBERS = ETA + 0.3 * RNG.standard_t(2, 120)
WEIGHTS = {"none": None, "real": RNG.uniform(0.1, 3.0, 120), "whole": np.arange(120) % 4}
DROP_INS = {
    "PoissonRegressor": ({}, COUNTS),
    "GammaRegressor": ({}, AMOUNTS),
    "TweedieRegressor": ({}, NUMBERS),
    "TweedieRegressor 1": ({"power": 1}, COUNTS),
    "TweedieRegressor 1.2": ({"power": 1.2}, COUNTS),
    "TweedieRegressor 1.9": ({"power": 1.9, "link": "log"}, COUNTS),
    "TweedieRegressor 2": ({"power": 2}, AMOUNTS),
}
LOSSES = {
    "poisson": COUNTS,
    "gamma": AMOUNTS,
    "tweedie:1.4": COUNTS,
    "negative_binomial:1.5": COUNTS,
    "huber:0.5": NUMBERS,
    "quantile:0.6": NUMBERS,
}


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weights", ["none", "real"])
@pytest.mark.parametrize("alpha", [0.0, 1e-3, 0.1, 1.0])
@pytest.mark.parametrize("name", DROP_INS)
def test_drop_ins_are_those_of_scikit_learn(name, alpha, weights, fit_intercept):
    more, y = DROP_INS[name]
    settings = {"alpha": alpha, "fit_intercept": fit_intercept, **more}
    w = WEIGHTS[weights]
    kind = name.partition(" ")[0]
    theirs = getattr(peer, kind)(**settings, solver="newton-cholesky", tol=1e-12)
    theirs.fit(X, y, sample_weight=w)
    mine = getattr(ours, kind)(**settings).fit(X, y, sample_weight=w)
    assert_allclose(mine.coef_, theirs.coef_, atol=1e-7)
    assert_allclose(mine.intercept_, theirs.intercept_, atol=1e-7)
    assert_allclose(mine.predict(X), theirs.predict(X), rtol=1e-7)
    assert mine.score(X, y, w) == pytest.approx(theirs.score(X, y, w), rel=1e-9)
    assert mine.relative_gap_ <= 1e-10


@pytest.mark.parametrize("name", DROP_INS)
def test_weights_are_repetitions(name):
    more, y = DROP_INS[name]
    make = getattr(ours, name.partition(" ")[0])
    w = WEIGHTS["whole"]
    again = np.repeat(np.arange(120), w)
    weighted = make(alpha=0.1, **more).fit(X, y, sample_weight=w)
    repeated = make(alpha=0.1, **more).fit(X[again], y[again])
    assert_allclose(weighted.coef_, repeated.coef_, atol=1e-9)
    scaled = make(alpha=0.1, **more).fit(X, y, sample_weight=w * 1e6)
    assert_allclose(weighted.coef_, scaled.coef_, atol=1e-9)
    assert weighted.score(X, y, w) == pytest.approx(weighted.score(X[again], y[again]))


@pytest.mark.parametrize("name", DROP_INS)
def test_precision_and_sparse_tables(name):
    more, y = DROP_INS[name]
    make = getattr(ours, name.partition(" ")[0])
    reference = make(alpha=0.1, **more).fit(X, y)
    single = make(alpha=0.1, **more).fit(X.astype(np.float32), y)
    assert single.coef_.dtype == np.float32 == single.predict(X.astype(np.float32)).dtype
    assert_allclose(single.coef_, reference.coef_, atol=1e-4)
    compressed = make(alpha=0.1, **more).fit(sp.csc_array(X), y)
    assert_allclose(compressed.coef_, reference.coef_, atol=1e-9)
    assert_allclose(compressed.predict(sp.csr_array(X)), reference.predict(X), rtol=1e-8)


@pytest.mark.parametrize("kind, settings, y, message", [
    ("PoissonRegressor", {}, COUNTS - 1.0, "the poisson loss needs"),
    ("PoissonRegressor", {}, np.zeros(120), "y is 0.0 in all 120 rows"),
    ("PoissonRegressor", {"alpha": -1.0}, COUNTS, "alpha=-1.0 is not in"),
    ("PoissonRegressor", {"solver": "svd"}, COUNTS, "solver='svd' must be one of"),
    ("GammaRegressor", {}, COUNTS, "the gamma loss needs numbers > 0"),
    ("TweedieRegressor", {"power": 3}, AMOUNTS, "power=3 is not solved"),
    ("TweedieRegressor", {"power": 0.5}, AMOUNTS, "power=0.5 is not solved"),
    ("TweedieRegressor", {"power": 1, "link": "identity"}, COUNTS, "link='identity' is not"),
    ("TweedieRegressor", {"link": "log"}, COUNTS, "link='log' is not solved for power=0.0"),
    ("TweedieRegressor", {"link": "probit"}, COUNTS, "link='probit' must be one of"),
])  # fmt: skip
def test_refusals(kind, settings, y, message):
    with pytest.raises(InputError, match=message):
        getattr(ours, kind)(**settings).fit(X, y)


def test_scores_need_a_y_of_the_domain():
    model = ours.GammaRegressor().fit(X, AMOUNTS)
    with pytest.raises(InputError, match="the gamma loss needs numbers > 0"):
        model.score(X, COUNTS)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.score(X, AMOUNTS[:5])


# --- quantiles -----------------------------------------------------------------------------------


def pinball(model, q, alpha, w=None):
    """scikit-learn's objective."""
    left = NUMBERS - X @ model.coef_ - model.intercept_
    loss = np.average(np.maximum(q * left, (q - 1.0) * left), weights=w)
    return loss + alpha * np.abs(model.coef_).sum()


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weights", ["none", "real"])
@pytest.mark.parametrize("q", [0.1, 0.5, 0.77])
@pytest.mark.parametrize("alpha", [0.0, 1e-3, 0.02, 1.0])
def test_quantiles_are_those_of_a_linear_programme(alpha, q, weights, fit_intercept):
    settings = {"quantile": q, "alpha": alpha, "fit_intercept": fit_intercept}
    w = WEIGHTS[weights]
    theirs = peer.QuantileRegressor(**settings).fit(X, NUMBERS, sample_weight=w)
    mine = ours.QuantileRegressor(**settings).fit(X, NUMBERS, sample_weight=w)
    assert pinball(mine, q, alpha, w) == pytest.approx(pinball(theirs, q, alpha, w), rel=1e-11)
    assert mine.relative_gap_ <= 1e-10
    if weights == "real":  # then the optimum is unique
        assert_allclose(mine.coef_, theirs.coef_, atol=1e-8)
        assert_allclose(mine.intercept_, theirs.intercept_, atol=1e-8)


def test_quantiles_cover_their_share():
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((400, 3))
    y = Z @ [1.0, 2.0, 0.0] + rng.standard_exponential(400)
    for q in (0.1, 0.5, 0.9):
        model = ours.QuantileRegressor(quantile=q, alpha=0.0).fit(Z, y)
        assert abs(np.mean(y <= model.predict(Z)) - q) <= 4 / 400
        chosen = SparseRegressor(loss=f"quantile:{q}", cv=4, alphas=20).fit(Z, y)
        assert chosen.relative_gap_ <= 1e-9 and chosen.cv_.metric == "mean deviance"
        assert abs(np.mean(y <= chosen.predict(Z)) - q) < 0.05
        assert 0.0 < chosen.score(Z, y) < 1.0
    named = SparseRegressor(loss="quantile:0.9", cv=4, alphas=20, scoring="pinball").fit(Z, y)
    assert_allclose(2.0 * named.cv_.folds, chosen.cv_.folds, rtol=1e-9)
    assert named.alpha_ == chosen.alpha_


@pytest.mark.parametrize("settings, message", [
    ({"quantile": 1.0}, "the quantile loss needs 0 < q < 1, got 1.0"),
    ({"solver": "lbfgs"}, "solver='lbfgs' must be one of"),
    ({"alpha": -1.0}, "alpha=-1.0 is not in"),
])  # fmt: skip
def test_bad_quantiles(settings, message):
    with pytest.raises(InputError, match=message):
        ours.QuantileRegressor(**settings).fit(X, NUMBERS)


# --- Huber's scale -------------------------------------------------------------------------------


def huber(parameters, epsilon, alpha, w):
    """scikit-learn's objective and its gradient in b, b0 and the scale, from the definition."""
    b, (b0, s) = np.array(parameters[:8]), parameters[8:]
    z = (NUMBERS - X @ b - b0) / s
    inside = np.abs(z) <= epsilon
    H = np.where(inside, z**2, 2.0 * epsilon * np.abs(z) - epsilon**2)
    slope = np.where(inside, 2.0 * z, 2.0 * epsilon * np.sign(z))
    in_b = 2.0 * alpha * b - X.T @ (w * slope)
    return w @ (s + s * H) + alpha * b @ b, np.array(
        [*in_b, -(w @ slope), w.sum() + w @ (H - z * slope)]
    )


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("epsilon", [1.1, 1.35, 3.0])
@pytest.mark.parametrize("alpha", [0.0, 1e-4, 1.0, 100.0])
def test_huber_has_the_scale_of_scikit_learn(alpha, epsilon, weights):
    """The optimality conditions hold to rounding, which scikit-learn's answer nears."""
    settings, w = {"epsilon": epsilon, "alpha": alpha}, WEIGHTS[weights]
    mine = ours.HuberRegressor(**settings).fit(X, NUMBERS, sample_weight=w)
    theirs = peer.HuberRegressor(**settings, tol=1e-9, max_iter=50_000)
    theirs.fit(X, NUMBERS, sample_weight=w)
    ones = np.ones(120) if w is None else w
    best, gradient = huber([*mine.coef_, mine.intercept_, mine.scale_], epsilon, alpha, ones)
    near, _ = huber([*theirs.coef_, theirs.intercept_, theirs.scale_], epsilon, alpha, ones)
    assert best <= near + 1e-12 * abs(near)
    assert np.max(np.abs(gradient)) < 1e-7 * ones.sum()
    assert mine.relative_gap_ <= 1e-12
    assert mine.dual_gap_ >= 0.0
    assert_allclose(mine.coef_, theirs.coef_, atol=1e-3)
    assert mine.scale_ == pytest.approx(theirs.scale_, rel=1e-3)
    assert np.mean(mine.outliers_ == theirs.outliers_) > 0.98


def test_the_gap_of_huber_bounds_what_is_missing():
    """At other scales than the best, the bound is below the optimum and the gap above the truth."""
    from excise.linear_model.huber import Search

    model = ours.HuberRegressor()
    data = model._training(X, NUMBERS, None)
    for alpha in (0.0, 1e-4, 1.0):
        search = Search(data, 1.35, alpha, True)
        best = search.best()
        for factor in (0.2, 0.9, 1.0 + 1e-6, 3.0):
            at = search.at(best.scale * factor)
            bound = search.bound(at, 1e-5)
            assert bound <= best.objective * (1.0 + 1e-12)
            assert at.objective - bound >= at.objective - best.objective - 1e-9


def test_huber_weights_units_and_sparse_tables():
    w = WEIGHTS["whole"]
    again = np.repeat(np.arange(120), w)
    weighted = ours.HuberRegressor(alpha=0.5).fit(X, NUMBERS, sample_weight=w)
    repeated = ours.HuberRegressor(alpha=0.5).fit(X[again], NUMBERS[again])
    assert_allclose(weighted.coef_, repeated.coef_, atol=1e-8)
    plain = ours.HuberRegressor().fit(X, NUMBERS)
    for unit in (1e-100, 1e100):  # alpha is in units of 1 / y
        scaled = ours.HuberRegressor(alpha=1e-4 / unit).fit(X, NUMBERS * unit)
        assert_allclose(scaled.coef_ / unit, plain.coef_, rtol=1e-7, atol=1e-10)
        assert scaled.scale_ / unit == pytest.approx(plain.scale_)
    compressed = ours.HuberRegressor().fit(sp.csc_array(X), NUMBERS)
    assert_allclose(compressed.coef_, plain.coef_, atol=1e-8)
    free = ours.HuberRegressor(alpha=0.0).fit(sp.csr_array(X), NUMBERS)
    assert free.relative_gap_ <= 1e-12


def test_huber_where_rows_are_fitted_exactly():
    y = X @ np.arange(8.0)
    y[:9] += 1e3
    model = ours.HuberRegressor().fit(X, y)
    assert_allclose(model.coef_, np.arange(8.0), atol=1e-2)
    assert model.outliers_[:9].all() and model.relative_gap_ <= 1e-5
    constant = ours.HuberRegressor().fit(X, np.full(120, 2.0))
    assert_allclose(constant.coef_, 0.0, atol=1e-12)
    assert constant.intercept_ == pytest.approx(2.0)


def test_bad_huber():
    with pytest.raises(InputError, match=r"epsilon=0.9 is not in"):
        ours.HuberRegressor(epsilon=0.9).fit(X, NUMBERS)


# --- SparseRegressor -----------------------------------------------------------------------------


def log_likelihood(spec, y, mu):
    """Of a count in the textbook's form, from another source than the deviance."""
    if spec == "poisson":
        return y * np.log(mu) - mu - gammaln(y + 1.0)
    theta = 1.5
    return (
        gammaln(y + theta) - gammaln(theta) - gammaln(y + 1.0)
        + theta * np.log(theta / (theta + mu)) + y * np.log(mu / (theta + mu))
    )  # fmt: skip


@pytest.mark.parametrize("weights", ["none", "real"])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_choice_its_proof_and_its_prediction(loss, weights):
    y, w = LOSSES[loss], WEIGHTS[weights]
    model = SparseRegressor(loss=loss, cv=5).fit(X, y, sample_weight=w)
    assert model.cv_.metric == "mean deviance"
    assert model.cv_.alpha_1se == model.alpha_ >= model.cv_.alpha_min
    assert model.relative_gap_ <= 1e-9
    found = excise.certify(
        X, y, model.coef_, model.intercept_, model.alpha_, loss=loss, standardize=True,
        sample_weight=w,
    )  # fmt: skip
    assert found.relative_gap <= 1e-9
    eta = X @ model.coef_ + model.intercept_
    link = (lambda eta: eta) if loss_of(loss).link == "identity" else np.exp
    assert_allclose(model.predict(X), link(eta), rtol=1e-12)
    assert_allclose(model.coef_ * model.path_.scale, model.coef_std_)
    assert 0.0 < model.score(X, y, w) <= 1.0
    assert model.at("min").score(X, y, w) >= model.score(X, y, w)
    kept = np.diff(model.path_.columns.indptr)[30]
    assert np.count_nonzero(model.at(n_features=kept).coef_) == kept


@pytest.mark.parametrize("loss", ["poisson", "negative_binomial:1.5"])
def test_the_optimum_is_the_penalised_likelihood(loss):
    """No step to a neighbour raises the textbook's likelihood less the tax."""
    y = LOSSES[loss]
    model = SparseRegressor(loss=loss, alphas=[0.05], cv=3, standardize=False).fit(X, y)

    def worth(b, b0):
        likelihood = log_likelihood(loss, y, np.exp(X @ b + b0)).mean()
        return likelihood - 0.05 * np.abs(b).sum()

    best = worth(model.coef_, model.intercept_)
    rng = np.random.default_rng(0)
    for size in (1e-1, 1e-3, 1e-5):
        for _ in range(50):
            step = size * rng.standard_normal(9)
            assert worth(model.coef_ + step[:8], model.intercept_ + step[8]) < best + 1e-13


def test_huber_far_away_is_least_squares():
    squared = SparseRegressor(cv=5).fit(X, NUMBERS)
    huber = SparseRegressor(loss="huber:1000", cv=5, alphas=squared.cv_.alphas).fit(X, NUMBERS)
    assert_allclose(huber.coef_, squared.coef_, atol=1e-8)
    assert huber.score(X, NUMBERS) == pytest.approx(squared.score(X, NUMBERS), rel=1e-8)


def test_huber_does_not_follow_outliers():
    far = NUMBERS.copy()
    far[:3] += 1e6
    loss = "huber:0.5"
    plain, moved = (SparseRegressor(loss=loss, alphas=[0.02], cv=3).fit(X, y)
                    for y in (NUMBERS, far))  # fmt: skip
    assert np.abs(plain.coef_ - moved.coef_).max() < 0.5


@pytest.mark.parametrize("loss", LOSSES)
def test_weights_are_repetitions_in_folds(loss):
    y, w = LOSSES[loss], WEIGHTS["whole"]
    label = np.arange(120) // 2 % 5
    again = np.repeat(np.arange(120), w)
    for scoring in (None, "mae"):
        make = {"loss": loss, "scoring": scoring, "alphas": 15}
        weighted = SparseRegressor(cv=label, **make).fit(X, y, sample_weight=w)
        repeated = SparseRegressor(cv=label[again], **make).fit(X[again], y[again])
        assert_allclose(weighted.cv_.folds, repeated.cv_.folds, rtol=1e-7)
        assert weighted.alpha_ == pytest.approx(repeated.alpha_, rel=1e-9)
        assert_allclose(weighted.coef_, repeated.coef_, atol=1e-7)


@pytest.mark.parametrize("loss", ["poisson", "gamma", "tweedie:1.4", "negative_binomial:1.5"])
def test_large_means_and_counts(loss):
    y = LOSSES[loss]
    plain, far = (SparseRegressor(loss=loss, cv=5).fit(Z, y) for Z in (X, X + 1e6))
    assert_allclose(far.coef_, plain.coef_, rtol=1e-5, atol=1e-8)
    big = SparseRegressor(loss="poisson", cv=5).fit(X, COUNTS * 1e9)
    assert np.all(np.isfinite(big.predict(X))) and big.relative_gap_ <= 1e-9


@pytest.mark.parametrize("unit", [1e-100, 1e100])
def test_the_unit_of_an_amount_is_a_shift(unit):
    """The gamma loss does not know units: only the intercept moves."""
    plain = SparseRegressor(loss="gamma", cv=5).fit(X, AMOUNTS)
    scaled = SparseRegressor(loss="gamma", cv=5).fit(X, AMOUNTS * unit)
    assert_allclose(scaled.coef_, plain.coef_, atol=1e-9)
    assert scaled.intercept_ - plain.intercept_ == pytest.approx(np.log(unit))
    assert_allclose(scaled.predict(X) / unit, plain.predict(X), rtol=1e-7)


@pytest.mark.parametrize("scoring, theirs", [
    ("deviance", "neg_mean_poisson_deviance"), ("mae", "neg_mean_absolute_error"),
    ("mse", "neg_mean_squared_error"), ("r2", "r2"), ("neg_mean_poisson_deviance",) * 2,
    ("neg_median_absolute_error",) * 2,
])  # fmt: skip
def test_scorers_against_cross_val_score(scoring, theirs):
    cv = KFold(4, shuffle=True, random_state=0)
    model = SparseRegressor(loss="poisson", cv=cv, scoring=scoring, alphas=[0.1, 0.02],
                            l1_ratio=0.0, standardize=False).fit(X, COUNTS)  # fmt: skip
    sign = 1.0 if model.cv_.greater_is_better else -1.0
    for k, alpha in enumerate((0.1, 0.02)):
        expected = cross_val_score(
            peer.PoissonRegressor(alpha=alpha, solver="newton-cholesky", tol=1e-10),
            X, COUNTS, cv=cv, scoring=theirs,
        )  # fmt: skip
        assert_allclose(sign * model.cv_.folds[k], expected, rtol=1e-7)


def test_frames_copies_and_pipelines():
    frame = pd.DataFrame(X, columns=[f"c{j}" for j in range(8)])
    model = SparseRegressor(loss="poisson", cv=5).fit(frame, pd.Series(COUNTS, name="visits"))
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert_allclose(other.predict(frame), model.predict(frame), atol=0)
        assert_allclose(other.at("min").coef_, model.at("min").coef_, rtol=1e-9)
    assert not hasattr(clone(model), "coef_") and "SparseRegressor" in repr(model)
    pipe = make_pipeline(StandardScaler(), SparseRegressor(loss="poisson", cv=5)).fit(X, COUNTS)
    assert_allclose(pipe.predict(X), model.predict(frame), rtol=1e-8)
    search = GridSearchCV(SparseRegressor(cv=3), {"loss": ["poisson", "tweedie"]}, cv=3,
                          scoring="neg_mean_poisson_deviance").fit(X, COUNTS)  # fmt: skip
    assert search.best_params_["loss"] in ("poisson", "tweedie")


@pytest.mark.parametrize("loss", LOSSES)
def test_explanations(loss, tmp_path):
    frame = pd.DataFrame(X, columns=[f"c{j}" for j in range(8)])
    y = pd.Series(LOSSES[loss], name="visits")
    model = SparseRegressor(loss=loss, cv=5, stability=5, decoys=5).fit(frame, y)
    ledger = model.ledger()
    assert isinstance(ledger, pd.DataFrame) and len(ledger) == 8
    kept = ledger.set_index("feature").loc[frame.columns, "coef"].to_numpy()
    assert_allclose(kept, model.coef_, rtol=1e-6, atol=1e-9)
    assert "c3" in str(model.why("c3")) and str(model).startswith("SparseRegressor of visits")
    model.report(tmp_path / "r.html")
    model.save(tmp_path / "m.json")
    loaded = excise.load(tmp_path / "m.json")
    assert_allclose(loaded.predict(X), model.predict(frame), rtol=1e-6)
    other = model.at("min")
    assert other.model_.alpha == pytest.approx(model.cv_.alpha_min)
    assert "text/html" in model._repr_mimebundle_()


def test_a_loss_may_be_an_object():
    by_name = SparseRegressor(loss="tweedie:1.4", cv=3).fit(X, COUNTS)
    by_loss = SparseRegressor(loss=loss_of("tweedie:1.4"), cv=3).fit(X, COUNTS)
    assert_allclose(by_loss.coef_, by_name.coef_, atol=0)


@pytest.mark.parametrize("loss, y, message", [
    ("poisson", COUNTS - 1.0, "the poisson loss needs"),
    ("gamma", COUNTS, "the gamma loss needs numbers > 0"),
    ("tweedie:3", COUNTS, "the tweedie loss needs 1 < power < 2, got 3.0"),
    ("huber:-1", NUMBERS, "the huber loss needs finite delta > 0"),
    ("cauchy", NUMBERS, "unknown loss 'cauchy'"),
    ("logistic", COUNTS, "the logistic loss is for classes"),
])  # fmt: skip
def test_bad_losses_and_targets(loss, y, message):
    with pytest.raises(InputError, match=message):
        SparseRegressor(loss=loss).fit(X, y)


def test_a_rare_count_is_refused_where_a_fold_has_none():
    rare = np.zeros(120)
    rare[7] = 3.0
    with pytest.raises(InputError, match=r"fold \d of cv cannot be trained: y is 0.0 in all"):
        SparseRegressor(loss="poisson", cv=5).fit(X, rare)


def test_the_deviance_of_the_training_rows():
    model = SparseRegressor(loss="gamma", cv=5).fit(X, AMOUNTS)
    path = model.path_
    eta = X @ path.coefs.toarray() + path.intercepts
    expected = [SCORES["deviance"](loss_of("gamma"), AMOUNTS, one, None) for one in eta.T]
    assert_allclose(model.cv_.train, expected, rtol=1e-9)
