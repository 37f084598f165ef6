"""The command line for survival times: pages, predictions, parts of the target, refusals."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli import Said, excise, validator
from islp import _folder
from numpy.testing import assert_allclose
from survival_reference import survival_data
from survival_tables import TABLES

from excise import SparseSurvival, Survival
from excise.model import load

BRAIN = """\
brain.csv: 88 rows, 2 numbers, 3 yes/no, 1 category, 1 value missing in 1
  column. Target time,status: 35 events, 53 censored

  Tax      0.130   highest penalty within one standard error of the best
                   (0.0466); everything is cut above 0.299
  Kept     4 of 10 features
  Score    concordance 0.77 +/- 0.06 held out (0.5 = no order); deviance
           explained 0.06 +/- 0.03 in 10-fold CV, 0.10 on the training rows
  Verdict  ABOUT RIGHT: train and CV agree; 0.0466 would gain 0.03 with 2 more
  Proof    optimal to 1e-15 (duality gap / null loss); all 6 zeros verified

  feature               earns             tax 0.130      keeps  per unit  picked
  diagnosis=HG glioma   0.283  ▒▒▒▒▒▒▒▒▒▒▒████████████  +0.399   +0.9220     98%
  ki                    0.194  ▒▒▒▒▒▒▒▒▒▒▒█████         -0.208  -0.01994     74%
  diagnosis=Meningioma  0.182  ▒▒▒▒▒▒▒▒▒▒▒████          -0.139   -0.2789     74%
  gtv                   0.158  ▒▒▒▒▒▒▒▒▒▒▒██            +0.088  +0.01021     62%
  stereo=SRS            0.099  ░░░░░░░░   ┊                  0         .     32%
  loc=Infratentorial    0.080  ░░░░░░     ┊                  0         .     16%
  diagnosis is missing  0.047  ░░░        ┊                  0         .      0%
  sex=Male              0.043  ░░░        ┊                  0         .      8%
  diagnosis=LG glioma   0.023  ░          ┊                  0         .      2%
  diagnosis=Other       0.005             ┊                  0         .      0%
  ▒ tax paid  █ earned beyond the tax  ░ earned, under the tax, so exactly zero

  Note  gtv, diagnosis=Meningioma and ki are borderline: at most 0.065 above the
        tax, picked in 62% to 74% of half-samples, and shuffled columns enter at
        up to 0.18 (95%): above that are the top 3

  log hazard ratio of status = 1.43 + 0.922 diagnosis=HG glioma - 0.0199 ki -
      0.279 diagnosis=Meningioma + 0.0102 gtv
"""
WHY = """\
stereo=SRS is cut: it earns 0.099, the tax is 0.130, so its coefficient is
  exactly zero.
  alone it would earn          0.150
  with the others in           0.099   0.031 short of the tax
  enters below tax 0.0680; picked in 32% of half-samples; shuffled columns: 0.18
"""
EXPLAIN = """\
row 3 of brain.csv: log hazard ratio of status = -0.161, hazard 0.852 times the
average (the table says time 26.46, status 0)
  constant                                 1.433
  ki                      70  x -0.01994  -1.396
  diagnosis=Meningioma     1   x -0.2789  -0.279
  gtv                   7.95  x +0.01021  +0.081
  1 kept feature of value 0 adds nothing
  sum                                     -0.161
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("survival")
    shutil.copy(_folder() / "BrainCancer.csv", folder / "brain.csv")
    for name, text in TABLES.items():
        (folder / name).write_text(text)
    X, y = survival_data(n=160, entry=True, strata=True)
    parts: list[Any] = [*X.T, y.entry, y.time, y.event.astype(int), y.strata]
    with open(folder / "sites.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"v{j}" for j in range(8)), "from", "months", "died", "site"])
        writer.writerows(zip(*(part.tolist() for part in parts), strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        said = excise("fit", "brain.csv", "time,status", "--stability", 50)
        assert said.code == 0
        (folder / "brain.txt").write_text(said.out, encoding="utf-8")
        flags = ("--entry", "from", "--strata", "site", "--stability", 4, "--rule", "min")
        assert excise("fit", "sites.csv", "months,died", *flags, "--folds", 5).code == 0
    return folder


@pytest.fixture(autouse=True)
def _inside(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)


def columns(said: Said) -> dict[str, list[str]]:
    """The CSV on standard output, by column."""
    lines = list(csv.DictReader(io.StringIO(said.out)))
    return {name: [line[name] for line in lines] for name in lines[0]}


@pytest.mark.parametrize("spec", ["prune:0,0.5,1", "adaptive:lasso", "mcp"])
def test_a_schedule_prunes_survival_times(spec: str) -> None:
    few = ("--stability", 4, "--folds", 5, "--grid", 20, "--rule", "min", "-o", "staged")
    said = excise("fit", "brain.csv", "time,status", "--schedule", spec, *few)
    assert said.code == 0 and max(map(len, said.out.splitlines())) <= 80
    assert "  Stages   " in said.out and "concordance" in said.out
    found = load(Path("staged.excise.json"))
    assert len(found.stages) >= 2 and found.worst_gap <= 1e-10
    assert excise("why", "staged.excise.json", "ki").code == 0
    predicted = excise("predict", "staged.excise.json", "brain.csv")
    assert predicted.code == 0 and len(predicted.out.splitlines()) == 89


def test_brain_cancer_letter_by_letter() -> None:
    assert Path("brain.txt").read_text(encoding="utf-8") == BRAIN
    assert max(map(len, BRAIN.splitlines())) <= 80


def test_why_ledger_and_explain() -> None:
    assert excise("why", "brain.excise.json", "stereo=SRS").out == WHY
    assert excise("explain", "brain.excise.json", "brain.csv", "--row", 3).out == EXPLAIN
    found = excise("explain", "brain.excise.json", "brain.csv", "--row", 3, "--json").json
    total = found["intercept"] + sum(term["adds"] for term in found["terms"])
    assert found["sum"] == pytest.approx(total) and found["actual"] == 26.46
    assert found["prediction"] == pytest.approx(np.exp(total))
    shown = excise("ledger", "brain.excise.json", "--at", "min")
    assert shown.out.startswith("Tax 0.0466; kept 6 of 10 features. Target time,status\n")
    for row in excise("ledger", "brain.excise.json", "--at", "2", "--json").json["ledger"]:
        assert (row["earns"] > row["tax"]) == (row["coef"] != 0.0)
    between = excise("ledger", "brain.excise.json", "--at", "0.11")
    assert between.code == 3
    assert "try: excise fit brain.csv time,status --rule lambda=0.11" in between.err


def test_the_report_is_rebuilt_from_what_the_file_holds() -> None:
    page = Path("brain.report.html").read_text(encoding="utf-8")
    assert "Does a higher risk mean an earlier event?" in page
    assert "35 events of status; Breslow&#39;s ties" in page


def test_json_of_fit() -> None:
    flags = ("--stability", 0, "--json", "-o", "j", "--loss", "cox:efron", "--seed", 3)
    said = excise("fit", "brain.csv", "time,status", *flags).json
    assert (said["task"], said["loss"], said["target"], said["event"]) == (
        "survival", "cox:efron", "time", "status",
    )  # fmt: skip
    told = said["score"]["concordance"]
    assert told["null"] == 0.5 < told["cv"] < 1.0 and told["se"] > 0.0
    assert said["score"]["metric"] == "D2" and said["certificate"]["certified"]
    number = excise("fit", "ok.csv", "months", "--stability", 0, "--json", "-o", "n").json
    assert number["event"] is None and "concordance" not in number["score"]


def test_predictions_are_those_of_the_estimator() -> None:
    X, y = survival_data(n=160, entry=True, strata=True)
    assert isinstance(y, Survival)
    model = load("sites.excise.json")
    direct = SparseSurvival(alphas=[model.alpha], stability=0, decoys=0, cv=5).fit(X, y)
    said = excise("predict", "sites.excise.json", "sites.csv", "--times", "1,4.5,9")
    found = columns(said)
    assert list(found)[-4:] == [
        "months_risk", "months_survival_1", "months_survival_4.5", "months_survival_9",
    ]  # fmt: skip
    risk = np.exp(direct.predict(X) - direct.centre_)
    assert_allclose(np.array(found["months_risk"], dtype=float), risk, rtol=1e-5)
    survival = direct.predict_survival_function(X, [1.0, 4.5, 9.0], y.strata)
    shown = np.array([found[name] for name in list(found)[-3:]], dtype=float).T
    assert_allclose(shown, survival, rtol=1e-5)
    listed = excise(
        "predict", "sites.excise.json", "sites.csv", "--times", "1,4.5,9", "--json"
    ).json
    assert listed["survival"]["times"] == [1.0, 4.5, 9.0] and listed["probabilities"] is None
    assert_allclose(listed["survival"]["probabilities"], shown, rtol=1e-12)
    assert_allclose(listed["predictions"], risk, rtol=1e-5)


def test_risk_needs_neither_times_nor_strata() -> None:
    kept = [column.name for column in load("sites.excise.json").columns]
    rows = Path("sites.csv").read_text().splitlines()
    Path("new.csv").write_text("\n".join(",".join(row.split(",")[:8]) for row in rows) + "\n")
    found = columns(excise("predict", "sites.excise.json", "new.csv"))
    assert list(found) == [*kept, "months_risk"]
    lacking = excise("predict", "sites.excise.json", "new.csv", "--times", "3")
    assert lacking.code == 3 and "no column named 'site' in new.csv" in lacking.err
    Path("renamed.csv").write_text(Path("sites.csv").read_text().replace("site", "Place", 1))
    flags = ("--times", "3", "--rename", "Place=site")
    assert excise("predict", "sites.excise.json", "renamed.csv", *flags).code == 0
    Path("other.csv").write_text("\n".join([rows[0], rows[1], rows[2][:-1] + "q"]) + "\n")
    unseen = excise("predict", "sites.excise.json", "other.csv", "--times", "3")
    assert (unseen.code, unseen.err) == (
        3,
        "error: stratum 'q' of 'site' (line 3) was not seen in training\n  its strata: a, b, c\n",
    )


def test_after_the_last_event_nothing_is_known() -> None:
    said = excise("predict", "brain.excise.json", "brain.csv", "--times", "0,51.02,100")
    found = columns(said)
    assert set(found["time_survival_0"]) == {"1.0"}
    assert found["time_survival_100"] == found["time_survival_51.02"]
    assert "after 51.02, the last event in training, survival is not known: 100" in said.err


def test_a_held_out_share_is_put_in_order() -> None:
    flags = ("--test", "0.3", "--stability", 0, "-o", "tested", "--rule", "min", "--folds", 5)
    facts = " ".join(excise("fit", "sites.csv", "months,died", *flags).out.split())
    assert re.search(r"-?\d\.\d\d on 48 test rows \(concordance 0\.\d\d\)", facts)
    found = excise("fit", "sites.csv", "months,died", *flags, "--json").json
    assert set(found["score"]["test"]) == {"rows", "score", "concordance"}
    flags = ("--test", "sites.csv", "--stability", 0, "-o", "file", "--rule", "min", "--folds", 5)
    whole = excise("fit", "sites.csv", "months,died", *flags, "--json").json["score"]
    assert whole["test"]["concordance"] == pytest.approx(whole["concordance"]["train"])
    assert whole["test"]["score"] == pytest.approx(whole["train"], abs=1e-6)


def test_private_files_hold_no_curve_whose_steps_are_rows() -> None:
    flags = ("--stability", 0, "--folds", 5, "-o", "secret")
    assert excise("fit", "brain.csv", "time,status", *flags, "--private").code == 0
    model = json.loads(Path("secret.excise.json").read_text())
    assert "risk_groups" not in model and "baseline" not in model["followup"]
    assert "earlier event" not in Path("secret.report.html").read_text()
    assert excise("predict", "secret.excise.json", "brain.csv").code == 0
    said = excise("predict", "secret.excise.json", "brain.csv", "--times", "3")
    assert (said.code, said.err) == (
        3,
        "error: the model file holds no baseline hazard, so it predicts no survival\n"
        "  left out by --private, or the model was moved to another penalty\n"
        "  try: excise fit brain.csv time,status\n",
    )


@pytest.mark.parametrize(
    ("arguments", "target"),
    [
        ("ok.csv months,died", "months,died: 20 events, 10 censored"),
        ("ok.csv months,died --task survival", "months,died: 20 events, 10 censored"),
        ("ok.csv months,died --loss cox:efron", "months,died: 20 events, 10 censored"),
        ("ok.csv months,died --positive 0", "months,died: 10 events, 20 censored"),
        ("two.csv months,died --positive 2", "months,died: 20 events, 10 censored"),
        ("fate.csv months,fate --positive dead", "months,fate: 10 events, 20 censored"),
        ("yes.csv months,died", "months,died: 20 events, 10 censored"),
        ("true.csv months,died", "months,died: 20 events, 10 censored"),
        ("hole.csv months,died --missing drop", "months,died: 20 events, 8 censored"),
        ("comma.csv months,died", "months,died: number"),
    ],
)
def test_what_a_target_of_two_columns_is(arguments: str, target: str) -> None:
    said = excise("fit", *arguments.split(), "--dry-run")
    assert f"Target {target}" in " ".join(said.out.split())
    plan = json.loads(excise("fit", *arguments.split(), "--dry-run", "--json").out)
    validator("plan").validate(plan)
    survival = "events" in target
    assert plan["task"] == ("survival" if survival else "number")
    assert plan["data"]["columns"][0]["name"] == "x"
    names = {column["name"] for column in plan["data"]["columns"]}
    assert names == {"x", "months", "died"} if not survival else not names & {"months", "died"}


def test_names_with_commas_and_spaces() -> None:
    said = excise("fit", "odd.csv", "months, to date,died", "--dry-run")
    assert "Target months, to date,died: 20 events" in " ".join(said.out.split())
    spaced = excise("fit", "ok.csv", "months, died", "--dry-run")
    assert "Target months,died: 20 events" in " ".join(spaced.out.split())


def test_parts_of_the_target_are_no_features() -> None:
    model = load("sites.excise.json")
    assert [column.name for column in model.columns] == [f"v{j}" for j in range(8)]
    assert model.command == ("excise fit sites.csv months,died --entry from --strata site")
    coded = excise(
        "fit", "two.csv", "months,died", "--positive", "2", "--stability", 0, "-o", "two"
    )
    assert coded.code == 0 and load("two.excise.json").command.endswith("--positive 2")


def test_few_events_and_a_leak_are_warnings() -> None:
    said = excise("fit", "fate.csv", "months,fate", "--positive", "dead", "--stability", 0)
    assert "only 10 events: fewer than 2 in each of 10 folds" in " ".join(said.err.split())
    leak = " ".join(excise("fit", "leak.csv", "months,died", "--stability", 0).err.split())
    assert (
        "end alone puts 100.0% of pairs in the order of months: is it known before died is?" in leak
    )
    assert "x alone puts" not in leak


def test_times_are_for_survival() -> None:
    assert excise("fit", "ok.csv", "months", "--stability", 0, "-o", "n").code == 0
    said = excise("predict", "n.excise.json", "ok.csv", "--times", "3")
    assert (said.code, said.err) == (
        2,
        "error: --times: 'months' is a number, not a survival time\n  try: no --times\n",
    )
