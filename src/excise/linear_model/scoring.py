"""scikit-learn's scorers on held-out predictors: no estimator is refitted for them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer, get_scorer_names

from excise.losses import RowLoss
from excise.results import Floats
from excise.scores import SCORES, Score

SCORER = type(get_scorer("r2"))
"""What `sklearn.metrics.make_scorer` makes."""


class _Regressor(RegressorMixin, BaseEstimator):
    """Stands for a regressor fitted in a fold: X is its predictor on the held-out rows.

    A column per response.
    """

    def __init__(self, loss: RowLoss) -> None:
        self.loss = loss

    def predict(self, X: Floats) -> Any:
        """The mean."""
        return self.loss.mean(X[:, 0] if X.shape[1] == 1 else X)


class _Classifier(ClassifierMixin, BaseEstimator):
    """Stands for a classifier fitted in a fold, with one predictor or one per class."""

    def __init__(self, loss: RowLoss, classes: NDArray[Any]) -> None:
        self.loss, self.classes_ = loss, classes

    def decision_function(self, X: Floats) -> Any:
        """The predictor itself; of two classes with one each their difference."""
        if X.shape[1] > 2:
            return X
        return X[:, 0] if X.shape[1] == 1 else X[:, 1] - X[:, 0]

    def predict(self, X: Floats) -> Any:
        """The class."""
        if X.shape[1] > 1:
            return self.classes_[X.argmax(axis=1)]
        return self.classes_[(X[:, 0] > 0.0).astype(np.intp)]

    def predict_proba(self, X: Floats) -> Any:
        """The probability of every class."""
        if X.shape[1] > 1:
            return self.loss.mean(X)
        return self.loss.mean(np.stack([-X[:, 0], X[:, 0]], axis=1))


def scoring_of(scoring: Any, classes: NDArray[Any] | None = None, *, scorers: bool = False) -> Any:
    """`scoring` as `excise.cross_validation.fit_cv` takes it.

    Parameters
    ----------
    scoring : None, str, callable or scorer
        excise's own names come first, then scikit-learn's ("neg_log_loss", "f1"); a scorer of
        `sklearn.metrics.make_scorer`; or a function of y, prediction and sample_weight.
    classes : ndarray of shape (n_classes,), optional
        Of a classifier: what 0 and 1, or the columns of y, stand for.
    scorers : bool, default=False
        Whether every callable is ``scorer(estimator, X, y)``, as scikit-learn's own classes take
        it. The estimator and X it gets stand for those of the fold: X is the predictor.
    """
    if isinstance(scoring, str) and scoring not in SCORES and scoring in get_scorer_names():
        return _wrapped(scoring, get_scorer(scoring), classes)
    if isinstance(scoring, SCORER) or (scorers and callable(scoring)):
        return _wrapped(str(scoring), scoring, classes)
    return scoring


def _wrapped(name: str, scorer: Any, classes: NDArray[Any] | None) -> Score:
    def measure(loss: RowLoss, y: Floats, eta: Floats, w: Floats | None) -> float:
        more = {} if w is None else {"sample_weight": w}
        X = eta.reshape(len(eta), -1)
        if classes is None:
            return float(scorer(_Regressor(loss), X, y, **more))
        labels = classes[y.astype(np.intp) if y.ndim == 1 else y.argmax(axis=1)]
        return float(scorer(_Classifier(loss, classes), X, labels, **more))

    return Score(name, name, measure)
