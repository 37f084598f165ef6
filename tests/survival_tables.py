"""Small CSV tables of survival times, right and wrong, for the command line."""

from __future__ import annotations

from collections.abc import Callable


def table(header: str, row: Callable[[int], str], count: int = 30) -> str:
    return "\n".join([header, *map(row, range(count))]) + "\n"


def months(k: int) -> int:
    return k * 7 % 11 + 1


def died(k: int) -> int:
    return int(k % 3 > 0)


TABLES = {
    "ok.csv": table("x,z,months,died", lambda k: f"{k * 5 % 9},{k * 3 % 7},{months(k)},{died(k)}"),
    "two.csv": table("x,months,died", lambda k: f"{k * 5 % 9},{months(k)},{1 + died(k)}"),
    "fate.csv": table(
        "x,months,fate", lambda k: f"{k * 5 % 9},{months(k)},{'alive' if died(k) else 'dead'}"
    ),
    "yes.csv": table(
        "x,months,died", lambda k: f"{k * 5 % 9},{months(k)},{('No', 'YES')[died(k)]}"
    ),
    "true.csv": table(
        "x,months,died", lambda k: f"{k * 5 % 9},{months(k)},{('False', 'true')[died(k)]}"
    ),
    "zero.csv": table(
        "x,months,died", lambda k: f"{k * 5 % 9},{months(k) * (k not in (6, 9))},{died(k)}"
    ),
    "minus.csv": table(
        "x,months,died", lambda k: f"{k * 5 % 9},{months(k) if k != 6 else -2.5},{died(k)}"
    ),
    "hole.csv": table(
        "x,months,died", lambda k: f"{k * 5 % 9},{months(k) if k not in (6, 9) else ''},{died(k)}"
    ),
    "unsure.csv": table(
        "x,months,died", lambda k: f"{k * 5 % 9},{months(k)},{died(k) if k != 4 else ''}"
    ),
    "none.csv": table("x,months,died", lambda k: f"{k * 5 % 9},{months(k)},0"),
    "single.csv": table("x,months,died", lambda k: f"{k * 5 % 9},{months(k)},{int(k == 4)}"),
    "empty.csv": table("x,months,died", lambda k: f"{k * 5 % 9},,{died(k)}"),
    "apart.csv": table(
        "x,months,died",
        lambda k: f"{k * 5 % 9},{months(k) if k % 2 else ''},{died(k) if not k % 2 else ''}",
    ),
    "comma.csv": table(
        'x,"months,died",months,died',
        lambda k: f"{k * 5 % 9},{k * 5 % 9 * 2 + k % 3},{months(k)},{died(k)}",
    ),
    "odd.csv": table('x,"months, to date",died', lambda k: f"{k * 5 % 9},{months(k)},{died(k)}"),
    "text.csv": table("x,months,died", lambda k: f"{k * 5 % 9},{'abc'[k % 3]},{died(k)}"),
    "dates.csv": table(
        "x,months,died", lambda k: f"{k * 5 % 9},2020-01-{k % 20 + 1:02d},{died(k)}"
    ),
    "toolate.csv": table(
        "x,from,months,died", lambda k: f"{k * 5 % 9},{k % 5},{months(k)},{died(k)}"
    ),
    "leak.csv": table(
        "x,end,months,died",
        lambda k: f"{k * 5 % 9},{(months(k) + k / 100) * 30.4},{months(k) + k / 100},{died(k)}",
    ),
    "ages.csv": table("x,months,age", lambda k: f"{k * 5 % 9},{months(k)},{k}"),
    "batch.csv": table(
        "x,batch,months,died", lambda k: f"{k * 5 % 9},{k // 10},{months(k)},{int(k >= 20)}"
    ),
}
