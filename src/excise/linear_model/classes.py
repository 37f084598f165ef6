"""What the classifiers share: labels, class weights, and what is predicted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from excise.arguments import check_sample_weight
from excise.exceptions import InputError, InputTypeError
from excise.linear_model.base import LinearModel, Training
from excise.losses import Logistic, Multinomial, RowLoss
from excise.losses.multinomial import log_softmax
from excise.results import Floats

if TYPE_CHECKING:
    from excise.results import Solution


class Binary(NamedTuple):
    """What is for two classes only, and what to write instead."""

    what: str
    instead: str


HINGED = Binary("the squared_hinge loss", "loss='logistic'")
SCHEDULED = Binary("a schedule", "schedule=None")
PENALISED = Binary("this penalty", "penalty=None")


class LinearClassifier(ClassifierMixin, LinearModel):
    """Base of all classifiers.

    With two classes, the second is where the one predictor is positive; more have a predictor each,
    and the largest wins.
    """

    classes_: NDArray[Any]
    class_weight: Any

    @property
    def _data_term(self) -> RowLoss:
        """The loss that was fitted: of more than two classes the multinomial one."""
        return Logistic() if len(self.classes_) == 2 else Multinomial()

    def decision_function(self, X: Any) -> NDArray[Any]:
        """Predictor of every row: positive for ``classes_[1]``; of several classes one for each.

        Parameters
        ----------
        X : array-like, sparse or data frame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,), or (n_samples, n_classes) of more than two
        """
        eta: NDArray[Any] = self._eta(X)
        return eta[:, 0] if eta.shape[1] == 1 else eta

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
        if decision.ndim == 2:
            return np.asarray(self.classes_[decision.argmax(axis=1)])
        return np.asarray(self.classes_[(decision > 0.0).astype(np.intp)])

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Predict the probability of every class.

        Parameters
        ----------
        X : array-like, sparse or data frame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            A column for each of `classes_`; all are computed without a subtraction from 1, so
            that a small probability keeps its digits.
        """
        return self._of_each(X, lambda eta: self._data_term.mean(eta))

    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Predict the logarithm of the probability of every class.

        Parameters
        ----------
        X : array-like, sparse or data frame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            For the logistic and multinomial losses never -infinity.
        """

        def logarithms(eta: Floats) -> Floats:
            loss = self._data_term
            if isinstance(loss, Multinomial):
                return log_softmax(eta)
            if isinstance(loss, Logistic):  # its value is minus the log-likelihood
                return -loss.value(np.ones_like(eta), eta)
            with np.errstate(divide="ignore"):
                return np.asarray(np.log(loss.mean(eta)))

        return self._of_each(X, logarithms)

    def _of_each(self, X: Any, of: Callable[[Floats], Floats]) -> NDArray[Any]:
        """A function of the predictors, a column for each class; of two they are opposites."""
        eta = self.decision_function(X)  # first: it says if nothing is fitted
        columns = np.stack([-eta, eta], axis=1) if eta.ndim == 1 else eta
        return of(columns).astype(eta.dtype, copy=False)

    def _labelled(
        self, data: Training, binary: Binary | None = None
    ) -> tuple[Training, NDArray[np.float64] | None]:
        """Store the classes; y as the losses take it with all weights, and the weights for scores.

        That y is 0 and 1 of two classes, and of more has a 1 in the column of each row's class.
        The weights of the classes are in the first and not in the second, unless there are none.
        `binary`: why there may be two classes only, if so.
        """
        check_classification_targets(data.y)
        self.classes_, code = np.unique(data.y, return_inverse=True)
        _refuse_number_of(self.classes_, binary)
        given = check_sample_weight(data.sample_weight, len(code))
        weights = _with_class_weight(self.class_weight, self.classes_, code, given)
        # one number as the weight of all rows is no weight, but counts in the total
        all_rows = data.total_weight / len(code) if given is None else 1.0
        total = data.total_weight if weights is None else all_rows * float(weights.sum())
        if given is None and weights is not None:
            given = np.ones(len(code))
        return Training(data.X, self._coded(code), weights, total), given

    def _coded(self, code: NDArray[np.intp]) -> Floats:
        """Positions in `classes_` as a loss takes them."""
        if len(self.classes_) == 2:
            return code.astype(np.float64)
        return np.asarray(np.eye(len(self.classes_))[code])

    def _coefficients(self, solution: Solution) -> tuple[Floats, Floats]:
        """Coefficients with a row per predictor, as scikit-learn has them, and intercepts.

        Without a penalty a constant that is common to all classes means nothing: their mean is 0.
        """
        coef = np.atleast_2d(solution.coef.T)
        if solution.alpha == 0.0 and len(coef) > 1:
            coef = coef - coef.mean(axis=0)
        return coef, np.atleast_1d(solution.intercept)


def _refuse_number_of(classes: NDArray[Any], binary: Binary | None) -> None:
    if len(classes) == 1:
        raise InputError(
            f"y holds one class only ({classes.tolist()[0]!r}); there is nothing to learn",
            remedy="rows of a second class",
        )
    if binary is None or len(classes) == 2:
        return
    names = ", ".join(repr(name) for name in classes.tolist()[:4])
    raise InputError(
        "Only binary classification is supported. The type of the target is multiclass.",
        [
            f"y holds {len(classes)} classes: {names}{', ...' if len(classes) > 4 else ''}",
            f"{binary.what} is for two classes",
        ],
        f"{binary.instead}, or sklearn.multiclass.OneVsRestClassifier(...)",
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
