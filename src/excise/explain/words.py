"""Numbers as people read them; every sentence of the explanations goes through here."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Sequence


def figures(x: float, digits: int = 3) -> str:
    """`x` to that many significant digits, trailing zeros kept: 5.83, 45.2, 1.00, -219."""
    if x == 0.0 or not math.isfinite(x):
        return f"{x:g}"
    text = f"{x:#.{digits}g}"
    if "e" in text:
        return f"{x:.0f}" if 1.0 <= abs(x) < 1e7 else f"{x:.{digits - 1}e}"
    return text.rstrip(".")


def decimals_of(tax: float) -> int:
    """Decimals that show `tax` with three significant digits; a ledger uses them throughout."""
    if not (tax > 0.0 and math.isfinite(tax)):
        return 2
    return max(0, 2 - math.floor(math.log10(tax)))


def amount(x: float, decimals: int, *, signed: bool = False) -> str:
    """An amount in units of the ledger: fixed decimals, or scientific when those are too many."""
    sign = "+" if signed else ""
    if decimals > 7 or abs(x) >= 1e9:
        return f"{x:{sign}.2e}"
    text = f"{x:{sign}.{decimals}f}"
    return text if float(text) != 0.0 else text.replace("-", "")


def percent(share: float) -> str:
    """A share as a whole percentage."""
    return f"{100.0 * share:.0f}%"


def listing(words: Sequence[str]) -> str:
    """a; a and b; a, b and c."""
    head = ", ".join(words[:-1])
    return f"{head} and {words[-1]}" if head else "".join(words)


def count(n: int, noun: str) -> str:
    """1 column, 2 columns."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def closest(name: str, names: Iterable[str], limit: int = 3) -> list[str]:
    """Names most like `name`; those that differ in case only come first."""
    names = list(names)
    same = [other for other in names if other.casefold() == name.casefold()]
    near = difflib.get_close_matches(name, names, n=limit, cutoff=0.5)
    return list(dict.fromkeys(same + near))[:limit]
