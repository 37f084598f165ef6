"""What the classifiers share: labels, class weights, and what is predicted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from excise.exceptions import InputError, InputTypeError
from excise.linear_model.base import LinearModel, Training
from excise.losses import Logistic, Loss
from excise.problem import check_sample_weight
from excise.results import Floats


class LinearClassifier(ClassifierMixin, LinearModel):
    """Base of all classifiers: with two classes, the second is where the predictor is positive."""

    classes_: NDArray[Any]
    class_weight: Any

    @property
    def _data_term(self) -> Loss:
        """The loss."""
        return Logistic()

    def decision_function(self, X: Any) -> NDArray[Any]:
        """Predictor of every row: positive for ``classes_[1]``.

        Parameters
        ----------
        X : array-like, sparse or data frame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        eta: NDArray[Any] = self._eta(X)[:, 0]
        return eta

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class of every row.

        Parameters
        ----------
        X : array-like, sparse or data frame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
            Of `classes_`.
        """
        decision = self.decision_function(X)  # first: it says if nothing is fitted
        return np.asarray(self.classes_[(decision > 0.0).astype(np.intp)])

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Predict the probability of every class.

        Parameters
        ----------
        X : array-like, sparse or data frame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            A column for each of `classes_`; both are computed without a subtraction from 1, so
            that a small probability keeps its digits.
        """
        return self._of_both(X, self._data_term.mean)

    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Predict the logarithm of the probability of every class.

        Parameters
        ----------
        X : array-like, sparse or data frame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            For the logistic loss never -infinity.
        """
        loss = self._data_term
        if isinstance(loss, Logistic):  # its value is minus the log-likelihood
            return self._of_both(X, lambda eta: -loss.value(np.ones_like(eta), eta))
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def _of_both(self, X: Any, of: Any) -> NDArray[Any]:
        """A function of the predictor, for the first class and the second."""
        decision = self.decision_function(X)
        pair: Floats = of(np.stack([-decision, decision], axis=1))
        return pair.astype(decision.dtype, copy=False)

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn may expect of it: two classes, for now."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def _labelled(self, data: Training) -> tuple[Training, NDArray[np.float64] | None]:
        """Store the classes; classes 0 and 1 with all weights, and the weights for scores.

        Those of the classes are in the first and not in the second, unless there are none.
        """
        check_classification_targets(data.y)
        self.classes_, code = np.unique(data.y, return_inverse=True)
        if len(self.classes_) != 2:
            raise _not_two(self.classes_)
        given = check_sample_weight(data.sample_weight, len(code))
        weights = _with_class_weight(self.class_weight, self.classes_, code, given)
        # one number as the weight of all rows is no weight, but counts in the total
        all_rows = data.total_weight / len(code) if given is None else 1.0
        total = data.total_weight if weights is None else all_rows * float(weights.sum())
        if given is None and weights is not None:
            given = np.ones(len(code))
        return Training(data.X, code.astype(np.float64), weights, total), given


def _not_two(classes: NDArray[Any]) -> InputError:
    if len(classes) == 1:
        return InputError(
            f"y holds one class only ({classes.tolist()[0]!r}); there is nothing to learn",
            remedy="rows of a second class",
        )
    names = ", ".join(repr(name) for name in classes.tolist()[:4])
    return InputError(
        "Only binary classification is supported. The type of the target is multiclass.",
        [
            f"y holds {len(classes)} classes: {names}{', ...' if len(classes) > 4 else ''}",
            "the multinomial loss is to come",
        ],
        "sklearn.multiclass.OneVsRestClassifier(...)",
    )


def _with_class_weight(
    wanted: Any,
    classes: NDArray[Any],
    code: NDArray[np.intp],
    sample_weight: NDArray[np.float64] | None,
) -> NDArray[np.float64] | None:
    """Weights of the rows times those of their classes.

    "balanced" gives every class the same total, and leaves the total of all as it is.
    """
    if wanted is None:
        return sample_weight
    rows = np.ones(len(code)) if sample_weight is None else sample_weight
    if isinstance(wanted, str) and wanted == "balanced":
        totals = np.bincount(code, weights=rows)
        if not np.all(totals > 0.0):
            raise InputError("sample_weight is zero in all rows of a class of y")
        return np.asarray(rows * (rows.sum() / (len(classes) * totals))[code])
    if not isinstance(wanted, Mapping):
        raise InputTypeError(f"class_weight must be None, 'balanced' or a dict, not {wanted!r}")
    known = classes.tolist()
    strange = [name for name in wanted if name not in known]
    if strange:
        raise InputError(
            f"class_weight names {strange[0]!r}, which is no class of y",
            [f"classes: {', '.join(map(repr, known))}"],
        )
    factor = np.array([float(wanted.get(name, 1.0)) for name in known])
    if not (np.all(factor >= 0.0) and np.all(np.isfinite(factor))):
        raise InputError(f"class_weight is {wanted!r}; weights must be finite and >= 0")
    return np.asarray(rows * factor[code])
