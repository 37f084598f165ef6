"""Designs that are computed instead of stored: categories from their codes, a Kronecker product."""

from __future__ import annotations

import time

import numpy as np

import excise as ex
from excise.design import PythonDesign, check_design


class Categories(PythonDesign):
    """A 0/1 column for each level of several categories, from their codes alone.

    `codes` is (n, number of categories); a level's column is its code plus where its category
    begins. X'v is a count with weights: one pass over the codes, whatever the number of levels.
    """

    def __init__(self, codes, sizes):
        self.column_of = codes + np.concatenate([[0], np.cumsum(sizes)[:-1]])
        self.category = np.repeat(np.arange(len(sizes)), sizes)
        self.shape = (len(codes), sum(sizes))

    def columns(self, index):
        return self.column_of[:, self.category[index]] == index

    def correlate(self, V):
        p, rows = self.shape[1], self.column_of.T
        return np.stack([sum(np.bincount(row, v, p) for row in rows) for v in V.T], axis=1)

    def rows(self, rows, columns):
        return self.column_of[rows][:, self.category[columns]] == columns

    def moments(self, weights):
        share = self.correlate(weights[:, None])[:, 0]
        count = self.correlate((weights > 0.0)[:, None] * 1.0)[:, 0]
        return share, share * (1.0 - share), count == np.count_nonzero(weights), count > 0.0


class Kronecker(PythonDesign):
    """A (x) B: every product of a column of A with one of B, on a grid of rows.

    (A (x) B)'v is A'MB for v as a matrix M: the product itself is never written down.
    """

    def __init__(self, A, B):
        self.A, self.B = A, B
        self.shape = (len(A) * len(B), A.shape[1] * B.shape[1])

    def columns(self, index):
        a, b = np.divmod(index, self.B.shape[1])
        return (self.A[:, None, a] * self.B[None, :, b]).reshape(self.shape[0], -1)

    def correlate(self, V):
        M = V.T.reshape(-1, len(self.A), len(self.B))
        return (self.A.T @ M @ self.B).reshape(len(M), -1).T

    def predict(self, index, b):
        full = np.zeros(self.shape[1])
        full[index] = b
        return (self.A @ full.reshape(self.A.shape[1], -1) @ self.B.T).ravel()


def compare(name, design, y):
    """Fit on the design and on the same numbers in an array, and certify the one by the other."""
    check_design(design)
    X = np.asarray(design.columns(np.arange(design.shape[1])), dtype=float)
    start = time.perf_counter()
    path = ex.fit_path(design, y, alphas=50, alpha_min_ratio=0.02)
    seconds = time.perf_counter() - start
    dense = ex.fit_path(X, y, alphas=50, alpha_min_ratio=0.02)
    difference = np.abs(path.coefs.toarray() - dense.coefs.toarray()).max()
    chosen = ex.fit(design, y, float(path.alphas[25]))
    proof = ex.certify(design, y, chosen.coef, chosen.intercept, chosen.alpha)
    print(f"{name}: {design.shape[0]} x {design.shape[1]}, {seconds:.2f} s for 50 alphas")
    print(f"  written out: {X.nbytes / 1e6:.0f} MB; largest difference {difference:.0e}")
    print(f"  kept {np.count_nonzero(chosen.coef)};", proof.summary())


rng = np.random.default_rng(0)
sizes = (40, 25, 300)
codes = np.stack([rng.integers(0, size, 20_000) for size in sizes], axis=1)
effects = [rng.standard_normal(size) * (rng.random(size) < 0.2) for size in sizes]
y = sum(effect[code] for effect, code in zip(effects, codes.T, strict=True))
compare("categories", Categories(codes, sizes), y + rng.standard_normal(len(codes)))

A, B = rng.standard_normal((60, 40)), rng.standard_normal((50, 30))
truth = np.zeros((40, 30))
truth[rng.integers(0, 40, 8), rng.integers(0, 30, 8)] = 2.0
compare("Kronecker", Kronecker(A, B), (A @ truth @ B.T).ravel() + rng.standard_normal(3000))
