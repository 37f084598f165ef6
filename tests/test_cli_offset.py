"""`excise fit --offset`: the fit, what is said of it, and who needs the column again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from cli import excise, validator
from numpy.testing import assert_allclose

from excise import fit_cv
from excise.cross_validation import classes_of, cross_validate_problem, folds_of
from excise.exceptions import InputError
from excise.losses import loss_of
from excise.model import Model, build_model, load
from excise.problem import make_problem
from excise.report import render_report
from excise.survival import Survival

N, FEATURES = 240, list("abcd")
SILENT = ("--no-model", "--no-report", "--stability", "0", "--json")
FITS = {
    "claims": ("--loss", "poisson"),
    "size": (),
    "amount": ("--loss", "gamma"),
    "ill": (),
    "robust": ("--loss", "huber:1.5"),
    "middle": ("--loss", "quantile:0.5"),
}


def table() -> pl.DataFrame:
    """Four columns, an offset, and a target for each kind of loss, named after it."""
    rng = np.random.default_rng(4)
    X = rng.standard_normal((N, 4))
    time = rng.uniform(0.5, 20.0, N)
    eta = 0.7 * X[:, 0] - 0.4 * X[:, 1] + np.log(time)
    chance = 1.0 / (1.0 + np.exp(1.0 - eta))
    size = eta + rng.standard_normal(N)
    return pl.DataFrame(X, schema=FEATURES).with_columns(
        pl.Series("log_time", np.log(time)),
        pl.Series("claims", rng.poisson(np.exp(eta - 1.0))),
        pl.Series("size", size),
        pl.Series("amount", rng.gamma(2.0, np.exp(eta))),
        pl.Series("ill", np.where(rng.random(N) < chance, "yes", "no")),
        pl.Series("robust", size),
        pl.Series("middle", size),
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("offset")
    whole = table()
    whole.write_csv(folder / "all.csv")
    for name in FITS:
        whole.select(*FEATURES, "log_time", name).write_csv(folder / f"{name}.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, flags in FITS.items():
            assert fitted(name, *flags, "--offset", "log_time", "-q").code == 0
    return folder


@pytest.fixture(autouse=True)
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)


def fitted(name: str, *flags: object):  # type: ignore[no-untyped-def]
    return excise("fit", f"{name}.csv", name, *flags, "--stability", 4, "--folds", 5, "--grid", 40)


def arrays_of(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    frame = pl.read_csv(f"{name}.csv")
    y = frame[name].to_numpy()
    y = (y == "yes").astype(float) if name == "ill" else y.astype(float)
    return frame.select(FEATURES).to_numpy(), y, frame["log_time"].to_numpy()


@pytest.mark.parametrize("name", FITS)
def test_the_fit_is_that_of_fit_cv(name: str) -> None:
    model, (X, y, offset) = load(f"{name}.excise.json"), arrays_of(name)
    problem = make_problem(X, y, offset=offset, loss=model.loss, standardize=True, tol=1e-8)
    assert (classes_of(problem) is not None) == (name == "ill")
    cv = cross_validate_problem(problem, folds_of(problem, 5, random_state=0), alphas=40)
    assert model.alpha == pytest.approx(cv.alpha_, rel=1e-12)
    assert_allclose(model.coef, cv.best.coef, atol=1e-9)
    assert model.intercept == pytest.approx(cv.best.intercept, abs=1e-9)
    assert_allclose(model.cv.mean, cv.mean, rtol=1e-6)
    mean = loss_of(model.loss).mean(offset + cv.best.intercept + X @ cv.best.coef)
    said = excise("predict", f"{name}.excise.json", f"{name}.csv", "--json").json
    found = said["probabilities"] if name == "ill" else said["predictions"]
    assert_allclose(found, mean, rtol=1e-7)


def test_with_the_squared_loss_it_is_taken_off_the_target() -> None:
    frame = table()
    frame.select(*FEATURES, pl.col("size") - pl.col("log_time")).write_csv("less.csv")
    one = excise("fit", "size.csv", "size", "--offset", "log_time", *SILENT).json
    two = excise("fit", "less.csv", "size", *SILENT).json
    assert one["intercept"] == pytest.approx(two["intercept"], abs=1e-10)
    for mine, other in zip(one["ledger"], two["ledger"], strict=True):
        assert mine["coef"] == pytest.approx(other["coef"], abs=1e-10)
        assert mine["earns"] == pytest.approx(other["earns"], abs=1e-10)
    for key in ("cv", "se", "train"):
        assert one["score"][key] == pytest.approx(two["score"][key], abs=1e-6)


@pytest.mark.parametrize("name", ["claims", "ill", "size"])
def test_a_constant_more_is_a_constant_less_in_the_intercept(name: str) -> None:
    frame = pl.read_csv(f"{name}.csv").with_columns(pl.col("log_time") + 2.0)
    frame.write_csv("shifted.csv")
    flags = (*FITS[name], "--offset", "log_time", *SILENT)
    one = excise("fit", f"{name}.csv", name, *flags).json
    two = excise("fit", "shifted.csv", name, *flags).json
    assert two["intercept"] == pytest.approx(one["intercept"] - 2.0, abs=1e-6)
    assert one["score"]["cv"] == pytest.approx(two["score"]["cv"], abs=1e-7)
    for mine, other in zip(one["ledger"], two["ledger"], strict=True):
        assert mine["coef"] == pytest.approx(other["coef"], abs=1e-6)


def test_an_offset_of_zero_is_none() -> None:
    frame = pl.read_csv("claims.csv").with_columns(pl.lit(0.0).alias("log_time"))
    frame.write_csv("zero.csv")
    frame.drop("log_time").write_csv("none.csv")
    one = excise("fit", "zero.csv", "claims", "--loss", "poisson", "--offset", "log_time", *SILENT)
    two = excise("fit", "none.csv", "claims", "--loss", "poisson", *SILENT)
    assert one.json["intercept"] == pytest.approx(two.json["intercept"], abs=1e-9)
    assert one.json["score"]["cv"] == pytest.approx(two.json["score"]["cv"], abs=1e-9)


def test_survival_times() -> None:
    frame = table()
    rng = np.random.default_rng(9)
    hazard = np.exp(0.8 * frame["a"].to_numpy() + frame["log_time"].to_numpy() / 2.0)
    months = np.ceil(rng.exponential(1.0 / hazard) * 40.0)
    watched = frame.select(*FEATURES, (pl.col("log_time") / 2.0).alias("known")).with_columns(
        pl.Series("months", np.minimum(months, 60.0)), pl.Series("died", (months < 60.0) * 1)
    )
    watched.write_csv("watched.csv")
    watched.with_columns(pl.col("known") + 3.0).write_csv("more.csv")
    said, saved = [], []
    for name in ("watched", "more"):
        flags = ("--offset", "known", "--test", f"{name}.csv", "--stability", 0, "--json")
        said.append(excise("fit", f"{name}.csv", "months,died", *flags).json)
        times = ("--times", "6,24", "--json")
        saved.append(excise("predict", f"{name}.excise.json", f"{name}.csv", *times).json)
    one, two = said
    assert one["score"]["test"]["score"] == pytest.approx(one["score"]["train"], abs=1e-4)
    assert one["score"]["test"]["concordance"] > 0.65
    for key in ("cv", "concordance"):
        assert one["score"][key] == pytest.approx(two["score"][key], abs=1e-6)
    for mine, other in zip(one["ledger"], two["ledger"], strict=True):
        assert mine["coef"] == pytest.approx(other["coef"], abs=1e-6)
    assert_allclose(saved[1]["predictions"], np.exp(3.0) * np.array(saved[0]["predictions"]), 1e-5)
    assert_allclose(*(s["survival"]["probabilities"] for s in saved), atol=1e-6)
    X, offset = watched.select(FEATURES).to_numpy(), watched["known"].to_numpy()
    y = Survival(watched["months"].to_numpy(), watched["died"].to_numpy())
    cv = fit_cv(X, y, offset=offset, loss="cox", standardize=True, tol=1e-8)
    assert load("watched.excise.json").alpha == pytest.approx(cv.alpha_, rel=1e-10)
    assert_allclose([row["coef"] for row in one["ledger"]], cv.best.coef, atol=1e-8)
    lines = excise("explain", "watched.excise.json", "watched.csv", "--row", 2).out
    assert "known (offset)" in lines


def test_rows_held_back_are_scored_with_it() -> None:
    said = excise("fit", "claims.csv", "claims", "--loss", "poisson", "--offset", "log_time",
                  "--test", "claims.csv", *SILENT).json  # fmt: skip
    assert said["score"]["test"]["score"] == pytest.approx(said["score"]["train"], abs=1e-6)


@pytest.mark.parametrize("name", FITS)
def test_a_row_as_a_sum(name: str) -> None:
    offset = arrays_of(name)[2]
    document = excise("explain", f"{name}.excise.json", f"{name}.csv", "--row", 3, "--json").json
    terms = {term["feature"]: term for term in document["terms"]}
    assert terms["log_time (offset)"]["adds"] == pytest.approx(offset[2])
    total = document["intercept"] + sum(term["adds"] for term in document["terms"])
    assert document["sum"] == pytest.approx(total)
    said = excise("predict", f"{name}.excise.json", f"{name}.csv", "--json").json
    found = said["probabilities"] if name == "ill" else said["predictions"]
    assert document["prediction"] == pytest.approx(found[2])


def test_what_is_said() -> None:
    model = load("claims.excise.json")
    said = fitted("claims", "--loss", "poisson", "--offset", "log_time", "-o", "again")
    assert "Target claims: number, offset log_time" in " ".join(said.out.split())
    assert "log of claims = log_time - " in said.out
    ledger = excise("ledger", "claims.excise.json")
    assert ledger.out.splitlines()[0].endswith("Target claims, offset log_time")
    assert model.command == "excise fit claims.csv claims --loss poisson --offset log_time"
    assert "log_time is added to the log of claims as it is" in render_report(model)
    document = excise("fit", "claims.csv", "claims", "--offset", "log_time", *SILENT).json
    assert document["offset"] == "log_time"
    assert "log_time" not in {row["feature"] for row in document["ledger"]}
    plan: dict[str, Any] = json.loads(
        excise("fit", "claims.csv", "claims", "--offset", "log_time", "--dry-run", "--json").out
    )
    validator("plan").validate(plan)
    assert plan["offset"] == "log_time" and len(plan["data"]["columns"]) == 4


def test_the_file_comes_back() -> None:
    text = Path("claims.excise.json").read_text()
    model = Model.from_json(text)
    assert model.to_json() == text and model.target.offset == "log_time"
    assert json.loads(text)["version"] == "1.3"


def test_the_record_does_not_predict_without_it() -> None:
    X, y, offset = arrays_of("size")
    model = load("size.excise.json")
    with pytest.raises(InputError, match="was fitted with the offset 'log_time'"):
        model.predict(X)
    assert_allclose(model.predict(X, offset) - model.predict(X, 0.0 * offset), offset)
    plain = build_model(fit_cv(X, y, cv=3, alphas=5), stability=0, decoys=0)
    with pytest.raises(InputError, match="was fitted without an offset"):
        plain.predict(X, offset)
    unnamed = build_model(fit_cv(X, y, cv=3, alphas=5, offset=offset), stability=0, decoys=0)
    assert unnamed.target.offset == "offset"


REFUSED = {
    "predict claims.excise.json new.csv": (
        3,
        "error: new.csv has no column 'log_time', the offset of this model\n"
        "  it is added to the log of claims of each row as it is\n",
    ),
    "predict claims.excise.json case.csv": (
        3,
        "error: case.csv has no column 'log_time', the offset of this model\n"
        "  it is added to the log of claims of each row as it is\n"
        "  try: excise predict claims.excise.json case.csv --rename Log_Time=log_time\n",
    ),
    "explain claims.excise.json new.csv --row 1": (
        3,
        "error: new.csv has no column 'log_time', the offset of this model\n"
        "  it is added to the log of claims of each row as it is\n",
    ),
    "predict claims.excise.json holes.csv": (
        3,
        "error: column 'log_time' cannot be used as offset: 1 of 240 values are missing (line 4)\n",
    ),
    "fit holes.csv claims --offset log_time": (
        3,
        "error: column 'log_time' cannot be used as offset: 1 of 240 values are missing (line 4)\n",
    ),
    "fit all.csv claims --offset logtime": (
        3,
        "error: no column named 'logtime' in all.csv\n  11 columns; closest: log_time\n",
    ),
    "fit all.csv claims --offset ill": (
        3,
        "error: column 'ill' cannot be used as offset: it holds text (line 2: 'yes')\n",
    ),
    "fit all.csv claims --offset claims": (
        2,
        "error: the offset is the target itself\n  try: another --offset\n",
    ),
    "fit all.csv size,amount --offset log_time": (
        2,
        "error: --offset log_time: target 'size,amount' is 2 responses\n"
        "  an offset is added to one predictor\n"
        "  try: no --offset\n",
    ),
}


@pytest.mark.parametrize("command", REFUSED)
def test_refused_with_these_words(command: str) -> None:
    frame = pl.read_csv("claims.csv")
    frame.drop("log_time").write_csv("new.csv")
    frame.rename({"log_time": "Log_Time"}).write_csv("case.csv")
    hole = pl.when(pl.int_range(pl.len()) == 2).then(None).otherwise(pl.col("log_time"))
    frame.with_columns(hole.alias("log_time")).write_csv("holes.csv")
    said = excise(*command.split())
    assert (said.code, said.err, said.out) == (*REFUSED[command], "")


def test_renamed_columns() -> None:
    pl.read_csv("claims.csv").rename({"log_time": "Log_Time"}).write_csv("case.csv")
    said = excise("predict", "claims.excise.json", "case.csv", "--rename", "Log_Time=log_time",
                  "--json").json  # fmt: skip
    assert (
        said["predictions"]
        == (excise("predict", "claims.excise.json", "claims.csv", "--json").json["predictions"])
    )
