"""
One tax for all, or prune first and refine then?
================================================

Each simulated table has 200 rows, 1000 features whose neighbours are correlated by ``rho`` and 10
that matter, each with a coefficient of 1 or -1. Everything is chosen by cross-validation alone:
alpha, for the refined ones how gently the survivors are taxed, and at last the schedule itself.
What is counted is F1 of the kept features (1: the ten and no other) and the relative test error
(1: as good as the truth), as in Hastie, Tibshirani and Tibshirani, "Best subset, forward stepwise
or lasso?", Statistical Science 35, 2020.

``python examples/plot_schedules.py --seeds 50`` draws what docs/schedules.md shows, in a quarter
of an hour; without arguments it is one seed.
"""

# %%
from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import matplotlib
import numpy as np

import excise as ex
from excise.schedules import Adaptive, PruneThenRefine, Reweighted, Static

N, K, FOLDS = 200, 10, 10
SNRS, RHOS = (1.0, 2.0, 3.0, 5.0, 10.0), (0.0, 0.5, 0.9)
SNR, RHO = 3.0, 0.5
REFINE = PruneThenRefine((0.0, 0.25, 0.5, 1.0))
SCHEDULES = {
    "prune, refine": REFINE,
    "adaptive": Adaptive(init="lasso"),
    "adaptive, refine": Adaptive(init="lasso").then(REFINE),
    "reweighted": Reweighted(4, 0.1),
}
LASSO, LASSO_1SE, CHOSEN = "lasso", "lasso, one SE", "best by CV"
METHODS = (LASSO, LASSO_1SE, *SCHEDULES, CHOSEN)


# %%
# A table with a known truth
# --------------------------


def simulate(
    seed: int, snr: float, rho: float, p: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """X, y, the true coefficients and the variance of the noise."""
    rng = np.random.default_rng([seed, int(10 * snr), int(10 * rho)])
    X = rng.standard_normal((N, p))
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1.0 - rho**2) * X[:, j]
    coef = np.zeros(p)
    coef[rng.choice(p, K, replace=False)] = rng.choice([-1.0, 1.0], K)
    variance = quadratic(coef, rho) / snr
    return (
        np.asfortranarray(X),
        X @ coef + np.sqrt(variance) * rng.standard_normal(N),
        coef,
        variance,
    )


def quadratic(d: np.ndarray, rho: float) -> float:
    """d' Sigma d for Sigma_jk = rho^|j - k|."""
    at = np.flatnonzero(d)
    return float(d[at] @ rho ** np.abs(at[:, None] - at) @ d[at])


# %%
# Every method on one table
# -------------------------


def compare(setting: tuple[float, float], p: int, seed: int) -> dict[str, tuple[float, float]]:
    """F1 of the support and the relative test error, per method."""
    snr, rho = setting
    X, y, coef, variance = simulate(seed, snr, rho, p)
    truth, found, best = set(np.flatnonzero(coef)), {}, np.inf

    def judge(solution: ex.Solution) -> tuple[float, float]:
        kept = set(solution.support)
        off = quadratic(solution.coef - coef, rho) + solution.intercept**2  # columns have mean 0
        return 2.0 * len(kept & truth) / (len(kept) + K), 1.0 + off / variance

    for name, schedule in {LASSO: Static(), **SCHEDULES}.items():
        plain = None if name == LASSO else schedule
        cv = ex.fit_cv(X, y, FOLDS, rule="min", standardize=True, schedule=plain, n_threads=1)
        found[name] = judge(cv.best)
        if name == LASSO:
            found[LASSO_1SE] = judge(cv.path.at(cv.alpha_1se))
        if cv.mean.min() < best:
            best, found[CHOSEN] = cv.mean.min(), found[name]
    return found


# %%
# Over noise and correlation, with standard errors over the seeds
# ---------------------------------------------------------------


def table(results: dict[tuple[float, float], list[dict[str, tuple[float, float]]]]) -> str:
    """Means with standard errors, as Markdown."""
    lines = ["| SNR | rho | method | F1 | relative test error |", "| --- | --- | --- | --- | --- |"]
    for (snr, rho), runs in results.items():
        for name in METHODS:
            values = np.array([run[name] for run in runs])
            mean, se = values.mean(axis=0), values.std(axis=0) / np.sqrt(len(values))
            cells = [f"{m:.2f} ± {s:.2f}" for m, s in zip(mean, se, strict=True)]
            lines.append(f"| {snr:g} | {rho:g} | {name} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def draw(results: dict[tuple[float, float], list[dict[str, tuple[float, float]]]]) -> object:
    """Four panels: F1 and error, over noise and over correlation."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(9.0, 6.5), sharey="row", layout="constrained")
    sides = (
        ("signal to noise", [(snr, RHO) for snr in SNRS], 0),
        ("correlation of neighbours", [(SNR, rho) for rho in RHOS], 1),
    )
    for column, (label, settings, which) in enumerate(sides):
        for row, what in enumerate(("F1 of the kept features", "relative test error")):
            ax = axes[row, column]
            for name, style in zip(METHODS, STYLES, strict=True):
                values = np.array([[run[name][row] for run in results[one]] for one in settings])
                se = values.std(axis=1) / np.sqrt(values.shape[1])
                x = [one[which] for one in settings]
                ax.errorbar(x, values.mean(axis=1), se, label=name, capsize=2, **style)
            ax.set_ylabel(what)
            ax.set_xlabel(label)
            if which == 0:
                ax.set_xscale("log")
                ax.set_xticks(SNRS, [f"{snr:g}" for snr in SNRS])
            if row == 1:
                ax.set_yscale("log")
    axes[0, 0].legend(fontsize="small", frameon=False)
    return figure


STYLES = (
    {"color": "#767676", "marker": "o"},
    {"color": "#767676", "marker": "s", "linestyle": "--"},
    {"color": "#0072B2", "marker": "^"},
    {"color": "#E69F00", "marker": "v"},
    {"color": "#009E73", "marker": "D"},
    {"color": "#CC79A7", "marker": "x"},
    {"color": "#D55E00", "marker": "*", "linewidth": 2.5},
)


# %%
def main() -> None:
    """Run, print the table, draw."""
    parser = argparse.ArgumentParser(description="static against scheduled, on simulated tables")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--features", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--picture", default="", help="write it there instead of showing it")
    options = parser.parse_args()
    if options.picture:
        matplotlib.use("svg")
    settings = dict.fromkeys([*((snr, RHO) for snr in SNRS), *((SNR, rho) for rho in RHOS)])
    results = {}
    with ProcessPoolExecutor(options.processes) as pool:
        for setting in settings:
            results[setting] = list(
                pool.map(partial(compare, setting, options.features), range(options.seeds))
            )
            print(table({setting: results[setting]}), flush=True)
    figure = draw(results)
    if options.picture:
        figure.savefig(options.picture, metadata={"Date": None})
    else:
        matplotlib.pyplot.show()


if __name__ == "__main__":
    main()
