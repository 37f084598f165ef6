"""The drop-in names answer as scikit-learn does when it is made to converge."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose
from sklearn import linear_model as peer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    ShuffleSplit,
    TimeSeriesSplit,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from excise import linear_model as ours

TIGHT = {"tol": 1e-13, "max_iter": 100_000}
COUNT = "alphas" if sklearn.__version__ >= "1.7" else "n_alphas"
COUNT_PATH = "alphas" if sklearn.__version__ >= "1.9" else "n_alphas"
"""How scikit-learn calls the length of its grid, in the estimators and in the functions."""
ROOM = np.random.default_rng(7)
TALL = ROOM.standard_normal((80, 12)) @ np.diag(np.geomspace(0.1, 10, 12)) + 3.0
WIDE = ROOM.standard_normal((30, 60))
WEIGHTS = {"none": None, "real": ROOM.uniform(0.1, 3.0, 80), "whole": np.arange(80) % 4}


def target(X):
    rng = np.random.default_rng(3)
    return X[:, :4] @ [2.0, -1.0, 0.5, 1.5] + 5.0 + rng.standard_normal(len(X))


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("alpha", [1.0, 0.03])
@pytest.mark.parametrize("name", ["Lasso", "ElasticNet"])
def test_tall(name, alpha, weights, positive, fit_intercept):
    settings = {"alpha": alpha, "positive": positive, "fit_intercept": fit_intercept}
    w, y = WEIGHTS[weights], target(TALL)
    theirs = getattr(peer, name)(**settings, **TIGHT).fit(TALL, y, sample_weight=w)
    mine = getattr(ours, name)(**settings).fit(TALL, y, sample_weight=w)
    assert_allclose(mine.coef_, theirs.coef_, atol=1e-7)
    assert_allclose(mine.intercept_, theirs.intercept_, atol=1e-6)
    assert mine.relative_gap_ <= 1e-12
    assert mine.kkt_violation_ <= 1e-10


@pytest.mark.parametrize("alpha", [0.5, 0.05])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.05])
def test_wide(alpha, l1_ratio):
    y = target(WIDE)
    theirs = peer.ElasticNet(alpha=alpha, l1_ratio=l1_ratio, **TIGHT).fit(WIDE, y)
    mine = ours.ElasticNet(alpha=alpha, l1_ratio=l1_ratio).fit(WIDE, y)
    assert_allclose(mine.coef_, theirs.coef_, atol=1e-7)
    assert mine.dual_gap_ >= 0.0


@pytest.mark.parametrize("solver", ["auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga"])
@pytest.mark.parametrize("X", [TALL, WIDE], ids=["tall", "wide"])
def test_ridge_solvers_all_mean_the_exact_one(X, solver):
    y = target(X)
    theirs = peer.Ridge(alpha=2.0, solver="svd").fit(X, y)
    mine = ours.Ridge(alpha=2.0, solver=solver).fit(X, y)
    assert_allclose(mine.coef_, theirs.coef_, rtol=1e-9, atol=1e-12)
    assert_allclose(mine.intercept_, theirs.intercept_, rtol=1e-9)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weights", [None, 2.5, WEIGHTS["real"], WEIGHTS["whole"]])
def test_ridge_weights_are_absolute(weights, fit_intercept):
    y = target(TALL)
    settings = {"alpha": 3.0, "fit_intercept": fit_intercept}
    theirs = peer.Ridge(**settings, solver="svd").fit(TALL, y, sample_weight=weights)
    mine = ours.Ridge(**settings).fit(TALL, y, sample_weight=weights)
    assert_allclose(mine.coef_, theirs.coef_, rtol=1e-9)
    assert_allclose(mine.intercept_, theirs.intercept_, rtol=1e-9)


def test_ridge_positive():
    y = -target(TALL)
    theirs = peer.Ridge(alpha=1.0, positive=True, tol=1e-14).fit(TALL, y)
    mine = ours.Ridge(alpha=1.0, positive=True).fit(TALL, y)
    assert_allclose(mine.coef_, theirs.coef_, atol=1e-6)
    assert mine.coef_.min() >= 0.0


@pytest.mark.parametrize("alpha", [1e-14, 0.0])
def test_wide_ridge_tends_to_the_least_norm_solution(alpha):
    centred = WIDE - WIDE.mean(axis=0)
    y = target(WIDE)
    least = np.linalg.pinv(centred) @ (y - y.mean())
    assert_allclose(ours.Ridge(alpha=alpha).fit(WIDE, y).coef_, least, atol=1e-9)


@pytest.mark.parametrize("name", ["Lasso", "ElasticNet", "Ridge"])
@pytest.mark.parametrize("n_targets", [1, 3])
def test_several_targets(name, n_targets):
    rng = np.random.default_rng(0)
    Y = np.column_stack([target(TALL) * k + rng.standard_normal(80) for k in range(n_targets)])
    tight = {"solver": "svd"} if name == "Ridge" else TIGHT
    theirs = getattr(peer, name)(alpha=0.1, **tight).fit(TALL, Y)
    mine = getattr(ours, name)(alpha=0.1).fit(TALL, Y)
    assert mine.coef_.shape == theirs.coef_.shape
    assert np.shape(mine.intercept_) == np.shape(theirs.intercept_)
    assert_allclose(mine.coef_, theirs.coef_, atol=1e-7)
    assert_allclose(mine.predict(TALL), theirs.predict(TALL), atol=1e-6)


def test_ridge_with_an_alpha_for_each_target():
    Y = np.column_stack([target(TALL), -target(TALL)])
    theirs = peer.Ridge(alpha=np.array([0.1, 10.0]), solver="svd").fit(TALL, Y)
    assert_allclose(ours.Ridge(alpha=[0.1, 10.0]).fit(TALL, Y).coef_, theirs.coef_, rtol=1e-8)
    with pytest.raises(ValueError, match="Number of targets and number of penalties"):
        ours.Ridge(alpha=[0.1, 1.0, 2.0]).fit(TALL, Y)


FOLDS = {
    "default": None,
    "shuffled": KFold(4, shuffle=True, random_state=1),
    "overlapping": ShuffleSplit(3, test_size=0.3, random_state=0),
    "forward": TimeSeriesSplit(3),
}


@pytest.mark.parametrize("folds", FOLDS)
@pytest.mark.parametrize("weights", ["none", "real"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_lasso_cv(fit_intercept, weights, folds):
    settings = {"cv": FOLDS[folds], "fit_intercept": fit_intercept}
    y, w = target(TALL), WEIGHTS[weights]
    theirs = peer.LassoCV(**settings, **{COUNT: 20}, **TIGHT).fit(TALL, y, sample_weight=w)
    mine = ours.LassoCV(**settings, alphas=20).fit(TALL, y, sample_weight=w)
    assert_allclose(mine.alphas_, theirs.alphas_, rtol=1e-12)
    assert_allclose(mine.mse_path_, theirs.mse_path_, rtol=1e-7)
    assert mine.alpha_ == pytest.approx(theirs.alpha_, rel=1e-12)
    assert_allclose(mine.coef_, theirs.coef_, atol=1e-7)
    assert_allclose(mine.intercept_, theirs.intercept_, atol=1e-6)


@pytest.mark.parametrize("alphas", [7, [1.0, 0.01, 0.1, 0.1]])
def test_elastic_net_cv(alphas):
    y = target(WIDE)
    settings = {"l1_ratio": [0.2, 0.9], "cv": 3, "eps": 0.05}
    grid = {COUNT if isinstance(alphas, int) else "alphas": alphas}
    theirs = peer.ElasticNetCV(**settings, **grid, **TIGHT).fit(WIDE, y)
    mine = ours.ElasticNetCV(**settings, alphas=alphas).fit(WIDE, y)
    assert mine.alphas_.shape == theirs.alphas_.shape
    assert_allclose(mine.mse_path_, theirs.mse_path_, rtol=1e-6)
    assert mine.l1_ratio_ == theirs.l1_ratio_
    assert mine.alpha_ == pytest.approx(theirs.alpha_)
    assert_allclose(mine.coef_, theirs.coef_, atol=1e-7)


def test_cross_validation_weights_are_repetitions():
    rng = np.random.default_rng(5)
    X, y = rng.standard_normal((45, 6)), rng.standard_normal(45)
    w = np.concatenate([rng.integers(0, 5, 15), np.ones(30, dtype=int)])
    group = np.repeat([0, 1, 2], 15)

    def fitted(estimator, rows, weight=None):
        folds = list(LeaveOneGroupOut().split(X[rows], groups=group[rows]))
        return estimator.set_params(cv=folds).fit(X[rows], y[rows], sample_weight=weight)

    for estimator in (ours.LassoCV, ours.SparseRegressor):
        weighted = fitted(estimator(alphas=20), np.arange(45), w)
        repeated = fitted(estimator(alphas=20), np.repeat(np.arange(45), w))
        assert weighted.alpha_ == pytest.approx(repeated.alpha_, rel=1e-12)
        assert_allclose(weighted.coef_, repeated.coef_, atol=1e-12)


@pytest.mark.parametrize("name", ["lasso_path", "enet_path"])
@pytest.mark.parametrize("positive", [False, True])
def test_paths(name, positive):
    y = target(TALL)
    alphas, coefs, _ = getattr(peer, name)(TALL, y, **{COUNT_PATH: 30}, positive=positive, **TIGHT)
    found = getattr(ours, name)(TALL, y, alphas=30, positive=positive, return_n_iter=True)
    assert_allclose(found[0], alphas, rtol=1e-12)
    assert_allclose(found[1], coefs, atol=1e-7)
    assert found[2].shape == (30,) and np.all(found[2] >= 0.0)
    assert len(found[3]) == 30


def test_paths_with_given_alphas_keep_repetitions():
    y = target(TALL)
    alphas, coefs, gaps = ours.lasso_path(TALL, y, alphas=[0.1, 1.0, 0.1])
    assert_allclose(alphas, [1.0, 0.1, 0.1])
    assert coefs.shape == (12, 3) and gaps.shape == (3,)
    assert_allclose(coefs[:, 1], coefs[:, 2], atol=0)


def test_path_refusals():
    y = target(TALL)
    with pytest.raises(ValueError, match="Unexpected parameters in params"):
        ours.lasso_path(TALL, y, normalize=True)
    with pytest.raises(ValueError, match="l1_ratio=0"):
        ours.enet_path(TALL, y, l1_ratio=0.0)
    with pytest.warns(FutureWarning, match="'n_alphas' was deprecated in 1.9"):
        assert len(ours.lasso_path(TALL, y, n_alphas=5)[0]) == 5
    with pytest.warns(FutureWarning, match="'alphas=None' is deprecated"):
        assert len(ours.lasso_path(TALL, y, alphas=None)[0]) == 100


def test_the_grid_of_a_constant_target():
    X = np.arange(12.0).reshape(6, 2) % 5
    model = ours.LassoCV(alphas=3, cv=2).fit(X, np.full(6, 2.0))
    assert_allclose(model.alphas_, [np.finfo(float).resolution] * 3)
    assert_allclose(model.coef_, [0.0, 0.0], atol=0)
    assert model.intercept_ == 2.0


@pytest.mark.parametrize("alphas, kind, message", [
    ((1, -1, -100), ValueError, r"alphas\[1\] == -1, must be >= 0.0."),
    ((1, 1.0, "1"), TypeError, r"alphas\[2\] must be an instance of float, not str"),
    ((), ValueError, "alphas is empty"),
    (0, ValueError, "alphas=0 must be at least 1"),
])  # fmt: skip
def test_bad_grids(alphas, kind, message):
    with pytest.raises(kind, match=message):
        ours.LassoCV(alphas=alphas).fit(TALL, target(TALL))


def test_a_path_without_l1_needs_alphas():
    y = target(TALL)
    with pytest.raises(ValueError, match="Automatic alpha grid generation is not supported"):
        ours.ElasticNetCV(l1_ratio=0).fit(TALL, y)
    mine = ours.ElasticNetCV(l1_ratio=0, alphas=[0.1, 10]).fit(TALL, y)
    theirs = peer.Ridge(alpha=80 * mine.alpha_, solver="svd").fit(TALL, y)
    assert_allclose(mine.coef_, theirs.coef_, rtol=1e-9)


@pytest.mark.parametrize("sample_weight", [None, np.linspace(1, 5, 80)])
def test_grid_search_finds_what_the_cv_estimator_finds(sample_weight):
    y = target(TALL)
    grid = {"alpha": np.geomspace(1e-3, 10, 8), "l1_ratio": [0.1, 0.9]}
    search = GridSearchCV(ours.ElasticNet(), grid, cv=5, scoring="neg_mean_squared_error")
    search.fit(TALL, y, sample_weight=sample_weight)
    chosen = ours.ElasticNetCV(alphas=grid["alpha"], l1_ratio=grid["l1_ratio"])
    chosen.fit(TALL, y, sample_weight=sample_weight)
    assert chosen.alpha_ == pytest.approx(search.best_params_["alpha"])
    assert chosen.l1_ratio_ == search.best_params_["l1_ratio"]


def test_pipeline():
    y = target(TALL)
    mine = make_pipeline(StandardScaler(), ours.LassoCV(cv=3)).fit(TALL, y)
    theirs = make_pipeline(StandardScaler(), peer.LassoCV(cv=3, **TIGHT)).fit(TALL, y)
    assert_allclose(mine.predict(TALL), theirs.predict(TALL), atol=1e-6)


def test_groups_are_routed_to_the_splitter():
    from sklearn import config_context

    y, groups = target(TALL), np.arange(80) % 5
    with pytest.raises(ValueError, match="is only supported if enable_metadata_routing=True"):
        ours.LassoCV().fit(TALL, y, groups=groups)
    with config_context(enable_metadata_routing=True):
        splitter = GroupKFold(5).set_split_request(groups=True)
        routed = ours.LassoCV(cv=splitter, alphas=10).fit(TALL, y, groups=groups)
        pairs = list(GroupKFold(5).split(TALL, y, groups))
        given = ours.LassoCV(cv=pairs, alphas=10).fit(TALL, y)
    assert_allclose(routed.mse_path_, given.mse_path_)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_order_and_precision(order, dtype):
    y = target(TALL)
    reference = ours.Lasso(alpha=0.05).fit(TALL, y)
    model = ours.Lasso(alpha=0.05).fit(np.asarray(TALL, dtype=dtype, order=order), y)
    assert model.coef_.dtype == dtype
    assert model.predict(TALL.astype(dtype)).dtype == dtype
    assert_allclose(model.coef_, reference.coef_, atol=1e-12 if dtype == np.float64 else 1e-4)


def test_the_data_are_never_written_to():
    X, y = TALL.copy(order="F"), target(TALL)
    X.flags.writeable = y.flags.writeable = False
    for model in (ours.Lasso(copy_X=False), ours.Ridge(copy_X=False), ours.LassoCV(copy_X=False)):
        model.fit(X, y)


def test_sparse_coef():
    model = ours.Lasso(alpha=1.0).fit(TALL, target(TALL))
    assert_allclose(model.sparse_coef_.toarray()[0], model.coef_)
    assert model.sparse_coef_.nnz == np.count_nonzero(model.coef_)
