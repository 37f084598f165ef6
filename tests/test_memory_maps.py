"""Arrays in files: read where they lie, in either order and precision, and never past their end."""

from __future__ import annotations

import mmap
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import excise
from excise.checks import table
from excise.design import ArrayDesign
from excise.exceptions import InputError

ROOT = Path(__file__).parents[1]
X = np.random.default_rng(5).standard_normal((700, 40)).round(2)
Y = X[:, 0] - X[:, 3] + np.random.default_rng(6).standard_normal(len(X))
HEADER = 5000  # more than a page


def saved(folder: Path, kind: str, order: str) -> Path:
    path = folder / f"{kind}-{order}.npy"
    np.save(path, np.asarray(X, dtype=kind, order=order))  # type: ignore[call-overload]
    return path


def by_memmap(folder: Path, kind: str, order: Any) -> Any:
    """With an offset that is no multiple of a page."""
    path = folder / "raw"
    path.write_bytes(bytes(HEADER) + X.astype(kind).tobytes(order))
    return np.memmap(path, kind, "r", HEADER, X.shape, order)


def by_hand(folder: Path, kind: str, order: Any) -> np.ndarray:
    path = folder / "by_hand"
    path.write_bytes(X.astype(kind).tobytes(order))
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return np.frombuffer(mapped, kind).reshape(X.shape, order=order)


MAPS: dict[str, Callable[[Path, str, str], Any]] = {
    "np.load": lambda folder, kind, order: np.load(saved(folder, kind, order), mmap_mode="r"),
    "np.load, r+": lambda folder, kind, order: np.load(saved(folder, kind, order), mmap_mode="r+"),
    "np.load, c": lambda folder, kind, order: np.load(saved(folder, kind, order), mmap_mode="c"),
    "np.memmap": by_memmap,
    "mmap": by_hand,
    "a view": lambda folder, kind, order: np.asarray(
        np.load(saved(folder, kind, order), mmap_mode="r")
    )[::-1][::-1],
}


@pytest.fixture(params=MAPS)
def make(request: pytest.FixtureRequest) -> Callable[[Path, str, str], Any]:
    return MAPS[request.param]


@pytest.mark.parametrize("kind", ["f8", "f4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_map_is_used_where_it_is(
    make: Callable[[Path, str, str], Any], tmp_path: Path, kind: str, order: str
) -> None:
    mapped = make(tmp_path, kind, order)
    design, _ = table(mapped)
    assert isinstance(design, ArrayDesign) and design.watched
    assert np.shares_memory(design.X, mapped) and design.dtype == kind
    in_memory = np.array(X, dtype=kind, order=order)  # type: ignore[call-overload]
    for weights in (None, np.arange(len(X)) % 3):
        settings = {"sample_weight": weights, "standardize": True}
        ours, dense = (excise.fit_path(data, Y, 10, **settings) for data in (mapped, in_memory))
        assert ours.coefs.toarray().tobytes() == dense.coefs.toarray().tobytes()
    found = excise.fit(mapped, Y, 0.1)
    certificate = excise.certify(mapped, Y, found.coef, found.intercept, 0.1)
    assert certificate.relative_gap <= 1e-12
    ours, dense = (excise.fit_cv(data, Y, cv=3, alphas=10) for data in (mapped, in_memory))
    assert ours.folds.tobytes() == dense.folds.tobytes()
    np.testing.assert_array_equal(np.asarray(mapped), in_memory)


def file_of(mapped: Any, folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_map_that_shrank_is_refused_before_it_is_read(
    make: Callable[[Path, str, str], Any], tmp_path: Path, order: str
) -> None:
    mapped = make(tmp_path, "f8", order)
    path = excise.fit_path(mapped, Y, 5)
    problem = excise.engine.Session(path.problem)
    file = file_of(mapped, tmp_path)
    before = file.stat().st_size
    os.truncate(file, before - 100_000)
    message = f"the file behind X has shrunk from {before} to {before - 100_000} bytes"
    calls: list[Callable[[], Any]] = [
        lambda: path.at(0.01),
        lambda: path.events(),
        lambda: problem.alpha_max,
        lambda: excise.fit(mapped, Y, 0.1),
        lambda: excise.fit_cv(mapped, Y, cv=3),
        lambda: excise.certify(mapped, Y, np.zeros(40), 0.0, 0.1),
        lambda: path.problem.design.column_sums(),
        lambda: path.problem.design.rows(np.arange(3), np.arange(3)),
    ]
    for call in calls:
        with pytest.raises(InputError) as error:
            call()
        assert error.value.fact == message
    assert "np.array(X)" in error.value.remedy


def test_a_map_that_shrinks_meanwhile_stops_the_engine(tmp_path: Path) -> None:
    """Within the last page, where reading on gives zeros and not yet a signal."""
    mapped = np.load(saved(tmp_path, "f8", "C"), mmap_mode="r")
    (file,) = tmp_path.iterdir()
    size = file.stat().st_size
    timer = threading.Timer(0.2, os.truncate, (file, size - 8))
    timer.start()
    start = time.monotonic()
    path = excise.fit_path(mapped, Y, 5)
    session = excise.engine.Session(path.problem)
    grid = np.geomspace(path.alpha_max, path.alpha_max * 1e-6, 20_000)
    with pytest.raises(InputError, match=f"has shrunk from {size} to {size - 8} bytes"):
        while time.monotonic() - start < 20:
            session.path(grid)
    timer.join()


def test_no_signal_ends_the_process(tmp_path: Path) -> None:
    """The whole file is gone: without the look at its size this is a SIGBUS."""
    file = saved(tmp_path, "f8", "F")
    code = (
        "import os, sys, numpy as np, excise\n"
        "X = np.load(sys.argv[1], mmap_mode='r'); y = np.array(X[:, 0])\n"
        "path = excise.fit_path(X, y, 5); os.truncate(sys.argv[1], 0)\n"
        "for call in (lambda: path.at(0.01), lambda: excise.fit(X, y, 0.1),\n"
        "             lambda: excise.certify(X, y, np.zeros(40), 0.0, 0.1)):\n"
        "    try: call()\n"
        "    except excise.InputError as error: print(error.fact)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, file], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("the file behind X has shrunk from") == 3


def test_a_file_that_grows_or_is_deleted_is_fine(tmp_path: Path) -> None:
    file = saved(tmp_path, "f8", "F")
    mapped = np.load(file, mmap_mode="r")
    path = excise.fit_path(mapped, Y, 5)
    with file.open("ab") as more:
        more.write(b"more")
    assert path.at(0.05).certificate.relative_gap <= 1e-12
    file.unlink()
    assert path.at(0.04).certificate.relative_gap <= 1e-12


def test_maps_of_no_file_and_plain_arrays_are_not_watched() -> None:
    anonymous = mmap.mmap(-1, X.nbytes)
    array = np.frombuffer(anonymous).reshape(X.shape)
    array[:] = X
    assert not table(array)[0].watched and not table(X)[0].watched
    assert excise.fit(array, Y, 0.1).certificate.relative_gap <= 1e-12
    table(array)[0].check()


def test_a_path_on_a_map_survives_pickling(tmp_path: Path) -> None:
    file = saved(tmp_path, "f8", "F")
    path = pickle.loads(pickle.dumps(excise.fit_path(np.load(file, mmap_mode="r"), Y, 5)))
    os.truncate(file, 0)
    assert path.at(0.05).certificate.relative_gap <= 1e-12
