"""The bundled tables are what they say they are."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

import excise
from excise.exceptions import InputError
from excise.table import DEMOS, Encoder, demo_path, infer_columns, read_table


@pytest.mark.parametrize("name", sorted(DEMOS))
def test_tables_are_small_and_usable(name: str) -> None:
    demo = DEMOS[name]
    assert demo.path.stat().st_size < 600_000
    table = read_table(demo.path)
    encoded = Encoder.fit(table, infer_columns(table, demo.target))
    shape = {"diabetes": (442, 10), "breast-cancer": (569, 30), "needles": (150, 400)}[name]
    assert encoded.X.shape == shape
    assert encoded.warnings == ()
    assert f"{shape[0]} " in demo.story and f"{shape[1]} " in demo.story


def test_diabetes_is_the_raw_table() -> None:
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True, scaled=False)
    frame = read_table(demo_path("diabetes")).frame
    assert np.allclose(frame.to_numpy(), np.column_stack([X, y]), rtol=1e-9)


def test_breast_cancer_is_the_wisconsin_table() -> None:
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    frame = read_table(demo_path("breast-cancer")).frame
    assert np.allclose(frame.drop("diagnosis").to_numpy(), data.data, rtol=1e-9)
    assert (frame["diagnosis"] == "benign").to_numpy().tolist() == data.target.tolist()


def test_needles_carry_the_response() -> None:
    """Least squares on the eight true columns finds their published coefficients."""
    frame = read_table(demo_path("needles")).frame
    needles = [name for name in frame.columns if name.startswith("needle_")]
    A = np.column_stack([np.ones(frame.height), frame.select(needles).to_numpy()])
    coef, *_ = np.linalg.lstsq(A, frame["response"].to_numpy(), rcond=None)
    assert np.allclose(coef, [10, 3, -2.5, 2, -1.5, 1.2, -1, 0.8, -0.5], atol=0.6)


def test_demo_comes_in_the_frame_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(excise.demo("diabetes"), pd.DataFrame)
    monkeypatch.delitem(sys.modules, "pandas")
    assert isinstance(excise.demo("diabetes"), pl.DataFrame)
    code = "import sys, excise; excise.demo(); sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_unknown_demo() -> None:
    with pytest.raises(InputError) as caught:
        excise.demo("diabtes")
    assert caught.value.lines() == [
        "no demo named 'diabtes'",
        "  there are diabetes, breast-cancer, needles",
        "  try: excise demo diabetes",
    ]
