"""The command line for three classes and more: pages, predictions, sums, refusals."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from cli import Said, excise
from numpy.testing import assert_allclose
from sklearn.datasets import load_digits, load_iris, load_wine

from excise.cli.text.cells import width
from excise.explain.several import SeveralLedger
from excise.linear_model import SparseClassifier
from excise.model import Model, load

IRIS = """\
iris.csv: 150 rows, 4 numbers, nothing missing. Target species: class (setosa,
  versicolor, virginica)

  Tax      0.00661   highest penalty within one standard error of the best
"""
HARD = "</b><img src=x onerror=alert(1)>", "=1+1", "zwei\x1b[31m Wörter"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables, and a model of each."""
    folder = tmp_path_factory.mktemp("several")
    for name, data, target in (
        ("iris", load_iris(), "species"),
        ("wine", load_wine(), "cultivar"),
        ("digits", load_digits(), "digit"),
    ):
        names = [c.replace(" (cm)", "").replace(" ", "_") for c in data.feature_names]
        label = np.array([str(name) for name in data.target_names])[data.target]
        table = pl.DataFrame(data.data, schema=names).with_columns(pl.Series(target, label))
        table.head(500).write_csv(folder / f"{name}.csv")
    rng = np.random.default_rng(0)
    code = np.arange(90) % 3
    noisy = code + rng.standard_normal(90)
    frame = pl.DataFrame({"a": noisy, "b": rng.standard_normal(90), "c": code * 0.5 - noisy})
    frame.with_columns(pl.Series("kind", np.array(HARD)[code])).write_csv(folder / "hard.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, target, flags in (
            ("iris", "species", ()),
            ("wine", "cultivar", ("--grouped",)),
            ("digits", "digit", ("--folds", "4", "--grid", "20", "--stability", "3")),
            ("hard", "kind", ()),
        ):
            flags = (*flags, "--task", "class")
            assert excise("fit", f"{name}.csv", target, *flags, "-q").code == 0
    return folder


@pytest.fixture(autouse=True)
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)


NAMES = ("iris", "wine", "digits", "hard")
TARGETS = dict(zip(NAMES, ("species", "cultivar", "digit", "kind"), strict=True))


def model_of(name: str) -> Model:
    return load(f"{name}.excise.json")


def cells_of(said: Said) -> list[list[str]]:
    return list(csv.reader(io.StringIO(said.out)))


# --- fit -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [(), ("--ascii",), ("--grouped",), ("--sort", "name")])
@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_every_line_fits_the_page(flags: tuple[str, ...], columns: int) -> None:
    said = excise(
        "fit", "wine.csv", "cultivar", *flags, "--width", columns, "--no-model", "--no-report",
        "--folds", 4, "--stability", 10,
    )  # fmt: skip
    assert said.code == 0
    names = max(width(name) for name in load("wine.excise.json").feature_names)
    longest = max(width(line) for line in said.out.splitlines())
    assert longest <= max(columns, names + 6)
    assert said.out.isascii() or "--ascii" not in flags
    if columns >= 80:
        assert longest <= columns


def test_the_page_of_iris() -> None:
    said = excise("fit", "iris.csv", "species", "-o", "again")
    assert said.code == 0 and said.out.startswith(IRIS)
    model = load("again.excise.json")
    ledger = model.ledger()
    assert isinstance(ledger, SeveralLedger)
    lines = {line.split()[0]: line for line in said.out.splitlines() if line.endswith("%")}
    for row in ledger.by_feature():
        line = lines[row.feature]
        name, value = ledger.speaks_for(row.feature)[0]
        assert f" {name} {value:+.2g}"[:12] in line
        assert f"{row.picked:.0%}" in line and ("█" in line) == (row.coef_std != 0.0)
    order = [line.split()[0] for line in said.out.splitlines() if line.strip().endswith("%")]
    assert order == [row.feature for row in ledger.by_feature().sorted()]
    assert "bars and picked: the class that a feature earns most for" in said.out
    for text in model.equation().splitlines():
        assert text.split(" = ")[0] in said.out
    assert "4 of 4 features for one class or more; 6 of 12 coefficients" in said.out
    assert said.err.splitlines()[-2].startswith("next: excise why again.excise.json ") or (
        "next: excise why again.excise.json " in said.err
    )


@pytest.mark.parametrize("name", NAMES)
def test_json_follows_the_schema(name: str) -> None:
    flags = ("--folds", "3", "--grid", "8", "--stability", "2") if name == "digits" else ()
    said = excise("fit", f"{name}.csv", TARGETS[name], "--task", "class", *flags, "--json",
                  "--no-model", "--no-report")  # fmt: skip
    document = said.json
    K, p = len(document["levels"]), len(document["data"]["columns"])
    assert document["task"] == "class" and document["loss"] == "multinomial"
    assert document["outputs"] == document["levels"] and len(document["intercept"]) == K
    assert len(document["ledger"]) == K * p and not document["penalty"]["grouped"]
    rows = document["ledger"][:K]
    assert [row["output"] for row in rows] == document["levels"]
    assert document["certificate"]["zeros_total"] == sum(
        row["coef"] == 0.0 for row in document["ledger"]
    )
    assert {"accuracy", "auc", "deviance"} <= set(document["score"])
    assert len(document["equation"].splitlines()) == K


def test_the_fit_is_that_of_the_estimator(home: Path) -> None:
    for name, grouped in (("iris", False), ("wine", True)):
        frame = pl.read_csv(home / f"{name}.csv")
        y = frame[TARGETS[name]].to_numpy()
        X = frame.drop(TARGETS[name]).to_numpy()
        model, same = model_of(name), SparseClassifier(grouped=grouped, tol=1e-8).fit(X, y)
        assert model.alpha == pytest.approx(same.alpha_, rel=1e-12)
        assert_allclose(model.coef, same.coef_.T, atol=1e-9)
        assert_allclose(model.predict(X), same.predict_proba(X), atol=1e-9)
        theirs = same.ledger()
        assert_allclose([row.earns for row in model.ledger()], theirs["earns"], atol=1e-9)
        assert [row.picked for row in model.ledger()] == theirs["picked"].to_list()


def test_other_ways_to_ask_for_it() -> None:
    asked: tuple[tuple[str, ...], ...] = ((), ("--loss", "logistic"), ("--loss", "multinomial"))
    found = [excise("fit", "iris.csv", "species", *flags, "--dry-run", "--json") for flags in asked]
    assert {json.loads(said.out)["loss"] for said in found} == {"multinomial"}
    grouped = excise("fit", "iris.csv", "species", "--grouped", "--json", "--no-model",
                     "--no-report", "--stability", 0).json  # fmt: skip
    assert grouped["penalty"]["grouped"] and len(grouped["ledger"]) == 4
    assert all(row["output"] is None and len(row["coefs"]) == 3 for row in grouped["ledger"])


def test_rows_held_back_are_scored() -> None:
    said = excise("fit", "iris.csv", "species", "--test", 0.3, "--json", "--no-model",
                  "--no-report", "--stability", 0)  # fmt: skip
    tested = said.json["score"]["test"]
    assert tested["rows"] == 45 and tested["accuracy"] > 0.85 and 0.5 < tested["score"] <= 1.0
    frame = pl.read_csv("iris.csv")
    frame.filter(pl.col("species") != "setosa").write_csv("two.csv")
    fewer = excise("fit", "iris.csv", "species", "--test", "two.csv", "--json", "--no-model",
                   "--no-report", "--stability", 0).json  # fmt: skip
    assert "auc" not in fewer["score"]["test"] and fewer["score"]["test"]["rows"] == 100
    frame.with_columns(pl.lit("other").alias("species")).vstack(frame).write_csv("more.csv")
    said = excise("fit", "iris.csv", "species", "--test", "more.csv", "--stability", 0,
                  "--no-model", "--no-report")  # fmt: skip
    assert said.code == 3 and "a class that no training row has" in said.err


def test_weights_are_repeated_rows() -> None:
    frame = pl.read_csv("iris.csv").with_columns(
        pl.Series("w", np.arange(150) % 3 + 1), pl.Series("fold", np.arange(150) % 5)
    )
    frame.write_csv("weighted.csv")
    repeated = frame[np.repeat(np.arange(150), frame["w"].to_numpy())]
    repeated.write_csv("repeated.csv")
    flags = ("--group", "fold", "--folds", "5", "--stability", "0", "--json", "--no-model",
             "--no-report", "--rule", "lambda=0.01")  # fmt: skip
    one = excise("fit", "weighted.csv", "species", *flags, "--weights", "w").json
    two = excise("fit", "repeated.csv", "species", *flags, "--drop", "w").json
    assert_allclose(one["intercept"], two["intercept"], atol=1e-6)
    for mine, other in zip(one["ledger"], two["ledger"], strict=True):
        assert mine["coef"] == pytest.approx(other["coef"], abs=1e-6)


# --- the model file ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_predictions_are_probabilities_that_add_up(name: str) -> None:
    model, target = model_of(name), TARGETS[name]
    head, *rows = cells_of(excise("predict", f"{name}.excise.json", f"{name}.csv"))
    wanted = [f"{target}_pred", *(f"{target}_prob_{level}" for level in model.outputs)]
    assert head[-len(wanted) :] == wanted
    shares = np.array([row[-len(model.outputs) :] for row in rows], dtype=float)
    assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-12)
    said = [row[-len(wanted)].removeprefix("'") for row in rows]
    assert said == [model.outputs[k] for k in shares.argmax(axis=1)]
    document = excise("predict", f"{name}.excise.json", f"{name}.csv", "--json").json
    assert_allclose(document["probabilities"], shares, atol=1e-15)
    assert document["predictions"] == said and document["positive"] is None
    assert document["levels"] == list(model.outputs)


def test_columns_of_cut_features_are_not_needed() -> None:
    model = model_of("wine")
    cut = [c.name for c, kept in zip(model.columns, model.point.kept, strict=True) if not kept]
    assert cut
    pl.read_csv("wine.csv").drop(*cut, "cultivar").write_csv("less.csv")
    fewer = excise("predict", "wine.excise.json", "less.csv", "--json").json
    whole = excise("predict", "wine.excise.json", "wine.csv", "--json").json
    assert fewer["probabilities"] == whole["probabilities"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("columns", [50, 80])
def test_one_row_as_a_sum_for_each_class(name: str, columns: int) -> None:
    place = (f"{name}.excise.json", f"{name}.csv", "--row", 7)
    document = excise("explain", *place, "--json").json
    scores = [one["sum"] for one in document["outputs"]]
    shares = np.array([one["probability"] for one in document["outputs"]])
    e = np.exp(np.array(scores) - max(scores))
    assert_allclose(shares, e / e.sum(), rtol=1e-9)
    for one in document["outputs"]:
        adds = [term["coef"] * term["value"] for term in one["terms"]]
        assert_allclose([term["adds"] for term in one["terms"]], adds)
        assert one["sum"] == pytest.approx(one["intercept"] + sum(adds), abs=1e-9)
    best = document["outputs"][int(shares.argmax())]["output"]
    assert document["prediction"] == best and document["actual"] in model_of(name).outputs
    for flags in ((), ("--ascii",)):
        said = excise("explain", *place, "--width", columns, *flags)
        lines = said.out.splitlines()
        assert all(width(line) <= columns for line in lines)
        assert lines[0].startswith(f"row 7 of {name}.csv: ")
        assert any(line.startswith("  probability") for line in lines)
        if name == "digits":
            assert "more classes have probability" in said.out


@pytest.mark.parametrize("name", NAMES)
def test_why_says_what_the_ledger_says(name: str) -> None:
    ledger = model_of(name).ledger()
    assert isinstance(ledger, SeveralLedger)
    feature = ledger.by_feature().sorted().rows[0].feature
    document = excise("why", f"{name}.excise.json", feature, "--json").json["why"]
    assert document["accounts"] == [json.loads(json.dumps(r.to_dict())) for r in ledger.of(feature)]
    said = excise("why", f"{name}.excise.json", feature, "--width", 80)
    assert all(width(line) <= 80 for line in said.out.splitlines())
    assert "\x1b" not in said.out
    assert said.out.splitlines()[0].startswith(f"{feature}, at a tax of ")


@pytest.mark.parametrize("at", ["min", "1se", "2"])
def test_the_ledger_at_another_penalty(at: str) -> None:
    document = excise("ledger", "iris.excise.json", "--at", at, "--json").json
    there = model_of("iris").at(int(at) if at.isdecimal() else at)
    assert document["penalty"]["alpha"] == there.alpha
    assert document["ledger"] == [json.loads(json.dumps(r.to_dict())) for r in there.ledger()]
    assert document["intercept"] == there.intercept.tolist()
    said = excise("ledger", "iris.excise.json", "--at", at, "--limit", 2)
    assert f"kept {there.n_kept} of 4 features" in said.out
    assert "and 2 more rows not shown" in said.out


def test_names_cannot_drive_the_terminal_nor_a_spreadsheet() -> None:
    for command in (
        ("fit", "hard.csv", "kind", "--no-model", "--no-report"),
        ("why", "hard.excise.json", "a"),
        ("ledger", "hard.excise.json"),
        ("explain", "hard.excise.json", "hard.csv", "--row", 1),
    ):
        said = excise(*command)
        assert said.code == 0 and "\x1b" not in said.out + said.err
    html = Path("hard.report.html").read_text(encoding="utf-8")
    assert "<img" not in html and "\x1b" not in model_of("hard").to_json()
    cells = cells_of(excise("predict", "hard.excise.json", "hard.csv"))
    said = {row[cells[0].index("kind_pred")] for row in cells[1:]}
    assert "'=1+1" in said and "=1+1" not in said


def test_private_files_hold_no_counts() -> None:
    excise("fit", "iris.csv", "species", "--private", "-o", "private", "-q")
    private, whole = load("private.excise.json"), model_of("iris")
    assert private.confusion is None and whole.confusion is not None
    assert private.measured("accuracy") == whole.measured("accuracy")


# --- refusals ------------------------------------------------------------------------------------

REFUSED = {
    "fit lone.csv kind": (
        3,
        "error: target 'kind' is 'c' in 1 usable row only\n  a class needs two rows or more\n",
    ),
    "fit late.csv kind --time t --folds 3": (
        3,
        "error: fold 1 of 3 trains without a row of 'c'\n"
        "  --time decides which rows train\n"
        "  try: fewer --folds\n",
    ),
    "explain iris.excise.json iris.csv --row 151": (
        3,
        "error: iris.csv has 150 rows; there is no row 151\n  try: --row 150\n",
    ),
    "predict iris.excise.json iris.csv --times 3": (
        2,
        "error: --times: 'species' is a class, not a survival time\n  try: no --times\n",
    ),
    "fit constant.csv kind": (
        3,
        "error: target 'kind' is 'a' in all 20 rows; there is nothing to learn\n"
        "  check the filter that made constant.csv, or name another target\n",
    ),
}


@pytest.fixture(scope="module")
def odd_tables(home: Path) -> None:
    rows = range(40)
    lone = [f"{k * 7 % 11},{'c' if k == 9 else 'ab'[k % 2]}" for k in rows]
    late = [f"{k * 7 % 11},{k},{'c' if k > 33 else 'ab'[k % 2]}" for k in rows]
    constant = [f"{k},a" for k in range(20)]
    (home / "lone.csv").write_text("\n".join(["x,kind", *lone]) + "\n")
    (home / "late.csv").write_text("\n".join(["x,t,kind", *late]) + "\n")
    (home / "constant.csv").write_text("\n".join(["x,kind", *constant]) + "\n")


@pytest.mark.parametrize("command", REFUSED)
def test_refused_with_these_words(command: str, odd_tables: None) -> None:
    before = set(Path.cwd().iterdir())
    said = excise(*command.split())
    assert (said.code, said.err, said.out) == (*REFUSED[command], "")
    assert set(Path.cwd().iterdir()) == before
