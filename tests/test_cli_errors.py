"""Every way to go wrong on the command line: exact text, exit code, nothing half-written."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli import excise

from excise.cli import app
from excise.table import demo_path


def table(header: str, row: Callable[[int], str], rows: range) -> str:
    return "\n".join([header, *map(row, rows)]) + "\n"


TABLES = {
    "houses.csv": table(
        "price,prior_price,garden", lambda k: f"{k * 7 % 11},{k},{k % 3}", range(30)
    ),
    "comma.csv": table("area;price", lambda k: f"{12 + k}{',50' * (k != 1)};{k}", range(13)),
    "constant.csv": table("x,churn", lambda k: f"{k}.5,no", range(20)),
    "few.csv": table("x,income", lambda k: f"{k * 5 % 7}.5,{k if k < 7 else ''}", range(16)),
    "empty.csv": "",
    "header.csv": "a,b\n",
    "text.csv": table("x,y", lambda k: f"{k * 1.5 if k != 40 else 'oops'},{k}", range(100)),
    "ragged.csv": "a,b,c\n1,2,3\n4,5\n",
    "doubled.csv": "a,a,b\n1,2,3\n4,5,6\n",
    "upper.csv": "BMI,LTG,bp,sex,hdl\n20,4.5,90,1,50\n",
    "classes.csv": table("x,y", lambda k: f"{k},{'yes' if k % 3 else 'no'}", range(30)),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("errors")
    for name, text in TABLES.items():
        (folder / name).write_text(text)
    (folder / "latin.csv").write_bytes("näme,y\n1,2\n3,4\n".encode("latin-1"))
    (folder / "model.pkl").write_bytes(pickle.dumps({"coef": [1.0]}))
    (folder / "file").write_text("not a folder")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        stem = folder / "m"
        assert excise("fit", demo_path("diabetes"), "progression", "-q", "-o", stem).code == 0
    model = (folder / "m.excise.json").read_text()
    (folder / "cut.excise.json").write_text(model[: len(model) // 2])
    (folder / "altered.excise.json").write_text(model.replace('"n_rows": 442', '"n_rows": 443'))
    (folder / "newer.excise.json").write_text(model.replace('"version": "1.', '"version": "9.'))
    (folder / "mine.excise.json").write_text('{"something": "else"}')
    return folder


@pytest.fixture(autouse=True)
def _leaves_everything_as_it_was(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(home)
    before = {path: path.read_bytes() for path in home.iterdir()}
    yield
    assert {path: path.read_bytes() for path in home.iterdir()} == before


ERRORS = {
    "fit houses.csv pirce": (
        3,
        "error: no column named 'pirce' in houses.csv\n"
        "  3 columns; closest: price, prior_price\n"
        "  try: excise fit houses.csv price\n",
    ),
    "fit housse.csv price": (
        3,
        "error: no file named 'housse.csv'\n"
        "  closest in this folder: houses.csv, doubled.csv, classes.csv\n"
        "  try: excise fit houses.csv price\n",
    ),
    "fit comma.csv price": (
        3,
        "error: column 'area' looks numeric but 12 of 13 values use a decimal comma "
        "(line 2: '12,50')\n"
        "  try: add --decimal ,\n",
    ),
    "fit constant.csv churn": (
        3,
        "error: target 'churn' is 'no' in all 20 rows; there is nothing to learn\n"
        "  check the filter that made constant.csv, or name another target\n",
    ),
    "fit few.csv income": (
        3,
        "error: 7 usable rows cannot fill 10 folds (9 of 16 rows have no target 'income')\n"
        "  try: --folds 3\n",
    ),
    "fit text.csv y": (
        3,
        "error: column 'x' looks numeric but 1 of 100 values is text (line 42: 'oops')\n"
        "  try: add --na oops\n",
    ),
    "fit ragged.csv a": (
        3,
        "error: line 3 of ragged.csv has 2 fields, expected 3\n"
        "  values are separated by ','\n"
        "  try: quote values that contain ',', or name the separator with --sep\n",
    ),
    "fit doubled.csv a": (
        3,
        "error: 2 columns of doubled.csv are named 'a': 1 and 2\n"
        "  try: give each column its own name in line 1\n",
    ),
    "fit latin.csv y": (
        3,
        "error: latin.csv is not UTF-8: byte 0xE4 in line 1\n"
        "  that byte is 'ä' in Windows-1252 (after 'n')\n"
        "  try: add --encoding cp1252\n",
    ),
    "fit houses.csv price --group garden": (
        3,
        "error: 3 groups of 'garden' cannot fill 10 folds\n  try: --folds 3\n",
    ),
    "fit houses.csv price --test 0.001": (
        3,
        "error: --test 0.001 of 30 usable rows leaves one side empty\n  try: another share\n",
    ),
    "fit houses.csv prior_price --task class": (
        3,
        "error: target 'prior_price' has 30 classes in 30 usable rows\n"
        "  a class needs two rows or more\n"
        "  try: excise fit houses.csv prior_price --task number\n",
    ),
    "fit houses.csv": (
        2,
        "error: TARGET is missing\n"
        "  usage: excise fit [OPTIONS] TABLE TARGET\n"
        "  try: excise fit --help\n",
    ),
    "fit houses.csv price extra": (
        2,
        "error: got unexpected extra argument (extra)\n  try: excise fit --help\n",
    ),
    "fit houses.csv price --fold 3": (
        2,
        "error: no flag named --fold\n"
        "  closest: --folds, --tol, --only\n"
        "  try: excise fit --help\n",
    ),
    "fit houses.csv price --folds 1": (
        2,
        "error: --folds: 1 is not in the range x>=2\n  try: excise fit --help\n",
    ),
    "fit houses.csv price --rule best": (
        2,
        "error: --rule: 'best' is not 1se, min, a number of features or lambda=VALUE\n"
        "  try: excise fit --help\n",
    ),
    "fit houses.csv price --rule lambda=-1": (
        2,
        "error: --rule: 'lambda=-1' is not 1se, min, a number of features or lambda=VALUE\n"
        "  try: excise fit --help\n",
    ),
    "fit houses.csv price --penalty elastic:2": (
        2,
        "error: --penalty: 'elastic:2' is not l1, elastic:RATIO (0 to 1), ridge or one of mcp:3, "
        "scad:3.7, log:0.1, lq:0.5\n"
        "  try: excise fit --help\n",
    ),
    "fit houses.csv price --tax garden": (
        2,
        "error: --tax: 'garden' is not of the form COL=2.0,...\n  try: excise fit --help\n",
    ),
    "fit houses.csv price --tax garden=x": (
        2,
        "error: --tax garden=x: a factor is not a number\n  try: --tax col=2.0\n",
    ),
    "fit houses.csv price --test 3": (
        2,
        "error: --test 3: a share lies between 0 and 1\n  try: --test 0.2\n",
    ),
    "fit houses.csv price --group garden --time prior_price": (
        2,
        "error: --group and --time both decide the folds\n  try: one of them\n",
    ),
    "fti houses.csv price": (
        2,
        "error: no command named 'fti'\n  closest: fit\n  try: excise --help\n",
    ),
    "lab": (
        2,
        "error: no command named 'lab'\n"
        "  commands: fit, why, ledger, predict, explain, solve, demo, info, completion\n"
        "  try: excise --help\n",
    ),
    "completion tcsh": (
        2,
        "error: SHELL: 'tcsh' is not one of 'bash', 'zsh', 'fish'\n"
        "  try: excise completion --help\n",
    ),
    "demo diabetis": (
        3,
        "error: no demo named 'diabetis'\n"
        "  there are diabetes, breast-cancer, needles\n"
        "  try: excise demo diabetes\n",
    ),
    "why model.pkl x": (
        3,
        "error: model.pkl is a pickle; excise never unpickles files, because that can run code\n"
        "  try: refit with 'excise fit' to write a .excise.json\n",
    ),
    "why cut.excise.json glu": (
        3,
        "error: cut.excise.json is truncated: it ends in the middle\n"
        "  try: refit with 'excise fit' to write a .excise.json\n",
    ),
    "ledger altered.excise.json": (
        3,
        "error: altered.excise.json was altered: its sha256 does not match its content\n"
        "  try: refit with 'excise fit' to write a .excise.json\n",
    ),
    "explain m.excise.json upper.csv --row 1": (
        3,
        "error: upper.csv lacks 2 of the 5 columns this model uses: bmi, ltg\n"
        "  found BMI, LTG: the names differ only in case\n"
        "  try: excise explain m.excise.json upper.csv --row 1 --rename BMI=bmi,LTG=ltg\n",
    ),
    "why m.excise.json gluu": (
        3,
        "error: no feature named 'gluu' in this model\n  10 features; closest: glu\n",
    ),
    "predict m.excise.json houses.csv -o out.xlsx": (
        2,
        "error: cannot tell the format of 'out.xlsx'\n"
        "  known endings: .csv, .tsv, .tab, .parquet, .pq, .arrow, .feather, .ipc\n"
        "  try: -o out.csv\n",
    ),
    "predict m.excise.json houses.csv -o houses.csv": (
        5,
        "error: houses.csv exists and was not written by excise\n"
        "  try: -o with another name, or --force to overwrite it\n",
    ),
    "fit houses.csv price -o mine": (
        5,
        "error: mine.excise.json exists and was not written by excise\n"
        "  try: -o with another name, or --force to overwrite it\n",
    ),
    "fit houses.csv price -o nowhere/x": (
        5,
        "error: cannot write nowhere/x.excise.json: there is no folder nowhere\n"
        "  try: mkdir -p nowhere\n",
    ),
}


@pytest.mark.parametrize("line", ERRORS)
def test_exact_text_and_exit_code(line: str) -> None:
    code, text = ERRORS[line]
    said = excise(*line.split())
    assert said.err == text
    assert (said.code, said.out) == (code, "")
    document = excise(*line.split(), "--json").json
    assert document["error"]["exit_code"] == code
    assert text.startswith(f"error: {document['error']['fact']}\n")


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        ("fit empty.csv a", "empty.csv is empty"),
        ("fit header.csv a", "header.csv has a header but no rows"),
        ("ledger newer.excise.json", "newer.excise.json has format version 9"),
        ("ledger missing.excise.json", "cannot read missing.excise.json"),
        ("ledger houses.csv", "houses.csv is not an excise model"),
        ("fit houses.csv price -o file/x", "cannot write file/x.excise.json: there is no folder"),
        ("ledger m.excise.json --at 99", "no point of the path keeps exactly 99 features"),
        ("explain m.excise.json houses.csv --row 0", "--row: 0 is not in the range x>=1"),
    ],
)
def test_facts(line: str, fact: str) -> None:
    said = excise(*line.split())
    assert said.err.startswith(f"error: {fact}")
    assert len(said.err.splitlines()) <= 6
    assert said.code in (2, 3, 5)


def test_more_rows_than_there_are() -> None:
    said = excise("explain", "m.excise.json", demo_path("diabetes"), "--row", "443")
    assert said.err == ("error: diabetes.csv has 442 rows; there is no row 443\n  try: --row 442\n")
    assert said.code == 3


def test_a_bug_says_so_and_asks_for_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(app.Command, "invoke", broken)
    said = excise("info")
    assert said.code == 1
    assert said.err == (
        "error: unexpected ZeroDivisionError: division by zero\n"
        "  this is a bug in excise: please open an issue with this command,\n"
        "  its traceback (--debug) and the output of 'excise info'\n"
    )
    assert "Traceback (most recent call last)" in excise("info", "--debug").err


def test_interruption_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(app.Command, "invoke", interrupted)
    said = excise("info")
    assert said.code == 130 and said.err.strip() == "interrupted; no file is half-written"


def test_a_failed_write_leaves_neither_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    said = excise("fit", "houses.csv", "price", "-o", "new")
    assert said.code == 5
    assert said.err.startswith("error: cannot write new.excise.json: no space left on device\n")


def test_warnings_are_at_most_five() -> None:
    names = [f"x{k}" for k in range(8)]
    rows = [",".join([*(str(k * 10 + j) for j in range(8)), str(k)]) for k in range(40)]
    Path("leaks.csv").write_text("\n".join([",".join([*names, "y"]), *rows]) + "\n")
    try:
        flags = ["fit", "leaks.csv", "y", "--no-model", "--no-report"]
        said, told = excise(*flags), excise(*flags, "-v")
    finally:
        Path("leaks.csv").unlink()
    shown = re.findall(r"^warning: ", said.err, re.M)
    more = re.search(r"^and (\d+) more \(-v\)$", said.err, re.M)
    assert len(shown) == 5 and more
    assert len(re.findall(r"^warning: ", told.err, re.M)) == 5 + int(more[1])


def test_columns_named_as_leaks_trip_strict() -> None:
    lines = [f"{k},{k % 5},{k}\n" for k in range(40)]
    Path("leak.csv").write_text("copy,other,y\n" + "".join(lines))
    try:
        said = excise("fit", "leak.csv", "y", "--strict", "--no-model", "--no-report")
    finally:
        Path("leak.csv").unlink()
    assert said.code == 4
    assert "copy alone explains 100.0% of y" in said.err
