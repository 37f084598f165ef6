"""Simulated tables: correlated Gaussian columns, many small ones, and words in documents.

`maker` and the functions named for a target (`classes`, `counts`, ...) return the function that
makes their problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp

from benchmarks.problems.base import Floats, Problem, Table, scaled_sparse, standardised


def autoregressive(rho: float, n: int, p: int, seed: int = 0) -> Floats:
    """Rows of a stationary AR(`rho`) process of length `p`, in Fortran order."""
    rng = np.random.default_rng(seed)
    X = np.empty((n, p), order="F")
    X[:, 0] = rng.standard_normal(n)
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * rng.standard_normal(n)
    return X


def response(X: Table, true: np.ndarray, rng: np.random.Generator) -> Floats:
    """Gaussian coefficients on the columns `true`, and noise: signal over noise 3."""
    signal = X[:, true] @ rng.standard_normal(len(true))
    noise = rng.standard_normal(X.shape[0])
    return signal + noise * (np.std(signal) / np.std(noise) / 3)


def maker(rho: float, n: int, p: int, alpha_min_ratio: float = 0.01) -> Callable[[], Problem]:
    """Return the function that simulates an AR(`rho`) problem with 20 true features."""

    def make() -> Problem:
        X = autoregressive(rho, n, p)
        rng = np.random.default_rng(1)
        true = rng.choice(p, size=min(20, p), replace=False)
        X, y = standardised(X, response(X, true, rng))
        name = f"ar{str(rho)[2:]}-{n}x{p}"
        return Problem(name, f"AR({rho:g}) {n}x{p}", X, y, alpha_min_ratio)

    return make


def grouped(kind: str, size: int, n: int, p: int, alpha_min_ratio: float) -> Callable[[], Problem]:
    """Return the function that simulates an AR(0.5) problem of groups, of which 5 are true."""

    def make() -> Problem:
        X = autoregressive(0.5, n, p)
        rng = np.random.default_rng(1)
        groups = rng.choice(p // size, size=5, replace=False)
        true = (groups[:, None] * size + np.arange(size)).ravel()
        X, y = standardised(X, response(X, true, rng))
        name = f"{kind.replace('_', '-')}-{n}x{p}-1e{round(np.log10(alpha_min_ratio))}"
        what = f"{kind.replace('_', ' ')} lasso to {alpha_min_ratio:g}"
        title = f"{what}, groups of {size}, AR(0.5) {n}x{p}"
        return Problem(name, title, X, y, alpha_min_ratio, penalty=f"{kind}:{size}")

    return make


Draw = Callable[[Floats, np.random.Generator], Floats]
"""From a signal of variance 1 in each row to its response, times and events for a Cox model."""


def of_loss(
    loss: str, n: int, p: int, draw: Draw, alpha_min_ratio: float = 0.01, n_alphas: int = 100
) -> Callable[[], Problem]:
    """Return the function that simulates an AR(0.5) problem of `loss` with 20 true features."""

    def make() -> Problem:
        X = autoregressive(0.5, n, p)
        rng = np.random.default_rng(1)
        true = rng.choice(p, size=min(20, p), replace=False)
        signal = X[:, true] @ rng.standard_normal(len(true))
        y = draw(signal / np.std(signal), rng)
        X, _ = standardised(X, y)
        kind = loss.partition(":")[0]
        title = f"{kind} AR(0.5) {n}x{p}"
        return Problem(f"{kind}-{n}x{p}", title, X, y, alpha_min_ratio, n_alphas, loss)

    return make


def classes(n: int, p: int, **path: Any) -> Callable[[], Problem]:
    """Two classes with log-odds of standard deviation 2: one row in five is on the other side."""

    def draw(signal: Floats, rng: np.random.Generator) -> Floats:
        return (rng.random(n) < 1.0 / (1.0 + np.exp(-2.0 * signal))).astype(float)

    return of_loss("logistic", n, p, draw, **path)


def kinds(n: int, p: int, **path: Any) -> Callable[[], Problem]:
    """Four classes along the signal, a quarter of the rows each; noise moves one row in three."""

    def draw(signal: Floats, rng: np.random.Generator) -> Floats:
        noisy = signal + 0.4 * rng.logistic(size=n)
        kind = np.searchsorted(np.quantile(noisy, [0.25, 0.5, 0.75]), noisy)
        return (kind[:, None] == np.arange(4)).astype(float)

    return of_loss("multinomial", n, p, draw, **path)


def counts(n: int, p: int, **path: Any) -> Callable[[], Problem]:
    """Counts with logarithms of means of standard deviation 0.7: mostly 0 to 4."""

    def draw(signal: Floats, rng: np.random.Generator) -> Floats:
        return rng.poisson(np.exp(0.7 * signal)).astype(float)

    return of_loss("poisson", n, p, draw, **path)


def medians(n: int, p: int, **path: Any) -> Callable[[], Problem]:
    """Numbers with errors of Student's t with 3 degrees of freedom, for their medians."""

    def draw(signal: Floats, rng: np.random.Generator) -> Floats:
        return 3.0 * signal + rng.standard_t(3, n)

    return of_loss("quantile:0.5", n, p, draw, **path)


def amounts(n: int, p: int, **path: Any) -> Callable[[], Problem]:
    """Gamma amounts of shape 2 with logarithms of means of standard deviation 0.7."""

    def draw(signal: Floats, rng: np.random.Generator) -> Floats:
        return rng.gamma(2.0, np.exp(0.7 * signal) / 2.0)

    return of_loss("gamma", n, p, draw, **path)


def claims(n: int, p: int, **path: Any) -> Callable[[], Problem]:
    """Sums of a Poisson number of gamma amounts: about three rows in five are 0."""

    def draw(signal: Floats, rng: np.random.Generator) -> Floats:
        number = rng.poisson(0.5 * np.exp(0.5 * signal))
        cost = rng.gamma(2.0 * np.maximum(number, 1), 0.5)
        return np.where(number > 0, cost, 0.0)

    return of_loss("tweedie:1.5", n, p, draw, **path)


def survival(n: int, p: int, **path: Any) -> Callable[[], Problem]:
    """Whole months of survival, so that most times are shared; three rows in ten are censored."""

    def draw(signal: Floats, rng: np.random.Generator) -> Floats:
        time = np.ceil(12.0 * rng.exponential(np.exp(-signal)))
        return np.column_stack([np.minimum(time, 60.0), (rng.random(n) < 0.7) & (time <= 60.0)])

    return of_loss("cox", n, p, draw, **path)


def small(count: int = 200, n: int = 100, p: int = 30) -> Iterator[Problem]:
    """Many small AR(0.5) problems with 5 true features: what every call costs counts here."""
    for seed in range(count):
        X = autoregressive(0.5, n, p, seed=[2, seed])
        rng = np.random.default_rng([3, seed])
        X, y = standardised(X, response(X, rng.choice(p, size=5, replace=False), rng))
        yield Problem("small", f"{count} problems of {n}x{p}", X, y)


def sparse_text(
    n: int = 20_000, p: int = 200_000, density: float = 1e-3, n_true: int = 30
) -> Problem:
    """Words in documents: Zipf's word counts, tf-idf values, `n_true` of the commoner words count.

    No word is in fewer than five documents or in more than half of them.
    """
    rng = np.random.default_rng(4)
    counts = zipf(p, total=round(n * p * density), least=5, most=n // 2)
    column = np.repeat(np.arange(p), counts)
    row = rng.integers(n, size=len(column))
    tf = sp.csc_matrix((rng.geometric(0.6, len(column)).astype(float), (row, column)), (n, p))
    documents = np.diff(tf.indptr)
    idf = np.log((1 + n) / (1 + documents)) + 1
    X = sp.csc_matrix(sp.diags_array(1 / row_norms(tf, idf)) @ tf @ sp.diags_array(idf))
    X = X[:, rng.permutation(p)]
    common = np.argsort(-np.diff(X.indptr), kind="stable")[: max(p // 100, n_true)]
    X, _ = scaled_sparse(X, np.zeros(n))
    y = response(X, rng.choice(common, size=n_true, replace=False), rng)
    title = f"sparse text {n}x{p}, {X.nnz / (n * p):.1%} stored"
    return Problem("sparse-text", title, X, y - y.mean())


def row_norms(tf: sp.csc_matrix, idf: Floats) -> Floats:
    """Euclidean lengths of the rows after each column is multiplied by its `idf`; 1 if empty."""
    lengths = np.sqrt(np.bincount(tf.indices, (tf.data * np.repeat(idf, np.diff(tf.indptr))) ** 2))
    lengths = np.pad(lengths, (0, tf.shape[0] - len(lengths)))
    return np.where(lengths > 0, lengths, 1.0)


def zipf(p: int, *, total: int, least: int, most: int, power: float = 0.9) -> np.ndarray:
    """Counts that fall like rank**-power between `least` and `most`, `total` in all, about."""
    rank = np.arange(10, p + 10.0)
    low, high = 0.0, float(most) * p
    for _ in range(60):
        middle = (low + high) / 2
        counts = np.clip(middle * rank**-power, least, most)
        low, high = (middle, high) if counts.sum() < total else (low, middle)
    return np.rint(counts).astype(int)
