"""Rows of two classes with a known margin, and weights for them."""

from __future__ import annotations

import numpy as np

RNG = np.random.default_rng(1)
X = RNG.standard_normal((120, 8)) * np.geomspace(0.2, 5.0, 8) + 1.0
MARGIN = 8.0 * X[:, 0] - 4.0 * X[:, 1] - 4.0 + RNG.standard_normal(120)
Y = np.where(MARGIN > 0.0, "b", "a")
WEIGHTS = {"none": None, "real": RNG.uniform(0.1, 3.0, 120), "whole": np.arange(120) % 4}
CLASS_WEIGHTS = {"none": None, "balanced": "balanced", "dict": {"a": 3.0, "b": 0.5}}
