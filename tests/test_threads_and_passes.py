"""What the engine promises about threads, readings of X and memory, whatever the data."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from designs import ar

import excise
import excise.design
from excise.core_engine import default_threads
from excise.cross_validation import cross_validate
from excise.design import mapped
from excise.engine import Session
from excise.folds import make_folds
from excise.problem import make_problem


def same(a: excise.Path, b: excise.Path) -> bool:
    return bool(
        np.array_equal(a.columns.indices, b.columns.indices)
        and np.array_equal(a.columns.data, b.columns.data)
        and np.array_equal(a.relative_gaps, b.relative_gaps)
    )


@pytest.mark.parametrize("shape", [(300, 4000), (3000, 300), (64, 7000)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_equal_bits_for_one_thread_and_two(shape: tuple[int, int], order: Any) -> None:
    X, y = ar(*shape)
    X = np.asarray(X, order=order)
    one = excise.fit_path(X, y, 40, n_threads=1)
    assert same(one, excise.fit_path(X, y, 40, n_threads=2))
    folds = [excise.fit_cv(X, y, cv=4, alphas=30, n_threads=k).folds for k in (1, 2)]
    np.testing.assert_array_equal(*folds)


def test_python_threads_share_the_pool() -> None:
    X, y = ar(300, 3000)
    alone = excise.fit_path(X, y, 30, n_threads=2)
    found: list[excise.Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(excise.fit_path(X, y, 30, n_threads=2)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and all(same(alone, path) for path in found)


def test_workers_do_not_crowd_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """joblib tells its workers through OMP_NUM_THREADS how many threads they may use."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    most = default_threads()
    for wanted, expected in (("1", 1), ("1000", most), ("", most), ("many", most), ("0", most)):
        monkeypatch.setenv("OMP_NUM_THREADS", wanted)
        assert default_threads() == expected


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.95])
def test_a_window_of_alphas_costs_one_reading(rho: float) -> None:
    X, y = ar(150, 3000, rho=rho)
    path = excise.fit_path(X, y, 100)
    assert path.n_passes <= 50  # one per alpha would be 100
    for k in range(0, 100, 9):
        solution = path.at(path.alphas[k])
        made = excise.certify(X, y, solution.coef, solution.intercept, solution.alpha)
        assert made.relative_gap <= 1e-12


def test_a_session_is_freed_without_the_collector() -> None:
    X, y = ar(60, 20)
    session = Session(make_problem(X, y))
    path = session.path(session.grid(20))
    gone = weakref.ref(session)
    gc.disable()
    try:
        del session, path
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_streamed_map_gives_the_same_answer(
    tmp_path: Path, order: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = ar(3000, 120)
    np.save(tmp_path / "X.npy", np.asarray(X, order=order))
    plain = excise.fit_cv(X, y, cv=5, alphas=40)
    monkeypatch.setattr(mapped, "STREAMED", 1)
    X_map = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert mapped.is_streamed(X_map)
    assert not mapped.is_streamed(np.load(tmp_path / "X.npy", mmap_mode="c"))
    assert not mapped.is_streamed(X)
    streamed = excise.fit_cv(X_map, y, cv=5, alphas=40)
    np.testing.assert_allclose(streamed.folds, plain.folds, rtol=1e-9)
    assert streamed.path.n_passes == 0, "the Gram matrix serves, the file is not read again"
    np.testing.assert_allclose(
        streamed.path.coefs.toarray(), plain.path.coefs.toarray(), atol=1e-10
    )
    np.testing.assert_array_equal(X_map, X)


@pytest.mark.parametrize("kind", ["outlier", "constant", "indicator"])
def test_a_column_that_lives_in_one_fold(kind: str) -> None:
    """All less the others leaves rounding where a column varies in the held-out fold alone."""
    X, y = ar(200, 6)
    label = np.arange(200) % 5
    X[:, 2] = {
        "outlier": np.where(np.arange(200) == 3, 1e9, X[:, 2]),
        "constant": np.where(label == 3, X[:, 2], 0.0),
        "indicator": (label == 3) * 1.0,
    }[kind]
    cv = excise.fit_cv(X, y, cv=label, alphas=30, standardize=True)
    for fold in range(5):
        train, test = label != fold, label == fold
        path = excise.fit_path(X[train], y[train], cv.alphas, standardize=True)
        eta = X[test] @ path.coefs.toarray() + path.intercepts
        np.testing.assert_allclose(
            cv.folds[:, fold], np.mean((y[test][:, None] - eta) ** 2, axis=0), rtol=1e-7
        )


def test_folds_are_read_once_for_longer_grids() -> None:
    X, y = ar(400, 10)
    read: list[int] = []

    class Counted(excise.design.PythonDesign):
        shape = X.shape

        def columns(self, index: Any) -> Any:
            return X[:, index]

        def correlate(self, V: Any) -> Any:
            return X.T @ V

        def rows(self, rows: Any, columns: Any) -> Any:
            read.extend(rows)
            return X[np.ix_(rows, columns)]

    found = cross_validate(
        Session(make_problem(Counted(), y)), make_folds(400, 5), alphas=20, alpha_min_ratio=0.9
    )
    assert found.n_extensions > 0
    assert sorted(read) == list(range(400))


def test_folds_of_one_session_do_not_mix() -> None:
    """Two Python threads may cross-validate one problem on folds of their own."""
    X, y = ar(300, 8)
    session = Session(make_problem(X, y))
    kinds = [make_folds(300, k) for k in (3, 5, 3, 5)]
    alone = {len(folds): cross_validate(session, folds, alphas=20).folds for folds in kinds}
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda f=f: found.append(cross_validate(session, f, alphas=20)))
        for f in kinds
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for cv in found:
        np.testing.assert_array_equal(cv.folds, alone[cv.folds.shape[1]])
