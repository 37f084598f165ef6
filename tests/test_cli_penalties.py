"""`excise fit --penalty mcp:3` and `--whole-categories`: pages, JSON, files, refusals."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest
from cli import excise
from islp import _folder

from excise.model import file, load
from excise.table import demo_path

SCHEMA = json.loads((Path(file.__file__).parent / "schema.json").read_text())
WAGE = ("wage.csv", "wage", "--drop", "logwage,region", "--stability", "10", "--grid", "40")

CARSEATS = """\
carseats.csv: 400 rows, 7 numbers, 2 yes/no, 1 category, nothing missing. Target
  Sales: number

  Tax      0.500   as given (the best is 5.69e-07); everything is cut above 1.26
  Kept     7 of 12 features
  Groups   1 of 1 kept, each in or out as one: ShelveLoc (3 columns)
  Score    R2 0.53 +/- 0.03 in 10-fold CV, 0.55 on the training rows
  Verdict  UNDERFIT: the tax is too high: 5.69e-07 would gain 0.33 with 5 more
  Proof    optimal to 1e-15 (duality gap / null loss); all 5 zeros verified

  feature           earns    tax          tax 0.500                keeps  picked
  ShelveLoc=Bad     1.839  0.866  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒████████████████  -0.471    100%
  ShelveLoc=Good    1.839  0.866  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒████████████████  +0.581    100%
  ShelveLoc=Medium  1.839  0.866  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒████████████████  -0.074    100%
  Price             1.441  0.500  ▒▒▒▒▒▒▒▒████████████████        -0.941    100%
"""
WHY = """\
ShelveLoc=Medium is kept: its group of 3 earns 1.839 against a tax of 0.866; its
  coefficient is -0.0735.
  together they would earn     1.807
  with the others in           1.839   0.973 above the tax
  ShelveLoc is in or out as one: with ShelveLoc=Bad and ShelveLoc=Good
"""


@pytest.fixture(autouse=True)
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("Carseats", "Wage", "BrainCancer", "OJ"):
        shutil.copy(_folder() / f"{name}.csv", tmp_path / f"{name.lower()}.csv")
    (tmp_path / "diabetes.csv").write_bytes(Path(demo_path("diabetes")).read_bytes())


def categories(model: str) -> dict[str, list[int]]:
    """The columns of every category, by its name."""
    found: dict[str, list[int]] = {}
    columns = load(model).columns
    for j, column in enumerate(columns):
        found.setdefault(column.group, []).append(j)
    return {name: members for name, members in found.items()
            if any(columns[j].kind == "category" for j in members)}  # fmt: skip


def test_the_page_of_whole_categories() -> None:
    flags = ("--rule", "lambda=0.5", "--stability", "20")
    said = excise("fit", "carseats.csv", "Sales", "--whole-categories", *flags)
    page = said.out.replace("optimal to 2e-15", "optimal to 1e-15")
    assert said.code == 0 and page.startswith(CARSEATS), said.out
    assert max(map(len, said.out.splitlines())) <= 80
    told = excise("why", "carseats.excise.json", "ShelveLoc=Medium").out
    assert told.startswith(WHY), told
    said = excise("ledger", "carseats.excise.json", "--at", "0.9").out.splitlines()
    assert said[1] == "Groups 1 of 1 kept, each in or out as one: ShelveLoc (3 columns)"


def test_every_category_is_wholly_in_or_out() -> None:
    assert excise("fit", *WAGE, "--whole-categories", "-q").code == 0
    named = "wage.excise.json"
    groups = categories(named)
    assert {name: len(members) for name, members in groups.items()} == {
        "maritl": 5, "race": 4, "education": 5,
    }  # fmt: skip
    model = load(named)
    jsonschema.validate(json.loads(Path(named).read_text()), SCHEMA)
    inside = set()
    for alpha in model.path.alphas.tolist():
        there = model.at(alpha)
        for row in there.ledger():
            assert (row.coef != 0.0) == (row.earns > row.tax)
        for name, members in groups.items():
            kept = there.coef[members] != 0.0
            assert kept.all() or not kept.any()
            inside.add((name, bool(kept.all())))
    assert len(inside) == 6
    for members in groups.values():
        rows = [model.ledger()[j] for j in members]
        assert len({(row.picked, row.enters, row.earns, row.tax) for row in rows}) == 1


def test_documents_and_files_of_whole_categories() -> None:
    flags = ("--whole-categories", "--penalty", "elastic:0.5", "--json")
    document = excise("fit", *WAGE, *flags).json
    assert document["penalty"]["kind"] == "group" and document["penalty"]["l1_ratio"] == 0.5
    assert [len(one) for one in document["penalty"]["groups"]] == [5, 4, 5]
    assert document["certificate"]["certified"] and "stationary" not in document["certificate"]
    assert "mse" in document["score"]
    rows = {row["feature"]: row for row in document["ledger"]}
    assert rows["race=1. White"]["together"] == document["penalty"]["groups"][1]
    assert rows["age"]["together"] == []
    named = "wage.excise.json"
    why = excise("why", named, "race=1. White", "--json").json["why"]
    assert why["form"] == "group" and why["group_name"] == "race" and len(why["together"]) == 4
    assert excise("ledger", named, "--at", "min", "--json").json["ledger"][0]["feature"]
    assert excise("ledger", named, "--at", "4.321").code == 0  # from the moments
    said = excise("predict", named, "wage.csv")
    assert said.code == 0 and len(said.out.splitlines()) == 3001
    assert excise("explain", named, "wage.csv", "--row", "3").code == 0
    assert load(named).command == (
        "excise fit wage.csv wage --penalty elastic:0.5 --whole-categories"
    )
    page = Path("wage.report.html").read_text()
    assert "group lasso: 3 groups, 5 columns alone" in page and "race is in or out as one" in page


def test_a_missing_level_is_in_the_group_of_its_category() -> None:
    flags = ("--whole-categories", "--stability", "10")
    said = excise("fit", "braincancer.csv", "time,status", *flags, "--json").json
    assert said["penalty"]["groups"] == [
        [*(f"diagnosis={level}" for level in ("HG glioma", "LG glioma", "Meningioma", "Other")),
         "diagnosis is missing"]
    ]  # fmt: skip
    kept = {row["feature"]: row["coef"] != 0.0 for row in said["ledger"]}
    assert len({kept[name] for name in said["penalty"]["groups"][0]}) == 1


def test_classes_of_whole_categories() -> None:
    flags = ("--drop", "wage,logwage,region", "--stability", "5", "--grid", "25", "--json")
    said = excise("fit", "wage.csv", "health", "--whole-categories", *flags).json
    assert said["task"] == "class" and len(said["penalty"]["groups"]) == 3
    for row in said["ledger"]:
        assert (row["coef"] != 0.0) == (row["earns"] > row["tax"])


def test_no_category_is_a_note() -> None:
    said = excise("fit", "diabetes.csv", "progression", "--whole-categories", "--stability", "0")
    note = "  Note  --whole-categories: no category in diabetes.csv, so nothing is joined\n"
    assert said.code == 0 and note in said.out and "Groups" not in said.out
    assert json.loads(Path("diabetes.excise.json").read_text())["penalty"]["kind"] == "l1"


@pytest.mark.parametrize("penalty", ["mcp:3", "scad", "log:0.1", "lq"])
@pytest.mark.parametrize("width", [60, 80])
def test_concave_pages_say_stationary(penalty: str, width: int) -> None:
    few = ("--grid", "20", "--stability", "5", "--width", width)
    said = excise("fit", "diabetes.csv", "progression", "--penalty", penalty, *few)
    assert said.code == 0 and max(map(len, said.out.splitlines())) <= width
    assert "  Check    stationary to" in said.out and "optimal" not in said.out
    assert "concave: a coefficient pays less" in said.out
    named = "diabetes.excise.json"
    for name in ("bmi", "glu"):
        told = excise("why", named, name, "--width", width)
        assert "at this stationary point." in " ".join(told.out.split())
        assert "proved" not in told.out and "optimal" not in told.out
        assert max(map(len, told.out.splitlines())) <= width
    spec = load(named).penalty.spec
    assert load(named).command == f"excise fit diabetes.csv progression --penalty {spec}"
    told = excise("ledger", named, "--width", width).out
    assert f"Form {spec}, concave" in told
    assert ("▒ still paid" in told) == (width == 80)


def test_documents_of_a_concave_penalty() -> None:
    flags = ("--penalty", "mcp", "--stability", "5", "--json")
    document = excise("fit", "diabetes.csv", "progression", *flags).json
    assert document["penalty"]["kind"] == "mcp" and document["penalty"]["spec"] == "mcp:3"
    proof = document["certificate"]
    assert proof["stationary"] and proof["certified"] and proof["zeros_verified"] == 0
    assert isinstance(proof["locally_convex"], bool)
    rows = document["ledger"]
    assert all((row["coef"] != 0.0) == (row["earns"] > row["tax"]) for row in rows)
    assert len({row["tax"] for row in rows}) > 1
    named = "diabetes.excise.json"
    assert excise("ledger", named, "--at", "min").code == 0
    refused = excise("ledger", named, "--at", "2.5")
    assert refused.code == 3
    assert refused.err.splitlines()[1] == (
        "  a model of penalty 'mcp:3' cannot be solved again without the rows"
    )
    assert "--penalty mcp:3 --rule lambda=2.5" in refused.err
    page = Path("diabetes.report.html").read_text()
    assert "MCP (mcp:3), concave" in page and "earns its tax" not in page.split("<main")[0]


ONE = "  try: one of them\n"
PLAIN = "  try: --whole-categories alone, or with --penalty elastic:0.5\n"
REFUSED = [
    (
        ("carseats.csv", "Sales", "--whole-categories", "--penalty", "mcp"), 2,
        "error: --whole-categories and --penalty mcp:3: a group pays one tax for all its columns, "
        "which does not fade\n" + PLAIN,
    ),
    (
        ("carseats.csv", "Sales", "--whole-categories", "--penalty", "ridge"), 2,
        "error: --whole-categories and --penalty ridge: a ridge cuts nothing\n" + PLAIN,
    ),
    (
        ("carseats.csv", "Sales", "--whole-categories", "--schedule", "prune:0"), 2,
        "error: --whole-categories and --schedule: the stages of a schedule are weighted elastic "
        "nets\n" + ONE,
    ),
    (
        ("carseats.csv", "Sales", "--penalty", "log", "--schedule", "prune:0"), 2,
        "error: --penalty log:0.1 and --schedule: the stages of a schedule are weighted elastic "
        "nets\n" + ONE,
    ),
    (
        ("carseats.csv", "Sales", "--penalty", "scad:3.7", "--nonnegative"), 2,
        "error: --penalty scad:3.7 and --nonnegative: no bounds are kept there\n" + ONE,
    ),
    (
        ("carseats.csv", "Sales", "--penalty", "mcp:0.5"), 2,
        "error: shape is 0.5; of penalty 'mcp' it must be > 1\n  try: --penalty mcp:3\n",
    ),
    (
        ("carseats.csv", "Sales", "--penalty", "lq:half"), 2,
        "error: penalty 'lq:half' must name its shape as a number\n  try: --penalty lq:0.5\n",
    ),
    (
        ("carseats.csv", "Sales", "--penalty", "mcp", "--loss", "huber"), 3,
        "error: penalty mcp:3 is for the squared loss, not the huber loss\n"
        "  as a schedule it solves tangents of the same penalty\n"
        "  try: excise fit carseats.csv Sales --loss huber:1.35 --schedule mcp:3\n",
    ),
    (
        ("oj.csv", "Purchase", "--penalty", "scad"), 3,
        "error: penalty scad:3.7 is for the squared loss, not the logistic loss\n"
        "  as a schedule it solves tangents of the same penalty\n"
        "  try: excise fit oj.csv Purchase --schedule scad:3.7\n",
    ),
    (
        ("braincancer.csv", "time,status", "--penalty", "mcp"), 3,
        "error: penalty mcp:3 is for the squared loss, not the cox loss\n"
        "  try: excise fit braincancer.csv time,status\n",
    ),
    (
        ("wage.csv", "race", "--whole-categories"), 3,
        "error: target 'race' has 4 classes; --whole-categories is for two, or for a number\n"
        "  --grouped keeps or cuts a column for all classes together\n"
        "  try: excise fit wage.csv race --grouped\n",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("flags", "code", "message"), REFUSED)
def test_what_cannot_be_fitted(flags: tuple[str, ...], code: int, message: str) -> None:
    said = excise("fit", *flags)
    assert (said.code, said.out, said.err) == (code, "", message)


def test_help_names_them() -> None:
    words = " ".join(excise("fit", "--help").out.split())
    for part in ("l1|elastic:0.5|ridge|mcp:3|...", "scad:3.7, log:0.1", "--whole-categories"):
        assert part in words


def test_the_report_names_the_category_that_earns() -> None:
    assert excise("fit", *WAGE, "--whole-categories", "-q").code == 0
    page = Path("wage.report.html").read_text()
    assert "alone; education earns most, " in page
    assert "race comes nearest: " in page
    assert excise("fit", "diabetes.csv", "progression", "--penalty", "mcp", "-q").code == 0
    page = Path("diabetes.report.html").read_text()
    assert "features earn more than the tax they still pay; bmi earns most, " in page
