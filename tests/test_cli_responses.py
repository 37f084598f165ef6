"""Several responses on the command line: what TARGET means, the fit, its scores, its commands."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from cli import excise, validator
from numpy.testing import assert_allclose

from excise import fit_cv
from excise.cli.text.cells import width
from excise.engine import fit
from excise.exceptions import InputError
from excise.explain.several import SeveralLedger
from excise.folds import TEST, TRAIN, make_folds
from excise.linear_model import SparseRegressor
from excise.model import Model, load
from excise.model.file import digest
from excise.report import render_report
from excise.report.responses_chart import MOST_RESPONSES, responses_chart
from excise.table import Encoder, Table, Wishes, infer_columns, read_table, split_target

N, NAMES = 120, ("a", "b", "c")
QUICK = ("--folds", "4", "--grid", "30", "--stability", "3")
SILENT = ("--no-model", "--no-report", "--stability", "0")


def tables() -> dict[str, pl.DataFrame]:
    """Three responses of five columns and a category; the same with holes, and hard ones."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((N, 5))
    B = np.zeros((5, 3))
    B[:2] = [[1.0, 2.0, 0.0], [0.0, -1.0, 1.5]]
    Y = X @ B + rng.standard_normal((N, 3))
    step = np.arange(N)
    plain = pl.DataFrame(X, schema=[f"x{j}" for j in range(5)]).with_columns(
        pl.Series("kind", np.array(["u", "v", "w"])[step % 3]),
        *(pl.Series(name, Y[:, k]) for k, name in enumerate(NAMES)),
    )
    holes = plain.with_columns(
        pl.Series("b", np.where(step < 7, np.nan, Y[:, 1])).fill_nan(None),
        pl.Series("c", np.where(step == 50, np.nan, Y[:, 2])).fill_nan(None),
        pl.Series("x0", np.where(step % 9 == 0, np.nan, X[:, 0])).fill_nan(None),
    )
    more = plain.with_columns(
        pl.lit(5.0).alias("flat"),
        pl.lit(None, pl.Float64).alias("none"),
        pl.Series("hit", step % 2),
        pl.Series("code", step % 2 + 1),
        pl.Series("months", 1.0 + np.abs(Y[:, 0])),
        pl.Series("big", 1000.0 * Y[:, 2]),
    )
    endless = plain.with_columns(pl.Series("inf", np.where(step == 3, np.inf, Y[:, 0])))
    pair = plain.rename({"a": "a,b", "b": " d", "c": "e, f"})
    return {"plain": plain, "holes": holes, "more": more, "pair": pair, "endless": endless}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("responses")
    for name, frame in tables().items():
        frame.write_csv(folder / f"{name}.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("plain", "holes"):
            assert excise("fit", f"{name}.csv", "a,b,c", "-q").code == 0
    return folder


@pytest.fixture(autouse=True)
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)


def planned(*arguments: object) -> dict[str, Any]:
    """What a dry run says, checked against the published schema."""
    document: dict[str, Any] = json.loads(excise("fit", *arguments, "--dry-run", "--json").out)
    validator("plan").validate(document)
    return document


def encoded_of(name: str):  # type: ignore[no-untyped-def]
    table = read_table(f"{name}.csv")
    return Encoder.fit(table, infer_columns(table, "a", Wishes(responses=NAMES)))


# --- what TARGET means ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "event", "responses"),
    [
        ("a", "", ()),
        ("a,b,c", "", ("a", "b", "c")),
        ("c,a", "", ("c", "a")),
        (" a , b", "", ("a", "b")),
        ("months,hit", "hit", ()),
        ("months,code", "code", ()),
        ("months,kind", "kind", ()),
        ("hit,months", "months", ()),  # to be refused as the wrong way round
        ("months,hit,a", "", ("months", "hit", "a")),
        ("months,flat", "flat", ()),
    ],
)
def test_what_a_target_means(argument: str, event: str, responses: tuple[str, ...]) -> None:
    table = Table.of_frame(tables()["more"], "more")
    goal = split_target(table, argument)
    assert (goal.event, goal.responses) == (event, responses)
    assert goal.columns == (responses or ((goal.name, event) if event else (argument,)))
    numbers = split_target(table, argument, as_numbers=True)
    assert not numbers.event
    asked = split_target(table, argument, survival="--loss cox") if not len(responses) > 2 else None
    assert asked is None or bool(asked.event) == ("," in argument)


def test_names_with_commas() -> None:
    table = Table.of_frame(tables()["pair"], "pair")
    assert split_target(table, "a,b").columns == ("a,b",)
    assert split_target(table, "a,b,e, f").responses == ("a,b", "e, f")
    assert split_target(table, "x0,a,b, d").responses == ("x0", "a,b", " d")


REFUSED = {
    "plain.csv a,b,cc": (
        3,
        "error: no column named 'cc' in plain.csv\n"
        "  9 columns; closest: c\n"
        "  try: excise fit plain.csv a,b,c\n",
    ),
    "plain.csv a,c,a": (
        2,
        "error: target 'a,c,a' names column 'a' twice\n  try: excise fit plain.csv a,c\n",
    ),
    "plain.csv a,kind,c": (
        3,
        "error: response 'kind' is not a number but category (line 2: 'u')\n"
        "  several responses are numbers; a class has a model of its own\n"
        "  try: excise fit plain.csv a,c\n",
    ),
    "more.csv a,kind --task number": (
        3,
        "error: response 'kind' is not a number but category (line 2: 'u')\n"
        "  several responses are numbers; a class has a model of its own\n"
        "  try: excise fit more.csv a\n",
    ),
    "more.csv a,flat,c": (
        3,
        "error: response 'flat' is 5 in all 120 rows; there is nothing to learn\n"
        "  check the filter that made more.csv, or leave it out\n"
        "  try: excise fit more.csv a,c\n",
    ),
    "more.csv a,none,c": (
        3,
        "error: response 'none' is missing in all 120 rows\n  try: excise fit more.csv a,c\n",
    ),
    "endless.csv inf,c": (
        3,
        "error: column 'inf' holds infinity (line 5: inf)\n"
        "  try: correct it, or say that it means missing: --na inf,-inf\n",
    ),
    "plain.csv a,b --loss logistic": (
        3,
        "error: target 'a,b' is 2 responses; the logistic loss is for one\n"
        "  several responses take the squared loss\n"
        "  try: excise fit plain.csv a,b\n",
    ),
    "plain.csv a,b,c --loss poisson": (
        3,
        "error: target 'a,b,c' is 3 responses; the poisson loss is for one\n"
        "  several responses take the squared loss\n"
        "  try: excise fit plain.csv a,b,c\n",
    ),
    "plain.csv a,b --task class": (
        3,
        "error: target 'a,b' is 2 responses, not a class\n  try: excise fit plain.csv a,b\n",
    ),
    "plain.csv a,b --schedule prune:0": (
        2,
        "error: --schedule prune:0: target 'a,b' is 2 responses\n"
        "  a schedule is for one response\n"
        "  try: no --schedule\n",
    ),
    "plain.csv a,b --nonnegative": (
        2,
        "error: --nonnegative: target 'a,b' is 2 responses\n"
        "  a feature is in or out for all responses together, and has no one sign\n"
        "  try: no --nonnegative\n",
    ),
    "plain.csv a,b,c --positive u": (
        2,
        "error: --positive u: target 'a,b,c' is 3 columns, not TIME,EVENT\n"
        "  try: no --positive u\n",
    ),
    "plain.csv a,b,c --loss cox": (
        2,
        "error: --loss cox: target 'a,b,c' is 3 columns, not TIME,EVENT\n  try: no --loss cox\n",
    ),
    "plain.csv a,b,c --task survival": (
        2,
        "error: --task survival: target 'a,b,c' is 3 columns, not TIME,EVENT\n"
        "  try: no --task survival\n",
    ),
    "plain.csv a,b,c --entry x0": (
        2,
        "error: --entry x0: target 'a,b,c' is 3 columns, not TIME,EVENT\n  try: no --entry x0\n",
    ),
    "plain.csv a,b --weights b": (
        2,
        "error: the weights are the target itself\n  try: another --weights\n",
    ),
    "holes.csv a,b,c --folds 200": (
        3,
        "error: 112 usable rows cannot fill 200 folds (8 of 120 rows lack a response (7 b, 1 c))\n"
        "  try: --folds 56\n",
    ),
}


@pytest.mark.parametrize("command", REFUSED)
def test_refused_with_these_words(command: str) -> None:
    before = sorted(path.name for path in Path().iterdir())
    said = excise("fit", *command.split())
    assert (said.code, said.err, said.out) == (*REFUSED[command], "")
    assert sorted(path.name for path in Path().iterdir()) == before


def test_two_numbers_of_which_one_has_two_values() -> None:
    said = planned("more.csv", "months,hit", "--task", "number")
    assert said["outputs"] == ["months", "hit"] and said["event"] is None
    said = planned("more.csv", "months,hit")
    assert said["outputs"] == [] and said["event"] == "hit"


def test_events_may_be_written_with_a_point(tmp_path: Path) -> None:
    frame = tables()["more"].with_columns(pl.col("hit").cast(pl.Float64))
    frame.write_parquet(tmp_path / "float.parquet")
    said = planned(tmp_path / "float.parquet", "months,hit")
    assert said["event"] == "hit" and said["task"] == "survival"


# --- the fit -------------------------------------------------------------------------------------


def test_the_fit_is_that_of_the_estimator() -> None:
    encoded, model = encoded_of("plain"), load("plain.excise.json")
    same = SparseRegressor(tol=1e-8).fit(encoded.X, encoded.y)
    assert model.alpha == pytest.approx(same.alpha_, rel=1e-12)
    assert_allclose(model.coef, same.coef_.T, atol=1e-12)
    assert_allclose(model.predict(encoded.X), same.predict(encoded.X), atol=1e-12)
    theirs = same.ledger()
    assert_allclose([row.earns for row in model.ledger()], theirs["earns"], atol=1e-10)
    assert [row.picked for row in model.ledger()] == theirs["picked"].to_list()
    for mine, other in zip(model.by_response, same.model_.by_response, strict=True):
        assert_allclose(mine.mean, other.mean, rtol=1e-10)


def test_fills_are_learned_again_inside_each_fold() -> None:
    encoded, model = encoded_of("holes"), load("holes.excise.json")
    assert encoded.imputation is not None and len(encoded.rows) == 112
    settings = {"standardize": True, "tol": 1e-8}
    cv = fit_cv(encoded.X, encoded.y, imputation=encoded.imputation, **settings)
    assert model.alpha == pytest.approx(cv.alpha_, rel=1e-12)
    assert_allclose(model.coef, cv.best.coef, atol=1e-12)
    assert_allclose(model.cv.mean, cv.mean, rtol=1e-6)
    own = held_out_errors("holes", model.alpha)
    (found,) = [e for e in model.by_response if e.alpha == model.alpha]
    assert_allclose(found.mean, own.mean(axis=0), rtol=1e-7)
    assert_allclose(found.se, own.std(axis=0, ddof=1) / np.sqrt(len(own)), rtol=1e-7)


def held_out_errors(name: str, alpha: float) -> np.ndarray:
    """Fold by fold: encode the training rows, fit, predict the others; shape (10, K)."""
    encoded, table = encoded_of(name), read_table(f"{name}.csv")
    found = []
    for roles in make_folds(len(encoded.rows), 10, random_state=0).roles:
        here = replace(encoded.plan, rows=encoded.rows[roles == TRAIN])
        train = Encoder.fit(table, here)
        solved = fit(train.X, train.y, alpha, standardize=True)
        there = train.encoder.transform(table.take(encoded.rows[roles == TEST])).X
        left = encoded.y[roles == TEST] - solved.intercept - there @ solved.coef
        found.append(np.square(left).mean(axis=0))
    return np.array(found)


@pytest.mark.parametrize("name", ["plain", "holes"])
def test_errors_of_the_responses_add_up_to_what_was_chosen_by(name: str) -> None:
    model = load(f"{name}.excise.json")
    assert {e.alpha for e in model.by_response} == {model.alpha, model.alpha_min}
    for at in ("min", "1se"):
        moved, whole = model.at(at), model.cv.at(model.at(at).alpha)
        scores = moved.response_scores
        assert [s.name for s in scores] == list(NAMES)
        assert sum(s.mean for s in scores) == pytest.approx(whole.mean, rel=1e-6)
        assert sum(s.train for s in scores) == pytest.approx(whole.train, rel=1e-6)
        assert sum(s.null for s in scores) == pytest.approx(model.cv.null, rel=1e-9)
        assert sum(s.r2.cv * s.null for s in scores) / model.cv.null == pytest.approx(
            moved.score.cv if moved.score else 0.0, rel=1e-6
        )
    other = float(model.path.alphas[3])
    assert model.at(other).response_scores == ()


def test_the_order_of_the_responses_does_not_matter() -> None:
    one = excise("fit", "plain.csv", "a,b,c", *SILENT, "--json").json
    two = excise("fit", "plain.csv", "c,a,b", *SILENT, "--json").json
    assert one["penalty"]["alpha"] == pytest.approx(two["penalty"]["alpha"], rel=1e-12)
    by_name = {s["response"]: s for s in two["score"]["responses"]}
    for score in one["score"]["responses"]:
        assert score["r2"]["cv"] == pytest.approx(by_name[score["response"]]["r2"]["cv"], rel=1e-9)
    for mine, other in zip(one["ledger"], two["ledger"], strict=True):
        assert mine["earns"] == pytest.approx(other["earns"], abs=1e-10)
        assert mine["coefs"] == pytest.approx(np.roll(other["coefs"], -1), abs=1e-10)


def test_weights_are_repeated_rows() -> None:
    frame = tables()["plain"].with_columns(
        pl.Series("w", np.arange(N) % 3 + 1), pl.Series("fold", np.arange(N) % 5)
    )
    frame.write_csv("weighted.csv")
    frame[np.repeat(np.arange(N), frame["w"].to_numpy())].write_csv("repeated.csv")
    flags = ("--group", "fold", "--folds", "5", "--json", *SILENT, "--rule", "lambda=0.1")
    one = excise("fit", "weighted.csv", "a,b,c", *flags, "--weights", "w").json
    two = excise("fit", "repeated.csv", "a,b,c", *flags, "--drop", "w").json
    assert_allclose(one["intercept"], two["intercept"], atol=1e-8)
    for mine, other in zip(one["score"]["responses"], two["score"]["responses"], strict=True):
        for key in ("cv", "se", "train", "null"):
            assert mine["mse"][key] == pytest.approx(other["mse"][key], rel=1e-8)


def test_forward_folds_and_rows_held_back() -> None:
    flags = ("--time", "t", "--test", "0.25", "--json", *SILENT)
    tables()["plain"].with_columns(pl.Series("t", np.arange(N))).write_csv("timed.csv")
    said = excise("fit", "timed.csv", "a,b,c", *flags).json
    tested = said["score"]["test"]
    frame = tables()["plain"]
    later = frame[90:]
    assert tested["rows"] == 30
    model_said = {row["feature"]: row["coefs"] for row in said["ledger"]}
    X = later.with_columns(
        *(pl.Series(f"kind={v}", (later["kind"] == v).cast(pl.Float64)) for v in "uvw")
    )
    eta = np.array(said["intercept"]) + sum(
        X[name].to_numpy()[:, None] * np.array(coefs) for name, coefs in model_said.items()
    )
    for k, one in enumerate(tested["responses"]):
        y = later[NAMES[k]].to_numpy()
        mse = np.mean((y - eta[:, k]) ** 2)
        null = np.mean((y - frame[NAMES[k]][:90].mean()) ** 2)
        assert one["mse"] == pytest.approx(mse) and one["null"] == pytest.approx(null)
        assert one["r2"] == pytest.approx(1.0 - mse / null)
    left, whole = (sum(one[key] for one in tested["responses"]) for key in ("mse", "null"))
    assert tested["score"] == pytest.approx(1.0 - left / whole)


def test_a_file_of_test_rows() -> None:
    said = excise("fit", "plain.csv", "a,b,c", "--test", "holes.csv", *SILENT)
    assert "on 112 test rows (a 0." in " ".join(said.out.split())
    assert said.code == 0


# --- what is said --------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [(), ("--ascii",), ("--sort", "name")])
@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_every_line_fits_the_page(flags: tuple[str, ...], columns: int) -> None:
    said = excise(
        "fit", "holes.csv", "a,b,c", *flags, "--width", columns, "--no-model", "--no-report", *QUICK
    )
    assert said.code == 0
    assert max(width(line) for line in said.out.splitlines()) <= columns


def test_the_page() -> None:
    said = excise("fit", "holes.csv", "a,b,c", "-o", "again")
    model = load("again.excise.json")
    words = " ".join(said.out.split())
    assert words.startswith(
        "holes.csv: 120 rows, 5 numbers, 1 category, 13 values missing in 1 column, 8 rows without "
        "all responses left out. Target a,b,c: 3 responses Tax "
    )
    each = ", ".join(f"{s.name} {s.r2.cv:.2f} +/- {s.r2.se:.2f}" for s in model.response_scores)
    assert f" Each R2 held out: {each} Verdict " in words
    assert said.err.endswith("warning: 8 of 120 rows lack a response (7 b, 1 c) and are left out\n")
    for text in model.equation().splitlines():
        assert text.split(" + ")[0] in said.out
    assert model.command == "excise fit holes.csv a,b,c"


def test_the_command_of_two_responses_makes_them_again() -> None:
    assert (
        excise("fit", "more.csv", "months,hit", "--task", "number", *QUICK, "-o", "two").code == 0
    )
    command = load("two.excise.json").command
    assert command == "excise fit more.csv months,hit --task number"


def test_many_responses_are_told_by_both_ends(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    X = rng.standard_normal((80, 3))
    Y = X @ rng.standard_normal((3, 9)) + 3.0 * rng.standard_normal((80, 9))
    frame = pl.DataFrame(np.hstack([X, Y]), schema=[*"uvw", *(f"y{k}" for k in range(9))])
    frame.write_csv(tmp_path / "many.csv")
    target = ",".join(f"y{k}" for k in range(9))
    said = excise("fit", tmp_path / "many.csv", target, *SILENT)
    document = excise("fit", tmp_path / "many.csv", target, *SILENT, "--json").json
    ranked = sorted(document["score"]["responses"], key=lambda s: s["r2"]["cv"])
    words = " ".join(said.out.split())
    assert f"from {ranked[0]['response']} {ranked[0]['r2']['cv']:.2f}" in words
    assert f"to {ranked[-1]['response']} {ranked[-1]['r2']['cv']:.2f}" in words
    assert "; half of them above" in words


def test_a_response_that_drowns_the_others_is_named() -> None:
    note = "big has nearly all of the variance of all responses, and so decides what is kept"
    assert note in " ".join(excise("fit", "more.csv", "a,b,big", *SILENT).out.split())
    assert "of the variance of all" not in excise("fit", "more.csv", "a,b,c", *SILENT).out


def test_a_time_beside_codes_is_asked_about() -> None:
    frame = tables()["more"].with_columns(pl.Series("status", np.arange(N) % 3))
    frame.write_csv("codes.csv")
    note = "status has 3 values: if one of them, say 1, says that an event came at months, "
    note += "--positive 1 fits survival times"
    assert note in " ".join(excise("fit", "codes.csv", "months,status", *SILENT).out.split())
    asked = excise("fit", "codes.csv", "months,status", "--task", "number", *SILENT)
    assert "survival" not in asked.out and asked.code == 0
    assert planned("codes.csv", "months,status", "--positive", "1")["event"] == "status"
    assert "survival" not in excise("fit", "codes.csv", "a,status", *SILENT).out


def test_features_that_are_a_response_in_disguise() -> None:
    frame = tables()["plain"].with_columns((pl.col("b") * 2.0 + 1.0).alias("twice"))
    frame.write_csv("leak.csv")
    said = excise("fit", "leak.csv", "a,b,c", *SILENT)
    assert "twice alone explains 100.0% of b: is it known before the target is?" in " ".join(
        said.err.split()
    )


# --- the files and what they are asked -----------------------------------------------------------


def test_json_follows_the_schema() -> None:
    document = excise("fit", "plain.csv", "a,b,c", *SILENT, "--json").json
    assert document["outputs"] == list(NAMES) and document["target"] == "a, b and c"
    assert document["loss"] == "squared" and document["penalty"]["grouped"]
    assert len(document["intercept"]) == 3 and len(document["ledger"]) == 8
    assert {"mse", "responses"} <= set(document["score"])
    plan = planned("plain.csv", "a,b,c")
    assert plan["outputs"] == list(NAMES) and plan["dry_run"]
    ledger = excise("ledger", "plain.excise.json", "--at", "min", "--json").json
    assert ledger["outputs"] == list(NAMES)
    why = excise("why", "plain.excise.json", "x0", "--json").json["why"]
    assert why["noun"] == "response" and why["outputs"] == list(NAMES)


def test_predictions() -> None:
    model, encoded = load("plain.excise.json"), encoded_of("plain")
    said = excise("predict", "plain.excise.json", "plain.csv")
    head, *rows = csv.reader(io.StringIO(said.out))
    assert head[-3:] == ["a_pred", "b_pred", "c_pred"]
    found = np.array([row[-3:] for row in rows], dtype=float)
    assert_allclose(found, model.predict(encoded.X), rtol=1e-14)
    document = excise("predict", "plain.excise.json", "plain.csv", "--json").json
    assert_allclose(document["predictions"], found, rtol=1e-14)
    assert document["outputs"] == list(NAMES) and document["probabilities"] is None
    tables()["plain"].drop(NAMES).write_csv("new.csv")
    assert (
        excise("predict", "plain.excise.json", "new.csv", "--json").json["predictions"]
        == (document["predictions"])
    )


@pytest.mark.parametrize("row", [1, 2, 60])
def test_a_row_as_sums(row: int) -> None:
    document = excise("explain", "holes.excise.json", "holes.csv", "--row", row, "--json").json
    frame = read_table("holes.csv").frame
    predicted = excise("predict", "holes.excise.json", "holes.csv", "--json").json["predictions"]
    assert document["prediction"] == pytest.approx(predicted[row - 1])
    assert document["actual"] == [frame[name][row - 1] for name in NAMES]
    for one in document["outputs"]:
        total = one["intercept"] + sum(term["adds"] for term in one["terms"])
        assert total == pytest.approx(one["sum"])
    lines = excise("explain", "holes.excise.json", "holes.csv", "--row", row).out.splitlines()
    named = (f"{n} = {x:.2f}"[: len(n) + 6] for n, x in zip(NAMES, predicted[row - 1], strict=True))
    assert all(text in lines[0] for text in named)
    assert lines[-1].split()[:2] == ["table", "says"]
    if row == 1:
        assert lines[-1].split()[3] == "."  # b is missing there


def test_a_row_without_its_responses() -> None:
    tables()["plain"].drop(NAMES).write_csv("new.csv")
    said = excise("explain", "plain.excise.json", "new.csv", "--row", 1)
    assert said.code == 0 and "table says" not in said.out
    document = excise("explain", "plain.excise.json", "new.csv", "--row", 1, "--json").json
    assert document["actual"] == [None] * 3


def test_the_file_comes_back() -> None:
    text = Path("holes.excise.json").read_text()
    model = Model.from_json(text)
    assert model.to_json() == text
    assert isinstance(model.ledger(), SeveralLedger)
    found = json.loads(text)["responses"]
    assert [one["alpha"] for one in found] == [e.alpha for e in model.by_response]


@pytest.mark.parametrize(
    "damage",
    [
        lambda e: e | {"mean": e["mean"][:2]},
        lambda e: e | {"null": [-1.0, 1.0, 1.0]},
        lambda e: {key: value for key, value in e.items() if key != "train"},
        lambda e: e | {"alpha": "high"},
    ],
)
def test_damaged_errors_are_refused(damage) -> None:  # type: ignore[no-untyped-def]
    content = json.loads(Path("plain.excise.json").read_text())
    content["responses"] = [damage(content["responses"][0])]
    with pytest.raises(InputError, match="damaged"):
        Model.from_json(json.dumps(content | {"sha256": digest(content)}))


def test_a_file_that_does_not_say_how_well_each_is_predicted() -> None:
    model = replace(load("plain.excise.json"), by_response=())
    again = Model.from_json(model.to_json())
    assert again.response_scores == () and "Each" not in str(render_report(again))
    assert "How well is each response predicted?" not in render_report(again)


def test_more_responses_than_can_be_drawn_have_a_table() -> None:
    model = load("plain.excise.json")
    score = model.response_scores[0]
    for n in (MOST_RESPONSES, MOST_RESPONSES + 1):
        scores = tuple(score._replace(name=f"y{k}") for k in range(n))
        chart = responses_chart(scores)
        assert (chart.wide is None) == (n > MOST_RESPONSES)
        assert chart.table is not None and len(chart.table.rows) == n
    lost = score._replace(name="lost", r2=score.r2._replace(cv=-0.25))
    said = responses_chart((score, lost)).answer
    assert said.endswith(
        "worst is lost with R² −0.25, on held-out rows; 1 response is predicted no "
        "better than by the mean."
    )


def test_the_report_says_what_the_record_holds() -> None:
    model, page = load("plain.excise.json"), Path("plain.report.html").read_text()
    assert "How well is each response predicted?" in page
    for score in model.response_scores:
        assert f"{score.name} {score.r2.cv:.2f} ± {score.r2.se:.2f}" in page
        assert f"<td>{score.r2.cv:.3f}</td>" in page
