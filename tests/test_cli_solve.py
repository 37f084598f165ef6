"""`excise solve`: a table of equations, its proved solution, and every way to go wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from cli import excise

TABLES = {
    "mix.csv": "flour,sugar,icing,butter,total\n1,0,1,2,5\n0,2,2,1,4\n1,1,3,0,4\n",
    "twins.csv": "a,b,c,y\n1,1,0,3\n0,0,1,0\n",
    "bad.csv": "a,b,y\n1,2,3\n2,4,7\n",
    "gap.csv": "a,b,y\n1,2,3\n2,,7\n",
    "text.csv": "a,b,y\n1,north,3\n2,south,7\n",
    "lone.csv": "y\n1\n2\n",
}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in TABLES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)


def test_the_solution_as_a_person_reads_it() -> None:
    """x = (1/2, 0, 7/6, 5/3) solves it by hand; its dual (1/4, 1/2, ...) is in the proof."""
    said = excise("solve", "mix.csv", "total")
    assert said.code == 0 and said.err == ""
    assert said.out == (
        "mix.csv: 3 equations, 4 unknowns, for total\n"
        "\n"
        "  Kept     3 of 4 unknowns; |x| adds up to 3.33\n"
        "  Left     nothing: every equation holds to 1e-15\n"
        "  Proof    optimal to 1e-15 (duality gap)\n"
        "  Unique   yes: columns with |a'dual| = 1: 3, independent\n"
        "\n"
        "  unknown     value\n"
        "  butter   +1.66667\n"
        "  icing    +1.16667\n"
        "  flour        +0.5\n"
    )


@pytest.mark.parametrize(
    ("flags", "form"),
    [([], "equality"), (["--sigma", "1.5"], "noise"), (["--budget", "2"], "budget")],
)
def test_json_holds_a_proof_that_can_be_checked(flags: list[str], form: str) -> None:
    said = excise("solve", "mix.csv", "total", *flags, "--json")
    found, frame = said.json, pl.read_csv("mix.csv")
    A, b = frame.drop("total").to_numpy().astype(float), frame["total"].to_numpy()
    x = np.zeros(4)
    for entry in found["solution"]:
        x[frame.columns.index(entry["unknown"])] = entry["value"]
    u, rest = np.array(found["dual"]), float(np.linalg.norm(b - A @ x))
    size = float(np.linalg.norm(u))
    assert found["form"] == form
    assert rest == pytest.approx(found["residual_norm"], abs=1e-12)
    assert np.abs(A.T @ u).max() <= 1.0 + 1e-12
    if form == "budget":
        bound, goal = (b @ u - 2.0 * np.abs(A.T @ u).max()) / size, rest
        assert np.abs(x).sum() <= 2.0 + 1e-12
    else:
        bound, goal = b @ u - found["limit"] * size, float(np.abs(x).sum())
        assert rest <= found["limit"] + 1e-12
    assert goal == pytest.approx(bound, rel=1e-12)


def test_twins_have_their_names() -> None:
    said = excise("solve", "twins.csv", "y")
    assert "  Unique   no: " in said.out and "(a and b)" in said.out
    assert excise("solve", "twins.csv", "y", "--json").json["twins"] == [["a", "b"]]


def test_what_is_shown_can_be_limited() -> None:
    said = excise("solve", "mix.csv", "total", "--limit", "1")
    assert said.out.endswith("  butter   +1.66667\n  and 2 more: --limit 0 shows all\n")
    dropped = excise("solve", "mix.csv", "total", "--drop", "flour").out
    assert "3 equations, 3 unknowns" in dropped and "flour" not in dropped
    for width in (40, 60):
        lines = excise("solve", "mix.csv", "total", "--width", str(width)).out.splitlines()
        assert max(map(len, lines)) <= width


REFUSED = {
    "bad.csv y": (
        3,
        "error: the 2 equations of bad.csv have no solution\n"
        "  the smallest residual that is possible has the norm 0.447214\n"
        "  try: excise solve bad.csv y --sigma 0.4473\n",
    ),
    "bad.csv y --sigma 0.1": (
        3,
        "error: the 2 equations of bad.csv have no solution with a residual of at most 0.1\n"
        "  the smallest residual that is possible has the norm 0.447214\n"
        "  try: excise solve bad.csv y --sigma 0.4473\n",
    ),
    "gap.csv y": (
        3,
        "error: column 'b' cannot be used as an unknown: 1 of 2 values are missing (line 3)\n",
    ),
    "text.csv y": (
        3,
        "error: column 'b' cannot be used as an unknown: it holds text (line 2: 'north')\n",
    ),
    "lone.csv y": (
        3,
        "error: lone.csv has no columns besides the target: there is nothing to solve\n",
    ),
    "mix.csv totl": (
        3,
        "error: no column named 'totl' in mix.csv\n"
        "  5 columns; closest: total\n"
        "  try: excise solve mix.csv total\n",
    ),
    "mix.csv total --sigma -1": (
        2,
        "error: --sigma is -1.0; it must be a finite number >= 0\n",
    ),
    "mix.csv total --budget nan": (
        2,
        "error: --budget is nan; it must be a finite number >= 0\n",
    ),
    "mix.csv total --sigma 1 --budget 2": (
        2,
        "error: --sigma and --budget cannot both be given\n"
        "  try: excise solve mix.csv total --sigma 1\n",
    ),
}


@pytest.mark.parametrize("typed", REFUSED)
def test_refused(typed: str) -> None:
    code, text = REFUSED[typed]
    said = excise("solve", *typed.split())
    assert (said.code, said.err, said.out) == (code, text, "")


def test_the_offered_command_works() -> None:
    offered = excise("solve", "bad.csv", "y").err.rpartition("try: excise ")[2].split()
    assert excise(*offered).code == 0
