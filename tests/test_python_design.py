"""Designs written in Python: the same answers as the table written out, and clear errors."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import excise
from excise.checks import table
from excise.design import ArrayDesign, Design, PythonDesign, check_design
from excise.exceptions import InputError, InputTypeError


class OneHot(PythonDesign):
    """Two categories, from their codes alone."""

    def __init__(self, codes: np.ndarray, sizes: tuple[int, ...]) -> None:
        self.codes, self.starts = codes, np.cumsum((0, *sizes))
        self.shape = (len(codes), int(self.starts[-1]))

    def columns(self, index: np.ndarray) -> np.ndarray:
        which = np.searchsorted(self.starts, index, side="right") - 1
        return self.codes[:, which] == index - self.starts[which]

    def correlate(self, V: np.ndarray) -> np.ndarray:
        sums = [
            [
                np.bincount(code, v, size)
                for code, size in zip(self.codes.T, self.sizes, strict=True)
            ]
            for v in V.T
        ]
        return np.stack([np.concatenate(one) for one in sums], axis=1)

    @property
    def sizes(self) -> np.ndarray:
        return np.diff(self.starts)


class Generous(OneHot):
    """Overrides all that can be."""

    def rows(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return OneHot(self.codes[rows], tuple(self.sizes)).columns(columns)

    def predict(self, index: np.ndarray, b: np.ndarray) -> np.ndarray:
        full = np.zeros(self.shape[1])
        full[index] = b
        return full[self.codes + self.starts[:-1]].sum(axis=1)

    def moments(self, weights: np.ndarray) -> tuple[np.ndarray, ...]:
        mean = self.correlate(weights[:, None])[:, 0]
        seen = self.correlate((weights > 0.0)[:, None] * 1.0)[:, 0]
        return mean, mean * (1 - mean), seen == (weights > 0.0).sum(), seen > 0


class Stored(PythonDesign):
    """An array; `columns` gives its own memory away."""

    def __init__(self, X: np.ndarray) -> None:
        self.X, self.shape = X, X.shape

    def columns(self, index: np.ndarray) -> np.ndarray:
        return (
            self.X[:, index[0] : index[-1] + 1]
            if index[-1] - index[0] + 1 == len(index)
            else (self.X[:, index])
        )

    def correlate(self, V: np.ndarray) -> np.ndarray:
        return self.X.T @ V


def one_hot(kind: type[OneHot]) -> OneHot:
    rng = np.random.default_rng(0)
    return kind(rng.integers(0, [7, 12], (90, 2)), (8, 12))  # level 7 never occurs: constant


def stored(n: int, p: int) -> Stored:
    return Stored(np.random.default_rng(1).standard_normal((n, p)))


DESIGNS: dict[str, Callable[[], PythonDesign]] = {
    "one-hot": lambda: one_hot(OneHot),
    "with overrides": lambda: one_hot(Generous),
    "tall": lambda: stored(300, 90),
    "wide": lambda: stored(40, 130),
}
SETTINGS: dict[str, Callable[[int], dict[str, Any]]] = {
    "lasso": lambda n: {},
    "weights": lambda n: {"sample_weight": np.random.default_rng(1).integers(0, 3, n)},
    "elastic, standardize": lambda n: {"l1_ratio": 0.5, "standardize": True},
    "ridge": lambda n: {"penalty": "ridge"},
    "no intercept": lambda n: {"fit_intercept": False},
    "bounds": lambda n: {"bounds": "positive"},
}


@pytest.fixture(params=DESIGNS)
def design(request: pytest.FixtureRequest) -> PythonDesign:
    return DESIGNS[request.param]()


def written_out(design: PythonDesign) -> np.ndarray:
    return np.array(design.columns(np.arange(design.shape[1])), dtype=float)


def target(X: np.ndarray) -> np.ndarray:
    return X[:, 0] - 2 * X[:, 5] + 0.3 * np.random.default_rng(2).standard_normal(len(X))


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_the_path_is_that_of_the_table_written_out(
    design: PythonDesign, settings: Callable[[int], dict[str, Any]]
) -> None:
    X, given = written_out(design), settings(design.shape[0])
    y = target(X)
    ours, dense = (
        excise.fit_path(data, y, 20, alpha_min_ratio=0.02, **given) for data in (design, X)
    )
    np.testing.assert_allclose(ours.alphas, dense.alphas, rtol=1e-10)
    size = np.abs(dense.coefs.toarray()).max()
    difference = np.abs(ours.coefs.toarray() - dense.coefs.toarray()).max()
    assert difference <= 1e-9 * size
    assert ours.relative_gaps.max() <= 1e-12
    alpha = float(ours.alphas[10])
    found = excise.fit(design, y, alpha, **given)
    certificate = excise.certify(design, y, found.coef, found.intercept, alpha, **given)
    assert certificate.relative_gap <= 1e-12
    theirs = excise.certify(X, y, found.coef, found.intercept, alpha, **given)
    assert certificate.relative_gap == pytest.approx(theirs.relative_gap, abs=1e-14)


def test_cross_validation_gives_the_same_curve(design: PythonDesign) -> None:
    X = written_out(design)
    ours, dense = (excise.fit_cv(data, target(X), cv=5, alphas=20) for data in (design, X))
    np.testing.assert_allclose(ours.mean, dense.mean, rtol=1e-8)
    assert ours.training_gap <= 1e-10


def test_knots_and_events_too(design: PythonDesign) -> None:
    X = written_out(design)
    ours, dense = (
        excise.fit_path(data, target(X), 10, alpha_min_ratio=0.2).events() for data in (design, X)
    )
    assert [(e.feature, e.kind) for e in ours] == [(e.feature, e.kind) for e in dense]


def test_threads_change_no_bit(design: PythonDesign) -> None:
    y = target(written_out(design))
    one, two = (excise.fit_cv(design, y, cv=5, alphas=15, n_threads=k) for k in (1, 2))
    assert one.folds.tobytes() == two.folds.tobytes()
    assert one.path.coefs.toarray().tobytes() == two.path.coefs.toarray().tobytes()


def test_the_laws_hold(design: PythonDesign) -> None:
    for seed in range(5):
        check_design(design, random_state=seed)
    check_design(ArrayDesign(written_out(design)))


def test_columns_are_enough_for_a_storage() -> None:
    """What the contract derives from them."""

    class Bare(Design):
        shape, dtype = (30, 8), np.dtype(np.float32)

        def columns(self, index: Any) -> np.ndarray:
            return np.arange(240.0).reshape(30, 8)[:, index]

        def handle(self) -> Any:
            return None

    check_design(Bare())
    whole = Bare().toarray()
    assert whole.dtype == np.float32 and whole.shape == (30, 8)
    np.testing.assert_array_equal(Bare().column_sums(), whole.sum(axis=0))


def test_a_design_is_its_own_handle_and_table(design: PythonDesign) -> None:
    assert type(design.handle()).__name__ == "Design"
    np.testing.assert_array_equal(table(design)[0].toarray(), written_out(design))


def test_what_a_design_gives_away_is_not_written_to() -> None:
    design = stored(30, 8)
    kept = design.X.copy()
    y = target(kept)
    found = excise.fit(design, y, 0.1)
    excise.certify(design, y, found.coef, found.intercept, 0.1)
    np.testing.assert_array_equal(design.X, kept)


def test_a_path_survives_pickling() -> None:
    design = stored(30, 8)
    path = pickle.loads(pickle.dumps(excise.fit_path(design, target(design.X), 10)))
    assert path.at(float(path.alphas[4])).certificate.relative_gap <= 1e-12


# --- what can go wrong -------------------------------------------------------------------------


def spoiled(method: str, change: Callable[..., Any], base: type[PythonDesign] = Stored) -> Any:
    """A design one of whose methods answers something else."""

    def other(self: Any, *given: Any) -> Any:
        return change(getattr(base, method)(self, *given))

    return type("Spoiled", (base,), {method: other})


def with_nan(found: Any) -> np.ndarray:
    changed = np.array(found, dtype=float)
    changed[-1] = np.nan
    return changed


WRONG: dict[str, tuple[type[Exception], str, Any]] = {
    "columns, shape": (InputError, r"Spoiled\.columns returned shape \(\d+, 40\)", (
        "columns", lambda found: found.T)),
    "correlate, shape": (InputError, r"Spoiled\.correlate returned shape \(9,\)", (
        "correlate", lambda found: found[:, 0])),
    "columns, NaN": (InputError, r"Spoiled\.columns returned nan at \(39, 0\)", (
        "columns", with_nan)),
    "correlate, NaN": (InputError, r"Spoiled\.correlate returned nan at \(8, 0\)", (
        "correlate", with_nan)),
    "columns, nothing": (InputTypeError, r"Spoiled\.columns returned a NoneType", (
        "columns", lambda found: None)),
    "correlate, text": (InputTypeError, r"Spoiled\.correlate returned a ndarray of dtype <U", (
        "correlate", lambda found: found.astype(str))),
    "correlate, complex": (InputTypeError, r"of dtype complex128, not numbers", (
        "correlate", lambda found: found * 1j)),
    "columns, ragged": (InputTypeError, r"Spoiled\.columns returned rows of different lengths", (
        "columns", lambda found: [[1.0], [1.0, 2.0]])),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "message", "how"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("cv", [False, True])
def test_wrong_answers_are_named(kind: type[Exception], message: str, how: Any, cv: bool) -> None:
    X = np.random.default_rng(1).standard_normal((40, 9))
    design = spoiled(*how)(X)
    with pytest.raises(kind, match=message):
        excise.fit_cv(design, target(X), cv=3, n_threads=2) if cv else excise.fit_path(
            design, X[:, 0]
        )
    with pytest.raises(kind, match=message):
        check_design(design)


def test_overrides_are_checked_as_well() -> None:
    base = one_hot(Generous)
    y = target(written_out(base))
    for method, change, message in (
        ("moments", lambda found: found[:3], r"moments must return \(mean, variance, min, max\)"),
        ("moments", lambda found: (*found[:3], found[2] - 1), "contradicts itself in column 0"),
        ("moments", lambda found: [one[:-1] for one in found], r"returned shape \(19,\)"),
        ("rows", lambda found: found[:-1], r"Spoiled\.rows returned shape"),
    ):
        made = spoiled(method, change, Generous)(base.codes, (8, 12))
        with pytest.raises((InputError, InputTypeError), match=message):
            excise.fit_path(made, y)


@pytest.mark.parametrize("shape", [None, 5, (3,), (3, 4, 5), (3.0, 4), "ab"])
def test_a_shape_is_two_integers(shape: Any) -> None:
    design = stored(10, 3)
    design.shape = shape
    with pytest.raises(InputTypeError, match=r"Stored\.shape must be \(rows, columns\)"):
        excise.fit(design, np.arange(10.0), 1.0)


@pytest.mark.parametrize("shape", [(0, 3), (10, 0)])
def test_an_empty_design_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=r"X has no (rows|columns)"):
        excise.fit(Stored(np.empty(shape)), np.arange(10.0), 1.0)


class MyError(Exception):
    pass


@pytest.mark.parametrize("method", ["columns", "correlate"])
@pytest.mark.parametrize("after", [0, 1, 3, 8])
def test_exceptions_go_through_unchanged(method: str, after: int) -> None:
    """From whatever call, on whatever thread; the next fit is as good as ever."""
    calls = []

    def count(found: Any) -> Any:
        calls.append(threading.current_thread())
        if len(calls) > after:
            raise MyError("at last")
        return found

    X = np.random.default_rng(1).standard_normal((40, 130))
    design = spoiled(method, count)(X)
    with pytest.raises(MyError, match="at last"):
        excise.fit_cv(design, target(X), cv=4, alphas=20, n_threads=2)
    assert excise.fit_path(Stored(X), target(X), 5).relative_gaps.max() <= 1e-12


def test_the_laws_find_what_disagrees() -> None:
    X = np.random.default_rng(1).standard_normal((40, 9))
    cases = [
        (
            "correlate",
            lambda found: found * (1 + 1e-6),
            Stored,
            "correlate does not agree with its",
        ),
        (
            "columns",
            lambda found: found + len(found.T),
            Stored,
            "columns does not agree with itself",
        ),
    ]
    for method, change, base, message in cases:
        with pytest.raises(InputError, match=message):
            check_design(spoiled(method, change, base)(X))
    codes = one_hot(Generous).codes
    for method, change, message in (
        ("predict", lambda found: found + 1e-3, "predict does not agree with its columns"),
        ("rows", lambda found: ~found, "rows does not agree with its columns"),
        ("moments", lambda m: (m[0] + 0.1, *m[1:]), "moments (mean) does not agree"),
        ("moments", lambda m: (m[0], m[1] * 1.1, *m[2:]), "moments (variance) does not agree"),
        ("moments", lambda m: (*m[:3], m[3] + 1.0), "moments (max) does not agree"),
    ):
        with pytest.raises(InputError) as error:
            check_design(spoiled(method, change, Generous)(codes, (8, 12)))
        assert message in error.value.fact


def test_the_laws_find_a_design_that_writes() -> None:
    class Writes(Stored):
        def correlate(self, V: np.ndarray) -> np.ndarray:
            found = self.X.T @ V
            V[0] = 7.0
            return found

    with pytest.raises(InputError, match="writes into what it is given"):
        check_design(Writes(np.ones((5, 3))))


@pytest.mark.parametrize("cv", [False, True])
def test_ctrl_c_stops_it(cv: bool) -> None:
    """While Python code runs, on this thread or on a helper; then all works as before."""

    class Slow(Stored):
        def correlate(self, V: np.ndarray) -> np.ndarray:
            time.sleep(0.02)
            return self.X.T @ V

    X = np.random.default_rng(1).standard_normal((60, 200))
    y = target(X)
    timer = threading.Timer(0.4, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        while True:
            if cv:
                excise.fit_cv(Slow(X), y, cv=8, alphas=200, n_threads=2)
            else:
                excise.fit_path(Slow(X), y, 300, alpha_min_ratio=1e-3)
    assert time.monotonic() - start < 2.0
    timer.join()
    assert excise.fit_path(Stored(X), y, 5).relative_gaps.max() <= 1e-12


def test_threads_of_the_caller_may_share_a_path() -> None:
    """No deadlock between the GIL and the engine's lock."""
    design = stored(60, 130)
    path = excise.fit_path(design, target(design.X), 10)
    found: list[float] = []

    def ask(k: int) -> None:
        found.extend(path.at(float(a) * 0.97).certificate.relative_gap for a in path.alphas[k:])

    threads = [threading.Thread(target=ask, args=(k,), daemon=True) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    assert len(found) == 34 and max(found) <= 1e-12
