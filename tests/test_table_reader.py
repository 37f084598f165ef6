"""Files and standard input to frames: parsed right, and what was made out is stated."""

from __future__ import annotations

import csv
import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from excise.exceptions import ExciseError
from excise.table import infer_columns, read_table

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes, name: str = "t.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def columns(path: Path, **options: str) -> dict[str, list[object]]:
    return read_table(path, **options).frame.to_dict(as_series=False)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separator_is_sniffed(write: Write, separator: str) -> None:
    path = write("a,b,c\n1,x y,2.5\n2,z,3\n".replace(",", separator))
    table = read_table(path)
    assert table.sniffed.separator == separator
    assert table.frame.to_dict(as_series=False) == {
        "a": [1, 2],
        "b": ["x y", "z"],
        "c": [2.5, 3.0],
    }


def test_what_was_made_out_is_stated(write: Write) -> None:
    assert str(read_table(write("a;b\n1;2\n")).sniffed) == (
        "CSV, values between ';', decimal '.', utf-8"
    )
    assert str(read_table(write("a\tb\n1\t2\n")).sniffed).startswith("TSV, values between tab")


def test_semicolons_win_over_commas_inside_values(write: Write) -> None:
    assert columns(write("a;b\n1,5;x, y\n2;z, w\n"), decimal=",")["a"] == [1.5, 2.0]


def test_one_column(write: Write) -> None:
    assert columns(write("a\n1\n2\n")) == {"a": [1, 2]}


def test_tsv_by_name_when_in_doubt(write: Write) -> None:
    assert list(columns(write("a,b\tc\n1,2\t3\n", "t.tsv"))) == ["a,b", "c"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks(write: Write, encoding: str) -> None:
    table = read_table(write("né,b\n1,ü\n".encode(encoding)))
    assert table.frame.to_dict(as_series=False) == {"né": [1], "b": ["ü"]}
    assert table.sniffed.encoding == encoding.removesuffix("-sig")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(write: Write, end: str) -> None:
    assert columns(write(f'a,b{end}1,"x"{end}{end}2,y{end}')) == {"a": [1, 2], "b": ["x", "y"]}


def test_blank_lines_are_skipped_and_counted(write: Write) -> None:
    table = read_table(write("\n\na,b\n\n1,2\n\n\n3,4\n\n"))
    assert table.frame["b"].to_list() == [2, 4]
    assert [table.place(row) for row in (0, 1)] == ["line 5", "line 8"]


def test_missing_words(write: Write) -> None:
    path = write("a,b\nNA,x\n 1 ,\nNaN,null\n#N/A,y\n2.5,-999\n")
    assert columns(path) == {"a": [None, 1, None, None, 2.5], "b": ["x", None, None, "y", "-999"]}
    assert columns(path, na="-999,x")["b"] == [None, None, None, "y", None]


def test_missing_words_may_look_like_numbers(write: Write) -> None:
    assert columns(write("a\n1\n-999\n2\n"), na="-999") == {"a": [1, None, 2]}


def test_words_that_are_missing_only_among_numbers(write: Write) -> None:
    table = read_table(write("power,roof\n?,None\n130,tiles\n?,None\n"))
    assert table.frame["power"].to_list() == [None, 130, None]
    assert table.frame["roof"].to_list() == ["None", "tiles", "None"]
    assert table.notes == ("column 'power': '?' read as missing (2 values)",)


def test_a_column_of_nothing_but_question_marks_is_text(write: Write) -> None:
    assert columns(write("a,b\n?,1\n?,2\n"))["a"] == ["?", "?"]


def test_thousands_are_noticed(write: Write) -> None:
    table = read_table(write('a,b,c\n"1,204.5",1 204,"1,204"\n999,2\xa0500,"2,000"\n'))
    assert table.frame.to_dict(as_series=False) == {
        "a": [1204.5, 999.0],
        "b": [1204, 2500],
        "c": [1204, 2000],
    }
    assert table.notes == (
        "column 'a': separators of thousands removed ('1,204.5'; if ',' marks decimals: "
        "--decimal ,)",
        "column 'b': separators of thousands removed ('1 204')",
        "column 'c': separators of thousands removed ('1,204'; if ',' marks decimals: --decimal ,)",
    )


def test_codes_with_leading_zeros_stay_text(write: Write) -> None:
    assert columns(write("zip,x\n00501,0\n10001,10\n")) == {"zip": ["00501", "10001"], "x": [0, 10]}


def test_row_names_without_a_name(write: Write) -> None:
    table = read_table(write(',a\n"r1",1\n"r2",2\n'))
    assert table.frame.columns == ["(row names)", "a"]


def test_quotes_inside_values(write: Write) -> None:
    path = write('height,b\n6\'2",1\n5"10,2\na "b" c,3\n')
    assert columns(path)["height"] == ["6'2\"", '5"10', 'a "b" c']


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n")))
    table = read_table("-")
    assert (table.name, table.typed) == ("standard input", "-")
    assert table.frame.shape == (1, 2)


@pytest.mark.parametrize(
    ("name", "method", "stated"),
    [
        ("t.parquet", "write_parquet", "Parquet"),
        ("t.arrow", "write_ipc", "Arrow IPC"),
        ("t.bin", "write_ipc_stream", "Arrow IPC"),
        ("t.txt", "write_parquet", "Parquet"),
    ],
)
def test_binary_formats(tmp_path: Path, name: str, method: str, stated: str) -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": [0.5, None], "c": ["x", "12"], "d": ["1", "NA"]})
    getattr(frame, method)(tmp_path / name)
    table = read_table(tmp_path / name)
    assert str(table.sniffed) == stated
    assert table.frame.equals(frame.with_columns(pl.Series("d", [1, None])))
    assert table.place(1) == "row 2"


def test_empty_binary_table(tmp_path: Path) -> None:
    pl.DataFrame({"a": pl.Series([], dtype=pl.Int64)}).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(ExciseError, match=r"t.parquet has no rows\n  columns: a"):
        read_table(tmp_path / "t.parquet")


@pytest.mark.slow
def test_wide_tables_read_fast(write: Write) -> None:
    cells = np.random.default_rng(0).standard_normal((100, 5000)).round(5)
    header = ",".join(f"g{j}" for j in range(5000))
    body = "\n".join(",".join(map(str, row)) for row in cells.tolist())
    path = write(f"{header}\n{body}\n")
    read_table(write("a\n1\n", "warm.csv"))
    start = time.process_time()
    assert np.array_equal(read_table(path).frame.to_numpy(), cells)
    assert time.process_time() - start < 5  # about 0.2 s; a method call per cell takes minutes


def test_importing_the_package_does_not_import_polars() -> None:
    import subprocess

    code = "import sys, excise.table; sys.exit('polars' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


CELLS = st.text(
    st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]), max_size=6
) | st.sampled_from(['"', '""', ",", "\n", 'a"b', "é", "x;y", "'"])


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150
)
@given(
    rows=st.integers(1, 4).flatmap(
        lambda p: st.lists(st.lists(CELLS, min_size=p, max_size=p), min_size=1, max_size=5)
    ),
    separator=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_any_quoting_is_parsed(
    tmp_path: Path, rows: list[list[str]], separator: str, quoting: int, end: str
) -> None:
    """Marked cells ``<...>`` can be neither numbers nor missing: they come back as written."""
    rows = [[f"<{cell}>" for cell in row] for row in rows]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    names = [f"c{j}" for j in range(len(rows[0]))]
    writer.writerows([names, *rows])
    path = tmp_path / "t.csv"
    path.write_bytes(text.getvalue().encode())
    table = read_table(path, sep=separator)
    assert table.frame.columns == names
    assert [list(row) for row in table.frame.rows()] == rows
    lines = path.read_bytes().decode().replace("\r\n", "\n").split("\n")
    for row, cells in enumerate(rows):
        place = int(table.place(row).removeprefix("line "))
        assert cells[0].split("\n")[0].replace('"', "") in lines[place - 1].replace('"', "")


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400
)
@given(
    data=st.binary(max_size=80)
    | st.text("a1,;\"\n\t\r .-'0é", max_size=40).map(str.encode)
    | st.binary(max_size=40).map(b"PAR1".__add__)
    | st.binary(max_size=40).map(b"ARROW1\0\0".__add__)
    | st.binary(max_size=40).map(b"\xff\xff\xff\xff".__add__)
)
@example(b'"\n')
@example(b"a\x0b\n1\n")
@example(b"\xff\xfe1")
@example(b"a,y\n1,2\n3,\n")
@example(b"a" * 200_000)
@example(b'"6\'2"" ' + b"a" * 200_000)
def test_random_bytes_never_crash(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    try:
        table = read_table(path)
        infer_columns(table, table.frame.columns[-1])
    except ExciseError as error:
        assert len(error.lines()) <= 6
