"""Groups of columns in the core, against the optimality conditions in plain numpy.

minimise  mean_w loss(y, b0 + offset + X b) + alpha sum_g v_g (rho |b_g| + (1 - rho)/2 |b_g|^2)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

from excise._core import Engine
from excise.compressed import compressed
from excise.design import ArrayDesign, SparseDesign

Floats = NDArray[np.float64]
Rows = list[NDArray[np.int64]]


def design_of(X: Any) -> Any:
    return SparseDesign(compressed(X)) if sp.issparse(X) else ArrayDesign(X)


class Problem:
    """A problem with groups, its engine, and what numpy says of a point."""

    def __init__(self, X: Any, y: Floats, groups: Rows, **settings: Any) -> None:
        self.X = X.toarray() if sp.issparse(X) else np.asarray(X)
        n, p = self.X.shape
        self.y, self.groups = y, groups
        self.loss = settings.pop("loss", "squared")
        self.l1_ratio = settings.pop("l1_ratio", 1.0)
        self.standardize = settings.pop("standardize", True)
        self.fit_intercept = settings.pop("fit_intercept", True)
        w = settings.pop("weights", None)
        self.w = np.full(n, 1.0 / n) if w is None else w / w.sum()
        self.offset = settings.pop("offset", None)
        self.v = settings.pop("v", np.ones(len(groups)))
        assert not settings, settings
        weight = np.empty(p)
        for g, v in zip(groups, self.v, strict=True):
            weight[g] = v
        indptr = np.cumsum([0, *map(len, groups)]).astype(np.int64)
        squared = self.loss == "squared"
        shift = np.zeros(n) if self.offset is None else self.offset
        self.engine = Engine(
            design=design_of(X).handle(),
            y=np.ascontiguousarray(y - shift if squared else y),
            weights=None if w is None else self.w,
            penalty_weight=weight,
            lower=np.full(p, -np.inf),
            upper=np.full(p, np.inf),
            l1_ratio=self.l1_ratio,
            fit_intercept=self.fit_intercept,
            standardize=self.standardize,
            loss=self.loss,
            tol=1e-12,
            offset=None if squared or self.offset is None else self.offset,
            groups=(indptr, np.concatenate(groups).astype(np.int64)),
        )

    def solve(self, alphas: Floats, start: Any = None) -> tuple[Floats, Floats, dict[str, Any]]:
        """Coefficients (alphas, p) on the original scale, intercepts, and all that is reported."""
        found = self.engine.path(np.ascontiguousarray(alphas), start)
        p = self.X.shape[1]
        B = np.zeros((len(alphas), p))
        for k in range(len(alphas)):
            part = slice(found["indptr"][k], found["indptr"][k + 1])
            B[k, found["indices"][part]] = found["coef"][part]
        return B, found["intercepts"], found

    def grid(self, ratio: float = 1e-2, count: int = 20) -> Floats:
        return np.asarray(self.engine.grid_top * np.geomspace(1.0, ratio, count))

    @property
    def penalty_scale(self) -> Floats:
        """What coefficients are multiplied by before the penalty sees them."""
        mean = self.w @ self.X if self.fit_intercept else np.zeros(self.X.shape[1])
        std = np.sqrt(self.w @ (self.X - mean) ** 2)
        constant = self.X.max(axis=0) == self.X.min(axis=0)
        std[constant & self.fit_intercept] = 0.0
        return np.where(std > 0, std if self.standardize else 1.0, 0.0)

    def residual(self, b: Floats, b0: float) -> Floats:
        """Minus the derivative of the loss by eta, weighted."""
        eta = b0 + self.X @ b + (0.0 if self.offset is None else self.offset)
        mean = {
            "squared": lambda: eta,
            "logistic": lambda: 1.0 / (1.0 + np.exp(-eta)),
            "poisson": lambda: np.exp(eta),
        }[self.loss]()
        return self.w * (self.y - mean)

    def loss_at(self, b: Floats, b0: float) -> float:
        eta = b0 + self.X @ b + (0.0 if self.offset is None else self.offset)
        if self.loss == "squared":
            each = 0.5 * (self.y - eta) ** 2
        elif self.loss == "logistic":
            each = np.logaddexp(0.0, eta) - self.y * eta
        else:
            kept = np.where(self.y > 0, self.y, 1.0)
            each = np.exp(eta) - self.y * eta + self.y * np.log(kept) - self.y
        return float(self.w @ each)

    def objective(self, b: Floats, b0: float, alpha: float) -> float:
        scaled = b * self.penalty_scale
        sizes = np.array([np.linalg.norm(scaled[g]) for g in self.groups])
        finite = np.isfinite(self.v)
        assert np.all(sizes[~finite] == 0.0)
        pays = self.l1_ratio * sizes + 0.5 * (1.0 - self.l1_ratio) * sizes**2
        return self.loss_at(b, b0) + alpha * float(self.v[finite] @ pays[finite])

    def violations(self, b: Floats, b0: float, alpha: float) -> Floats:
        """Distance of each group's correlations from the subdifferential; excluded: 0."""
        r, scale = self.residual(b, b0), self.penalty_scale
        inverse = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
        mean = self.w @ self.X if self.fit_intercept else np.zeros(self.X.shape[1])
        c, beta = ((self.X - mean).T @ r) * inverse, b * scale
        out = np.zeros(len(self.groups))
        for k, (g, v) in enumerate(zip(self.groups, self.v, strict=True)):
            if not np.isfinite(v):
                assert np.all(b[g] == 0.0)
                continue
            size, tax = np.linalg.norm(beta[g]), alpha * v * self.l1_ratio
            if size == 0.0:
                out[k] = max(0.0, np.linalg.norm(c[g]) - tax)
                continue
            ridge = alpha * v * (1.0 - self.l1_ratio)
            out[k] = np.linalg.norm(c[g] - tax * beta[g] / size - ridge * beta[g])
        return out

    def check(self, alphas: Floats | None = None, tol: float = 1e-9) -> tuple[Floats, Floats]:
        alphas = self.grid() if alphas is None else alphas
        B, b0, found = self.solve(alphas)
        top = self.engine.top_gradient
        for k, alpha in enumerate(alphas):
            off = self.violations(B[k], b0[k], alpha)
            assert off.max() <= tol * top, (k, alpha, off.max(), top)
            if self.fit_intercept:
                assert abs(self.residual(B[k], b0[k]).sum()) <= tol * top
        gap = 1e-10 if self.loss == "squared" else 1e-9
        assert found["relative_gaps"].max() <= gap
        assert found["violations"].max() <= tol * top
        return B, b0


def split(p: int, sizes: tuple[int, ...], rng: np.random.Generator | None = None) -> Rows:
    """Groups of these sizes again and again; with `rng` of columns that are mixed up."""
    columns = np.arange(p) if rng is None else rng.permutation(p)
    groups, at, k = [], 0, 0
    while at < p:
        size = sizes[k % len(sizes)]
        groups.append(columns[at : at + size])
        at, k = at + size, k + 1
    return groups


def table(n: int, p: int, seed: int, loss: str = "squared") -> tuple[Floats, Floats]:
    """Correlated columns of which the first six matter."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) + 0.5 * rng.standard_normal((n, 1))
    eta = X[:, :6] @ rng.standard_normal(min(p, 6)) * 0.6
    if loss == "logistic":
        return X, (rng.random(n) < 1.0 / (1.0 + np.exp(-eta))).astype(np.float64)
    if loss == "poisson":
        return X, rng.poisson(np.exp(np.clip(0.5 * eta, -3.0, 2.0))).astype(np.float64)
    return X, eta + 0.5 * rng.standard_normal(n)


LOSSES = ("squared", "logistic", "poisson")
SHAPES = ((60, 18), (30, 70))
SIZES = tuple(range(1, 8))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("loss", LOSSES)
class TestConditions:
    """The optimality conditions at every alpha."""

    def test_groups_of_every_size(self, loss: str, shape: tuple[int, int]) -> None:
        X, y = table(*shape, 1, loss)
        Problem(X, y, split(shape[1], SIZES), loss=loss).check()

    def test_interleaved_and_as_stated(self, loss: str, shape: tuple[int, int]) -> None:
        X, y = table(*shape, 2, loss)
        X *= np.geomspace(0.1, 10.0, shape[1])
        groups = split(shape[1], (3, 1, 4), np.random.default_rng(3))
        Problem(X, y, groups, loss=loss, standardize=False).check()

    def test_weights_and_offset(self, loss: str, shape: tuple[int, int]) -> None:
        X, y = table(*shape, 4, loss)
        rng = np.random.default_rng(5)
        w = rng.integers(0, 4, shape[0]).astype(np.float64)
        offset = 0.3 * rng.standard_normal(shape[0])
        Problem(X, y, split(shape[1], (2, 5)), loss=loss, weights=w, offset=offset).check()

    def test_free_and_excluded_groups(self, loss: str, shape: tuple[int, int]) -> None:
        X, y = table(*shape, 6, loss)
        groups = split(shape[1], (2, 3))
        v = np.random.default_rng(7).uniform(0.5, 2.0, len(groups))
        v[1], v[0] = 0.0, np.inf
        B, _ = Problem(X, y, groups, loss=loss, v=v).check()
        assert np.all(B[:, groups[1]] != 0.0)
        assert np.all(B[:, groups[0]] == 0.0)

    @pytest.mark.parametrize("standardize", [True, False])
    def test_ridge(self, loss: str, shape: tuple[int, int], standardize: bool) -> None:
        X, y = table(*shape, 8, loss)
        X *= np.geomspace(0.2, 5.0, shape[1])
        Problem(
            X, y, split(shape[1], (4, 2)), loss=loss, l1_ratio=0.6, standardize=standardize
        ).check()

    def test_ridge_alone(self, loss: str, shape: tuple[int, int]) -> None:
        X, y = table(*shape, 9, loss)
        problem = Problem(X, y, split(shape[1], (4, 2)), loss=loss, l1_ratio=0.0)
        problem.check(np.geomspace(1.0, 1e-3, 5))

    def test_without_intercept(self, loss: str, shape: tuple[int, int]) -> None:
        X, y = table(*shape, 10, loss)
        Problem(X, y, split(shape[1], (3,)), loss=loss, fit_intercept=False).check()

    def test_sparse(self, loss: str, shape: tuple[int, int]) -> None:
        X, y = table(*shape, 11, loss)
        X[np.random.default_rng(12).random(shape) < 0.6] = 0.0
        groups = split(shape[1], SIZES, np.random.default_rng(13))
        dense, _ = Problem(X, y, groups, loss=loss).check()
        sparse, _ = Problem(sp.csc_array(X), y, groups, loss=loss).check()
        np.testing.assert_allclose(sparse, dense, atol=1e-6)

    def test_equal_columns_and_equal_groups(self, loss: str, shape: tuple[int, int]) -> None:
        X, y = table(*shape, 14, loss)
        X[:, 3:6] = X[:, :3]  # a group twice,
        X[:, 7] = X[:, 6]  # a column twice within a group,
        X[:, 9] = X[:, 2]  # and in another
        Problem(X, y, split(shape[1], (3,)), loss=loss).check()

    def test_constant_columns(self, loss: str, shape: tuple[int, int]) -> None:
        X, y = table(*shape, 15, loss)
        X[:, 1] = 3.0
        X[:, 4:6] = -1.0
        B, _ = Problem(X, y, split(shape[1], (2,)), loss=loss).check()
        assert np.all(B[:, [1, 4, 5]] == 0.0)


class TestSquared:
    """What is known in closed form, or from elsewhere."""

    def test_orthonormal_groups_are_soft_thresholded(self) -> None:
        rng = np.random.default_rng(1)
        n, p = 40, 12
        Q = np.linalg.qr(rng.standard_normal((n, p + 1)) * 1.0)[0]
        X = np.sqrt(n) * np.linalg.qr(Q - Q.mean(axis=0))[0][:, :p]  # centred, unit variance
        y = X @ rng.standard_normal(p) + rng.standard_normal(n)
        groups = split(p, (3, 4, 5))
        problem = Problem(X, y, groups, l1_ratio=0.7)
        alphas = problem.grid(1e-3, 15)
        B, _ = problem.check(alphas)
        q = X.T @ (y - y.mean()) / n
        for alpha, b in zip(alphas, B, strict=True):
            for g in groups:
                size = np.linalg.norm(q[g])
                share = max(0.0, 1.0 - 0.7 * alpha / size) / (1.0 + 0.3 * alpha)
                np.testing.assert_allclose(b[g], share * q[g], atol=1e-12)

    @pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
    @pytest.mark.parametrize("shape", SHAPES)
    def test_groups_of_one_are_the_elastic_net(
        self, shape: tuple[int, int], l1_ratio: float
    ) -> None:
        from excise.engine import fit_path

        X, y = table(*shape, 16)
        problem = Problem(X, y, split(shape[1], (1,)), l1_ratio=l1_ratio)
        alphas = problem.grid(1e-3, 30)
        B, b0 = problem.check(alphas)
        path = fit_path(X, y, alphas, l1_ratio=l1_ratio, standardize=True)
        for k in range(len(alphas)):
            np.testing.assert_allclose(B[k], path.columns.column(k), atol=1e-11)
        np.testing.assert_allclose(b0, path.intercepts, atol=1e-11)
        assert problem.engine.alpha_max == pytest.approx(path.alpha_max, rel=1e-14)

    def test_alpha_max_is_tight_from_both_sides(self) -> None:
        X, y = table(30, 40, 17)
        problem = Problem(X, y, split(40, SIZES), standardize=False)
        top = problem.engine.alpha_max
        B, _, _ = problem.solve(np.array([top * (1 + 1e-12), top * (1 - 1e-6)]))
        assert np.all(B[0] == 0.0)
        assert np.any(B[1] != 0.0)

    @pytest.mark.parametrize("ratio", [1e-4, 0.0])
    def test_more_groups_than_rows_to_the_end(self, ratio: float) -> None:
        X, y = table(12, 60, 18)
        problem = Problem(X, y, split(60, (3,)))
        alphas = problem.grid(1e-4, 40)
        if ratio == 0.0:
            alphas = np.append(alphas[:5], 0.0)
        problem.check(alphas)

    def test_groups_wider_than_the_table_is_long(self) -> None:
        X, y = table(10, 60, 19)
        Problem(X, y, split(60, (20, 40))).check()

    def test_columns_of_very_different_scale(self) -> None:
        X, y = table(40, 12, 20)
        X *= np.logspace(-6.0, 6.0, 12)
        groups = split(12, (3,), np.random.default_rng(21))
        Problem(X, y, groups, standardize=False).check()
        Problem(X, y, groups).check()

    def test_starts_from_a_known_point(self) -> None:
        X, y = table(40, 50, 22)
        problem = Problem(X, y, split(50, (4,)), standardize=False)
        alphas = problem.grid(1e-2, 12)
        _, _, found = problem.solve(alphas)
        part = slice(found["indptr"][5], found["indptr"][6])
        start = (float(alphas[5]), found["indices"][part], found["coef_std"][part])
        again, _, _ = problem.solve(alphas[6:], start)
        whole, _, _ = problem.solve(alphas)
        np.testing.assert_allclose(again, whole[6:], atol=1e-10)

    def test_correlations_and_standard_coefficients_are_those_of_standard_columns(self) -> None:
        X, y = table(40, 12, 23)
        X *= np.geomspace(0.1, 10.0, 12)
        problem = Problem(X, y, split(12, (3,)), standardize=False)
        alphas = problem.grid(1e-1, 4)
        B, b0, found = problem.solve(alphas)
        std = X.std(axis=0)
        r = (y - b0[-1] - X @ B[-1]) / len(y)
        np.testing.assert_allclose(
            found["correlations"], (X - X.mean(axis=0)).T @ r / std, atol=1e-12
        )
        part = slice(found["indptr"][3], found["indptr"][4])
        at = found["indices"][part]
        np.testing.assert_allclose(found["coef_std"][part], B[-1, at] * std[at], rtol=1e-12)

    def test_the_gap_bounds_the_suboptimality(self) -> None:
        X, y = table(30, 40, 24)
        problem = Problem(X, y, split(40, (4, 3)), l1_ratio=0.8)
        alpha = 0.1 * problem.engine.alpha_max
        B, b0, found = problem.solve(np.array([alpha]))
        best = problem.objective(B[0], float(b0[0]), alpha)
        rng = np.random.default_rng(25)
        for size in 10.0 ** -np.arange(1, 7):
            other = B[0] + size * rng.standard_normal(40)
            assert problem.objective(other, float(b0[0]), alpha) > best
        assert found["relative_gaps"][0] * problem.engine.null_loss < 1e-12


def test_events_name_the_first_column_of_a_group() -> None:
    X, y = table(50, 20, 26)
    groups = split(20, (3, 2), np.random.default_rng(27))
    problem = Problem(X, y, groups)
    alphas = problem.grid(1e-2, 200)
    B, _, found = problem.solve(alphas)
    at, features, enters = problem.engine.events(float(alphas[-1]), np.unique(found["indices"]))
    firsts = {int(g[0]): g for g in groups}
    assert set(features.tolist()) <= set(firsts)
    inside = np.zeros(len(groups), dtype=int)
    order = {int(g[0]): k for k, g in enumerate(groups)}
    for k in range(1, len(alphas)):
        here = (at > alphas[k]) & (at <= max(alphas[k - 1], alphas[0] * 2 if k == 1 else 0.0))
        for j, e in zip(features[here], enters[here], strict=True):
            inside[order[int(j)]] += 1 if e else -1
        kept = np.array([np.any(B[k, g] != 0.0) for g in groups])
        np.testing.assert_array_equal(inside > 0, kept)


@pytest.mark.parametrize("loss", LOSSES)
def test_folds(loss: str) -> None:
    """Held-out predictors are those of a problem on the training rows."""
    X, y = table(60, 24, 28, loss)
    groups = split(24, (3, 5))
    problem = Problem(X, y, groups, loss=loss, standardize=False)
    alphas = problem.grid(1e-1, 6)
    roles = np.ones((3, 60), dtype=np.uint8)
    for f in range(3):
        roles[f, f::3] = 2
    none = np.zeros(0, dtype=np.int64)
    folds = problem.engine.folds(roles, none, none, np.zeros((3, 0)))
    _, _, worst, etas = folds.held_out(alphas, eta=True)
    assert worst < 1e-9
    for f in range(3):
        train, test = roles[f] == 1, roles[f] == 2
        alone = Problem(X[train], y[train], groups, loss=loss, standardize=False)
        B, b0, _ = alone.solve(alphas)
        eta = np.reshape(etas[f], (len(alphas) + 1, test.sum()))
        np.testing.assert_allclose(eta[1:], b0[:, None] + B @ X[test].T, atol=1e-6)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (([0, 2], [0, 1]), "are in none"),
        (([0, 2, 3], [0, 1, 1]), "named twice"),
        (([0, 3], [0, 1, 7]), "no .* 7"),
        (([0, 2, 2, 3], [0, 1, 2]), "group 1 is empty"),
        (([1, 3], [0, 1, 2]), "begin with 0"),
        (([], [0, 1, 2]), "empty"),
    ],
)
def test_groups_that_are_none(groups: Any, message: str) -> None:
    X, y = table(10, 3, 29)
    with pytest.raises(ValueError, match=message):
        engine_of(X, y, groups)


def test_bounds_are_refused() -> None:
    X, y = table(10, 3, 30)
    with pytest.raises(ValueError, match="column 1 has bounds"):
        engine_of(X, y, ([0, 3], [0, 1, 2]), lower=np.array([-np.inf, 0.0, -np.inf]))


def engine_of(X: Floats, y: Floats, groups: Any, **settings: Any) -> Engine:
    p = X.shape[1]
    given = {
        "weights": None,
        "penalty_weight": np.ones(p),
        "lower": np.full(p, -np.inf),
        "upper": np.full(p, np.inf),
        "l1_ratio": 1.0,
        "fit_intercept": True,
        "standardize": True,
    } | settings
    rows = tuple(np.asarray(part, dtype=np.int64) for part in groups)
    return Engine(design=design_of(X).handle(), y=y, groups=rows, **given)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.6])
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("loss", ["squared", "multinomial"])
class TestRows:
    """Rows of coefficients of several outputs are groups."""

    def test_conditions(
        self, loss: str, shape: tuple[int, int], standardize: bool, l1_ratio: float
    ) -> None:
        (n, p), K = shape, 3
        rng = np.random.default_rng(31)
        X = rng.standard_normal((n, p)) * np.geomspace(0.3, 3.0, p)
        X[:, 5] = X[:, 4]
        X[:, 7] = 2.0
        eta = X[:, :4] @ rng.standard_normal((4, K))
        Y = eta + rng.standard_normal((n, K))
        if loss == "multinomial":
            Y = np.eye(K)[np.argmax(eta + rng.gumbel(size=(n, K)), axis=1)]
        v = rng.uniform(0.5, 2.0, p)
        v[2], v[3] = np.inf, 0.0 if loss == "squared" else 1.0
        rows = (np.arange(0, p * K + 1, K), np.arange(p * K))
        engine = engine_of(
            X,
            np.ascontiguousarray(Y.T).ravel(),
            rows,
            loss=loss,
            outputs=K,
            penalty_weight=v,
            l1_ratio=l1_ratio,
            standardize=standardize,
            tol=1e-12,
        )
        alphas = engine.grid_top * np.geomspace(1.0, 1e-2, 15)
        found = engine.path(alphas)
        assert found["relative_gaps"].max() < 1e-10
        std = np.where(np.arange(p) == 7, 0.0, X.std(axis=0))
        scale = np.where(std > 0, std if standardize else 1.0, 0.0)
        inverse = np.divide(1.0, scale, out=np.zeros(p), where=scale > 0)
        for k, alpha in enumerate(alphas):
            B = np.zeros(p * K)
            part = slice(found["indptr"][k], found["indptr"][k + 1])
            B[found["indices"][part]] = found["coef"][part]
            B = B.reshape(p, K)
            eta = found["intercepts"].reshape(-1, K)[k] + X @ B
            if loss == "multinomial":
                eta = np.exp(eta - eta.max(axis=1, keepdims=True))
                eta /= eta.sum(axis=1, keepdims=True)
            C = ((X - X.mean(axis=0)).T @ (Y - eta) / n) * inverse[:, None]
            beta = B * scale[:, None]
            size = np.linalg.norm(beta, axis=1)
            for j in range(p):
                if np.isinf(v[j]):
                    assert size[j] == 0.0
                    continue
                tax, ridge = alpha * v[j] * l1_ratio, alpha * v[j] * (1.0 - l1_ratio)
                if size[j] == 0.0:
                    assert np.linalg.norm(C[j]) <= tax + 1e-9 * engine.top_gradient
                    continue
                off = C[j] - tax * beta[j] / size[j] - ridge * beta[j]
                assert np.linalg.norm(off) <= 1e-8 * engine.top_gradient
