"""
How sparse must x be for A x = b to give it back?
=================================================

A is n by N with random entries, x has k entries that are not zero. For n equations there is a k
up to which the x of smallest L1 norm is nearly always the one that was hidden, and above which it
nearly never is (Donoho and Tanner, "Observed universality of phase transitions in high-dimensional
geometry", Phil. Trans. R. Soc. A 367, 2009). The curve drawn is the theory's; the points are where
half of the hidden vectors come back, found by a logistic regression on the outcomes.

``python examples/plot_phase_transition.py --trials 40`` takes a minute; fewer trials, less.
"""

# %%
from __future__ import annotations

import argparse

import matplotlib
import numpy as np
from scipy.optimize import minimize_scalar
from scipy.stats import norm

import excise as ex

N = 200
SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)
FACTORS = np.linspace(0.5, 1.5, 11)


# %%
# The theory: n = N psi(k / N) at the transition, psi being the statistical dimension of the descent
# cone of the L1 norm over N (Amelunxen, Lotz, McCoy and Tropp, "Living on the edge", Information
# and Inference 3, 2014).


def equations_needed(share: float) -> float:
    """n / N at the transition for k / N = share."""

    def dimension(t: float) -> float:
        tail = (1.0 + t * t) * norm.sf(t) - t * norm.pdf(t)  # half of E (|g| - t)_+^2
        return share * (1.0 + t * t) + (1.0 - share) * 2.0 * tail

    return float(minimize_scalar(dimension, bounds=(0.0, 10.0), method="bounded").fun)


def entries_at(delta: float) -> float:
    """k / n at the transition for n / N = delta."""
    low, high = 0.0, delta
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if equations_needed(middle) < delta else (low, middle)
    return low / delta


# %%
# The experiment: hide a vector, ask for the sparsest, compare.


def comes_back(rng: np.random.Generator, n: int, k: int) -> bool:
    """Whether basis pursuit finds a hidden vector of k entries from n equations."""
    A = rng.standard_normal((n, N))
    x = np.zeros(N)
    x[rng.choice(N, k, replace=False)] = rng.choice([-1.0, 1.0], k)
    found = ex.basis_pursuit(A, A @ x, n_threads=1)
    return bool(np.linalg.norm(found.coef - x) <= 1e-6 * np.linalg.norm(x))


def outcomes(delta: float, trials: int) -> tuple[np.ndarray, np.ndarray]:
    """k / n of every trial, and whether the vector came back."""
    n, rng = round(delta * N), np.random.default_rng([trials, int(100 * delta)])
    wanted = np.unique(np.maximum(1, np.rint(FACTORS * entries_at(delta) * n))).astype(int)
    wanted = wanted[wanted <= n]
    back = [[comes_back(rng, n, k) for _ in range(trials)] for k in wanted.tolist()]
    return np.repeat(wanted / n, trials), np.array(back).ravel().astype(float)


def half(ratio: np.ndarray, back: np.ndarray) -> float:
    """The k / n at which a logistic curve through the outcomes is one half."""
    line = ex.fit(ratio[:, None], back, 1e-6, loss="logistic", standardize=True)
    return float(-line.intercept / line.coef[0])


# %%
def draw(measured: dict[float, float]) -> object:
    """The curve and the points."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(6.0, 4.0), layout="constrained")
    deltas = np.linspace(0.02, 0.98, 60)
    ax.plot(deltas, [entries_at(delta) for delta in deltas], color="#767676", label="theory")
    ax.plot(*zip(*measured.items(), strict=True), "o", color="#D55E00", label="half come back")
    ax.set_xlabel("equations per unknown, n / N")
    ax.set_ylabel("entries per equation, k / n")
    ax.text(0.65, 0.15, "x comes back")
    ax.text(0.12, 0.65, "another x is shorter")
    ax.legend(frameon=False)
    return figure


def main() -> None:
    """Run, print the points, draw."""
    parser = argparse.ArgumentParser(description="the phase transition of basis pursuit")
    parser.add_argument("--trials", type=int, default=5, help="per number of entries")
    parser.add_argument("--picture", default="", help="write it there instead of showing it")
    options = parser.parse_args()
    if options.picture:
        matplotlib.use("svg")
    measured = {}
    print("| n / N | k / n, theory | k / n, half come back |\n| --- | --- | --- |")
    for delta in SHARES:
        measured[delta] = half(*outcomes(delta, options.trials))
        print(f"| {delta:g} | {entries_at(delta):.3f} | {measured[delta]:.3f} |", flush=True)
    figure = draw(measured)
    if options.picture:
        figure.savefig(options.picture, metadata={"Date": None})
    else:
        matplotlib.pyplot.show()


if __name__ == "__main__":
    main()
