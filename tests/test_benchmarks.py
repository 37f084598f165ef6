"""The measuring machinery itself, on problems cut down to fractions of a second."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from benchmarks import measure, problems, verify
from benchmarks.peers import PEERS
from benchmarks.show import picture, summary, tables
from benchmarks.show.__main__ import between
from benchmarks.tasks import Settings, cv, path

OURS = PEERS[0]
SCIKIT_LEARN = next(peer for peer in PEERS if peer.name == "scikit-learn")
SETTINGS = Settings((OURS, SCIKIT_LEARN), budget=0.2, ladder=("diabetes-quick",), quick=True)


@pytest.fixture(scope="module")
def problem() -> problems.Problem:
    return problems.load("diabetes", quick=True)


@pytest.fixture(scope="module")
def measured(problem: problems.Problem) -> dict:
    return path.measure(problem, SETTINGS)


def test_problems_are_standardised(problem: problems.Problem) -> None:
    np.testing.assert_allclose(problem.X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(problem.X.std(axis=0), 1)
    assert problem.X.flags.f_contiguous
    assert abs(problem.y.mean()) < 1e-10


def test_everybody_is_certified_by_one_verifier(measured: dict) -> None:
    ours, theirs = measured["rows"]
    assert ours["peer"] == "excise"
    assert ours["worst_gap"] <= 1e-10 < theirs["worst_gap"] <= 1e-3


def test_the_verifier_sees_a_wrong_path(problem: problems.Problem) -> None:
    nothing = np.zeros((problem.X.shape[1], problem.n_alphas))
    assert verify.worst_gap(problem, nothing) > 0.1


def test_cross_validation_compares_curves(problem: problems.Problem) -> None:
    result = cv.measure(problem, SETTINGS, n_folds=5)
    assert [row["peer"] for row in result["rows"]] == ["excise", "scikit-learn"]
    assert result["rows"][1]["curve_difference"] < 1e-3
    assert "5-fold CV" in tables.describe(result)


def test_rounds_take_turns() -> None:
    order = []

    def work(name: str) -> float:
        order.append(name)
        return 1.0 if name == "slow" else 0.04

    names = ("a", "b", "slow")
    runs = measure.interleaved(
        {name: lambda name=name: work(name) for name in names}, budget=2.0, most=3
    )
    assert order == ["a", "b", "slow", "slow", "a", "b", "b", "a", "a", "b"]
    assert [len(runs[name].seconds) for name in names] == [3, 3, 1]


def test_what_is_shown(measured: dict, tmp_path: Path) -> None:
    drawing = picture.draw([measured], "a machine <of some kind>")
    assert ElementTree.fromstring(drawing).tag.endswith("svg")
    shown = summary.sentences([measured], "a machine")
    assert "scikit-learn" in shown
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- x: generated -->\nold\n<!-- x: end -->\nafter\n")
    between(page, "x", shown)
    between(page, "x", "new")
    expected = "before\n<!-- x: generated -->\nnew\n<!-- x: end -->\nafter\n"
    assert page.read_text() == expected
    with pytest.raises(SystemExit, match="no place for y"):
        between(page, "y", "")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.00000123, "1.2 us"),
        (0.000532, "532 us"),
        (0.0071, "7.1 ms"),
        (1.44, "1.4 s"),
        (200, "200 s"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert tables.duration(seconds) == words
