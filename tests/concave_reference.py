"""Concave penalties by their textbook formulas: what the engine has to agree with."""

from __future__ import annotations

import numpy as np

Floats = np.ndarray


def table(n: int, p: int, seed: int = 0, rho: float = 0.5) -> tuple[Floats, Floats]:
    """Columns of mean 0 and variance 1, each like the one before, and a response of a few."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1.0 - rho**2) * X[:, j]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    b = np.zeros(p)
    b[rng.choice(p, min(p, 6), replace=False)] = rng.choice([-1.0, 1.0], min(p, 6)) * 1.5
    return X, X @ b + rng.standard_normal(n)


def soft(z: float, t: float) -> float:
    return float(np.sign(z) * max(abs(z) - t, 0.0))


def firm(z: float, t: float, gamma: float) -> float:
    """The minimum of (b - z)^2 / 2 + MCP: Breheny and Huang 2011, equation (2.4)."""
    return soft(z, t) / (1.0 - 1.0 / gamma) if abs(z) <= gamma * t else z


def scad(z: float, t: float, gamma: float) -> float:
    """The same of SCAD: their equation (2.6)."""
    if abs(z) <= 2.0 * t:
        return soft(z, t)
    if abs(z) <= gamma * t:
        return soft(z, gamma * t / (gamma - 1.0)) / (1.0 - 1.0 / (gamma - 1.0))
    return z


UPDATES = {"mcp": firm, "scad": scad}


def descend(
    X: Floats, y: Floats, b: Floats, alpha: float, kind: str, shape: float, sweeps: int
) -> Floats:
    """Coordinate descent on columns of variance 1 and a centred y, from b."""
    n, b = len(y), b.copy()
    r = y - X @ b
    for _ in range(sweeps):
        for j in range(X.shape[1]):
            old = b[j]
            b[j] = UPDATES[kind](float(X[:, j] @ r) / n + old, alpha, shape)
            if b[j] != old:
                r -= X[:, j] * (b[j] - old)
    return b


def slope(size: Floats, t: Floats, kind: str, shape: float) -> Floats:
    """rho'(size) for size > 0, from the papers' definitions."""
    if kind == "mcp":
        return np.where(size <= shape * t, t - size / shape, 0.0)
    if kind == "scad":
        middle = np.maximum(shape * t - size, 0.0) / (shape - 1.0)
        return np.where(size <= t, t, middle)
    if kind == "log":
        return t * shape / (shape + size)
    return t * shape * size ** (shape - 1.0)


def pays(size: Floats, t: Floats, kind: str, shape: float) -> Floats:
    """rho(size): the integral of `slope` from zero, by pieces."""
    if kind == "mcp":
        return np.where(size <= shape * t, t * size - size**2 / (2.0 * shape), shape * t**2 / 2.0)
    if kind == "scad":
        middle = (2.0 * shape * t * size - size**2 - t**2) / (2.0 * (shape - 1.0))
        flat = (shape + 1.0) * t**2 / 2.0
        return np.where(size <= t, t * size, np.where(size <= shape * t, middle, flat))
    if kind == "log":
        return t * shape * np.log(1.0 + size / shape)
    return t * size**shape


def off_stationary(b: Floats, c: Floats, t: Floats, kind: str, shape: float) -> float:
    """The largest violation of the conditions; a zero of L_q has none."""
    kept = b != 0.0
    at_rest = 0.0 if kind == "lq" else float(np.max(np.abs(c[~kept]) - t[~kept], initial=0.0))
    wanted = slope(np.abs(b[kept]), t[kept], kind, shape) * np.sign(b[kept])
    return max(at_rest, float(np.max(np.abs(c[kept] - wanted), initial=0.0)))
