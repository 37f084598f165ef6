"""Every complaint about a table, by its exact text."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from excise.exceptions import InputError, UsageError
from excise.table import Encoder, Wishes, infer_columns, read_table

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.chdir(tmp_path)

    def write(content: str | bytes, name: str = "t.csv") -> Path:
        data = content if isinstance(content, bytes) else content.encode()
        Path(name).write_bytes(data)
        return Path(name)

    return write


def complaint(call: Callable[[], object], kind: type[Exception] = InputError) -> list[str]:
    with pytest.raises(kind) as caught:
        call()
    lines: list[str] = caught.value.lines()  # type: ignore[attr-defined]
    assert len(lines) <= 6
    return lines


def reading(path: Path | str, **options: str) -> list[str]:
    return complaint(lambda: read_table(path, **options))


def planning(path: Path, target: str, wishes: Wishes | None = None, **options: str) -> list[str]:
    table = read_table(path, **options)
    return complaint(lambda: infer_columns(table, target, wishes))


def test_missing_file_offers_the_closest_names(write: Write) -> None:
    write("a,b\n1,2\n", "houses.csv")
    write("{}", "houses.excise.json")
    lines = complaint(lambda: read_table("huoses.csv", retry="excise fit {} price"))
    assert lines == [
        "no file named 'huoses.csv'",
        "  closest in this folder: houses.csv",
        "  try: excise fit houses.csv price",
    ]
    assert reading("nowhere/t.csv") == [
        "no folder named 'nowhere'",
        "  so there is no file 't.csv'",
    ]
    assert reading("qqq") == [
        "no file named 'qqq'",
        "  no table is near that name; excise reads CSV, TSV, Parquet and Arrow IPC",
    ]


def test_missing_file_in_a_folder_that_cannot_be_listed(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert reading("t.csv")[0] == "no file named 't.csv'"


def test_folder(write: Write) -> None:
    write("a\n1\n", "houses.csv")
    assert reading(".")[0] == "'.' is a folder, not a table"
    assert reading(".")[1] == "  closest in this folder: houses.csv"


def test_unreadable(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bytes:
        raise PermissionError

    path = write("a\n1\n", "my table.csv")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert reading(path) == [
        "cannot read my table.csv: permission denied",
        "  try: chmod u+r 'my table.csv'",
    ]


def test_nul_in_a_path() -> None:
    assert reading("a\0b")[0] == "cannot read 'a\\x00b': embedded null byte"


@pytest.mark.parametrize("content", ["", "\n\n  \n", "\ufeff\n"])
def test_empty(write: Write, content: str) -> None:
    assert reading(write(content))[0] == "t.csv is empty"


def test_header_only(write: Write) -> None:
    assert reading(write("a,b\n")) == [
        "t.csv has a header but no rows",
        "  2 columns, separated by ','",
        "  try: check what wrote it",
    ]


def test_doubled_names(write: Write) -> None:
    assert reading(write("bmi,age,bmi\n1,2,3\n")) == [
        "2 columns of t.csv are named 'bmi': 1 and 3",
        "  try: give each column its own name in line 1",
    ]


def test_nameless_columns(write: Write) -> None:
    assert reading(write("a,,b\n1,2,3\n")) == [
        "column 2 of t.csv has no name",
        "  try: name every column in line 1",
    ]
    assert reading(write(",b\n1,2\n1,3\n"))[0] == "column 1 of t.csv has no name"


def test_ragged_rows(write: Write) -> None:
    assert reading(write('a,b\n1,"x\ny"\n\n3\n4,5,6\n')) == [
        "line 5 of t.csv has 1 field, expected 2",
        "  2 of 3 rows differ from the header; values are separated by ','",
        "  try: quote values that contain ',', or name the separator with --sep",
    ]
    assert reading(write("a,b\n1,2,3\n1,2,4\n"))[1] == (
        "  every row has one value more than the header: row names?"
    )
    assert reading(write("a\tb\n1\t2\n3\n"))[1] == "  values are separated by tab"


def test_wrong_encoding(write: Write) -> None:
    path = write(b"name,x\nabc,1\ncaf\xe9,2\n")
    assert reading(path) == [
        "t.csv is not UTF-8: byte 0xE9 in line 3",
        "  that byte is 'é' in Windows-1252 (after 'caf')",
        "  try: add --encoding cp1252",
    ]
    assert read_table(path, encoding="cp1252").frame["name"][1] == "café"
    assert reading(write(b"\x81\x81,b\n1,2\n"), encoding="cp1252")[0] == (
        "t.csv is not CP1252: byte 0x81 in line 1"
    )
    unknown = complaint(lambda: read_table(path, encoding="klingon"), UsageError)
    assert unknown[0] == "there is no encoding named 'klingon'"
    assert reading(path, encoding="undefined")[0] == "t.csv cannot be read as undefined"
    for codec in ("hex", "rot13", "zlib", "idna"):  # codecs, but not of text
        with pytest.raises((InputError, UsageError)):
            read_table(path, encoding=codec)


def test_text_among_numbers(write: Write) -> None:
    rows = [f"{i}.5,{i * i}" for i in range(12)]
    rows[4] = "unknown,16"
    path = write("age,y\n" + "\n".join(rows) + "\n")
    assert planning(path, "y") == [
        "column 'age' looks numeric but 1 of 12 values is text (line 6: 'unknown')",
        "  try: add --na unknown",
    ]
    assert infer_columns(read_table(path, na="unknown"), "y").columns[0].missing == 1
    with pytest.raises(InputError, match="no column to predict"):
        infer_columns(read_table(path), "y", Wishes(drop=("age",)))
    assert planning(path, "age")[0].startswith("column 'age' looks numeric")


def test_line_numbers_count_quoted_line_ends(write: Write) -> None:
    rows = [f'"two\nlines {i}",{i}.5,{i}' for i in range(9)]
    path = write("note,x,y\n" + "\n".join(rows) + '\n"z",n.k.,9\n')
    assert planning(path, "y")[0] == (
        "column 'x' looks numeric but 1 of 10 values is text (line 20: 'n.k.')"
    )


def test_decimal_commas(write: Write) -> None:
    path = write("area;price\n12,50;1\n13;2\n14,25;3\n")
    assert planning(path, "price") == [
        "column 'area' looks numeric but 2 of 3 values use a decimal comma (line 2: '12,50')",
        "  try: add --decimal ,",
    ]
    table = read_table(path, decimal=",")
    assert table.frame["area"].to_list() == [12.5, 13.0, 14.25]
    assert complaint(lambda: read_table(path, decimal="x"), UsageError)[0] == (
        "'x' is not a decimal mark"
    )


def test_decimal_commas_with_thousands(write: Write) -> None:
    rows = "1.204,50;1\n999,25;2\n1.000.204,75;4\n"
    assert planning(write("area;price\n" + rows), "price")[0] == (
        "column 'area' looks numeric but 3 of 3 values use a decimal comma (line 2: '1.204,50')"
    )
    assert read_table("t.csv", decimal=",").frame["area"].to_list() == [1204.5, 999.25, 1000204.75]


def test_commas_that_could_be_either_ask_when_semicolons_separate(write: Write) -> None:
    rows = "1,204;1\n2,250;2\n3,125;4\n"
    assert "decimal comma" in planning(write("area;price\n" + rows), "price")[0]
    assert read_table("t.csv", decimal=".").frame["area"].to_list() == [1204, 2250, 3125]


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (pickle.dumps([1, 2]), "is a pickle; excise never unpickles files, because that can run"),
        (b"a,b\n1,2\n\0\0\n", "is a binary file, not a table (a zero byte in line 3)"),
        (b"PK\x03\x04rest", "is a zip archive or a spreadsheet (xlsx, ods), not a table"),
        (b"\x1f\x8b\x08", "is compressed with gzip, not a table"),
        (b'{"format": "excise"}', "is JSON, not a table"),
        (b"<!DOCTYPE html><p>", "is a web page, not a table"),
        (b"PAR1 not really", "is damaged: it cannot be read as Parquet"),
        (b"ARROW1 not really", "is damaged: it cannot be read as Arrow IPC"),
        (b"\xff\xff\xff\xffnot really", "is damaged: it cannot be read as Arrow IPC"),
    ],
)
def test_not_a_table(write: Write, content: bytes, fact: str) -> None:
    assert reading(write(content))[0].startswith(f"t.csv {fact}")


def test_extension_that_lies(write: Write) -> None:
    assert reading(write("a,b\n1,2\n", "t.parquet"))[0] == (
        "t.parquet is not a Parquet file: it does not begin with PAR1"
    )
    assert reading(write("a,b\n1,2\n", "t.feather"))[0].startswith("t.feather is not an Arrow file")


def test_quotes(write: Write) -> None:
    assert reading(write('a,b\n1,2\n"x,3\n4,5\n'))[0] == (
        "a quote opened in line 3 of t.csv is never closed"
    )
    assert reading(write('a,b\n"x"y,3\n'))[0].startswith("line 2 of t.csv cannot be read")


def test_separator_option(write: Write) -> None:
    path = write("a,b\n1,2\n")
    for sep in ("", "ab", "\n", '"', "é"):
        with pytest.raises(UsageError, match="cannot separate values"):
            read_table(path, sep=sep)


HOUSES = "lot,area,rooms,price,prior_price,year\n" + "".join(
    f"{i % 3},{i * 7 % 11},{i % 4},{i}.5,{i * 2},{1990 + i % 9}\n" for i in range(20)
)


def test_no_such_target(write: Write) -> None:
    assert planning(write(HOUSES, "houses.csv"), "pirce") == [
        "no column named 'pirce' in houses.csv",
        "  6 columns; closest: price, prior_price",
        "  try: excise fit houses.csv price",
    ]
    assert planning(write("a,b\n1,2\n"), "zzz") == [
        "no column named 'zzz' in t.csv",
        "  2 columns: a, b",
    ]


def test_no_such_column_in_an_option(write: Write) -> None:
    path = write(HOUSES, "houses.csv")
    for wishes in (
        Wishes(drop=("aera",)),
        Wishes(only=("aera",)),
        Wishes(keep=("aera",)),
        Wishes(tax={"aera": 2.0}),
        Wishes(reserved=("aera",)),
    ):
        assert planning(path, "price", wishes)[:2] == [
            "no column named 'aera' in houses.csv",
            "  6 columns; closest: area, year",
        ]


def test_senseless_wishes(write: Write) -> None:
    table = read_table(write(HOUSES))
    for wishes in (Wishes(missing="guess"), Wishes(task="rank"), Wishes(tax={"area": -1.0})):
        with pytest.raises(UsageError):
            infer_columns(table, "price", wishes)


def test_target_missing_everywhere(write: Write) -> None:
    assert planning(write("a,y\n1,\n2,NA\n"), "y") == [
        "target 'y' is missing in all 2 rows",
        "  check the column, or name another target",
    ]


def test_constant_target(write: Write) -> None:
    path = write("x,churn\n" + "".join(f"{i},no\n" for i in range(2000)), "train.csv")
    assert planning(path, "churn") == [
        "target 'churn' is 'no' in all 2,000 rows; there is nothing to learn",
        "  check the filter that made train.csv, or name another target",
    ]
    assert planning(write("x,y\n1,5\n2,5\n3,\n"), "y")[0] == (
        "target 'y' is 5 in all 2 rows; there is nothing to learn"
    )


def test_unusable_target(write: Write) -> None:
    names = "".join(f"{i},name{i} of person\n" for i in range(9))
    assert planning(write("x,y\n" + names), "y")[0] == (
        "target 'y' is not a number or a class but free text (line 2: 'name0 of person')"
    )
    path = write("x,y\n1,no\n2,yes\n3,yes\n")
    assert planning(path, "y", Wishes(task="number"))[0] == (
        "target 'y' is not a number but yes/no (line 2: 'no')"
    )


def test_infinity(write: Write) -> None:
    assert planning(write("x,y\n1,1\ninf,2\n3,4\n"), "y") == [
        "column 'x' holds infinity (line 3: inf)",
        "  try: correct it, or say that it means missing: --na inf,-inf",
    ]
    assert infer_columns(read_table("t.csv", na="inf,-inf"), "y").columns[0].missing == 1


def test_nothing_to_predict_from(write: Write) -> None:
    assert planning(write("x,y\n1,1\n1,2\n1,4\n"), "y") == [
        "t.csv has no column to predict 'y' from",
        "  x: constant",
    ]


def test_too_few_rows_for_the_folds(write: Write) -> None:
    rows = "".join(f"{i},{'' if i % 2 or i == 0 else i}\n" for i in range(16))
    table = read_table(write("x,income\n" + rows))
    encoded = Encoder.fit(table, infer_columns(table, "income"))
    assert complaint(lambda: encoded.require_folds(10)) == [
        "7 usable rows cannot fill 10 folds (9 of 16 rows have no target 'income')",
        "  try: --folds 3",
    ]
    encoded.require_folds(7)
    table = read_table(write("x,z,y\n1,,3\n2,5,4\n3,6,6\n"))
    encoded = Encoder.fit(table, infer_columns(table, "y", Wishes(missing="drop")))
    assert complaint(lambda: encoded.require_folds(3)) == [
        "2 usable rows cannot fill 3 folds (1 of 3 rows have missing values)",
        "  try: --folds 2",
    ]


def test_missing_refused_or_everywhere(write: Write) -> None:
    path = write("a,b,y\n1,,1\n2,5,3\n,6,2\n")
    assert planning(path, "y", Wishes(missing="error")) == [
        "column 'a' has 1 missing value (first in line 4)",
        "  and 1 other column",
        "  try: --missing impute or --missing drop",
    ]
    path = write("a,b,y\n1,,1\n,5,3\n,6,2\n3,,5\n")
    assert planning(path, "y", Wishes(missing="drop"))[0] == "no row of t.csv is complete"


def test_two_features_of_one_name(write: Write) -> None:
    table = read_table(write("r,r=b,y\na,1,1\nb,2,3\nc,4,2\na,5,1\n"))
    assert complaint(lambda: Encoder.fit(table, infer_columns(table, "y"))) == [
        "two features would be called 'r=b'",
        "  they come from columns 'r' and 'r=b'",
        "  try: rename one of these columns",
    ]
