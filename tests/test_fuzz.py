"""A short fuzz of the engine; `python -m tests.fuzz_engine` is the long one."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from excise import fit_path
from tests import fuzz_losses, fuzz_outputs, fuzz_small, fuzz_sparse
from tests.fuzz_engine import TOLD, judge
from tests.fuzz_problems import draw


@pytest.mark.skipif(sys.platform == "win32", reason="time limits by signals")
@pytest.mark.parametrize("seed", [101, 102, 103])
def test_random_problems_hold_no_surprise(seed: int) -> None:
    """No crash, hang or NaN; no gap below the true suboptimality. A stall is told: it is honest."""
    found = [(text, k) for k in range(120) for text in judge(draw(seed, k), k % 4 == 0)]
    assert [(text, k) for text, k in found if not text.startswith(TOLD)] == []
    assert len(found) <= 6


def test_sparse_tables_of_any_structure() -> None:
    """scipy #8778 #21170 #23784: out-of-range indices kill the process in most tools today."""
    assert list(fuzz_sparse.hunt(104, 300)) == []


def test_small_tables_with_every_setting_are_certified() -> None:
    """Ties, dependent columns, bounds, free features, tiny ridges: none stalls, none is beaten."""
    assert list(fuzz_small.hunt(105, 200, every=20)) == []


def test_random_problems_of_every_loss_are_certified_or_told() -> None:
    """No crash, no NaN, and no gap called small that the verifier calls large."""
    found = list(fuzz_losses.hunt(106, 300))
    assert [text for _, text in found if not text.startswith(fuzz_losses.TOLD)] == []
    assert sum(text.startswith("stalled") for _, text in found) <= 15


def test_random_problems_of_several_outputs_are_certified_or_told() -> None:
    """Classes and responses, each by itself and grouped."""
    found = list(fuzz_outputs.hunt(108, 200))
    assert [text for _, text in found if not text.startswith(fuzz_losses.TOLD)] == []
    assert sum(text.startswith("stalled") for _, text in found) <= 8


@pytest.mark.parametrize("k", range(24))
def test_the_fuzz_of_several_outputs_would_see_a_wrong_answer(k: int) -> None:
    """A tenth off one coefficient is found by the search for a lower objective; truth is not."""
    case = fuzz_outputs.draw(109, k)
    path = fit_path(case.X, case.y, case.alphas, alpha_min_ratio=case.ratio, **case.settings)
    last, K = len(path) - 1, path.outputs
    coef, intercept = path.columns.column(last).reshape(-1, K), path.intercepts[last]
    search = fuzz_outputs.Challenge(case, path, float(path.alphas[last]))
    most = np.unravel_index(int(np.argmax(np.abs(coef) * search.unit[:, None])), coef.shape)
    wrong = coef.copy()
    wrong[most] *= 0.9
    loses = search.objective(wrong, intercept) - search.objective(coef, intercept)
    if path.relative_gaps[last] <= 1e-9:
        assert not search.beats(coef, intercept)
    if loses > 1e-5 * path.null_loss:
        assert search.beats(wrong, intercept)


@pytest.mark.parametrize("k", range(24))
def test_the_fuzz_of_losses_would_see_a_wrong_answer(k: int) -> None:
    """A tenth off one coefficient is found by the search for a lower objective; truth is not."""
    case = fuzz_losses.draw(107, k)
    path = fit_path(case.X, case.y, case.alphas, alpha_min_ratio=case.ratio, **case.settings)
    last = len(path) - 1
    column, intercept = path.columns.column(last), float(path.intercepts[last])
    search = fuzz_losses.Challenge(case, path, float(path.alphas[last]))
    j = int(np.argmax(np.abs(column) * search.unit))
    wrong = column * np.where(np.arange(len(column)) == j, 0.9, 1.0)
    loses = search.objective(wrong, intercept) - search.objective(column, intercept)
    if path.relative_gaps[last] <= 1e-9:
        assert not search.beats(column, intercept)
    if loses > 1e-5 * path.null_loss:
        assert search.beats(wrong, intercept)
