"""Text rendering: what is drawn agrees with the books, at every width."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.cli.text import explain, ledger
from excise.cli.text.cells import clean, left, right, shorten, width, wrap
from excise.cli.text.page import Page
from excise.explain import Ledger, LedgerRow
from excise.model.parts import Penalty

DIABETES = """
bmi 29.93 24.10 5.461 45.2 1.00
ltg 26.84 21.01 40.26 42.3 1.00
bp  15.30  9.47 .6853 21.5 1.00
hdl 11.74 -5.91 -.4572 15.0 .97
sex  6.48  -.65 -1.296 6.19 .57
glu  5.14     0     0 4.22  .33
tch  3.61     0     0 0.95  .06
tc   2.49     0     0 3.28  .01
ldl  2.40     0     0 0.26  .04
age  0.81     0     0 0.24  .03
"""
EXPECTED = """\
  feature   earns      tax 5.83             keeps  per unit        turns  picked
  bmi       29.93  ▒▒▒▒██████████████████  +24.10    +5.461  out at 45.2    100%
  ltg       26.84  ▒▒▒▒████████████████    +21.01    +40.26  out at 42.3    100%
  bp        15.30  ▒▒▒▒███████              +9.47   +0.6853  out at 21.5    100%
  hdl       11.74  ▒▒▒▒█████                -5.91   -0.4572  out at 15.0     97%
  sex        6.48  ▒▒▒▒█                    -0.65    -1.296  out at 6.19     57%
  glu        5.14  ░░░ ┊                        0         .   in at 4.22     33%
  tch        3.61  ░░  ┊                        0         .   in at 0.95      6%
  tc         2.49  ░   ┊                        0         .   in at 3.28      1%
  ldl        2.40  ░   ┊                        0         .   in at 0.26      4%
  age        0.81      ┊                        0         .   in at 0.24      3%
  ▒ tax paid  █ kept = coefficient  ░ earned, under the tax, so exactly zero
"""
TAX = 5.83
MODEL: Any = SimpleNamespace(
    tax=TAX,
    alpha=TAX,
    penalty=Penalty(),
    standardize=True,
    books=SimpleNamespace(additive=True),
)


def row(name: str, earns: float, keeps: float, coef: float = 0.0, **kwargs: Any) -> LedgerRow:
    """A row whose tax is the tax, unless said otherwise."""
    tax = kwargs.pop("tax", TAX)
    status = kwargs.pop("status", "kept" if keeps else "cut")
    return LedgerRow(name, name, earns, earns, tax, earns - tax, keeps, coef, status, **kwargs)


@pytest.fixture(scope="module")
def diabetes() -> Ledger:
    rows = []
    for line in DIABETES.strip().splitlines():
        name, *figures = line.split()
        earns, keeps, coef, enters, picked = map(float, figures)
        rows.append(row(name, earns, keeps, coef, enters=enters, picked=picked))
    return Ledger(tuple(rows), TAX, TAX)


def drawn(book: Ledger, page: Page, **kwargs: Any) -> list[str]:
    return ledger.render(book, page, legend=ledger.legend(MODEL, page), **kwargs)


def test_the_ledger_of_the_specification_letter_by_letter(diabetes: Ledger) -> None:
    assert "\n".join(drawn(diabetes, Page())) + "\n" == EXPECTED


def test_ascii_differs_in_glyphs_only(diabetes: Ledger) -> None:
    table = str.maketrans("▒█░┊", "=#.|")
    assert "\n".join(drawn(diabetes, Page(ascii=True))) == EXPECTED.translate(table).rstrip("\n")


@pytest.mark.parametrize("cells", [80, 100, 140, 200])
def test_every_bar_is_proportional_and_starts_with_its_tax(diabetes: Ledger, cells: int) -> None:
    lines = drawn(diabetes, Page(cells))[1:-1]
    room = lines[0].count("▒") + lines[0].count("█")
    assert room >= 22
    for entry, line in zip(diabetes.sorted(), lines, strict=True):
        bar = sum(line.count(c) for c in "▒█░")
        assert abs(bar - entry.earns / 29.93 * room) <= 1
        assert ("█" in line) == (entry.coef_std != 0)
        assert line.count("▒") == (round(TAX / 29.93 * room) if entry.coef_std else 0)
        assert line.count("┊") == (entry.coef_std == 0)


@pytest.mark.parametrize("cells", range(20, 130, 3))
@pytest.mark.parametrize("names", ["short", "long", "wide"])
def test_no_line_is_wider_than_the_page(diabetes: Ledger, cells: int, names: str) -> None:
    prefix = {"short": "", "long": "mean of the worst ", "wide": "地区=北方"}[names]
    book = replace(diabetes, rows=tuple(replace(r, feature=prefix + r.feature) for r in diabetes))
    lines = drawn(book, Page(cells))
    assert max(map(width, lines)) <= max(cells, 30)
    assert any("█" in line for line in lines) == (cells >= 70)
    heads = lines[0].split()
    assert ("status" in heads) == (cells < 50)
    assert ("earns" in heads) == (cells >= 50)
    assert {"feature", "keeps"} <= set(heads)


def test_the_hidden_rows_are_counted(diabetes: Ledger) -> None:
    lines = drawn(diabetes, Page(), limit=3)
    assert lines[4] == "  and 7 more rows not shown: 2 kept, 5 cut (--limit 0 shows all)"
    assert len(drawn(diabetes, Page(), limit=0)) == 12


def test_order_by_name(diabetes: Ledger) -> None:
    names = [line.split()[0] for line in drawn(diabetes, Page(), sort="name")[1:-1]]
    assert names == sorted(names)


def test_different_taxes_get_a_column_and_their_own_mark() -> None:
    book = Ledger(
        (
            row("usual", 10.0, 4.17),
            row("double", 9.0, 0.0, tax=2 * TAX),
            row("free", 8.0, 8.0, tax=0.0, status="free"),
            row("barred", 7.0, 0.0, tax=float("inf"), status="excluded"),
        ),
        TAX,
        TAX,
    )
    head, usual, double, free, barred, *_ = drawn(book, Page(90))
    assert "tax" in head.split()[2]
    assert "11.66" in double and "▒" in usual
    assert "▒" not in free and "█" in free and " free " in free
    assert " barred " in barred and "█" not in barred


def test_earnings_that_are_not_known_are_not_drawn() -> None:
    lines = drawn(Ledger((row("a", 9.0, 3.17), row("b", float("nan"), 0.0)), TAX, TAX), Page())
    assert "nan" not in "\n".join(lines)
    assert "?" in lines[2] and "┊" not in lines[2]


def test_nothing_earned_at_all() -> None:
    lines = drawn(Ledger((row("a", 0.0, 0.0, tax=0.0),), 0.0, 0.0), Page())
    assert "0.00" in lines[1]


def test_colour_never_changes_the_text(diabetes: Ledger) -> None:
    colored = "\n".join(drawn(diabetes, Page(color=True)))
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) + "\n" == EXPECTED


def test_a_row_as_a_sum_adds_up() -> None:
    given_terms = [("bmi", 32.1, 5.461), ("hdl", 38.0, -0.4572), ("z", 0.0, 3.0)]
    terms = [explain.Term(*term) for term in given_terms]
    found = explain.Sum("row 1 of t.csv", "y", -219.1, terms, actual=151.0)
    assert found.prediction == pytest.approx(-219.1 + 32.1 * 5.461 - 38 * 0.4572)
    assert explain.render(found, Page()) == [
        "row 1 of t.csv: y = -61.2 (the table says 151.0)",
        "  intercept                   -219.1",
        "  bmi        32.1   x +5.461  +175.3",
        "  hdl          38  x -0.4572   -17.4",
        "  1 kept feature of value 0 adds nothing",
        "  sum                          -61.2",
    ]


@given(st.text(max_size=40), st.integers(1, 30))
def test_shorten_and_pad_measure_cells(text: str, cells: int) -> None:
    text = clean(text)
    assert width(shorten(text, cells)) <= cells
    if width(text) <= cells:
        assert width(left(text, cells)) == width(right(text, cells)) == cells


@given(st.text(alphabet="ab 地\u0301-", max_size=60), st.integers(8, 40))
def test_wrap_keeps_every_word(text: str, cells: int) -> None:
    lines = wrap(text, cells, "  ", "    ")
    assert "".join(" ".join(lines).split()) == "".join(text.split())
    assert all(width(line) <= cells or len(line.split()) == 1 for line in lines)


@given(st.text(max_size=60))
def test_names_cannot_drive_the_terminal(text: str) -> None:
    shown = clean(text)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in shown)
    assert not set(shown) & set("\u202e\u2066\u2028")
