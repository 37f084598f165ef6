"""Certify another tool's coefficients: how far from the optimum, and which zeros are proved."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import Lasso

import excise as ex

rng = np.random.default_rng(0)
X = rng.standard_normal((200, 1000)) @ np.diag(rng.uniform(0.5, 2.0, 1000))
y = X[:, :10].sum(axis=1) + rng.standard_normal(200)
alpha = 0.1

theirs = Lasso(alpha=alpha).fit(X, y)
certificate = ex.certify(X, y, theirs.coef_, theirs.intercept_, alpha)
print("scikit-learn, default tolerance:", certificate.summary())

ours = ex.fit(X, y, alpha)
print("excise:                         ", ours.certificate.summary())
print("largest difference of a coefficient:", f"{np.abs(ours.coef - theirs.coef_).max():.1e}")
