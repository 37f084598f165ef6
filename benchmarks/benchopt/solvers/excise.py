"""excise for benchopt's benchmark_lasso: put this file into its folder ``solvers/``.

Its objective is ||y - X b - b0||^2 / 2 + lmbd ||b||_1, ours is the same divided by n:
alpha = lmbd / n.
"""

import numpy as np
import scipy.sparse as sp
from benchopt import BaseSolver

import excise


class Solver(BaseSolver):
    """Active sets and Newton steps to a certified gap: exact in one go, so run once."""

    name = "excise"
    sampling_strategy = "run_once"

    install_cmd = "conda"
    requirements = ["pip::excise"]
    references = [
        "E. Ndiaye, O. Fercoq, A. Gramfort and J. Salmon, "
        '"Gap safe screening rules for sparsity enforcing penalties", '
        "JMLR, vol. 18 (2017)"
    ]

    def skip(self, X, y, lmbd, fit_intercept):
        """Refuse tables that this version of excise does not read."""
        if sp.issparse(X):
            X = sp.csc_matrix([[0.0], [1.0]])
        elif not isinstance(X, np.ndarray):
            return True, f"{self.name} needs the numbers of X"
        else:
            X = np.zeros((2, 1), dtype=X.dtype)
        try:
            excise.fit(X, [0.0, 1.0], 1.0)
        except excise.InputTypeError as error:
            return True, str(error).splitlines()[0]
        return False, None

    def set_objective(self, X, y, lmbd, fit_intercept):
        """Take the problem over."""
        self.X, self.y, self.fit_intercept = X, y, fit_intercept
        self.alpha = lmbd / X.shape[0]

    def warm_up(self):
        """Import what is imported at the first fit."""
        self.run_once()

    def run(self, _):
        """Fit at the default tolerance, a relative gap of 1e-10."""
        self.solution = excise.fit(self.X, self.y, self.alpha, fit_intercept=self.fit_intercept)

    def get_result(self):
        """Give the coefficients, the intercept last if there is one."""
        beta = np.asarray(self.solution.coef)
        if self.fit_intercept:
            beta = np.r_[beta, self.solution.intercept]
        return {"beta": beta}
