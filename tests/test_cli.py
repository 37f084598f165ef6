"""The commands on real tables: what they print, write and return."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from cli import SCHEMA, Said, excise
from jsonschema import Draft202012Validator

from excise.table import demo_path

MODEL = "diabetes.excise.json"
COMMANDS = ["fit", "why", "ledger", "predict", "explain", "solve", "demo", "info", "completion"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the diabetes table, its model and its report, fitted once."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert excise("demo", "-q").code == 0
        assert excise("fit", _messy(folder / "houses.csv"), "price", "-q").code == 0
    return folder


def _messy(path: Path) -> Path:
    rng = np.random.default_rng(5)
    n = 120
    area = rng.normal(100, 20, n)
    region = rng.choice(["North", "South", "East"], n)
    price = 1000 * area + 30000 * (region == "South") + rng.normal(0, 8000, n)
    frame = pl.DataFrame(
        {
            "id": np.arange(n),
            "area": [None if k % 17 == 3 else round(a, 1) for k, a in enumerate(area)],
            "garden": rng.choice(["yes", "no"], n),
            "region": region,
            "sold": [f"20{k % 20 + 10}-{k % 12 + 1:02d}-{k % 28 + 1:02d}" for k in range(n)],
            "note": [f"={k}+1 some text {rng.random()}" for k in range(n)],
            "price": price.round(),
        }
    )
    frame.write_csv(path)
    return path


def frame_of(path: str | Path, separator: str = ",") -> pl.DataFrame:
    return pl.read_csv(path, separator=separator, infer_schema_length=None)


@pytest.fixture(autouse=True)
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(home)
    for name in ("NO_COLOR", "CI", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    before = set(home.iterdir())
    yield
    for path in set(home.iterdir()) - before:
        path.unlink()


@pytest.fixture(scope="module")
def fitted(home: Path) -> Said:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        return excise("fit", "diabetes.csv", "progression")


def test_the_main_output_says_what_the_specification_shows(fitted: Said) -> None:
    lines = fitted.out.splitlines()
    assert fitted.code == 0
    assert max(map(len, lines)) <= 80
    assert lines[0] == (
        "diabetes.csv: 442 rows, 10 numbers, nothing missing. Target progression: number"
    )
    assert lines[2].startswith("  Tax      5.83   highest penalty within one standard error of ")
    assert lines[3] == "                  everything is cut above 45.2"
    assert lines[4] == "  Kept     5 of 10 features"
    assert re.match(r"  Score    R2 0\.4\d \+/- 0\.0\d in 10-fold CV, 0\.48 on the train", lines[5])
    assert lines[6].startswith("  Verdict  ABOUT RIGHT: train and CV agree; ")
    assert re.match(r"  Proof    optimal to \de-\d\d \(duality gap / null loss\); all 5 ", lines[7])
    heads = "  feature   earns      tax 5.83             keeps  per unit        turns  picked"
    assert lines[9] == heads
    bmi = "  bmi       29.93  ▒▒▒▒██████████████████  +24.10    +5.461  out at 45.2    100%"
    assert lines[10] == bmi
    order = " ".join(line.split()[0] for line in lines[10:20])
    assert order == "bmi ltg bp hdl sex glu tch tc ldl age"
    assert lines[-1].startswith("  progression = -219 + 5.46 bmi + 40.3 ltg + 0.685 bp - 0.457 hdl")
    assert any(line.startswith("  Note  sex is borderline: 0.65 above the tax") for line in lines)


def test_remarks_go_to_standard_error_and_name_commands_that_exist(fitted: Said) -> None:
    wrote, hint = fitted.err.splitlines()
    assert re.fullmatch(
        r"wrote diabetes\.excise\.json \(\d+ KB\), diabetes\.report\.html \(\d+ KB\) in \d\.\d s",
        wrote,
    )
    assert hint.startswith(f"next: excise why {MODEL} glu")
    assert set(re.findall(r"excise (\w+)", hint)) <= set(COMMANDS)


def test_ascii_and_narrow_pages_say_the_same() -> None:
    wide = excise("fit", "diabetes.csv", "progression", "--ascii", "--no-model", "--no-report")
    assert wide.out.isascii() and "====####" in wide.out and wide.err == ""
    for width in (40, 60, 100):
        lines = excise("ledger", MODEL, "--width", width).out.splitlines()
        assert max(map(len, lines)) <= width
        assert ("█" in "".join(lines)) == (width >= 70)


def test_colour_only_on_a_terminal_that_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def coloured(*flags: str, tty: bool = True) -> bool:
        return "\x1b[" in excise("ledger", MODEL, *flags, tty=tty).out

    assert coloured()
    assert not coloured(tty=False)
    assert coloured("--color", "always", tty=False)
    assert not coloured("--color", "never")
    for name, value in (("NO_COLOR", "1"), ("CI", "true"), ("TERM", "dumb")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert not coloured(), name


@pytest.mark.parametrize(
    "arguments",
    [
        ["fit", "diabetes.csv", "progression", "--no-model", "--no-report"],
        ["fit", "houses.csv", "price", "--test", "0.25", "--strict"],
        ["fit", "diabetes.csv", "progression", "--penalty", "elastic:0.5", "--no-report"],
        ["fit", "diabetes.csv", "progression", "--stability", "0", "--rule", "3", "--no-report"],
        ["why", MODEL, "glu"],
        ["ledger", MODEL, "--at", "min"],
        ["predict", MODEL, "diabetes.csv"],
        ["explain", MODEL, "diabetes.csv", "--row", "1"],
        ["info"],
        ["completion", "bash"],
        ["why", MODEL, "gluu"],
        ["fit", "diabetes.csv", "progression", "--folds", "one"],
    ],
    ids=lambda arguments: " ".join(arguments[:1] + arguments[3:]),
)
def test_json_is_one_object_of_the_published_shape(arguments: list[str]) -> None:
    said = excise(*arguments, "--json")
    assert said.json["command"] == arguments[0]
    assert said.code == said.json.get("error", {}).get("exit_code", said.code)


def test_the_published_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_json_of_fit_agrees_with_the_books() -> None:
    document = excise("--json", "fit", "diabetes.csv", "progression", "--no-report").json
    tax = document["penalty"]["alpha"]
    assert document["verdict"]["code"] == "ABOUT RIGHT"
    assert document["certificate"]["certified"]
    assert document["certificate"]["zeros_verified"] == 5
    assert [file["path"] for file in document["files"]] == [MODEL]
    for row in document["ledger"]:
        left = max(row["earns"] - row["tax"], 0.0)
        assert abs(row["coef_std"]) == pytest.approx(left, abs=1e-6)
        assert row["tax"] == pytest.approx(tax)


def test_dry_run_writes_nothing(home: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in home.iterdir()}
    said = excise("fit", "houses.csv", "price", "--dry-run", "--tax", "area=2", "--keep", "garden")
    assert "  area    number, 7 missing, tax x 2.00\n" in said.out
    assert "  garden  yes/no, free of tax\n" in said.out
    assert "  note    dropped: free text\n" in said.out
    assert {path: path.stat().st_mtime_ns for path in home.iterdir()} == before
    assert excise("fit", "houses.csv", "price", "--dry-run", "--json").code == 0


def test_every_kind_of_column_ends_up_in_the_ledger() -> None:
    rows = excise("ledger", "houses.excise.json", "--sort", "file", "--json").json["ledger"]
    assert [row["feature"] for row in rows if row["column"] == "region"] == [
        "region=East", "region=North", "region=South",
    ]  # fmt: skip
    assert {row["column"] for row in rows} == {"area", "garden", "region", "sold"}
    assert "area is missing" in {row["feature"] for row in rows}


def test_hidden_rows_are_counted_and_limit_0_shows_all() -> None:
    few = excise("ledger", MODEL, "--limit", "2").out
    assert "and 8 more rows not shown: 3 kept, 5 cut (--limit 0 shows all)" in few
    assert "not shown" not in excise("ledger", MODEL, "--limit", "0").out


def test_why_adds_up() -> None:
    lines = excise("why", MODEL, "glu").out.splitlines()
    assert lines[0] == (
        "glu is cut: it earns 5.15, the tax is 5.83, so its coefficient is exactly zero."
    ) or lines[0].startswith("glu is cut: it earns 5.1")
    alone, others, left = (float(re.findall(r"-?\d+\.\d+", line)[0]) for line in lines[1:4])
    assert alone == 29.45
    assert alone + others == pytest.approx(left, abs=0.011)
    assert lines[-1] == "  drop ltg and refit: excise fit diabetes.csv progression --drop ltg"


def test_predictions_stand_beside_the_rows() -> None:
    said = excise("predict", MODEL, "diabetes.csv")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    model = json.loads(Path(MODEL).read_text())
    names = [column["name"] for column in model["columns"]]
    table = np.array([[float(row[name]) for name in names] for row in rows])
    expected = table @ np.array(model["coef"]) + model["intercept"]
    assert [float(row["progression_pred"]) for row in rows] == pytest.approx(list(expected))
    values = excise("predict", MODEL, "diabetes.csv", "--json").json["predictions"]
    assert values == pytest.approx(list(expected))


def test_cut_columns_are_not_needed_and_order_is_free() -> None:
    frame_of("diabetes.csv").select("ltg", "hdl", "bmi", "sex", "bp").write_csv("kept.csv")
    assert excise("predict", MODEL, "kept.csv").out.count("\n") == 443
    renamed = frame_of("kept.csv").rename({"bmi": "BMI"})
    renamed.write_csv("kept.csv")
    assert excise("predict", MODEL, "kept.csv").code == 3
    assert excise("predict", MODEL, "kept.csv", "--rename", "BMI=bmi").code == 0


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "arrow"])
def test_predictions_go_to_the_format_of_the_ending(ending: str) -> None:
    path = Path(f"out.{ending}")
    said = excise("predict", MODEL, "diabetes.csv", "-o", path)
    assert said.out == "" and said.err.startswith(f"wrote {path} (442 rows) in ")
    read = {"csv": frame_of, "parquet": pl.read_parquet, "arrow": pl.read_ipc}
    frame = read[ending](path) if ending in read else frame_of(path, "\t")
    assert frame.columns[-1] == "progression_pred" and frame.height == 442
    again = excise("predict", MODEL, path, "--json").json["predictions"]
    assert again == pytest.approx(frame["progression_pred"].to_list())


def test_cells_that_a_spreadsheet_would_run_are_quoted() -> None:
    frame = pl.DataFrame(
        {
            "bmi": [20.0, 21.0, 22.0, 23.0, 24.0, 25.0],
            "bp": 90, "hdl": 50, "ltg": 4.5, "sex": 1, "change": -5,
            "=name": ["=1+1", "+cmd", "-5", "@sum", "plain", "-x"],
        }
    )  # fmt: skip
    frame.write_csv("new.csv")
    rows = list(csv.reader(io.StringIO(excise("predict", MODEL, "new.csv").out)))
    assert rows[0][6] == "'=name"
    assert [row[6] for row in rows[1:]] == ["'=1+1", "'+cmd", "-5", "'@sum", "plain", "'-x"]
    assert {row[5] for row in rows[1:]} == {"-5"}


def test_a_row_is_explained_as_a_sum() -> None:
    document = excise("explain", MODEL, "diabetes.csv", "--row", "3", "--json").json
    total = document["intercept"] + sum(term["adds"] for term in document["terms"])
    assert document["prediction"] == pytest.approx(total)
    assert document["actual"] == 141.0
    sizes = [abs(term["adds"]) for term in document["terms"]]
    assert sizes == sorted(sizes, reverse=True)
    text = excise("explain", MODEL, "diabetes.csv", "--row", "3").out
    assert text.startswith("row 3 of diabetes.csv: progression = 178.")
    assert "(the table says 141.0)" in text


def test_levels_not_seen_in_training_are_counted() -> None:
    frame_of("houses.csv").with_columns(region=pl.lit("Atlantis")).write_csv("new.csv")
    said = excise("predict", "houses.excise.json", "new.csv", "-o", "out.csv")
    assert said.code == 0
    assert "warning: 120 values of 'region' were not seen in training" in said.err


def test_standard_input_is_a_table() -> None:
    data = demo_path("diabetes").read_bytes()
    said = excise("fit", "-", "progression", "-o", "piped", "--rule", "min", stdin=data)
    assert said.out.startswith("standard input: 442 rows")
    assert "wrote piped.excise.json" in said.err
    assert excise("why", "piped.excise.json", "bmi").code == 0


def test_quiet_fit_says_nothing_and_verbose_says_how() -> None:
    assert excise("fit", "diabetes.csv", "progression", "-q") == Said(0, "", "")
    said = excise("-v", "fit", "diabetes.csv", "progression")
    for word in ("reading diabetes.csv: 0.", "penalties", "factorizations", "threads", "gap"):
        assert word in said.err


def test_global_flags_stand_before_or_after_the_command() -> None:
    before, after = (excise("--json", "info").json, excise("info", "--json").json)
    assert before == after


def test_the_same_call_gives_the_same_answer() -> None:
    first, second = (excise("fit", "houses.csv", "price", "--no-model", "--no-report").out
                     for _ in range(2))  # fmt: skip
    assert first == second


def test_rules_choose_as_they_say() -> None:
    def chosen(*rule: str) -> dict[str, object]:
        said = excise("fit", "diabetes.csv", "progression", *rule, "--no-report", "--json")
        return {**said.json["penalty"], "kept": said.json["ledger"]}

    kept = chosen("--rule", "3 features")["kept"]
    assert isinstance(kept, list) and sum(row["coef"] != 0 for row in kept) == 3
    assert chosen("--rule", "lambda=2.5")["alpha"] == 2.5
    best = chosen("--rule", "min")
    assert best["alpha"] == best["alpha_min"]


def rows_of(*arguments: object) -> dict[str, dict[str, float]]:
    """The ledger of a fit by feature."""
    flags = ("--stability", 0, "--no-model", "--no-report", "--json")
    document = excise("fit", *arguments, *flags).json
    return {row["feature"]: row for row in document["ledger"]}


def test_what_pays_no_tax_stays_and_what_pays_infinity_goes() -> None:
    rows = rows_of("diabetes.csv", "progression", "--keep", "age", "--tax", "bmi=inf,b?=2")
    assert rows["age"]["status"] == "free" and rows["age"]["coef"]
    assert rows["bmi"]["status"] == "excluded" and not rows["bmi"]["coef"]
    assert rows["bp"]["tax"] == pytest.approx(2 * rows["ltg"]["tax"])


def test_flags_with_names_may_be_given_again() -> None:
    fit = ("fit", str(demo_path("diabetes")), "progression", "--dry-run")
    once = excise(*fit, "--drop", "age,sex,tc", "--tax", "bmi=2,bp=3")
    again = excise(*fit, "--drop", "age", "--tax", "bmi=2", "--drop", "sex,tc", "--tax", "bp=3")
    assert once.code == again.code == 0 and once.out == again.out
    assert again.out.count("left out, as asked") == 3 and "tax x 3.00" in again.out


def test_dropped_columns_are_not_features_and_only_means_only() -> None:
    without = rows_of("diabetes.csv", "progression", "--drop", "t*,ltg")
    assert not {"tc", "tch", "ltg"} & set(without) and "bmi" in without
    assert set(rows_of("diabetes.csv", "progression", "--only", "bmi,hdl")) == {"bmi", "hdl"}


def test_coefficients_keep_to_their_bounds_and_ridge_cuts_nothing() -> None:
    bounded = rows_of("diabetes.csv", "progression", "--nonnegative", "--rule", "min")
    assert min(row["coef"] for row in bounded.values()) == 0.0
    said = excise("fit", "diabetes.csv", "progression", "--penalty", "ridge", "--no-model")
    assert "Kept     10 of 10 features" in said.out
    assert "without an L1 part there is no tax" in said.out and said.code == 0


def test_integer_weights_are_repeated_rows() -> None:
    frame = frame_of("diabetes.csv").with_row_index("times")
    frame = frame.with_columns(times=pl.col("times") % 3 + 1)
    frame.write_csv("weighted.csv")
    repeated = frame.select(pl.exclude("times").repeat_by("times")).explode(pl.all())
    repeated.write_csv("repeated.csv")
    weighted = rows_of("weighted.csv", "progression", "--weights", "times", "--rule", "lambda=3")
    expected = rows_of("repeated.csv", "progression", "--rule", "lambda=3")
    for name, row in expected.items():
        assert weighted[name]["coef"] == pytest.approx(row["coef"], rel=1e-8, abs=1e-10)


def test_folds_by_group_and_by_time() -> None:
    for flags in (["--group", "region", "--folds", "3"], ["--time", "sold"]):
        rows = rows_of("houses.csv", "price", *flags)
        assert not any(row["column"] == flags[1] for row in rows.values())


def test_a_sample_is_never_silent() -> None:
    flags = ["--sample", "200", "--no-model", "--no-report"]
    text = " ".join(excise("fit", "diabetes.csv", "progression", *flags).out.split())
    assert text.startswith("diabetes.csv: 200 rows, ") and "Sample: 200 of 442 rows" in text


def test_unusual_ways_of_writing_a_table_are_stated() -> None:
    rows = [f"{k},5;{k * k % 17}" for k in range(40)]
    Path("european.csv").write_text("\n".join(["a;y", *rows]) + "\n")
    flags = ["--decimal", ",", "--no-model", "--no-report"]
    text = " ".join(excise("fit", "european.csv", "y", *flags).out.split())
    assert "Read as CSV, values between ';', decimal ',', utf-8" in text


def test_the_ledger_moves_without_a_refit() -> None:
    moved = excise("ledger", MODEL, "--at", "2.5", "--json").json["ledger"]
    refit = excise(
        "fit", "diabetes.csv", "progression", "--rule", "lambda=2.5", "-o", "x", "--json"
    )
    for here, there in zip(moved, refit.json["ledger"], strict=True):
        assert here["coef"] == pytest.approx(there["coef"], rel=1e-6, abs=1e-9)


def test_held_out_rows_are_scored_apart() -> None:
    said = excise("fit", "diabetes.csv", "progression", "--test", "0.25", "--no-report", "--json")
    test = said.json["score"]["test"]
    assert test["rows"] == 110 and 0.2 < test["score"] < 0.7
    assert said.json["data"]["rows"] == 442
    assert not said.json["warnings"]
    frame = frame_of("diabetes.csv")
    frame.head(100).write_csv("later.csv")
    filed = excise("fit", "diabetes.csv", "progression", "--test", "later.csv", "--no-model")
    assert "on 100 test rows" in " ".join(filed.out.split())


def test_two_classes_can_be_fitted_as_numbers_and_it_is_said() -> None:
    said = excise("demo", "breast-cancer", "--task", "number")
    assert said.code == 0
    assert "0 = benign, 1 = malignant; predictions are not" in " ".join(said.err.split())
    assert excise("demo", "breast-cancer", "--task", "number", "--strict", "-q").code == 4


def test_an_uncertified_fit_ends_with_4_and_is_written() -> None:
    table = demo_path("needles")
    said = excise("fit", table, "response", "--tol", "1e-300", "-o", "strict", "--stability", 0)
    assert said.code == 4
    assert Path("strict.excise.json").exists()
    assert "not certified" in said.err


def test_demo_leaves_your_own_table_alone() -> None:
    mine = "a,b\n1,2\n"
    Path("needles.csv").write_text(mine)
    said = excise("demo", "needles")
    assert said.code == 5 and Path("needles.csv").read_text() == mine
    assert excise("demo", "needles", "--force", "-q").code == 0
    assert Path("needles.csv").read_bytes() == demo_path("needles").read_bytes()


def test_control_characters_in_names_are_spelled_out() -> None:
    frame = frame_of("diabetes.csv").rename({"bmi": "b\x1b[31mmi", "bp": "b\u202ep"})
    frame.write_csv("hostile.csv")
    said = excise("fit", "hostile.csv", "progression")
    assert "\x1b" not in said.out + said.err and "\u202e" not in said.out
    assert "b\\x1b[31mmi" in said.out


def test_help_begins_with_examples_and_lists_what_exists() -> None:
    page = excise("--help").out
    assert page.startswith("Examples:\n  excise demo\n")
    assert re.findall(r"^  (\w+) {2,}[A-Z]", page, re.M)[: len(COMMANDS)] == COMMANDS
    for name in COMMANDS:
        said = excise(name, "-h")
        assert said.code == 0 and said.out.startswith(f"Examples:\n  excise {name}")
        assert max(map(len, said.out.splitlines())) <= 80
    assert excise().out == page


def test_info_says_versions_and_conversions() -> None:
    text = excise("info").out
    for word in ("excise", "numpy", "core", "glmnet (gaussian)", "scikit-learn Ridge"):
        assert word in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_the_program(shell: str) -> None:
    assert "_EXCISE_COMPLETE" in excise("completion", shell).out
