"""What the estimators share: checking the training data, prediction, and storing the answer."""

from __future__ import annotations

from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_array, check_X_y
from sklearn.utils.validation import check_is_fitted, validate_data

from excise.checks import is_sparse, table
from excise.compressed import compressed
from excise.design import SparseDesign
from excise.linear_model.settings import check_parameters, positive_real
from excise.problem import make_problem

if TYPE_CHECKING:
    from excise.problem import Problem

FLOATS = (np.float64, np.float32)
COMPRESSED = ("csc", "csr")


class Training(NamedTuple):
    """Training data in the shape the engine wants.

    Attributes
    ----------
    X : ndarray or scipy CSC or CSR of shape (n_samples, n_features)
        float64 or float32; scanned for NaN by `make_problem`, once.
    y : ndarray of shape (n_samples,) or (n_samples, n_targets)
        float64; for a classifier the labels as they came, of survival times a `Survival`.
    sample_weight : ndarray of shape (n_samples,) or None
        None where all rows weigh the same.
    total_weight : float
        Sum of the weights as given.
    """

    X: Any
    y: Any
    sample_weight: NDArray[np.float64] | None
    total_weight: float

    @property
    def n_targets(self) -> int:
        """Number of targets."""
        return 1 if self.y.ndim == 1 else self.y.shape[1]

    @property
    def goal(self) -> NDArray[np.float64]:
        """What a problem takes as y: a single column is no table."""
        goal: NDArray[np.float64] = self.y[:, 0] if self.y.shape[1:] == (1,) else self.y
        return goal

    def problems(self, **settings: Any) -> list[Problem]:
        """One problem for each target, on the same X."""
        first, *others = np.ascontiguousarray(self.y.reshape(len(self.y), -1).T)
        problem = make_problem(self.X, first, sample_weight=self.sample_weight, **settings)
        return [problem, *(replace(problem, y=y) for y in others)]


def row_weights(
    sample_weight: ArrayLike | None, n: int
) -> tuple[NDArray[np.float64] | None, float]:
    """Weights of n rows and their sum; None where all rows weigh the same."""
    if sample_weight is None:
        return None, float(n)
    if isinstance(sample_weight, Real):
        positive_real("sample_weight", sample_weight)
        return None, float(sample_weight) * n
    weights = np.asarray(sample_weight, dtype=np.float64)
    return weights, float(weights.sum())


def sound(X: Any) -> Any:
    """A sparse X whose structure was checked before compiled code follows its indices."""
    return SparseDesign(compressed(X)).matrix() if is_sparse(X) else X


def is_frame(X: Any) -> bool:
    """Whether X has named columns."""
    return hasattr(X, "columns")


class LinearModel(BaseEstimator):
    """Base of all estimators: a predictor ``eta = X @ coef_.T + intercept_``."""

    coef_: Any
    intercept_: Any

    def _eta(self, X: Any) -> NDArray[Any]:
        """The predictor, shape (n_samples,) or (n_samples, n_targets)."""
        check_is_fitted(self)
        if is_frame(X):
            validate_data(self, X, reset=False, skip_check_array=True)
            rows = check_array(table(X)[0].toarray(), dtype=FLOATS)
        else:
            X = sound(X)
            rows = validate_data(self, X, reset=False, dtype=FLOATS, accept_sparse=COMPRESSED)
        product = rows @ self.coef_.T
        eta: NDArray[Any] = product.toarray() if is_sparse(product) else product
        eta = eta + self.intercept_
        return eta

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn may expect of it: sparse X too."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _training(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None,
        *,
        multi_output: bool = False,
        min_samples: int = 1,
        labels: bool = False,
    ) -> Training:
        """Check the parameters and the training data, and record the feature names."""
        check_parameters(self)
        rules = {
            "dtype": FLOATS,
            "ensure_all_finite": False,
            "multi_output": multi_output,
            "ensure_min_samples": min_samples,
            "y_numeric": not labels,
            "accept_sparse": COMPRESSED,
        }
        if is_frame(X):  # names the column that is not a number
            validate_data(self, X, skip_check_array=True)
            X, y = check_X_y(table(X)[0].toarray(), y, **rules)
        else:
            X, y = validate_data(self, sound(X), y, **rules)
        if not labels:
            y = np.asarray(y, dtype=np.float64)
        return Training(X, y, *row_weights(sample_weight, len(y)))

    def _set_coef(self, coef: NDArray[np.float64], intercept: Any, dtype: Any) -> None:
        """Store the answer in the dtype of X, as scikit-learn does.

        At an optimum, rounding the coefficients moves the objective by the square of the rounding
        only, so the certificate of the float64 answer still describes them.
        """
        self.coef_ = coef.astype(dtype, copy=False)
        self.intercept_ = np.asarray(intercept, dtype=dtype)[()]


class LinearRegressor(RegressorMixin, LinearModel):
    """Base of all regressors."""

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the target.

        Parameters
        ----------
        X : array-like, sparse or data frame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
        """
        return self._eta(X)
