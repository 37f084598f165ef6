"""The displays draw what their frames hold."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest
from numpy.testing import assert_allclose

from excise.linear_model import CVDisplay, LedgerDisplay, PathDisplay, SparseRegressor


@pytest.fixture(scope="module", autouse=True)
def no_window():
    matplotlib.use("Agg")
    yield
    from matplotlib import pyplot

    pyplot.close("all")


@pytest.fixture
def fitted(diabetes):
    return SparseRegressor(stability=5, decoys=5).fit(*diabetes)


@pytest.mark.parametrize("kind", [PathDisplay, CVDisplay, LedgerDisplay])
def test_plots_on_given_and_on_new_axes(kind, fitted):
    from matplotlib import pyplot

    display = kind.from_estimator(fitted)
    assert display.plot() is display
    display.figure_.canvas.draw()
    _, ax = pyplot.subplots()
    assert display.plot(ax=ax).ax_ is ax
    assert ax.get_xlabel() and ax.get_legend() is not None


def test_the_path_is_the_path(fitted):
    display = PathDisplay.from_estimator(fitted)
    frame = display.frame()
    assert list(frame.columns) == ["alpha", "feature", "coef_std"]
    shape = (10, len(fitted.path_.alphas))
    drawn = np.reshape(frame["coef_std"].to_numpy(), shape)
    assert_allclose(drawn, fitted.path_.coefs_std.toarray(), rtol=1e-6)
    assert len(display.plot().lines_) == 10


def test_the_curve_is_the_curve(fitted):
    display = CVDisplay.from_estimator(fitted)
    assert_allclose(display.frame()["mean"].to_numpy(), fitted.cv_.mean)
    assert_allclose(display.plot().line_.get_ydata(), fitted.cv_.mean)


def test_bars_are_earnings_largest_first(fitted):
    display = LedgerDisplay.from_estimator(fitted).plot(most=4)
    earns = np.sort(display.frame()["earns"].to_numpy())[::-1]
    assert_allclose([bar.get_width() for bar in display.bars_], earns[:4])
    assert display.ax_.get_title(loc="left") == "4 of 10 features"
