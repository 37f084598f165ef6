"""`excise fit --schedule`: what is said of the stages, in text, JSON, file and report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cli import excise

from excise import fit
from excise.model import load
from excise.table import demo_path

VALID = "valid: static, prune, adaptive, reweighted, mcp, scad, log, lq; + puts one after another"


@pytest.fixture
def diabetes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "diabetes.csv").write_bytes(Path(demo_path("diabetes")).read_bytes())
    return "diabetes.csv"


def fitted(*flags: str) -> Path:
    said = excise("fit", "diabetes.csv", "progression", "-q", *flags)
    assert (said.code, said.out) == (0, ""), said.err
    return Path("diabetes.excise.json")


def test_the_stages_are_told_on_the_page(diabetes: str) -> None:
    said = excise("fit", diabetes, "progression", "--schedule", "prune:0,0.25,0.5,1")
    assert said.code == 0
    lines = said.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "  Stages   prune:0: prune (tax 14.8) keeps 4; refine (no tax) keeps 4" in lines
    rows = {line.split()[0]: line for line in lines if line.startswith("  ") and line.strip()}
    assert "free" in rows["bmi"] and "  14.8  " in rows["glu"]


@pytest.mark.parametrize("spec", ["mcp", "reweighted:2", "adaptive:lasso+prune:0.3", "lq:0.5"])
@pytest.mark.parametrize("width", [60, 80])
def test_every_page_fits(diabetes: str, spec: str, width: int) -> None:
    few = ("--grid", "15", "--folds", "4", "--stability", "5")
    said = excise("fit", diabetes, "progression", "--schedule", spec, "--width", width, *few)
    assert said.code == 0 and max(map(len, said.out.splitlines())) <= width
    for command in (["ledger"], ["why", "glu"], ["why", "bmi"], ["why", "hdl"]):
        name, *rest = command
        told = excise(name, "diabetes.excise.json", *rest, "--width", width)
        assert told.code == 0 and max(map(len, told.out.splitlines())) <= width


def test_why_says_where_a_feature_left(diabetes: str) -> None:
    model = str(fitted("--schedule", "prune:0"))
    said = excise("why", model, "glu", "--width", 120).out.splitlines()
    assert said[0] == (
        "glu is cut: it earns 11.5, the tax is 14.8 at stage prune, so its coefficient is exactly "
        "zero."
    )
    assert "  left at stage prune; refine goes on without it" in said
    assert said[-1].endswith("excise fit diabetes.csv progression --schedule prune:0 --drop ltg")
    said = excise("why", model, "bmi", "--width", 120).out.splitlines()
    assert said[0] == (
        "bmi is kept: it pays no tax at stage refine, so all it earns, 26.4, is its coefficient."
    )
    assert "  stage by stage: prune 20.8 -> refine 26.4" in said


def test_documents_have_the_stages(diabetes: str) -> None:
    document = excise(
        "fit", diabetes, "progression", "--schedule", "adaptive+prune:0", "--json"
    ).json
    assert document["schedule"] == "adaptive:ridge:1+prune:0"
    stages = document["stages"]
    assert [stage["name"] for stage in stages] == ["init ridge", "adaptive", "refine"]
    assert stages[0]["kept"] == 10 and len(stages[1]["dropped"]) == 10 - stages[1]["kept"]
    assert {row["stage"] for row in document["ledger"]} == {"adaptive", "refine"}
    model = "diabetes.excise.json"
    assert excise("ledger", model, "--json").json["stages"] == stages
    why = excise("why", model, "age", "--json").json["why"]
    assert why["stage"] == "adaptive" and why["stages"][2]["tax"] is None
    plain = excise("fit", diabetes, "progression", "--json", "--force").json
    assert "stages" not in plain and "stage" not in plain["ledger"][0]
    assert excise("why", model, "age", "--json").json["why"]["stages"] == []


def test_the_file_is_the_fit(diabetes: str) -> None:
    model = load(fitted("--schedule", "prune:0.25"))
    import polars as pl

    table = pl.read_csv("diabetes.csv", infer_schema_length=None)
    X, y = table.drop("progression").to_numpy(), table["progression"].to_numpy().astype(float)
    direct = fit(X, y, model.alpha, standardize=True, schedule="prune:0.25")
    np.testing.assert_allclose(model.coef, direct.coef, rtol=1e-8)
    assert [stage.name for stage in model.point.stages] == ["prune", "refine"]
    at = excise("ledger", "diabetes.excise.json", "--at", "2.5")
    assert at.code == 0 and "Stages of prune:0.25: prune (tax 2.50) keeps" in at.out


def test_the_report_has_a_short_table(diabetes: str) -> None:
    fitted("--schedule", "prune:0")
    page = Path("diabetes.report.html").read_text()
    assert 'id="stages"' in page and ">Stages</a>" in page
    assert '<tr><th scope="row">refine</th><td>no tax</td><td>4</td>' in page
    assert "left at stage prune; refine goes on without it" in page
    assert "all stages in each" in page and "and all stages, learned inside each fold" in page


@pytest.mark.parametrize("spec", ["static", "prune:1"])
def test_missing_values_are_filled_again_in_every_fold(diabetes: str, spec: str) -> None:
    lines = Path("diabetes.csv").read_text().splitlines()
    holes = [line if i % 7 else "," + line.partition(",")[2] for i, line in enumerate(lines)]
    Path("holes.csv").write_text("\n".join([lines[0], *holes[1:]]) + "\n")
    flags = ("--stability", "0", "--json")
    plain = excise("fit", "holes.csv", "progression", *flags).json
    same = excise("fit", "holes.csv", "progression", "--schedule", spec, *flags).json
    assert "missing" in plain["data"]["summary"]
    assert same["penalty"]["alpha"] == pytest.approx(plain["penalty"]["alpha"], rel=1e-9)
    for name in ("cv", "se", "train"):
        assert same["score"][name] == pytest.approx(plain["score"][name], abs=1e-6)


def test_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 4))
    y = np.where(X[:, 0] + rng.standard_normal(80) > 0.0, "yes", "no")
    rows = [",".join([*map(str, x), label]) for x, label in zip(X.tolist(), y, strict=True)]
    Path("t.csv").write_text("\n".join(["a,b,c,d,y", *rows]) + "\n")
    document = excise("fit", "t.csv", "y", "--schedule", "prune:0.5", "--json").json
    assert document["task"] == "class" and len(document["stages"]) == 2
    assert document["score"]["accuracy"]["cv"] > 0.6


REFUSED = [
    ("", f"error: a schedule needs at least one stage\n  {VALID}\n  try: --schedule prune:0\n"),
    (
        "prun:0.5",
        f"error: no schedule is called 'prun'\n  {VALID}\n  try: --schedule prune:0.5\n",
    ),
    (
        "prune:1.5",
        "error: schedule 'prune:1.5': refine is 1.5; it must lie in [0, 1]\n"
        "  form: prune:REFINE[,REFINE...]\n",
    ),
    (
        "static+mcp:0",
        "error: schedule 'mcp:0': shape is 0.0; of penalty 'mcp' it must be > 1\n"
        "  form: mcp:GAMMA:STEPS\n",
    ),
]


@pytest.mark.parametrize(("spec", "message"), REFUSED)
def test_what_is_no_schedule(diabetes: str, spec: str, message: str) -> None:
    said = excise("fit", diabetes, "progression", "--schedule", spec)
    assert (said.code, said.out, said.err) == (2, "", message)
    assert max(map(len, said.err.splitlines())) <= 100


def test_help_names_the_kinds() -> None:
    said = excise("fit", "--help")
    words = " ".join(said.out.split())
    for part in ("--schedule SPEC", "prune:0", "adaptive:ridge:1", "reweighted:3", "mcp:3"):
        assert part in words


def test_three_classes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("a,y\n" + "".join(f"{i},{'uvw'[i % 3]}\n" for i in range(30)))
    said = excise("fit", "t.csv", "y", "--schedule", "prune:0")
    assert said.code == 3
    assert said.err == (
        "error: target 'y' has 3 classes; a schedule is for two\n"
        "  'u', 'v', 'w'\n"
        "  try: excise fit t.csv y\n"
    )
