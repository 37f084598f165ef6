"""The command line for classes, counts and the other losses: pages, predictions, refusals."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cli import excise, validator
from loss_models import SPECS, rows

from excise.engine import fit
from excise.losses import loss_of
from excise.model import load

BREAST_CANCER = """\
breast-cancer.csv: 569 rows, 30 numbers, nothing missing. Target diagnosis:
  malignant (212) or benign (357)

  Tax      0.00583   highest penalty within one standard error of the best
                     (0.00210); everything is cut above 0.384
  Kept     10 of 30 features
  Score    accuracy 0.97 +/- 0.01, against 0.63 without features; AUC 0.994;
           deviance explained 0.86 +/- 0.02 in 10-fold CV, 0.89 on the training
           rows
  Verdict  ABOUT RIGHT: train and CV agree; 0.00210 would gain 0.02 with 7 more
  Proof    optimal to 1e-15 (duality gap / null loss); all 20 zeros verified

  feature                    earns     tax 0.00583                 keeps  picked
  worst_radius             0.05923  ▒▒▒█████████████████████████  +3.299    100%
  worst_texture            0.03967  ▒▒▒████████████████           +1.007     98%
  worst_concave_points     0.02517  ▒▒▒█████████                  +1.093     94%
  worst_smoothness         0.02331  ▒▒▒████████                   +0.502     94%
  radius_error             0.02192  ▒▒▒███████                    +1.355     80%
  fractal_dimension_error  0.01930  ▒▒▒██████                     -0.238     54%
  worst_symmetry           0.01815  ▒▒▒██████                     +0.311    100%
  worst_concavity          0.01416  ▒▒▒████                       +0.393     70%
  mean_concave_points      0.01167  ▒▒▒███                        +0.556     70%
  mean_texture             0.01059  ▒▒▒██                         +0.145     54%
  worst_perimeter          0.00561  ░░ ┊                               0     22%
  mean_concavity           0.00550  ░░ ┊                               0     34%
  and 18 more rows not shown: 0 kept, 18 cut (--limit 0 shows all)
  ▒ tax paid  █ earned beyond the tax  ░ earned, under the tax, so exactly zero

  Note  mean_texture, mean_concave_points, worst_concavity and 1 more are
        borderline: at most 0.01347 above the tax, picked in 54% to 70% of
        half-samples, and shuffled columns enter at up to 0.060 (95%): above
        that are the top 4
  Note  mean_radius and mean_perimeter overlap (r 1.00), worst_radius and
        worst_perimeter overlap (r 0.99), and so do 38 more pairs: a zero here
        can mean "the twin earns it"

  log-odds of malignant = -25.6 + 0.683 worst_radius + 4.89 radius_error + 16.6
      worst_concave_points + 0.164 worst_texture + 14.3 mean_concave_points +
      22.0 worst_smoothness + 1.89 worst_concavity + 5.04 worst_symmetry - 90.0
      fractal_dimension_error + 0.0336 mean_texture
"""
WHY = """\
worst_perimeter is cut: it earns 0.00561, the tax is 0.00583, so its coefficient
  is exactly zero.
  alone it would earn        0.37853
  with the others in         0.00561   0.00022 short of the tax
  enters below tax 0.00246; picked in 22% of half-samples; shuffled columns:
    0.060
  overlaps with worst_radius (r 0.99), worst_area (r 0.98), mean_perimeter (r
    0.97) and 8 more
  paths are not nested: worst_perimeter leaves at tax 0.179 and comes back at
    0.00246 and leaves at tax 0.00151 and comes back at 5.07e-05
"""


def table(header: str, row: Callable[[int], str], count: int = 30) -> str:
    return "\n".join([header, *map(row, range(count))]) + "\n"


TABLES = {
    "churn.csv": table("x,churn", lambda k: f"{k * 7 % 11},{'yes' if k % 3 == 0 else 'no'}"),
    "flag.csv": table("x,flag", lambda k: f"{k * 7 % 11},{k % 2}"),
    "kind.csv": table("x,kind", lambda k: f"{k * 7 % 11},{'abc'[k % 3]}"),
    "visits.csv": table("x,visits", lambda k: f"{k * 7 % 11},{k * 5 % 7}"),
    "cost.csv": table("x,cost", lambda k: f"{k * 7 % 11},{k * 5 % 7 - (k == 9) * 9}.5"),
    "claims.csv": table("x,claims", lambda k: f"{k * 7 % 11},{max(k * 5 % 7 - 2, 0)}.0"),
    "late.csv": table("x,t,churn", lambda k: f"{k * 7 % 11},{k},{'yes' if k > 20 else 'no'}"),
    "leak.csv": table(
        "x,refund,churn",
        lambda k: f"{k * 7 % 11},{k % 4 + (k % 3 == 0) * 5}.5,{'yes' if k % 3 == 0 else 'no'}",
    ),
    "lonely.csv": table("x,churn", lambda k: f"{k * 7 % 11},{'yes' if k == 3 else 'no'}"),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("losses")
    for name, text in TABLES.items():
        (folder / name).write_text(text)
    for spec in SPECS:
        X, y = rows(spec)
        with open(folder / f"{spec.partition(':')[0]}.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*(f"x{j}" for j in range(6)), "y"])
            pairs = zip(X, y, strict=True)
            writer.writerows([[*map(repr, map(float, x)), named(spec, v)] for x, v in pairs])
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        demo = excise("demo", "breast-cancer", "--limit", 12, "--stability", 50)
        assert demo.code == 0
    (folder / "demo.txt").write_text(demo.out, encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def _inside(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)


def named(spec: str, value: float) -> str:
    if loss_of(spec).of_classes:
        return "left" if value else "stayed"
    return repr(float(value))


def test_the_demo_of_classes_letter_by_letter() -> None:
    assert Path("demo.txt").read_text(encoding="utf-8") == BREAST_CANCER


def test_no_line_is_wider_than_80_and_ascii_differs_in_glyphs_only() -> None:
    assert max(map(len, BREAST_CANCER.splitlines())) <= 80
    shown = excise("ledger", "breast-cancer.excise.json", "--limit", 12)
    plain = excise("--ascii", "ledger", "breast-cancer.excise.json", "--limit", 12)
    assert plain.out == shown.out.translate(str.maketrans("▒█░┊", "=#.|")) and plain.out.isascii()


def test_why_letter_by_letter_and_as_json() -> None:
    assert excise("why", "breast-cancer.excise.json", "worst_perimeter").out == WHY
    said = excise("why", "breast-cancer.excise.json", "worst_radius", "--at", "min", "--json").json
    assert said["why"]["shares"] == [] and said["why"]["additive"] is False
    kept = excise("why", "breast-cancer.excise.json", "worst_radius").out.split("\n")[:2]
    assert " ".join(" ".join(kept).split()) == (
        "worst_radius is kept: it earns 0.05923, the tax is 0.00583; its coefficient is 3.30."
    )


def test_another_penalty_of_the_path_needs_no_data() -> None:
    model = load("breast-cancer.excise.json")
    at = float(model.path.alphas[24])
    said = excise("ledger", "breast-cancer.excise.json", "--at", f"{at:.3g}", "--json").json
    assert said["penalty"]["alpha"] == at
    for row in said["ledger"]:
        assert (row["earns"] > row["tax"]) == (row["coef"] != 0.0)
    assert excise("ledger", "breast-cancer.excise.json", "--at", "3").code == 0
    between = excise("ledger", "breast-cancer.excise.json", "--at", "0.04")
    assert between.code == 3
    assert between.err == (
        "error: the model file has no solution at penalty 0.0400\n"
        "  the logistic loss cannot be solved again without the rows\n"
        "  it holds 100 penalties; the nearest: 0.04114 and 0.03749\n"
        "  try: excise fit breast-cancer.csv diagnosis --rule lambda=0.04\n"
    )


def test_explain_adds_up_to_the_log_odds() -> None:
    said = excise("explain", "breast-cancer.excise.json", "breast-cancer.csv", "--row", 20)
    assert said.out.startswith(
        "row 20 of breast-cancer.csv: log-odds of malignant = -2.60, probability 0.069\n"
        "(the table says benign)\n"
    )
    found = excise(
        "explain", "breast-cancer.excise.json", "breast-cancer.csv", "--row", 20, "--json"
    ).json
    total = found["intercept"] + sum(term["adds"] for term in found["terms"])
    assert found["sum"] == pytest.approx(total)
    assert found["prediction"] == pytest.approx(1.0 / (1.0 + np.exp(-total)))
    assert found["target"] == "diagnosis" and found["adds_up_to"] == "log-odds of malignant"


@pytest.mark.parametrize("spec", SPECS)
def test_predictions_are_those_of_the_python_functions(spec: str) -> None:
    name = spec.partition(":")[0]
    loss = loss_of(spec)
    flags = ["--loss", spec, "--stability", 0, "--folds", 4, "-o", name]
    flags += ["--positive", "left"] if loss.of_classes else []
    said = excise("fit", f"{name}.csv", "y", *flags, "--json").json
    assert said["task"] == ("class" if loss.of_classes else "number") and said["loss"] == loss.spec
    assert said["levels"] == (["stayed", "left"] if loss.of_classes else [])
    assert said["certificate"]["certified"] and "deviance" in said["score"]
    X, y = rows(spec)
    alpha = said["penalty"]["alpha"]
    found = fit(X, y, alpha, loss=spec, standardize=True, tol=1e-10)
    eta = found.intercept + X @ found.coef
    written = excise("predict", f"{name}.excise.json", f"{name}.csv").out
    lines = list(csv.DictReader(io.StringIO(written)))
    if loss.of_classes:
        assert [line["y_pred"] for line in lines] == [named(spec, e > 0.0) for e in eta]
        assert ("y_prob" in lines[0]) == (name == "logistic")
    column = "y_prob" if name == "logistic" else "y_pred"
    if name != "squared_hinge":
        values = np.array([float(line[column]) for line in lines])
        assert values == pytest.approx(loss.mean(eta), rel=1e-6)
    listed = excise("predict", f"{name}.excise.json", f"{name}.csv", "--json").json
    assert listed["predictions"][:3] == [
        line["y_pred"] if loss.of_classes else pytest.approx(float(line["y_pred"]))
        for line in lines[:3]
    ]
    assert (listed["probabilities"] is None) == (name != "logistic")
    assert listed["positive"] == ("left" if loss.of_classes else None)


@pytest.mark.parametrize(
    ("flags", "target"),
    [
        ((), "yes (10) or no (20)"),
        (("--positive", "no"), "no (20) or yes (10)"),
        (("--loss", "squared_hinge"), "yes (10) or no (20)"),
        (("--task", "class"), "yes (10) or no (20)"),
    ],
    ids=str,
)
def test_two_words_are_classes(flags: tuple[str, ...], target: str) -> None:
    said = excise("fit", "churn.csv", "churn", "--dry-run", *flags)
    assert said.out.startswith(
        f"churn.csv: 30 rows, 1 number, nothing missing. Target churn: {target}"
    )
    plan = json.loads(excise("fit", "churn.csv", "churn", "--dry-run", "--json", *flags).out)
    validator("plan").validate(plan)
    assert plan["task"] == "class" and plan["levels"][1] == target.split()[0]


def test_zeros_and_ones_are_numbers_until_asked() -> None:
    said = excise("fit", "flag.csv", "flag", "--stability", 0, "-o", "flag")
    assert "  Note  flag is 0 or 1: --task class fits the probability of 1" in said.out
    asked = json.loads(
        excise("fit", "flag.csv", "flag", "--task", "class", "--dry-run", "--json").out
    )
    assert asked["loss"] == "logistic" and asked["levels"] == ["0", "1"]
    assert "is 0 or 1" in " ".join(load("flag.excise.json").notes)
    number = excise("fit", "flag.csv", "flag", "--task", "number", "--stability", 0, "-o", "flag")
    assert "--task class" not in number.out


def test_counts_stay_squared_with_a_note() -> None:
    said = excise("fit", "visits.csv", "visits", "--stability", 0, "-o", "visits")
    note = "  Note  visits looks like a count: --loss poisson fits its logarithm"
    assert note in said.out and load("visits.excise.json").loss == "squared"
    asked = excise("fit", "visits.csv", "visits", "--loss", "poisson", "--stability", 0, "-o", "v")
    assert "looks like a count" not in asked.out
    assert "log of visits = " in asked.out


def test_a_held_out_share_is_scored_as_classes() -> None:
    flags = ("--test", "0.25", "--stability", 0, "-o", "tested")
    said = excise("fit", "breast-cancer.csv", "diagnosis", *flags)
    facts = " ".join(said.out.split())
    assert re.search(r"on 142 test rows \(accuracy 0\.9\d, AUC 0\.99\d\)", facts)
    found = excise("fit", "breast-cancer.csv", "diagnosis", *flags, "--json").json
    assert set(found["score"]["test"]) == {"rows", "score", "accuracy", "auc"}
    assert found["score"]["auc"]["cv"] > 0.98


def test_thin_classes_are_a_warning() -> None:
    said = excise("fit", "churn.csv", "churn", "--stability", 0, "-o", "thin", "--strict")
    assert said.code == 4
    assert "only 10 rows of 'yes': fewer than 2 in each of 10 folds" in " ".join(said.err.split())
    enough = excise("fit", "churn.csv", "churn", "--stability", 0, "-o", "thin", "--folds", 5)
    assert enough.code == 0 and "fewer than 2" not in enough.err


def test_a_column_that_tells_the_classes_apart_alone_is_a_warning() -> None:
    said = excise("fit", "leak.csv", "churn", "--stability", 0, "-o", "leak")
    assert said.code == 0
    assert (
        "refund alone tells yes from no in 100.0% of pairs: is it known before churn is?"
    ) in " ".join(said.err.split())


def test_private_files_hold_no_curve_whose_steps_are_rows() -> None:
    flags = ("--stability", 0, "--folds", 5, "-o", "secret")
    assert excise("fit", "churn.csv", "churn", *flags, "--private").code == 0
    model = json.loads(Path("secret.excise.json").read_text())
    assert "separation" not in model and "measures" in model
    assert "tell them apart" not in Path("secret.report.html").read_text()


REFUSED = {
    "fit churn.csv churn --loss poisson": (
        3,
        "error: target 'churn' is 'no' or 'yes'; the poisson loss needs counts >= 0\n"
        "  try: excise fit churn.csv churn\n",
    ),
    "fit cost.csv cost --loss poisson": (
        3,
        "error: target 'cost' is -6.5 (line 11); the poisson loss needs counts >= 0\n"
        "  try: excise fit cost.csv cost\n",
    ),
    "fit claims.csv claims --loss gamma": (
        3,
        "error: target 'claims' is 0 (line 2); the gamma loss needs numbers > 0\n"
        "  13 of 30 rows have such a value\n"
        "  try: excise fit claims.csv claims --loss tweedie\n",
    ),
    "fit kind.csv kind --loss squared_hinge": (
        3,
        "error: target 'kind' has 3 classes; the squared_hinge loss is for two\n"
        "  'a', 'b', 'c'\n"
        "  try: excise fit kind.csv kind\n",
    ),
    "fit kind.csv kind --loss poisson": (
        3,
        "error: target 'kind' is 'a', 'b', 'c'; the poisson loss needs counts >= 0\n"
        "  try: excise fit kind.csv kind\n",
    ),
    "fit kind.csv kind --positive b": (
        2,
        "error: --positive b: target 'kind' has 3 classes\n"
        "  'a', 'b', 'c'\n"
        "  each of them has a probability\n"
        "  try: no --positive\n",
    ),
    "fit kind.csv kind --grouped --nonnegative": (
        2,
        "error: --grouped and --nonnegative: a feature in or out for all classes has no sign\n"
        "  try: one of them\n",
    ),
    "fit kind.csv x --grouped": (
        2,
        "error: --grouped: target 'x' has no three classes or more\n  try: no --grouped\n",
    ),
    "fit churn.csv churn --loss multinomial": (
        2,
        "error: --loss multinomial: target 'churn' has two classes\n"
        "  it is for three or more; of two it is the logistic loss\n"
        "  try: --loss logistic\n",
    ),
    "fit lonely.csv churn": (
        3,
        "error: target 'churn' is 'yes' in 1 usable row only\n  a class needs two rows or more\n",
    ),
    "fit late.csv churn --time t --folds 4": (
        3,
        "error: fold 1 of 4 trains on rows of 'no' only\n"
        "  --time decides which rows train\n"
        "  try: fewer --folds\n",
    ),
    "fit churn.csv churn --positive Yes": (
        3,
        "error: no class named 'Yes' in target 'churn'\n"
        "  its classes: no (20), yes (10)\n"
        "  try: --positive yes\n",
    ),
    "fit visits.csv visits --positive 3": (
        2,
        "error: --positive 3: target 'visits' is a number\n  try: --task class --positive 3\n",
    ),
    "fit churn.csv churn --task number --positive yes": (
        2,
        "error: --positive names a class, but --task is number\n  try: one of them\n",
    ),
    "fit visits.csv visits --loss tweedie:3": (
        2,
        "error: the tweedie loss needs 1 < power < 2, got 3.0\n"
        "  power 0 is 'squared', 1 is 'poisson', 2 is 'gamma'\n"
        "  with a log link its deviance is not convex below 0 and above 2: no optimum can be "
        "proved\n"
        "  try: --loss tweedie:1.5\n",
    ),
    "fit visits.csv visits --loss huber:-1": (
        2,
        "error: the huber loss needs finite delta > 0, got -1.0\n  try: --loss huber:1.35\n",
    ),
    "fit visits.csv visits --loss poison": (
        2,
        "error: no loss named 'poison'\n"
        "  losses: squared, poisson, gamma, tweedie, negative_binomial, huber, quantile, "
        "logistic, squared_hinge, multinomial, cox\n"
        "  try: --loss poisson\n",
    ),
    "fit visits.csv visits --loss poisson:2": (
        2,
        "error: loss 'poisson:2' must be 'poisson' alone: it has no parameter\n"
        "  try: --loss poisson\n",
    ),
    "fit visits.csv visits --task number --loss logistic": (
        2,
        "error: --loss logistic does not fit a number\n"
        "  losses of a number: squared, poisson, gamma, tweedie, negative_binomial, huber, "
        "quantile\n"
        "  try: --task class\n",
    ),
    "fit churn.csv churn --task class --loss huber": (
        2,
        "error: --loss huber:1.35 does not fit a class\n"
        "  losses of a class: logistic, squared_hinge, multinomial\n"
        "  try: --task number\n",
    ),
}


@pytest.mark.parametrize("command", REFUSED)
def test_refused_with_these_words(command: str) -> None:
    before = sorted(path.name for path in Path().iterdir())
    said = excise(*command.split())
    assert (said.code, said.err, said.out) == (*REFUSED[command], "")
    assert sorted(path.name for path in Path().iterdir()) == before
