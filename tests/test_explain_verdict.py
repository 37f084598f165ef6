"""The verdict follows its published rule, the notes what a reader must know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fitted import diabetes_model

from excise.explain import CVRecord, Decoys
from excise.explain.verdict import Choice, notes, verdict

ALPHAS = np.geomspace(10.0, 0.01, 31)


def curve(best: int = 15, depth: float = 0.5, se: float = 0.05, **changes: object) -> CVRecord:
    """A parabola in log alpha with its bottom at grid point `best`."""
    mean = 1.0 - depth + depth * ((np.arange(31) - best) / 15.0) ** 2
    record = CVRecord(ALPHAS, mean, np.full(31, se), np.minimum(mean, 1.0), 1.0, 0.05, 1.0, 10)
    return replace(record, **changes)


def code(cv: CVRecord, chosen: int, best: int = 15, n_rows: int = 1000, kept: int = 5) -> str:
    chosen_, best_ = (Choice(ALPHAS[k], kept, ALPHAS[k]) for k in (chosen, best))
    return verdict(cv, chosen_, best_, best_, n_rows)[0]


@pytest.mark.parametrize(
    ("expected", "cv", "chosen", "best", "n_rows"),
    [
        ("ABOUT RIGHT", curve(), 12, 15, 1000),
        ("NO SIGNAL", curve(depth=0.04), 15, 15, 1000),
        ("UNDERFIT", curve(), 5, 15, 1000),
        ("OVERFIT", curve(), 25, 15, 1000),
        ("AT EDGE", curve(best=30, n_extensions=2), 30, 30, 1000),
        ("ABOUT RIGHT", curve(best=30), 30, 30, 1000),
        ("DATA-STARVED", curve(), 15, 15, 24),
        ("ABOUT RIGHT", curve(), 15, 15, 25),
    ],
)
def test_the_rule(expected: str, cv: CVRecord, chosen: int, best: int, n_rows: int) -> None:
    assert code(cv, chosen, best, n_rows) == expected


def test_the_one_se_choice_is_never_underfit() -> None:
    cv = curve()
    limit = cv.mean[15] + cv.se[15]
    assert code(cv, int(np.flatnonzero(cv.mean <= limit)[0])) == "ABOUT RIGHT"
    exactly = replace(cv, mean=np.where(np.arange(31) == 9, limit, cv.mean))
    assert code(exactly, 9) == "ABOUT RIGHT"


def test_sentences_name_the_alternative() -> None:
    cv = curve()
    one, two = Choice(ALPHAS[12], 5, ALPHAS[12]), Choice(ALPHAS[15], 7, ALPHAS[15])
    said = verdict(cv, one, two, one, 1000)[1]
    assert said == "train and CV agree; 0.316 would gain 0.02 with 2 more"
    said = verdict(cv, two, two, one, 1000)[1]
    assert said == "train and CV agree; 0.631 would lose 0.02 with 2 fewer"
    flattered = replace(cv, train=cv.train - 0.3)
    said = verdict(flattered, two, two, two, 1000)[1]
    assert said == "the training rows score 0.30 above CV"


def test_the_diabetes_model() -> None:
    model = diabetes_model()
    verdict_code, sentence = model.verdict
    assert verdict_code == "ABOUT RIGHT"
    assert sentence.startswith("train and CV agree; 0.996 would gain 0.0")
    assert sentence.endswith("with 2 more")
    assert model.at("min").verdict[0] == "ABOUT RIGHT"
    assert model.at(40.0).verdict[0] == "UNDERFIT"


def test_notes_of_the_diabetes_model() -> None:
    model = diabetes_model()
    sex = model.ledger()["sex"]
    assert sex.picked is not None and model.decoys is not None
    borderline, overlap = replace(model, decoys=Decoys(5.9, 9.8, 200, 0)).notes
    picked = f"{100 * sex.picked:.0f}%"
    assert borderline == (
        f"sex is borderline: 0.65 above the tax, picked in {picked} of half-samples, "
        "and shuffled columns enter at up to 9.8 (95%): above that are the top 4"
    )
    assert overlap == 'tc and ldl overlap (r 0.90): a zero here can mean "the twin earns it"'


def test_several_borderline_features_and_no_decoys() -> None:
    ledger = diabetes_model().ledger()
    rare = replace(ledger, rows=tuple(replace(row, picked=0.5) for row in ledger))
    (note,) = notes(rare, None, [])
    assert note == (
        "sex, hdl, bp and 2 more are borderline: at most 24.10 above the tax and "
        "picked in 50% of half-samples"
    )
    off = replace(ledger, rows=tuple(replace(row, picked=None) for row in ledger))
    assert notes(off, None, []) == ("sex is borderline: 0.65 above the tax",)


def test_many_overlaps_are_counted() -> None:
    ledger = diabetes_model().ledger()
    sure = replace(ledger, rows=tuple(replace(row, picked=1.0) for row in ledger))
    pairs = [("a", "b", 0.99), ("c", "d", -0.95), ("e", "f", 0.9), ("g", "h", 0.9)]
    assert notes(sure, None, pairs) == (
        "a and b overlap (r 0.99), c and d overlap (r -0.95), and so do 2 more pairs: "
        'a zero here can mean "the twin earns it"',
    )


def test_errors_between_grid_points() -> None:
    cv = curve()
    middle = cv.at(float(np.sqrt(ALPHAS[3] * ALPHAS[4])))
    assert middle.mean == pytest.approx((cv.mean[3] + cv.mean[4]) / 2)
    assert cv.at(100.0).mean == cv.mean[0] and cv.at(0.0).mean == cv.mean[-1]
    assert cv.score(float(ALPHAS[15])).cv == pytest.approx(0.5)
    assert replace(cv, null=0.0, null_train=0.0).score(1.0)[:3] == (0.0, 0.0, 0.0)
