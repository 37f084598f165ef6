"""The lasso as benchopt's benchmark_lasso states it, in as few lines as a check of ours needs."""

import numpy as np
from benchopt import BaseObjective


class Objective(BaseObjective):
    """||y - X b - b0||^2 / 2 + lmbd ||b||_1; lmbd is `reg` times the smallest that cuts all."""

    name = "Lasso Regression"
    min_benchopt_version = "1.5"
    parameters = {"fit_intercept": [False, True], "reg": [0.5, 0.1, 0.01]}

    def set_data(self, X, y):
        """Take the table over and settle lmbd."""
        self.X, self.y = X, y
        centre = y.mean() if self.fit_intercept else 0.0
        self.lmbd = self.reg * np.abs(X.T @ (y - centre)).max()

    def evaluate_result(self, beta):
        """Value, duality gap and size of the model; the intercept stands last."""
        p = self.X.shape[1]
        coef, intercept = beta[:p], beta[p] if self.fit_intercept else 0.0
        r = self.y - self.X @ coef - intercept
        value = r @ r / 2 + self.lmbd * np.abs(coef).sum()
        theta = r / max(1.0, np.abs(self.X.T @ r).max() / self.lmbd)
        gap = value - (self.y @ theta - theta @ theta / 2)
        return {"value": value, "duality_gap": gap, "support_size": int(np.sum(coef != 0))}

    def get_one_result(self):
        """A result of the right shape."""
        return {"beta": np.zeros(self.X.shape[1] + self.fit_intercept)}

    def get_objective(self):
        """What solvers are told."""
        return {"X": self.X, "y": self.y, "lmbd": self.lmbd, "fit_intercept": self.fit_intercept}
