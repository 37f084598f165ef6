"""Small Gaussian tables, dense and sparse, with five true features."""

import numpy as np
import scipy.sparse as sp
from benchopt import BaseDataset


class Dataset(BaseDataset):
    """`sparse` keeps the numbers above 1, in CSC."""

    name = "Simulated"
    parameters = {"n, p, sparse": [(100, 500, False), (100, 500, True), (500, 100, False)]}

    def get_data(self):
        """Return X and y."""
        rng = np.random.default_rng(0)
        X = rng.standard_normal((self.n, self.p))
        y = X[:, :5].sum(axis=1) + rng.standard_normal(self.n)
        return {"X": sp.csc_matrix(np.where(X > 1, X, 0.0)) if self.sparse else X, "y": y}
