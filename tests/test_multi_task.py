"""Several responses with one set of features: against scikit-learn and against the formula."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import linear_model as peer

import excise
from excise.exceptions import InputError
from excise.linear_model import (
    ElasticNet,
    Lasso,
    LassoCV,
    MultiTaskElasticNet,
    MultiTaskElasticNetCV,
    MultiTaskLasso,
    MultiTaskLassoCV,
    enet_path,
    lasso_path,
)

RNG = np.random.default_rng(8)
X = RNG.standard_normal((70, 9)) * np.geomspace(0.5, 2.0, 9) + 1.0
B = np.zeros((9, 3))
B[[1, 4, 7]] = RNG.standard_normal((3, 3))
Y = X @ B + 0.5 * RNG.standard_normal((70, 3)) + [0.0, 5.0, -2.0]
WEIGHTS = {"none": None, "real": RNG.uniform(0.1, 3.0, 70), "whole": np.arange(70) % 3}
TIGHT = {"tol": 1e-13, "max_iter": 200_000}


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
@pytest.mark.parametrize("alpha", [0.003, 0.1, 1.0])
def test_elastic_net_is_that_of_scikit_learn(alpha, l1_ratio, weights, fit_intercept):
    settings = {"alpha": alpha, "l1_ratio": l1_ratio, "fit_intercept": fit_intercept}
    w = WEIGHTS[weights]
    theirs = peer.MultiTaskElasticNet(**settings, **TIGHT).fit(X, Y, sample_weight=w)
    mine = MultiTaskElasticNet(**settings).fit(X, Y, sample_weight=w)
    assert mine.coef_.shape == (3, 9)
    assert_allclose(mine.coef_, theirs.coef_, atol=1e-7)
    assert_allclose(mine.intercept_, theirs.intercept_, atol=1e-7)
    assert_allclose(mine.predict(X), theirs.predict(X), atol=1e-6)
    assert mine.score(X, Y, w) == pytest.approx(theirs.score(X, Y, w), abs=1e-8)
    kept = mine.coef_ != 0.0
    assert_array_equal(kept.any(axis=0), kept.all(axis=0))  # in or out for all together
    assert mine.relative_gap_ <= 1e-10
    assert 0.0 <= mine.dual_gap_ <= mine.eps_


def test_lasso_is_that_of_scikit_learn_for_every_storage():
    theirs = peer.MultiTaskLasso(alpha=0.2, **TIGHT).fit(X, Y)
    for storage in (np.asfortranarray, np.ascontiguousarray, sp.csc_array, sp.csr_array):
        mine = MultiTaskLasso(alpha=0.2).fit(storage(X), Y)
        assert_allclose(mine.coef_, theirs.coef_, atol=1e-7)
        assert_allclose(mine.sparse_coef_.toarray(), mine.coef_)
    single = MultiTaskLasso(alpha=0.2).fit(X.astype(np.float32), Y)
    assert single.coef_.dtype == np.float32
    assert_allclose(single.coef_, theirs.coef_, atol=1e-5)


def test_the_answer_is_certified_by_the_verifier():
    mine = MultiTaskElasticNet(alpha=0.2, l1_ratio=0.6).fit(X, Y)
    found = excise.certify(X, Y, mine.coef_.T, mine.intercept_, 0.2, l1_ratio=0.6)
    assert found.relative_gap <= 1e-12
    rough = peer.MultiTaskElasticNet(alpha=0.2, l1_ratio=0.6, tol=0.1).fit(X, Y)
    worse = excise.certify(X, Y, rough.coef_.T, rough.intercept_, 0.2, l1_ratio=0.6)
    assert worse.relative_gap > 1e-12


def test_one_response_is_the_lasso():
    one = MultiTaskLasso(alpha=0.1).fit(X, Y[:, :1])
    plain = Lasso(alpha=0.1).fit(X, Y[:, 0])
    assert one.coef_.shape == (1, 9)
    assert one.intercept_.shape == (1,)
    assert_allclose(one.coef_[0], plain.coef_, atol=1e-12)
    assert one.predict(X).shape == (70, 1)
    many = MultiTaskLassoCV(alphas=10).fit(X, Y[:, :1])
    assert many.coef_.shape == (1, 9)
    assert_allclose(many.coef_[0], LassoCV(alphas=10).fit(X, Y[:, 0]).coef_, atol=1e-12)


@pytest.mark.parametrize("l1_ratio", [0.4, [0.4, 0.9]])
@pytest.mark.parametrize("weights", ["none", "real"])
def test_cross_validation_is_that_of_scikit_learn(l1_ratio, weights):
    settings = {"l1_ratio": l1_ratio, "cv": 4, "alphas": 25}
    fitted = [
        make(**settings, **more).fit(X, Y, sample_weight=WEIGHTS[weights])
        if weights != "none" else make(**settings, **more).fit(X, Y)
        for make, more in ((MultiTaskElasticNetCV, {}), (peer.MultiTaskElasticNetCV, TIGHT))
    ]  # fmt: skip
    mine, theirs = fitted
    assert_allclose(mine.alphas_, theirs.alphas_, rtol=1e-12)
    assert mine.mse_path_.shape == theirs.mse_path_.shape
    assert_allclose(mine.mse_path_, theirs.mse_path_, atol=1e-7)
    assert mine.alpha_ == pytest.approx(theirs.alpha_, rel=1e-12)
    assert mine.l1_ratio_ == theirs.l1_ratio_
    assert_allclose(mine.coef_, theirs.coef_, atol=1e-7)
    assert_allclose(mine.intercept_, theirs.intercept_, atol=1e-7)


def test_lasso_by_cross_validation_is_that_of_scikit_learn():
    mine = MultiTaskLassoCV(alphas=[1.0, 0.1, 0.01], cv=3).fit(X, Y)
    theirs = peer.MultiTaskLassoCV(alphas=[1.0, 0.1, 0.01], cv=3, **TIGHT).fit(X, Y)
    assert mine.alpha_ == theirs.alpha_
    assert_allclose(mine.mse_path_, theirs.mse_path_, atol=1e-7)
    assert_allclose(mine.coef_, theirs.coef_, atol=1e-7)


@pytest.mark.parametrize(("ours", "theirs"), [(lasso_path, peer.lasso_path),
                                              (enet_path, peer.enet_path)])  # fmt: skip
def test_paths_of_several_targets_are_those_of_scikit_learn(ours, theirs):
    found, wanted = ours(X, Y, alphas=12), theirs(X, Y, alphas=12, **TIGHT)
    assert_allclose(found[0], wanted[0], rtol=1e-12)
    assert found[1].shape == wanted[1].shape == (3, 9, 12)
    assert_allclose(found[1], wanted[1], atol=1e-7)
    one = ours(X, Y[:, :1], alphas=[0.1, 0.2])
    assert one[1].shape == (1, 9, 2)
    assert_allclose(one[1][0], ours(X, Y[:, 0], alphas=[0.1, 0.2])[1], atol=1e-12)


@pytest.mark.parametrize("make", [Lasso, ElasticNet])
def test_targets_one_by_one(make):
    """scikit-learn's Lasso of several targets: a lasso for each column."""
    mine, theirs = make(alpha=0.1).fit(X, Y), getattr(peer, make.__name__)(alpha=0.1, **TIGHT)
    theirs.fit(X, Y)
    assert mine.coef_.shape == (3, 9)
    assert_allclose(mine.coef_, theirs.coef_, atol=1e-7)
    assert_allclose(mine.intercept_, theirs.intercept_, atol=1e-7)


def test_what_is_refused():
    for make in (MultiTaskLasso, MultiTaskElasticNet, MultiTaskLassoCV, MultiTaskElasticNetCV):
        other = make.__name__.removeprefix("MultiTask")
        with pytest.raises(InputError, match=f"For mono-task outputs, use {other}"):
            make().fit(X, Y[:, 0])
    with pytest.raises(InputError, match="positive=True is not allowed for multi-output"):
        enet_path(X, Y, positive=True)
    with pytest.raises(InputError, match="Automatic alpha grid generation"):
        MultiTaskElasticNetCV(l1_ratio=0.0).fit(X, Y)
